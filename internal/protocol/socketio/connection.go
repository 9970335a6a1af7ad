package socketio

import (
	"encoding/json"
	"errors"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"softphone/internal/protocol/socketio/engine"
)

// connection is one engine session and the sockets on it. What it receives goes through an inbox
// to a worker that runs while the inbox is not empty: a slow handler must not keep the session from
// reading the pong, nor the answer the handler itself waits for.
type connection struct {
	server  *Server
	session *engine.Session
	pace    *rate.Limiter
	decoder Decoder // used by Receive only, which is never called twice at once
	patient *time.Timer

	mu       sync.Mutex
	inbox    []task
	waiting  int // bytes in inbox
	working  bool
	closed   bool
	idle     *time.Timer        // closes a connection that joins no namespace
	admitted bool               // it has joined one
	sockets  map[string]*Socket // by namespace; nil for one that was refused or left
}

// task is one thing for the worker to do: handle a packet, or dismiss a socket.
type task struct {
	packet *Packet
	leaver *Socket
	reason string
	size   int
}

var _ engine.Handler = (*connection)(nil)

func newConnection(server *Server, session *engine.Session) *connection {
	config := server.config
	c := &connection{
		server: server, session: session,
		pace:    rate.NewLimiter(rate.Limit(config.EventsPerSecond), config.EventBurst),
		decoder: Decoder{MaxAttachments: config.MaxAttachments, MaxDepth: config.MaxDepth},
		sockets: make(map[string]*Socket, 1),
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.idle = time.AfterFunc(config.ConnectTimeout, c.expectNamespace)
	return c
}

// expectNamespace closes a connection that came and was admitted nowhere. While a ConnectHandler
// still thinks, it waits for another turn.
func (c *connection) expectNamespace() {
	if len(c.held()) == 0 {
		c.session.Abort(engine.Policy, "no namespace joined in time")
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.admitted && !c.closed {
		c.idle.Reset(c.server.config.ConnectTimeout)
	}
}

// Receive implements engine.Handler.
func (c *connection) Receive(data []byte, binary bool) {
	if !binary && !c.pace.Allow() {
		c.session.Abort(engine.Policy, "too many packets a second")
		return
	}
	packet, err := c.decoder.Add(data, binary)
	if err != nil {
		c.session.Abort(engine.ProtocolError, err.Error())
		return
	}
	c.watchAttachments()
	if packet != nil {
		c.route(packet)
	}
}

// watchAttachments gives a packet whose attachments are still to come a limited time.
func (c *connection) watchAttachments() {
	switch unfinished := c.decoder.Unfinished(); {
	case unfinished && c.patient == nil:
		c.patient = time.AfterFunc(c.server.config.AttachmentTimeout, func() {
			c.session.Abort(engine.Policy, "unfinished packet")
		})
	case !unfinished && c.patient != nil:
		c.patient.Stop()
		c.patient = nil
	}
}

// route hands answers to those who wait for them, and everything else to the worker.
func (c *connection) route(packet *Packet) {
	if packet.Type.ack() {
		c.acknowledge(packet)
		return
	}
	size := len(packet.Data)
	for _, attachment := range packet.Attachments {
		size += len(attachment)
	}
	if !c.post(task{packet: packet, size: size}) {
		c.session.Abort(engine.TryAgain, "too many waiting events")
	}
}

func (c *connection) acknowledge(packet *Packet) {
	reply, err := packet.Arguments()
	if err != nil {
		c.session.Abort(engine.ProtocolError, err.Error())
		return
	}
	c.mu.Lock()
	s := c.sockets[packet.Namespace]
	c.mu.Unlock()
	if s != nil {
		s.acknowledged(packet.ID, reply)
	}
}

// Closed implements engine.Handler. The contexts are cancelled now, so that a handler that runs
// gives up; the rest is the worker's.
func (c *connection) Closed(reason string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	c.idle.Stop()
	for _, s := range c.sockets {
		if s != nil {
			s.cancel()
			c.addLocked(task{leaver: s, reason: reason})
		}
	}
}

// dismiss lets the worker take leave of a socket after what it has still to do.
func (c *connection) dismiss(s *Socket, reason string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closed { // else Closed has said so
		c.addLocked(task{leaver: s, reason: reason})
	}
}

// post gives a packet to the worker, and reports false when too many wait.
func (c *connection) post(t task) bool {
	config := &c.server.config
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return true
	}
	if len(c.inbox) >= config.MaxWaiting || c.waiting+t.size > config.MaxWaitingBytes {
		return false
	}
	c.addLocked(t)
	return true
}

// addLocked adds a task and starts the worker unless it runs.
func (c *connection) addLocked(t task) {
	c.inbox = append(c.inbox, t)
	c.waiting += t.size
	if !c.working {
		c.working = true
		c.server.running.Add(1)
		go c.work()
	}
}

func (c *connection) work() {
	defer c.server.running.Done()
	for {
		t, ok := c.next()
		if !ok {
			return
		}
		c.perform(t)
	}
}

func (c *connection) next() (task, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.inbox) == 0 {
		c.inbox, c.working = nil, false
		return task{}, false
	}
	t := c.inbox[0]
	c.inbox[0] = task{}
	c.inbox = c.inbox[1:]
	c.waiting -= t.size
	return t, true
}

// perform does one task. A panic in a handler is a bug of ours: it is logged, and the connection is
// closed so that the client comes back to a state that is known.
func (c *connection) perform(t task) {
	defer func() {
		if cause := recover(); cause != nil {
			c.server.config.Logger.Error("socket handler panicked", slog.Any("cause", cause), slog.String("stack", string(debug.Stack())))
			c.session.Close(engine.Internal, "internal error")
		}
	}()
	if t.packet != nil {
		c.handle(t.packet)
		return
	}
	c.leave(t.leaver, t.reason)
	c.closeIfEmpty(t.reason)
}

// handle does what a packet asks for, in the order of arrival. After the connection closed its
// events are void, as the client will repeat what was not acknowledged.
func (c *connection) handle(packet *Packet) {
	s, known, closed := c.lookUp(packet.Namespace)
	switch {
	case closed:
	case packet.Type == Connect && s == nil:
		c.connect(packet)
	case packet.Type == Connect || packet.Type == ConnectError || !known:
		// "If the server does not receive a CONNECT packet first, then it MUST close the connection."
		c.session.Abort(engine.ProtocolError, "not connected to namespace")
	case s == nil: // it left or was refused, and the client did not know yet
	case packet.Type == Disconnect:
		c.leave(s, "client namespace disconnect")
	default:
		c.dispatch(s, packet)
	}
}

func (c *connection) lookUp(namespace string) (s *Socket, known, closed bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s, known = c.sockets[namespace]
	return s, known, c.closed
}

// connect lets the namespace decide about the client ("Connection to a namespace").
func (c *connection) connect(packet *Packet) {
	n := c.server.namespace(packet.Namespace)
	if n == nil {
		c.refuse(packet.Namespace, &Refusal{Message: "Invalid namespace"})
		return
	}
	s := newSocket(c, n)
	if !c.hold(s) {
		return
	}
	auth := packet.Data
	if auth == nil {
		auth = json.RawMessage(`{}`)
	}
	if err := c.decide(s, auth); err != nil {
		c.letGo(s)
		c.refuse(n.name, c.refusalOf(err))
		return
	}
	c.admit(s)
}

// admit lets a socket in, unless its handler has disconnected it already.
func (c *connection) admit(s *Socket) {
	s.namespace.add(s)
	if refusal := s.admit(); refusal != nil {
		c.letGo(s)
		c.refuse(s.namespace.name, refusal)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.admitted = true
	c.idle.Stop()
}

// decide asks the namespace, and gives the socket up when the answer is a panic.
func (c *connection) decide(s *Socket, auth json.RawMessage) error {
	panicked := true
	defer func() {
		if panicked {
			c.letGo(s)
		}
	}()
	err := s.namespace.decide(s, auth)
	panicked = false
	return err
}

// refusalOf tells the client what a refusal says, and of other errors nothing.
func (c *connection) refusalOf(err error) *Refusal {
	var refusal *Refusal
	if errors.As(err, &refusal) {
		return refusal
	}
	c.server.config.Logger.Error("socket not admitted", slog.Any("error", err))
	return &Refusal{Message: "Internal error"}
}

func (c *connection) refuse(namespace string, refusal *Refusal) {
	data, err := encodeJSON(refusal)
	if err != nil {
		data = json.RawMessage(`{"message":"Internal error"}`)
	}
	packet := Packet{Type: ConnectError, Namespace: namespace, Data: data}
	// A session that cannot take it has closed anyway.
	_ = c.session.Send(packet.Frames()...)
}

// hold makes a socket the one of its namespace, unless the connection has closed.
func (c *connection) hold(s *Socket) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		s.cancel()
		return false
	}
	c.sockets[s.namespace.name] = s
	return true
}

// letGo frees what a socket holds and keeps in mind that its namespace was asked for.
func (c *connection) letGo(s *Socket) {
	s.stop()
	s.cancel()
	s.namespace.remove(s)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.sockets[s.namespace.name] == s {
		c.sockets[s.namespace.name] = nil
	}
}

func (c *connection) leave(s *Socket, reason string) {
	c.letGo(s)
	s.gone(reason)
}

func (c *connection) held() []*Socket {
	c.mu.Lock()
	defer c.mu.Unlock()
	var all []*Socket
	for _, s := range c.sockets {
		if s != nil {
			all = append(all, s)
		}
	}
	return all
}

func (c *connection) closeIfEmpty(reason string) {
	if len(c.held()) == 0 {
		c.session.Close(engine.Normal, reason)
	}
}

func (c *connection) dispatch(s *Socket, packet *Packet) {
	name, args, err := packet.Event()
	if err != nil {
		c.session.Abort(engine.ProtocolError, err.Error())
		return
	}
	if handler := s.handler(name); handler != nil {
		handler(&Event{Name: name, Arguments: args, socket: s, id: packet.ID, asked: packet.HasID})
	}
}
