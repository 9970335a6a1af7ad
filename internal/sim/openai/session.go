package openai

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/coder/websocket"

	"softphone/internal/protocol/realtime"
)

const (
	pingEvery = 20300 * time.Millisecond // as captured from the live service
	writeTime = 10 * time.Second
)

// session is one socket. Its goroutine owns everything below; frames, timers
// and the control REST reach it as functions in todo.
type session struct {
	sim    *Sim
	conn   *websocket.Conn
	id     string
	kind   string
	model  string
	began  time.Time
	cancel context.CancelFunc
	todo   chan func()
	done   chan struct{}

	settings   map[string]any
	items      []realtime.Item
	convID     string
	ear        ear
	active     *answer            // of the default conversation
	answers    map[string]*answer // all that are under way
	held       []func()           // completions kept back to come out of order
	stalled    time.Time
	slow       time.Duration
	readTokens int // of the last response: what the next finds in the cache
	view       view
	ran        bool // it was not refused
}

// view is what the page shows.
type view struct {
	ID      string    `json:"id"`
	Kind    string    `json:"kind"`
	Model   string    `json:"model"`
	Began   time.Time `json:"began"`
	HeardMs int       `json:"heardMs"`
	Level   float64   `json:"level"`
	// An ear: what is being written, and what was.
	Now   string   `json:"now"`
	Wrote []string `json:"wrote"`
	// A mind: what it was told and what it answered.
	Told   []string `json:"told"`
	Said   []string `json:"said"`
	Tokens int      `json:"tokens"`

	Ended *time.Time `json:"ended,omitempty"`
}

// keep appends a line to what a page shows: the newest twelve.
func keep(list []string, line string) []string {
	if len(list) == 12 {
		list = list[1:]
	}
	return append(list, line)
}

// copy is a view that no longer changes.
func (v view) copy() view {
	v.Wrote, v.Told, v.Said = slices.Clone(v.Wrote), slices.Clone(v.Told), slices.Clone(v.Said)
	return v
}

func newSession(sim *Sim, conn *websocket.Conn, kind, model string, cancel context.CancelFunc) *session {
	s := &session{sim: sim, conn: conn, id: newID("sess_", 21), kind: kind, model: model, began: sim.cfg.Now(), cancel: cancel,
		todo: make(chan func(), 256), done: make(chan struct{}), convID: newID("conv_", 21), answers: map[string]*answer{}}
	s.settings = defaultSettings(s)
	s.ear = ear{known: sim.voices}
	s.view = view{ID: s.id, Kind: kind, Model: model, Began: s.began, Wrote: []string{}, Told: []string{}, Said: []string{}}
	return s
}

// run serves the session until the socket or the session ends.
func (s *session) run(ctx context.Context) {
	defer s.cancel()
	s.ran = true
	s.sim.ledger.add(entry{Session: s.id, Kind: "open", Way: "in", Type: s.kind, Detail: map[string]any{"model": s.model}})
	s.send(ctx, sessionEvent(realtime.SessionCreatedType, s.settings))
	frames := make(chan func())
	go func() { // ends with the socket or the context; run waits for it
		defer close(frames)
		s.read(ctx, frames)
	}()
	code, why := s.loop(ctx, frames)
	close(s.done)
	s.closed(code, why)
	if code == 0 {
		_ = s.conn.CloseNow()
	} else {
		_ = s.conn.Close(websocket.StatusCode(code), why)
	}
	s.cancel()
	for range frames { // until the reader has ended
	}
}

func (s *session) loop(ctx context.Context, frames <-chan func()) (code int, why string) {
	ping, expiry := time.NewTicker(pingEvery), time.NewTimer(s.sim.cfg.MaxSession)
	defer ping.Stop()
	defer expiry.Stop()
	for {
		select {
		case <-ctx.Done():
			return realtime.CloseExpired, ""
		case f, ok := <-frames:
			if !ok {
				return 0, "client"
			}
			f()
		case f := <-s.todo:
			f()
		case <-ping.C:
			go s.ping(ctx) // ends with the pong or after writeTime
		case <-expiry.C:
			return s.expire(ctx)
		}
	}
}

// expire is the end of the 60 minutes.
func (s *session) expire(ctx context.Context) (int, string) {
	const why = "Your session hit the maximum duration of 60 minutes."
	s.send(ctx, errorEvent(realtime.InvalidRequest, realtime.SessionExpired, why, "", ""))
	return realtime.CloseExpired, why
}

func (s *session) ping(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, writeTime)
	defer cancel()
	_ = s.conn.Ping(ctx) // a dead socket shows in the reader
}

func (s *session) read(ctx context.Context, frames chan<- func()) {
	for {
		kind, frame, err := s.conn.Read(ctx)
		if err != nil {
			return
		}
		select {
		case frames <- func() { s.receive(ctx, kind, frame) }:
		case <-s.done:
			return
		}
	}
}

// later does something after a while, unless the session has ended.
func (s *session) later(after time.Duration, do func()) {
	time.AfterFunc(after, func() { s.post(do) })
}

func (s *session) post(do func()) {
	select {
	case s.todo <- do:
	case <-s.done:
	}
}

// send writes an event, held back by the faults that slow this session.
func (s *session) send(ctx context.Context, event any) {
	wait := time.Until(s.stalled)
	if s.slow > wait {
		wait = s.slow
	}
	if wait > 0 {
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return
		}
	}
	s.write(ctx, event)
}

func (s *session) write(ctx context.Context, event any) {
	frame, err := json.Marshal(event)
	if err != nil {
		s.sim.cfg.Logger.Error("write event", "error", err)
		return
	}
	kind, err := realtime.Peek(frame)
	if err == nil {
		s.sim.ledger.add(entry{Session: s.id, Kind: "event", Way: "out", Type: kind, Detail: json.RawMessage(frame)})
	}
	s.writeRaw(ctx, frame)
}

func (s *session) writeRaw(ctx context.Context, frame []byte) {
	ctx, cancel := context.WithTimeout(ctx, writeTime)
	defer cancel()
	if err := s.conn.Write(ctx, websocket.MessageText, frame); err != nil {
		s.cancel() // a client that does not read for ten seconds is gone
	}
}

func (s *session) closed(code int, why string) {
	s.sim.ledger.add(entry{Session: s.id, Kind: "close", Way: "out", Type: "close", Detail: map[string]any{"code": code, "reason": why}})
}
