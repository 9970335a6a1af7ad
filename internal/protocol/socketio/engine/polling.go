package engine

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// upgradePatience is how long a GET waits while a WebSocket is probing, and after it has taken
// over. Answering a probing client at once would hand a noop to one that upgrades and must be told
// 400; waiting for ever would hold up one that pauses its polling first. And the 400 must not
// overtake the answer to the probe, which goes over another connection.
const upgradePatience = 100 * time.Millisecond

// polling is the long-polling half of a session: at most one GET waits and one POST is read.
type polling struct {
	turn    chan struct{} // of the GET that waits; nil when none does
	posting bool
}

func (p *polling) waiting() bool { return p.turn != nil }

func (p *polling) wake() {
	if p.turn == nil {
		return
	}
	select {
	case p.turn <- struct{}{}:
	default: // it is awake
	}
}

// servePolling answers `transport=polling` ("HTTP long-polling").
func (s *Server) servePolling(w http.ResponseWriter, r *http.Request, query url.Values) {
	id := query.Get("sid")
	if id == "" {
		s.openPolling(w, r, query)
		return
	}
	session := s.session(id)
	if session == nil {
		s.refuse(w, unknownSession)
		return
	}
	switch r.Method {
	case http.MethodGet:
		session.serveGet(w, r)
	case http.MethodPost:
		session.servePost(w, r)
	default:
		s.refuse(w, badMethod)
	}
}

// openPolling answers the first GET with the open packet ("Handshake").
func (s *Server) openPolling(w http.ResponseWriter, r *http.Request, query url.Values) {
	if r.Method != http.MethodGet {
		s.refuse(w, badMethod)
		return
	}
	if s.full() {
		s.refuse(w, unavailable)
		return
	}
	session := newSession(s, r, query)
	session.queue = []Frame{s.greet(session.id, "websocket")}
	session.queued = sizeOf(session.queue)
	if !s.add(session) {
		s.refuse(w, unavailable)
		return
	}
	session.startHeartbeat()
	session.mu.Lock()
	batch := session.takeLocked()
	session.mu.Unlock()
	session.respond(w, batch)
}

// serveGet answers with what is queued, or waits for it ("Receiving data").
func (s *Session) serveGet(w http.ResponseWriter, r *http.Request) {
	if s.late() {
		s.timeOut()
	}
	turn := s.takeTurn()
	if turn == nil {
		s.server.refuse(w, badRequest)
		return
	}
	// A server-wide write limit must not cut a poll that waits for its ping.
	_ = http.NewResponseController(w).SetWriteDeadline(time.Time{})
	batch := s.await(r.Context(), turn)
	if batch == nil {
		s.server.refuse(w, badRequest)
		return
	}
	s.respond(w, batch)
}

// takeTurn makes this GET the one that waits. A second one closes the session: with two, nobody
// could say in which order packets arrive.
func (s *Session) takeTurn() chan struct{} {
	s.mu.Lock()
	if s.poll.waiting() && !s.ended && s.wire == nil {
		s.mu.Unlock()
		s.Abort(Policy, "two GET requests at once")
		return nil
	}
	defer s.mu.Unlock()
	if s.gone || s.poll.waiting() {
		return nil
	}
	s.poll.turn = make(chan struct{}, 1)
	return s.poll.turn
}

// await waits for packets. Nil means that this session does not poll any more.
func (s *Session) await(ctx context.Context, turn chan struct{}) []Frame {
	var impatient <-chan time.Time
	expired := false
	for {
		batch, done := s.result(expired)
		if done {
			return batch
		}
		if impatient == nil && s.upgrading() {
			impatient = time.After(upgradePatience)
		}
		select {
		case <-turn:
		case <-impatient:
			expired = true
		case <-ctx.Done():
			s.abandonPoll()
			return nil
		}
	}
}

// abandonPoll ends the session when the client drops the poll it depends on.
func (s *Session) abandonPoll() {
	s.mu.Lock()
	s.poll.turn = nil
	needed := s.wire == nil
	s.mu.Unlock()
	if needed {
		s.lost("transport close")
	}
}

// result reports whether the waiting GET can be answered, and with what.
func (s *Session) result(expired bool) (batch []Frame, done bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.gone:
	case s.wire != nil && !expired:
		return nil, false
	case s.wire != nil:
	case s.ended && len(s.queue) > 0:
		batch = s.takeLastLocked()
	case len(s.queue) > 0:
		batch = s.takeLocked()
	case expired && s.claimed:
		batch = []Frame{TextFrame(Noop, "")}
		s.queued += sizeOf(batch) // respond gives it back
	default:
		return nil, false
	}
	s.poll.turn = nil
	return batch, true
}

// takeLastLocked takes what is queued before the last packet, and that one alone the next time.
// The reference client acts on a close packet at once and on the messages before it a tick later:
// in one body they would be lost.
func (s *Session) takeLastLocked() []Frame {
	if last := len(s.queue) - 1; last > 0 {
		batch := s.queue[:last:last]
		s.queue = s.queue[last:]
		return batch
	}
	s.gone = true
	if s.last != nil {
		s.last.Reset(0)
	}
	return s.takeLocked()
}

// upgrading tells whether a WebSocket is probing or has taken over.
func (s *Session) upgrading() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.claimed || s.wire != nil
}

// respond writes packets as the body of a long-polling response.
func (s *Session) respond(w http.ResponseWriter, batch []Frame) {
	body := AppendPayload(make([]byte, 0, sizeOf(batch)), batch)
	header := w.Header()
	header.Set("Content-Type", "text/plain; charset=UTF-8")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Content-Length", strconv.Itoa(len(body)))
	err := writeWithin(s.server.config.BodyTimeout, w, body)
	s.mu.Lock()
	s.wroteLocked(batch)
	s.mu.Unlock()
	if err != nil {
		s.lost("transport close")
	}
}

// writeWithin writes a body with a time limit of its own, and leaves none on the connection: the
// next request on it may be for somebody else.
func writeWithin(limit time.Duration, w http.ResponseWriter, body []byte) error {
	control := http.NewResponseController(w)
	_ = control.SetWriteDeadline(time.Now().Add(limit))
	_, err := w.Write(body)
	if err == nil {
		err = control.Flush()
	}
	_ = control.SetWriteDeadline(time.Time{})
	return err
}

// servePost takes the packets of a request body ("Sending data").
func (s *Session) servePost(w http.ResponseWriter, r *http.Request) {
	if s.lingering() { // the client's own goodbye may cross ours
		writeOK(w)
		return
	}
	if !s.startPost() {
		s.server.refuse(w, badRequest)
		return
	}
	defer s.endPost()
	body, err := s.readBody(w, r)
	if err != nil {
		s.refusePost(w, err)
		return
	}
	if err := s.receivePayload(body); err != nil {
		s.server.refuse(w, badRequest)
		return
	}
	writeOK(w)
}

// lingering tells whether the session has ended and still hands out its last packets.
func (s *Session) lingering() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ended && !s.gone && s.wire == nil
}

func writeOK(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/plain; charset=UTF-8")
	_, _ = io.WriteString(w, "ok") // a client that is gone will not miss it
}

// startPost admits one POST at a time; a second one closes the session.
func (s *Session) startPost() bool {
	s.mu.Lock()
	second := s.poll.posting
	open := !s.ended && s.wire == nil
	if open && !second {
		s.poll.posting = true
	}
	s.mu.Unlock()
	if open && second {
		s.Abort(Policy, "two POST requests at once")
	}
	return open && !second
}

func (s *Session) endPost() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.poll.posting = false
}

func (s *Session) readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Now().Add(s.server.config.BodyTimeout))
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, int64(s.server.config.MaxPayload)))
	if err == nil {
		_ = control.SetReadDeadline(time.Time{})
	}
	return body, err
}

func (s *Session) refusePost(w http.ResponseWriter, err error) {
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		s.Abort(websocketTooBig, "payload too large")
		s.server.refuse(w, tooLarge)
		return
	}
	s.lost("transport close")
	s.server.refuse(w, badRequest)
}

func (s *Session) receivePayload(body []byte) error {
	packets, err := ParsePayload(body)
	if err != nil {
		return s.breach(err)
	}
	for _, packet := range packets {
		if err := s.receive(packet); err != nil {
			return err
		}
	}
	return nil
}
