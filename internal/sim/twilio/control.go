package twilio

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"softphone/internal/protocol/g711"
	"softphone/internal/protocol/twilioapi"
	"softphone/internal/protocol/wav"
)

// routeControl lists the interface that steers the simulator. It is JSON both
// ways, is no part of Twilio, and takes no requests from pages of other origins.
//
//	GET    /control/state                     accounts and calls that are under way
//	GET    /control/ledger?call=&kind=&after= entries as JSON lines
//	GET    /control/people                    everybody who is known
//	PUT    /control/people/{number}           a Person: who answers this number from now on
//	GET    /control/voices                    what people can say
//	POST   /control/calls                     a Caller: somebody calls a number of an account (POST /calls is the same)
//	PUT    /control/sounds/{name}             a WAV file: known from now on as sound:NAME
//	GET    /control/calls/{sid}               one call: status, levels, timeline
//	GET    /control/calls/{sid}/heard.wav     what the person heard since the answer
//	GET    /control/calls/{sid}/said.wav      what the person said since the answer
//	GET    /control/calls/{sid}/heard.json    Heard: what that was, piece by piece (said.json likewise)
//	GET    /control/calls/{sid}/timeline.json Timeline of both
//	POST   /control/calls/{sid}/hangup        the person hangs up
//	POST   /control/calls/{sid}/press         {"keys":"12#"}: the person presses keys
//	POST   /control/calls/{sid}/say           {"voice":"customer-2"}: the person says it now
//	POST   /control/calls/{sid}/socket        a Fault of a socket, now; socketLost is for when its server dies
//	GET    /control/faults                    trouble that is still to come
//	POST   /control/faults                    a Fault: trouble to come
//	DELETE /control/faults                    no more trouble
//	GET    /control/person/{number}           WebSocket of a page that is this person
func (s *Sim) routeControl(mux *http.ServeMux) {
	own := http.NewCrossOriginProtection()
	handle := func(pattern string, h http.HandlerFunc) { mux.Handle(pattern, own.Handler(h)) }
	handle("GET /control/state", s.serveState)
	handle("GET /control/ledger", s.serveLedger)
	handle("GET /control/people", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, http.StatusOK, s.people.list()) })
	handle("PUT /control/people/{number}", s.servePut)
	handle("GET /control/voices", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, http.StatusOK, s.voices.list) })
	handle("POST /control/calls", s.serveCaller)
	handle("POST /calls", s.serveCaller)
	handle("PUT /control/sounds/{name}", s.serveTeach)
	handle("GET /control/calls/{sid}", s.withCall(func(c *call, w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, c.view())
	}))
	handle("GET /control/calls/{sid}/{what}", s.withLine(s.serveSound))
	handle("POST /control/calls/{sid}/{what}", s.withCall(s.serveOrder))
	handle("GET /control/faults", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, http.StatusOK, s.faults.list()) })
	handle("POST /control/faults", s.serveFault)
	handle("DELETE /control/faults", func(w http.ResponseWriter, _ *http.Request) {
		s.faults.forget()
		w.WriteHeader(http.StatusNoContent)
	})
	handle("GET /control/person/{number}", s.servePerson)
}

// State is what GET /control/state answers.
type State struct {
	Accounts []Account  `json:"accounts"`
	Calls    []CallView `json:"calls"` // the newest first, those that are over for a minute more
}

// CallView is a call as the control interface shows it.
type CallView struct {
	Call      string    `json:"call"`
	Parent    string    `json:"parent,omitempty"`
	Direction string    `json:"direction"`
	Account   string    `json:"account"`
	From      string    `json:"from"`
	To        string    `json:"to"`
	Name      string    `json:"name"`
	Status    string    `json:"status"`
	Created   time.Time `json:"created"`
	Heard     float64   `json:"heard"` // level of the last 20 ms, dBm0
	Said      float64   `json:"said"`
	Waiting   int       `json:"waitingMs"` // sound of the server that is not played yet
	Stream    string    `json:"stream,omitempty"`
	Timeline  *Timeline `json:"timeline,omitempty"`
}

func (c *call) view() CallView {
	c.mu.Lock()
	v := CallView{
		Call: c.sid, Account: c.account.Sid, From: c.from, To: c.to, Name: c.person.Name, Direction: c.direction,
		Status: c.status, Created: c.created.UTC(),
	}
	if c.parent != nil {
		v.Parent = c.parent.sid
	}
	if v.Name == "" {
		v.Name = c.sim.people.at(c.to).Name
	}
	if c.live != nil {
		v.Stream = c.live.sid
	}
	l := c.line
	c.mu.Unlock()
	if l == nil {
		return v
	}
	t := l.timeline()
	v.Timeline = &t
	v.Heard, v.Said = float64(l.heardLevel.Load())/100, float64(l.saidLevel.Load())/100
	v.Waiting = l.player.waiting() * 1000 / g711.Rate
	return v
}

func (s *Sim) serveState(w http.ResponseWriter, _ *http.Request) {
	state := State{Accounts: []Account{}, Calls: []CallView{}}
	for _, given := range s.config.Accounts {
		a := s.accounts[given.Sid]
		state.Accounts = append(state.Accounts, a.Account)
		for _, c := range a.list() {
			if c.isRecent() {
				state.Calls = append(state.Calls, c.view())
			}
		}
	}
	writeJSON(w, http.StatusOK, state)
}

func (c *call) isRecent() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !twilioapi.IsFinal(c.status) || time.Since(c.updated) < time.Minute
}

func (s *Sim) serveLedger(w http.ResponseWriter, r *http.Request) {
	after, _ := strconv.ParseInt(r.FormValue("after"), 10, 64) // absent is 0: all
	w.Header().Set("Content-Type", "application/jsonl; charset=utf-8")
	out := json.NewEncoder(w)
	for _, e := range s.ledger.find(after, r.FormValue("call"), r.FormValue("kind")) {
		if out.Encode(e) != nil {
			return // the client is gone
		}
	}
}

func (s *Sim) servePut(w http.ResponseWriter, r *http.Request) {
	p := Person{}
	if !readJSON(w, r, &p) {
		return
	}
	p.Number = r.PathValue("number")
	if err := s.people.put(p); err != nil {
		refuseJSON(w, err)
		return
	}
	writeJSON(w, http.StatusOK, s.people.at(p.Number))
}

func (s *Sim) serveFault(w http.ResponseWriter, r *http.Request) {
	f := Fault{}
	if !readJSON(w, r, &f) {
		return
	}
	if err := s.faults.add(f); err != nil {
		refuseJSON(w, err)
		return
	}
	writeJSON(w, http.StatusCreated, s.faults.list())
}

func readJSON(w http.ResponseWriter, r *http.Request, into any) bool {
	if err := decode(w, r, into); err != nil {
		refuseJSON(w, err)
		return false
	}
	return true
}

func refuseJSON(w http.ResponseWriter, err error) {
	writeJSON(w, http.StatusBadRequest, map[string]string{"error": err.Error()})
}

func (s *Sim) withCall(h func(*call, http.ResponseWriter, *http.Request)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		for _, a := range s.accounts {
			if c := a.call(r.PathValue("sid")); c != nil {
				h(c, w, r)
				return
			}
		}
		writeJSON(w, http.StatusNotFound, map[string]string{"error": "there is no such call"})
	}
}

func (s *Sim) withLine(h func(*line, http.ResponseWriter, *http.Request)) http.HandlerFunc {
	return s.withCall(func(c *call, w http.ResponseWriter, r *http.Request) {
		l := c.phone()
		if l == nil {
			writeJSON(w, http.StatusConflict, map[string]string{"error": "the call was not answered"})
			return
		}
		h(l, w, r)
	})
}

func (s *Sim) serveSound(l *line, w http.ResponseWriter, r *http.Request) {
	heard, said := l.sounds()
	switch r.PathValue("what") {
	case "heard.wav":
		serveWAV(w, heard)
	case "said.wav":
		serveWAV(w, said)
	case "heard.json", "said.json":
		s.serveHeard(l, w, r)
	case "timeline.json":
		writeJSON(w, http.StatusOK, l.timeline())
	default:
		http.NotFound(w, r)
	}
}

func serveWAV(w http.ResponseWriter, sound []byte) {
	w.Header().Set("Content-Type", "audio/wav")
	_, _ = w.Write(wav.Append(nil, wav.Phone(1), sound)) // the client is gone
}

// serveOrder tells the person of a call to do something, or the network to go
// wrong.
func (s *Sim) serveOrder(c *call, w http.ResponseWriter, r *http.Request) {
	var err error
	l, what := c.phone(), r.PathValue("what")
	if l == nil && what == "hangup" && c.direction == twilioapi.Inbound {
		c.giveUp()
		w.WriteHeader(http.StatusNoContent)
		return
	}
	if l == nil {
		writeJSON(w, http.StatusConflict, map[string]string{"error": "the call was not answered"})
		return
	}
	switch what {
	case "hangup":
		l.give(order{hangUp: true})
	case "press":
		err = s.orderKeys(l, w, r)
	case "say":
		err = s.orderVoice(l, w, r)
	case "socket":
		err = s.orderSocket(l, w, r)
	default:
		http.NotFound(w, r)
		return
	}
	if err != nil {
		refuseJSON(w, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func decode(w http.ResponseWriter, r *http.Request, into any) error {
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxForm))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("read the request: %w", err)
	}
	return nil
}

func (s *Sim) orderKeys(l *line, w http.ResponseWriter, r *http.Request) error {
	var o struct {
		Keys string `json:"keys"`
	}
	if err := decode(w, r, &o); err != nil {
		return err
	}
	if o.Keys == "" || !isKeys(o.Keys) {
		return fmt.Errorf("%q has no keys", o.Keys)
	}
	l.give(order{press: o.Keys})
	return nil
}

func (s *Sim) orderVoice(l *line, w http.ResponseWriter, r *http.Request) error {
	var o struct {
		Voice string `json:"voice"`
	}
	if err := decode(w, r, &o); err != nil {
		return err
	}
	sound, err := s.voices.clip(o.Voice)
	if err != nil {
		return err
	}
	l.give(order{sound: sound})
	return nil
}

func (s *Sim) orderSocket(l *line, w http.ResponseWriter, r *http.Request) error {
	var f Fault
	if err := decode(w, r, &f); err != nil {
		return err
	}
	if err := f.check(); err != nil {
		return err
	}
	l.mu.Lock()
	stream := l.stream
	l.mu.Unlock()
	if stream == nil {
		return fmt.Errorf("the call has no media stream")
	}
	l.call.note(KindFault, f.Kind, nil)
	if f.Kind == FaultSocketLost { // of a loss that is still to come
		stream.suffer(r.Context(), f)
		return nil
	}
	s.goes(func(ctx context.Context) { stream.suffer(ctx, f) })
	return nil
}
