package openai

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"softphone/internal/protocol/realtime"
)

// armed faults wait for their next chance; the others strike live sessions.
var armed = []string{"refuse", "blackhole", "instant_close", "bad_key", "quota", "rate_limit", "transcription_failed", "out_of_order", "no_pcmu", "rest_quota", "rest_error"}

var striking = map[string]func(*session, fault){
	"abort":  func(s *session, _ fault) { _ = s.conn.CloseNow() },
	"expire": func(s *session, _ fault) { s.sim.endByClock(s) },
	"stall":  func(s *session, f fault) { s.stalled = time.Now().Add(f.wait()) },
	"slow":   func(s *session, f fault) { s.slow = f.wait() },
	"garbage": func(s *session, _ fault) {
		s.writeRaw(context.Background(), []byte(`{"type":"response.done","event_id`))
	},
	"unknown_event": func(s *session, _ fault) { s.unknown("") },
	"big_frame":     func(s *session, _ fault) { s.unknown(strings.Repeat("x", 64<<10)) },
	"flood":         func(s *session, _ fault) { s.flood() },
	"server_error": func(s *session, _ fault) {
		s.send(context.Background(), errorEvent(realtime.ServerError, "", "The server had an error while processing your request. Sorry about that!", "", ""))
	},
}

// fault is the body of POST /control/faults.
type fault struct {
	Kind    string `json:"kind"`
	Count   int    `json:"count"`   // of an armed one; default 1
	Ms      int    `json:"ms"`      // of stall and slow; default 5000
	Session string `json:"session"` // of a striking one; default all
}

func (f fault) wait() time.Duration {
	if f.Ms == 0 {
		return 5 * time.Second
	}
	return time.Duration(f.Ms) * time.Millisecond
}

func (s *session) unknown(filler string) {
	s.send(context.Background(), struct {
		realtime.Header
		Future string `json:"future"`
	}{header("session.mood.updated"), filler})
}

func (s *session) flood() {
	for range 1000 {
		s.unknown("")
	}
}

// endByClock is what happens to a session after its 60 minutes.
func (s *Sim) endByClock(one *session) {
	code, why := one.expire(context.Background())
	one.closed(code, why)
	go func() { // ends when the client has answered or after coder/websocket's five seconds
		defer one.cancel()
		_ = one.conn.Close(realtime.CloseExpired, why)
	}()
}

func (s *Sim) controlRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /control/ledger", s.showLedger)
	mux.HandleFunc("GET /control/sessions", s.showSessions)
	mux.HandleFunc("GET /control/faults", func(w http.ResponseWriter, _ *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		reply(w, http.StatusOK, s.faults)
	})
	mux.HandleFunc("POST /control/faults", s.addFault)
	mux.HandleFunc("DELETE /control/faults", s.clearFaults)
	mux.HandleFunc("PUT /control/rules", s.replaceRules)
}

func (s *Sim) showLedger(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/x-ndjson")
	out := json.NewEncoder(w)
	lines := s.ledger.find(r.FormValue("session"), r.FormValue("kind"))
	if r.Form.Has("telling") {
		lines = slices.DeleteFunc(lines, func(e entry) bool { return !e.telling() })
	}
	if last, err := strconv.Atoi(r.FormValue("last")); err == nil {
		lines = lines[max(len(lines)-last, 0):]
	}
	for _, e := range lines {
		if out.Encode(e) != nil {
			return // the reader left
		}
	}
}

// showSessions asks each session for what it may show.
func (s *Sim) showSessions(w http.ResponseWriter, r *http.Request) {
	views := []view{}
	for _, one := range s.live() {
		got := make(chan view, 1)
		one.post(func() { got <- one.view.copy() })
		select {
		case v := <-got:
			views = append(views, v)
		case <-one.done:
		case <-r.Context().Done():
			return
		case <-time.After(time.Second): // stalled on purpose
		}
	}
	s.mu.Lock()
	views = append(views, s.past...)
	s.mu.Unlock()
	reply(w, http.StatusOK, map[string]any{"sessions": views})
}

func (s *Sim) addFault(w http.ResponseWriter, r *http.Request) {
	f, ok := read[fault](w, r)
	if !ok {
		return
	}
	strike, live := striking[f.Kind]
	if !live && !slices.Contains(armed, f.Kind) {
		refuseREST(w, http.StatusBadRequest, realtime.InvalidRequest, realtime.InvalidValue, "Unknown fault: "+f.Kind)
		return
	}
	s.ledger.add(entry{Kind: "fault", Way: "in", Type: f.Kind, Session: f.Session, Detail: f})
	if !live {
		s.mu.Lock()
		s.faults[f.Kind] += max(f.Count, 1)
		s.mu.Unlock()
	}
	for _, one := range s.live() {
		if live && (f.Session == "" || f.Session == one.id) {
			one.post(func() { strike(one, f) })
		}
	}
	w.WriteHeader(http.StatusNoContent)
}

func (s *Sim) clearFaults(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	clear(s.faults)
	s.mu.Unlock()
	for _, one := range s.live() {
		one.post(func() { one.slow, one.stalled = 0, time.Time{} })
	}
	w.WriteHeader(http.StatusNoContent)
}

func (s *Sim) replaceRules(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err == nil {
		var rules []rule
		if rules, err = parseRules(body); err == nil {
			s.mu.Lock()
			s.rules = rules
			s.mu.Unlock()
			w.WriteHeader(http.StatusNoContent)
			return
		}
	}
	refuseREST(w, http.StatusBadRequest, realtime.InvalidRequest, realtime.InvalidValue, err.Error())
}
