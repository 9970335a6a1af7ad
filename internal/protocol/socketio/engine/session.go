package engine

import (
	"errors"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/coder/websocket"
)

// Code is the WebSocket status a session is closed with (RFC 6455, section 7.4.1).
type Code = websocket.StatusCode

// The codes this package and the one above it close with.
const (
	Normal        Code = websocket.StatusNormalClosure   // somebody hung up
	GoingAway     Code = websocket.StatusGoingAway       // the server stops
	ProtocolError Code = websocket.StatusProtocolError   // not a packet
	Policy        Code = websocket.StatusPolicyViolation // a limit was passed
	Internal      Code = websocket.StatusInternalError   // our bug
	TryAgain      Code = websocket.StatusTryAgainLater   // too slow; reconnect and re-sync
)

// The answers of Send.
var (
	ErrClosed = errors.New("session closed")
	ErrSlow   = errors.New("session closed: its queue is full")
)

// frameOverhead is what a queued frame costs besides its bytes, so that a flood of tiny frames is
// bounded by memory and not by its letters.
const frameOverhead = 64

// keepQueue is how many queue slots an idle session keeps. More are given back.
const keepQueue = 8

// Session is one client, whatever its transport is at the moment.
type Session struct {
	id        string
	server    *Server
	handler   Handler
	handshake Handshake

	// receiving is held around the handler: during an upgrade a late POST and the first WebSocket
	// messages may overlap.
	receiving sync.Mutex

	mu       sync.Mutex
	ended    bool // Closed was called; what is queued may still be flushed
	gone     bool // nothing is left to flush
	queue    []Frame
	spare    []Frame // the other half of the queue, between two batches
	queued   int     // bytes in queue and in the batch being written
	beat     heartbeat
	last     *time.Timer // cuts the connection when the end takes too long
	poll     polling
	wire     *wire // nil while polling
	claimed  bool  // a WebSocket asks to take over
	probing  *wire // that one, once it is open
	writing  bool
	farewell ending
}

func newSession(server *Server, r *http.Request, query url.Values) *Session {
	return &Session{
		id:     newID(),
		server: server,
		handshake: Handshake{
			RemoteAddr: r.RemoteAddr, Host: r.Host, Header: r.Header, Query: query, At: time.Now(),
		},
	}
}

// ID returns the session id. It is a secret between the client and us: do not log it.
func (s *Session) ID() string { return s.id }

// Handshake returns the request that opened the session.
func (s *Session) Handshake() Handshake { return s.handshake }

// Send queues frames, all or none and side by side, and never waits. When they do not fit the
// queue the session is closed.
func (s *Session) Send(frames ...Frame) error {
	size := sizeOf(frames)
	s.mu.Lock()
	if s.ended {
		s.mu.Unlock()
		return ErrClosed
	}
	if s.queued+size > s.server.config.QueueBytes {
		s.mu.Unlock()
		if s.end(ending{code: TryAgain, reason: "slow consumer"}) {
			s.server.count.slow.Add(1)
		}
		return ErrSlow
	}
	s.pushLocked(size, frames...)
	s.mu.Unlock()
	s.server.count.sent.Add(int64(len(frames)))
	return nil
}

func (s *Session) pushLocked(size int, frames ...Frame) {
	s.queue = append(s.queue, frames...)
	s.queued += size
	s.wakeLocked()
}

// wakeLocked tells whoever empties the queue that there is something in it.
func (s *Session) wakeLocked() {
	if s.wire != nil {
		s.wakeWriterLocked()
		return
	}
	s.poll.wake()
}

// takeLocked takes the whole queue. The bytes stay counted until wrote.
func (s *Session) takeLocked() []Frame {
	batch := s.queue
	s.queue, s.spare = s.spare[:0], nil
	return batch
}

// wroteLocked gives a written batch back.
func (s *Session) wroteLocked(batch []Frame) {
	s.queued -= sizeOf(batch)
	if cap(batch) <= keepQueue {
		clear(batch)
		s.spare = batch[:0]
	}
}

func sizeOf(frames []Frame) int {
	size := len(frames) * frameOverhead
	for i := range frames {
		size += len(frames[i].Data)
	}
	return size
}

// receive handles one packet of the client. The error says that the session was closed for it.
func (s *Session) receive(packet Packet) error {
	switch packet.Type {
	case Message:
		s.deliver(packet)
	case Pong:
		s.pong()
	case Close:
		s.end(ending{code: Normal, reason: "transport close", byClient: true})
	case Noop:
	case Ping: // since version 4 it is the server that pings ("From v3 to v4")
		return s.breach(errors.New("invalid heartbeat direction"))
	default:
		return s.breach(errors.New("unexpected packet type"))
	}
	return nil
}

func (s *Session) deliver(packet Packet) {
	s.receiving.Lock()
	defer s.receiving.Unlock()
	if s.over() {
		return
	}
	s.server.count.received.Add(1)
	s.handler.Receive(packet.Data, packet.Binary)
}

func (s *Session) over() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ended
}

// breach closes the session because the client broke the protocol.
func (s *Session) breach(err error) error {
	s.Abort(ProtocolError, err.Error())
	return err
}
