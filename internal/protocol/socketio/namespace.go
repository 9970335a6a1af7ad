package socketio

import (
	"encoding/json"
	"sync"
)

// ConnectHandler decides about a client that asks for a namespace ("Connection to a namespace").
// Auth is the object the client sent, {} if it sent none. An error refuses the client, and a
// *Refusal is told to it. What the handler emits is delivered after the client has been admitted.
type ConnectHandler func(s *Socket, auth json.RawMessage) error

// Namespace is a group of sockets with a name. Rooms are groups within it that only the server
// knows about.
type Namespace struct {
	name string

	mu      sync.RWMutex
	connect ConnectHandler
	sockets map[string]*Socket
	rooms   map[string]map[*Socket]struct{}
}

func newNamespace(name string) *Namespace {
	return &Namespace{
		name:    name,
		sockets: make(map[string]*Socket),
		rooms:   make(map[string]map[*Socket]struct{}),
	}
}

// Name returns the name, which begins with a slash.
func (n *Namespace) Name() string { return n.name }

// OnConnect sets who decides about new clients. Without it everybody is admitted.
func (n *Namespace) OnConnect(handler ConnectHandler) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.connect = handler
}

func (n *Namespace) decide(s *Socket, auth json.RawMessage) error {
	n.mu.RLock()
	handler := n.connect
	n.mu.RUnlock()
	if handler == nil {
		return nil
	}
	return handler(s, auth)
}

// Socket returns the connected socket with an id, or nil.
func (n *Namespace) Socket(id string) *Socket {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return n.sockets[id]
}

// Len returns the number of connected sockets.
func (n *Namespace) Len() int {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return len(n.sockets)
}

// Prepare encodes an event once for many sockets.
func (n *Namespace) Prepare(event string, args ...any) (Prepared, error) {
	packet, err := EventOf(n.name, event, args...)
	if err != nil {
		return Prepared{}, err
	}
	return prepare(packet), nil
}

// Emit sends an event to every connected socket.
func (n *Namespace) Emit(event string, args ...any) error { return n.everybody().Emit(event, args...) }

// Send sends a prepared event to every connected socket and returns how many took it.
func (n *Namespace) Send(message Prepared) int { return n.everybody().Send(message) }

func (n *Namespace) everybody() Audience { return Audience{namespace: n} }

// To addresses the sockets in any of some rooms.
func (n *Namespace) To(room string, more ...string) Audience {
	return Audience{namespace: n, rooms: append([]string{room}, more...)}
}

// Audience is whom an event is sent to.
type Audience struct {
	namespace *Namespace
	rooms     []string // none means everybody
	except    *Socket
}

// Except leaves one socket out, usually the one that caused the event.
func (a Audience) Except(s *Socket) Audience {
	a.except = s
	return a
}

// Emit encodes an event and sends it to the audience. The error is about the arguments.
func (a Audience) Emit(event string, args ...any) error {
	message, err := a.namespace.Prepare(event, args...)
	if err != nil {
		return err
	}
	a.Send(message)
	return nil
}

// Send sends a prepared event to the audience and returns how many sockets took it.
func (a Audience) Send(message Prepared) int {
	sent := 0
	a.each(func(s *Socket) {
		if s.Send(message) == nil {
			sent++
		}
	})
	return sent
}

// each visits every socket of the audience once. A Send does not wait and its consequences happen
// elsewhere, so the lock may be held.
func (a Audience) each(visit func(*Socket)) {
	n := a.namespace
	n.mu.RLock()
	defer n.mu.RUnlock()
	switch len(a.rooms) {
	case 0:
		for _, s := range n.sockets {
			a.visit(s, visit)
		}
	case 1:
		for s := range n.rooms[a.rooms[0]] {
			a.visit(s, visit)
		}
	default:
		for s := range a.unionLocked() {
			a.visit(s, visit)
		}
	}
}

func (a Audience) visit(s *Socket, visit func(*Socket)) {
	if s != a.except {
		visit(s)
	}
}

func (a Audience) unionLocked() map[*Socket]struct{} {
	union := make(map[*Socket]struct{})
	for _, room := range a.rooms {
		for s := range a.namespace.rooms[room] {
			union[s] = struct{}{}
		}
	}
	return union
}

func (n *Namespace) add(s *Socket) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.sockets[s.id] = s
}

// remove forgets a socket; it cannot join a room any more.
func (n *Namespace) remove(s *Socket) {
	n.mu.Lock()
	defer n.mu.Unlock()
	s.departed = true
	delete(n.sockets, s.id)
	for room := range s.rooms {
		n.leaveLocked(s, room)
	}
}

func (n *Namespace) join(s *Socket, room string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if s.departed {
		return
	}
	if n.rooms[room] == nil {
		n.rooms[room] = make(map[*Socket]struct{})
	}
	if s.rooms == nil {
		s.rooms = make(map[string]struct{})
	}
	n.rooms[room][s] = struct{}{}
	s.rooms[room] = struct{}{}
}

func (n *Namespace) leave(s *Socket, room string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.leaveLocked(s, room)
}

func (n *Namespace) leaveLocked(s *Socket, room string) {
	delete(s.rooms, room)
	delete(n.rooms[room], s)
	if len(n.rooms[room]) == 0 {
		delete(n.rooms, room)
	}
}
