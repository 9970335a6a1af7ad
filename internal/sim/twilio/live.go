package twilio

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"

	"softphone/internal/protocol/g711"

	"github.com/coder/websocket"
)

// liveSeat is somebody at a page who is a person: their telephone is a
// WebSocket. Text messages are signs both ways, binary ones are mu-law: what
// the person says, in any pieces, and what they hear, in frames.
//
// From the page: {"type":"answer"}, {"type":"decline"}, {"type":"hangUp"},
// {"type":"key","key":"5"}. To the page: {"type":"ring","call","from"},
// {"type":"up"}, {"type":"end"}.
type liveSeat struct {
	number string
	send   chan seatMessage // to the page; full means it is too slow: dropped

	mu       sync.Mutex
	mouth    []byte // what was said and not yet sent on
	keys     []byte
	hangUp   bool
	answered chan bool // of the call that rings
	busy     bool
	calls    func() // gives up the call that its person makes
}

type seatMessage struct {
	sign  any
	sound []byte
}

// seatDelay is how much of the page's sound may wait: 200 ms, more is old.
const seatDelay = 10 * frameBytes

// seat returns who sits at the page for a number, nil when nobody does.
func (p *people) seat(number string) *liveSeat {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.live[number]
}

// sit takes the seat; false when it is taken.
func (p *people) sit(s *liveSeat) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.live[s.number] != nil {
		return false
	}
	p.live[s.number] = s
	return true
}

func (p *people) leave(s *liveSeat) {
	p.mu.Lock()
	delete(p.live, s.number)
	p.mu.Unlock()
	s.goAway()
}

// ring lets the page ring until it answers, declines or goes away.
func (s *liveSeat) ring(ctx context.Context, c *call) (talker, bool) {
	answered := make(chan bool, 1)
	s.mu.Lock()
	taken := s.busy
	s.busy = true
	if !taken {
		s.answered, s.hangUp, s.mouth, s.keys = answered, false, nil, nil
	}
	s.mu.Unlock()
	if taken {
		c.finish(verdict{"busy", 486, "busy"})
		return nil, false
	}
	s.tell(map[string]string{"type": "ring", "call": c.sid, "from": c.from})
	return s.wait(ctx, c, answered)
}

func (s *liveSeat) wait(ctx context.Context, c *call, answered <-chan bool) (talker, bool) {
	select {
	case <-ctx.Done():
		s.free()
		return nil, false
	case yes := <-answered:
		if !yes {
			s.free()
			c.finish(verdict{"busy", 603, "declined"})
			return nil, false
		}
	}
	s.tell(map[string]string{"type": "up", "call": c.sid})
	return &liveHead{seat: s}, true
}

// callsOut takes the telephone for a call that its person makes; false when it
// is busy.
func (s *liveSeat) callsOut(c *call) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.busy {
		return false
	}
	s.busy, s.hangUp, s.mouth, s.keys, s.calls = true, false, nil, nil, c.giveUp
	s.tell(map[string]string{"type": "calling", "call": c.sid})
	return true
}

// free makes the telephone ready for the next call.
func (s *liveSeat) free() {
	s.mu.Lock()
	s.busy, s.answered, s.calls = false, nil, nil
	s.mu.Unlock()
	s.tell(map[string]string{"type": "end"})
}

func (s *liveSeat) tell(sign any) { s.post(seatMessage{sign: sign}) }

func (s *liveSeat) post(m seatMessage) {
	select {
	case s.send <- m:
	default:
	}
}

// goAway is what happens when the page is closed.
func (s *liveSeat) goAway() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hangUp = true
	s.answerLocked(false)
	if s.calls != nil {
		s.calls()
	}
}

func (s *liveSeat) answerLocked(yes bool) {
	if s.answered != nil {
		s.answered <- yes
		s.answered = nil
	}
}

// take does what a sign of the page says.
func (s *liveSeat) take(message []byte) error {
	var sign struct {
		Type string `json:"type"`
		Key  string `json:"key"`
	}
	if err := json.Unmarshal(message, &sign); err != nil {
		return fmt.Errorf("sign of the page: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch sign.Type {
	case "answer":
		s.answerLocked(true)
	case "decline":
		s.answerLocked(false)
	case "hangUp":
		s.hangUp = true
		if s.calls != nil {
			s.calls()
		}
	case "key":
		if isKeys(sign.Key) {
			s.keys = append(s.keys, sign.Key...)
		}
	}
	return nil
}

// hearFrom takes sound of the page's microphone.
func (s *liveSeat) hearFrom(sound []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mouth = append(s.mouth, sound...)
	if old := len(s.mouth) - seatDelay; old > 0 {
		s.mouth = append(s.mouth[:0], s.mouth[old:]...)
	}
}

// liveHead is the person of a seat on the phone.
type liveHead struct{ seat *liveSeat }

func (h *liveHead) hear(frame []byte) {
	h.seat.post(seatMessage{sound: append([]byte(nil), frame...)})
}

func (h *liveHead) say(frame []byte) deed {
	s := h.seat
	s.mu.Lock()
	defer s.mu.Unlock()
	n := copy(frame, s.mouth)
	s.mouth = append(s.mouth[:0], s.mouth[n:]...)
	g711.Fill(frame[n:])
	switch {
	case s.hangUp:
		return deed{hangUp: true, note: "hung up"}
	case len(s.keys) > 0:
		key := s.keys[0]
		s.keys = s.keys[1:]
		return deed{press: key, note: "pressed", detail: string(key)}
	}
	return deed{}
}

// servePerson is GET /control/person/{number}: the WebSocket of a page that is
// this person from now on.
func (s *Sim) servePerson(w http.ResponseWriter, r *http.Request) {
	seat := &liveSeat{number: r.PathValue("number"), send: make(chan seatMessage, 64)}
	if !s.people.sit(seat) {
		http.Error(w, "somebody else is this person already", http.StatusConflict)
		return
	}
	defer s.people.leave(seat)
	conn, err := websocket.Accept(w, r, nil) // refuses pages of other origins
	if err != nil {
		return
	}
	defer func() { _ = conn.CloseNow() }()
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	if !s.goes(func(life context.Context) {
		defer cancel()
		seat.speak(ctx, life, conn)
	}) {
		return
	}
	seat.listen(ctx, conn)
}

// speak writes to the page until it is gone or the simulator ends.
func (s *liveSeat) speak(ctx, life context.Context, conn *websocket.Conn) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-life.Done():
			return
		case m := <-s.send:
			if s.write(ctx, conn, m) != nil {
				return
			}
		}
	}
}

func (s *liveSeat) write(ctx context.Context, conn *websocket.Conn, m seatMessage) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if m.sound != nil {
		return conn.Write(ctx, websocket.MessageBinary, m.sound)
	}
	text, err := json.Marshal(m.sign)
	if err != nil {
		return fmt.Errorf("sign for the page: %w", err)
	}
	return conn.Write(ctx, websocket.MessageText, text)
}

func (s *liveSeat) listen(ctx context.Context, conn *websocket.Conn) {
	for {
		kind, message, err := conn.Read(ctx)
		if err != nil {
			return
		}
		if kind == websocket.MessageBinary {
			s.hearFrom(message)
		} else if s.take(message) != nil {
			return
		}
	}
}
