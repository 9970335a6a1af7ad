package socketio

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"softphone/internal/protocol/socketio/engine"
)

// The answers of emitting, besides an error about the arguments.
var (
	ErrClosed = engine.ErrClosed
	ErrSlow   = engine.ErrSlow
)

// ErrNamespaceMismatch is returned for a message prepared in another namespace.
var ErrNamespaceMismatch = errors.New("message is of another namespace")

// stage is how far a socket is in its life.
type stage int

const (
	asking   stage = iota // its ConnectHandler runs
	admitted              // the client has been told its id
	departed              // one side has left
)

// Socket is one client in one namespace.
type Socket struct {
	id         string
	namespace  *Namespace
	connection *connection
	ctx        context.Context
	cancel     context.CancelFunc

	rooms    map[string]struct{} // guarded by namespace.mu
	departed bool                // guarded by namespace.mu

	mu           sync.Mutex
	stage        stage
	welcomed     bool // it was admitted once
	refusal      *Refusal
	early        []engine.Frame // emitted while asking
	earlyBytes   int
	handlers     map[string]func(*Event)
	other        func(*Event)
	onDisconnect func(reason string)
	lastAck      uint64
	acks         map[uint64]chan Arguments
}

func newSocket(c *connection, n *Namespace) *Socket {
	ctx, cancel := context.WithCancel(context.Background())
	return &Socket{id: newID(), namespace: n, connection: c, ctx: ctx, cancel: cancel}
}

// newID makes a socket's id, which differs from the session's: that one is a secret.
func newID() string {
	var random [15]byte
	rand.Read(random[:])
	return base64.RawURLEncoding.EncodeToString(random[:])
}

// ID returns the id the client knows this socket by.
func (s *Socket) ID() string { return s.id }

// Namespace returns the namespace the socket is in.
func (s *Socket) Namespace() *Namespace { return s.namespace }

// Context is cancelled when the socket disconnects.
func (s *Socket) Context() context.Context { return s.ctx }

// Handshake returns the request that opened the connection.
func (s *Socket) Handshake() engine.Handshake { return s.connection.session.Handshake() }

// On sets the handler of an event. Handlers of one connection run in order, one at a time.
func (s *Socket) On(event string, handler func(*Event)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.handlers == nil {
		s.handlers = make(map[string]func(*Event))
	}
	s.handlers[event] = handler
}

// OnOther sets the handler of events that have none of their own. Without it they are ignored.
func (s *Socket) OnOther(handler func(*Event)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.other = handler
}

// OnDisconnect sets what is called once after the last handler when an admitted socket is gone.
func (s *Socket) OnDisconnect(handler func(reason string)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.onDisconnect = handler
}

// Join puts the socket into a room; Leave takes it out. Both do nothing after it disconnected.
func (s *Socket) Join(room string) { s.namespace.join(s, room) }

// Leave takes the socket out of a room.
func (s *Socket) Leave(room string) { s.namespace.leave(s, room) }

// Rooms returns the rooms the socket is in, sorted.
func (s *Socket) Rooms() []string {
	s.namespace.mu.RLock()
	defer s.namespace.mu.RUnlock()
	rooms := slices.AppendSeq(make([]string, 0, len(s.rooms)), maps.Keys(s.rooms))
	slices.Sort(rooms)
	return rooms
}

// Emit sends an event. It never waits: a client that does not keep up is closed.
func (s *Socket) Emit(event string, args ...any) error {
	message, err := s.namespace.Prepare(event, args...)
	if err != nil {
		return err
	}
	return s.Send(message)
}

// Send sends an event that was encoded once for many sockets.
func (s *Socket) Send(message Prepared) error {
	if message.namespace != s.namespace.name {
		return fmt.Errorf("%w: %s", ErrNamespaceMismatch, message.namespace)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch s.stage {
	case asking:
		return s.keepLocked(message)
	case admitted:
		return s.connection.session.Send(message.frames...)
	}
	return ErrClosed
}

// keepLocked holds a message back until the client has been admitted.
func (s *Socket) keepLocked(message Prepared) error {
	if s.earlyBytes += message.size(); s.earlyBytes > s.connection.server.config.MaxWaitingBytes {
		s.connection.session.Abort(engine.TryAgain, "slow consumer")
		return ErrSlow
	}
	s.early = append(s.early, message.frames...)
	return nil
}

// EmitRaw sends a packet the caller has encoded. Its namespace is set to the socket's.
func (s *Socket) EmitRaw(packet Packet) error {
	packet.Namespace = s.namespace.name
	return s.Send(prepare(packet))
}

// EmitAck sends an event and waits until the client acknowledges it, ctx is done, or the socket
// disconnects.
func (s *Socket) EmitAck(ctx context.Context, event string, args ...any) (Arguments, error) {
	packet, err := EventOf(s.namespace.name, event, args...)
	if err != nil {
		return Arguments{}, err
	}
	id, answer := s.expectAck()
	defer s.forgetAck(id)
	packet.ID, packet.HasID = id, true
	if err := s.Send(prepare(packet)); err != nil {
		return Arguments{}, err
	}
	select {
	case reply := <-answer:
		return reply, nil
	case <-ctx.Done():
		return Arguments{}, ctx.Err()
	case <-s.ctx.Done():
		return Arguments{}, ErrClosed
	}
}

func (s *Socket) expectAck() (uint64, <-chan Arguments) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.acks == nil {
		s.acks = make(map[uint64]chan Arguments)
	}
	s.lastAck++
	answer := make(chan Arguments, 1)
	s.acks[s.lastAck] = answer
	return s.lastAck, answer
}

func (s *Socket) forgetAck(id uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.acks, id)
}

// acknowledged hands an answer to who waits for it. One that nobody waits for is late or made up.
func (s *Socket) acknowledged(id uint64, reply Arguments) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if answer := s.acks[id]; answer != nil {
		delete(s.acks, id)
		answer <- reply
	}
}

// Disconnect tells the client that it has to leave the namespace, and closes the connection when
// it is in no other, after everything emitted before has been sent. The reason goes to
// OnDisconnect; the packet has no room for it. The client does not reconnect by itself.
// From inside the ConnectHandler it refuses the client with the reason as message.
func (s *Socket) Disconnect(reason string) {
	before := s.stop()
	s.cancel()
	switch before {
	case asking:
		s.refuse(reason)
	case admitted:
		packet := Packet{Type: Disconnect, Namespace: s.namespace.name}
		// A session that cannot take it has closed anyway.
		_ = s.connection.session.Send(packet.Frames()...)
		s.connection.dismiss(s, reason)
	}
}

func (s *Socket) refuse(reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refusal = &Refusal{Message: reason}
}

// Drop closes the whole connection with a status and a reason. The client reconnects by itself.
func (s *Socket) Drop(code engine.Code, reason string) {
	s.connection.session.Close(code, reason)
}

// stop ends emitting and returns the stage before.
func (s *Socket) stop() stage {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := s.stage
	s.stage = departed
	s.early = nil
	return before
}

// admit tells the client its id and lets out what was emitted meanwhile. It returns the refusal
// of a socket that was disconnected before.
func (s *Socket) admit() *Refusal {
	data, err := json.Marshal(map[string]string{"sid": s.id})
	if err != nil {
		panic(err) // a string always encodes
	}
	welcome := Packet{Type: Connect, Namespace: s.namespace.name, Data: data}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refusal != nil {
		return s.refusal
	}
	s.stage, s.welcomed = admitted, true
	frames := append(welcome.Frames(), s.early...)
	s.early = nil
	// A session that cannot take it has closed, and says so in its own way.
	_ = s.connection.session.Send(frames...)
	return nil
}

func (s *Socket) handler(event string) func(*Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if handler := s.handlers[event]; handler != nil {
		return handler
	}
	return s.other
}

// gone runs the last handler of a socket that had been admitted.
func (s *Socket) gone(reason string) {
	s.mu.Lock()
	handler := s.onDisconnect
	s.onDisconnect = nil
	welcomed := s.welcomed
	s.mu.Unlock()
	if handler != nil && welcomed {
		handler(reason)
	}
}
