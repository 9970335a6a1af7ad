package engine

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"
)

// Handler is what a session talks to.
type Handler interface {
	// Receive is given each message in order, one call at a time. Data is the handler's to keep.
	// It must not wait: until it returns no pong is read.
	Receive(data []byte, binary bool)

	// Closed is called once, when no message comes any more. It may be called from inside Send,
	// so it must not take a lock that is held around Send.
	Closed(reason string)
}

// Handshake is what is known of the request that opened a session.
type Handshake struct {
	RemoteAddr string
	Host       string
	Header     http.Header
	Query      url.Values
	At         time.Time
}

// Stats counts what a server has seen. All but Sessions only grow.
type Stats struct {
	Sessions int64 // open now
	Opened   int64 // sessions opened
	Refused  int64 // requests answered with an error
	Upgraded int64 // sessions that moved from polling to WebSocket
	Slow     int64 // sessions closed because their queue was full
	Breached int64 // sessions closed because they broke the protocol or a limit
	TimedOut int64 // sessions closed because a pong was missing
	Received int64 // messages received
	Sent     int64 // frames queued for sending
}

// Server accepts Engine.IO sessions. It is an http.Handler for one path, which ends in a slash.
type Server struct {
	config Config
	accept func(*Session) Handler

	mu       sync.Mutex
	sessions map[string]*Session
	closing  bool
	empty    chan struct{} // closed when closing and the last session is forgotten

	running sync.WaitGroup // reader, writer and probe goroutines
	count   struct {
		opened, refused, upgraded, slow, breached, timedOut, received, sent atomic.Int64
	}
}

// NewServer makes a server that calls accept for every new session, before anything is received.
func NewServer(config Config, accept func(*Session) Handler) *Server {
	return &Server{
		config:   config.withDefaults(),
		accept:   accept,
		sessions: make(map[string]*Session),
		empty:    make(chan struct{}),
	}
}

// Stats returns the counters at this moment.
func (s *Server) Stats() Stats {
	s.mu.Lock()
	open := len(s.sessions)
	s.mu.Unlock()
	c := &s.count
	return Stats{
		Sessions: int64(open), Opened: c.opened.Load(), Refused: c.refused.Load(), Upgraded: c.upgraded.Load(),
		Slow: c.slow.Load(), Breached: c.breached.Load(), TimedOut: c.timedOut.Load(),
		Received: c.received.Load(), Sent: c.sent.Load(),
	}
}

// refusal is the JSON error body of the reference implementation; clients show its message.
type refusal struct {
	status  int
	Code    int    `json:"code"`
	Message string `json:"message"`
}

// The refusals of a request that opens or continues a session.
var (
	unknownTransport  = refusal{http.StatusBadRequest, 0, "Transport unknown"}
	unknownSession    = refusal{http.StatusBadRequest, 1, "Session ID unknown"}
	badMethod         = refusal{http.StatusBadRequest, 2, "Bad handshake method"}
	badRequest        = refusal{http.StatusBadRequest, 3, "Bad request"}
	tooLarge          = refusal{http.StatusRequestEntityTooLarge, 3, "Payload too large"}
	forbidden         = refusal{http.StatusForbidden, 4, "Forbidden"}
	unsupportedDialog = refusal{http.StatusBadRequest, 5, "Unsupported protocol version"}
	unavailable       = refusal{http.StatusServiceUnavailable, 3, "Server is full or shutting down"}
)

func (s *Server) refuse(w http.ResponseWriter, with refusal) {
	s.count.refused.Add(1)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(with.status)
	// The client may be gone; there is nobody else to tell.
	_ = json.NewEncoder(w).Encode(with)
}

// ServeHTTP answers one request of a session ("Transports", both query parameter tables).
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !s.admits(r) {
		s.refuse(w, forbidden)
		return
	}
	s.allowOrigin(w.Header(), r)
	if r.Method == http.MethodOptions {
		s.preflight(w, r)
		return
	}
	query := r.URL.Query()
	if query.Get("EIO") != "4" {
		s.refuse(w, unsupportedDialog)
		return
	}
	switch query.Get("transport") {
	case "polling":
		s.servePolling(w, r, query)
	case "websocket":
		s.serveWebSocket(w, r, query)
	default:
		s.refuse(w, unknownTransport)
	}
}

func (s *Server) session(id string) *Session {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sessions[id]
}

// full tells whether no session may be opened; it is asked again when one is added.
func (s *Server) full() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fullLocked()
}

func (s *Server) fullLocked() bool { return s.closing || len(s.sessions) >= s.config.MaxSessions }

// add opens a session and reports whether there was room for it.
func (s *Server) add(session *Session) bool {
	session.handler = s.accept(session)
	s.mu.Lock()
	full := s.fullLocked()
	if !full {
		s.sessions[session.id] = session
	}
	s.mu.Unlock()
	if full {
		session.handler.Closed("server full")
		return false
	}
	s.count.opened.Add(1)
	return true
}

func (s *Server) remove(session *Session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sessions[session.id] != session {
		return
	}
	delete(s.sessions, session.id)
	s.signalEmptyLocked()
}

func (s *Server) signalEmptyLocked() {
	if s.closing && len(s.sessions) == 0 {
		close(s.empty)
	}
}

// Close ends every session with its queue flushed, and returns when all goroutines have ended.
// When ctx is done first the connections are cut. Requests that come later are answered 503.
func (s *Server) Close(ctx context.Context) error {
	err := s.drain(ctx)
	for _, session := range s.snapshot() {
		session.cut()
	}
	s.running.Wait()
	return err
}

func (s *Server) drain(ctx context.Context) error {
	if !s.startClosing() {
		return nil
	}
	for _, session := range s.snapshot() {
		session.Close(GoingAway, "server shutting down")
	}
	select {
	case <-s.empty:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *Server) startClosing() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return false
	}
	s.closing = true
	s.signalEmptyLocked()
	return true
}

func (s *Server) snapshot() []*Session {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]*Session, 0, len(s.sessions))
	for _, session := range s.sessions {
		all = append(all, session)
	}
	return all
}

// newID makes a session id. It is the only secret of a polling session: 120 random bits.
func newID() string {
	var random [15]byte
	rand.Read(random[:])
	return base64.RawURLEncoding.EncodeToString(random[:])
}

// greeting is the payload of the open packet ("Handshake"). Upgrades is never null: the reference
// client reads its length without a look.
type greeting struct {
	SID          string   `json:"sid"`
	Upgrades     []string `json:"upgrades"`
	PingInterval int64    `json:"pingInterval"`
	PingTimeout  int64    `json:"pingTimeout"`
	MaxPayload   int      `json:"maxPayload"`
}

func (s *Server) greet(id string, upgrades ...string) Frame {
	payload, err := json.Marshal(greeting{
		SID: id, Upgrades: append([]string{}, upgrades...), MaxPayload: s.config.MaxPayload,
		PingInterval: s.config.PingInterval.Milliseconds(), PingTimeout: s.config.PingTimeout.Milliseconds(),
	})
	if err != nil {
		panic(err) // strings and numbers always encode
	}
	return TextFrame(Open, string(payload))
}
