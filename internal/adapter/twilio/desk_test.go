package twilio_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"softphone/internal/adapter/twilio"
	"softphone/internal/phone/call"
	"softphone/internal/phone/gate/gatetest"
	"softphone/internal/phone/media"
	sim "softphone/internal/sim/twilio"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var quiet = slog.New(slog.DiscardHandler)

const (
	account = "AC00000000000000000000000000000001"
	secret  = "0123456789abcdef0123456789abcdef"
	ours    = "+12015550100"
	quick   = "+12015550140"
)

// desk is a line that keeps what it is told.
type desk struct {
	token   string // signs requests; empty is a tenant without one
	gone    bool   // every leg is to be hung up
	facts   chan call.Fact
	streams chan *twilio.Stream
	broken  error
	kept    []string // names of what was not understood
}

func newDesk() *desk {
	return &desk{token: secret, facts: make(chan call.Fact, 20), streams: make(chan *twilio.Stream, 2)}
}

func (d *desk) Token() string { return d.token }

func (d *desk) Line(_ context.Context, tenant, sid string) (twilio.Line, error) {
	if tenant != "acme" || sid != account {
		return nil, twilio.ErrNoLine
	}
	return d, nil
}

func (d *desk) Receive(_ context.Context, f call.Fact, _ string, _ []byte) error {
	if d.broken != nil {
		return d.broken
	}
	d.facts <- f
	return nil
}

func (d *desk) Keep(_ context.Context, dedupe string, _ []byte) error {
	if d.broken != nil {
		return d.broken
	}
	d.kept = append(d.kept, dedupe)
	return nil
}

func (*desk) Arrive(context.Context, string, string, string) (call.LegID, string, bool, error) {
	return "", "", false, nil
}

func (d *desk) Answer(context.Context, call.Fact) (string, bool, error) {
	return "once", !d.gone, nil
}

func (d *desk) Connect(_ context.Context, leg call.LegID, token, callSID string, s *twilio.Stream) error {
	if leg != "L1" || token != "once" || callSID == "CA00000000000000000000000000000002" {
		return errors.New("no such token")
	}
	s.Call = "C1"
	d.streams <- s
	return nil
}

// world is our doors and a simulated Twilio, joined by sockets.
type world struct {
	*desk
	server  *httptest.Server
	carrier *twilio.Carrier
	log     journal // of the doors
}

// journal is a log that a test reads.
type journal struct {
	mu   sync.Mutex
	text strings.Builder
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{desk: newDesk()}
	mux := http.NewServeMux()
	w.server = httptest.NewServer(mux)
	doors := &twilio.Doors{
		Desk: w.desk, Backend: w.server.URL, Media: "ws" + strings.TrimPrefix(w.server.URL, "http"),
		Log: slog.New(slog.NewTextHandler(&w.log, nil)),
	}
	doors.Register(mux)
	s, err := sim.New(sim.Config{
		Insecure: true, Seed: 1,
		Accounts: []sim.Account{{Sid: account, Token: secret, CallsPerSecond: -1, Numbers: []sim.Number{{Number: ours}}}},
		People: []sim.Person{
			{Number: quick, Name: "Quick", AnswerAfter: sim.In(0), Sound: sim.Silent},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	api, client := httptest.NewServer(s.Handler()), &http.Client{Transport: &http.Transport{}}
	w.carrier = &twilio.Carrier{
		Backend: w.server.URL, Tenant: "acme",
		Account: twilio.Account{BaseURL: api.URL, SID: account, User: account, Secret: secret, HTTP: client},
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		for _, e := range s.Ledger("", sim.KindViolation) {
			t.Errorf("violation: %s %v", e.What, e.Detail)
		}
		client.CloseIdleConnections()
		api.Close()
		w.server.Close()
		http.DefaultClient.CloseIdleConnections()
	})
	return w
}

func order(t *testing.T, to string) call.Dial {
	t.Helper()
	return call.Dial{Call: "C1", Leg: "L1", Permit: gatetest.Permit(t, "L1", ours, to, time.Hour)}
}

// receive waits for what the desk is told.
func receive[T any](t *testing.T, from <-chan T) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(10 * time.Second):
		t.Fatal("waited in vain")
		panic("unreachable")
	}
}

type counter chan struct{}

func (c counter) WriteFrame(f media.Frame) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// "Twilio, Call resource": dialled, answered, sound both ways, hung up.
func TestCallOverTheSimulator(t *testing.T) {
	w := newWorld(t)
	began := time.Now()
	sid, err := w.carrier.Dial(t.Context(), order(t, quick))
	if err != nil {
		t.Fatal(err)
	}
	s := receive(t, w.streams)
	frames := make(counter, 1)
	s.Connect(frames)
	receive(t, frames)
	s.WriteFrame(media.Frame{Data: make([]byte, media.FrameBytes)})
	if err := w.carrier.Cancel(t.Context(), sid); !errors.Is(err, call.ErrTooLate) {
		t.Errorf("cancel of an answered leg: %v", err)
	}
	if f, err := w.carrier.Find(t.Context(), call.Sought{Leg: "L1", From: ours, To: quick}, began); err != nil || len(f) != 1 || f[0].SID != sid {
		t.Errorf("find: %+v %v", f, err)
	}
	if f, err := w.carrier.Ask(t.Context(), sid); err != nil || f.Status != "in-progress" {
		t.Errorf("ask: %+v %v", f, err)
	}
	for range 2 { // the second finds nobody, which is no error
		if err := w.carrier.Hangup(t.Context(), sid); err != nil {
			t.Errorf("hang up: %v", err)
		}
	}
	receive(t, s.Done())
	if s.Lost() {
		t.Error("a stream with stop counts as lost")
	}
	for f := receive(t, w.facts); f.Status != "completed"; f = receive(t, w.facts) {
		if f.Leg != "L1" || f.SID != sid {
			t.Errorf("fact of another leg: %+v", f)
		}
	}
}

func TestCancelledLegIsHungUpByItsDocument(t *testing.T) {
	w := newWorld(t)
	w.gone = true
	if _, err := w.carrier.Dial(t.Context(), order(t, quick)); err != nil {
		t.Fatal(err)
	}
	for f := receive(t, w.facts); f.Status != "completed"; f = receive(t, w.facts) {
		if len(w.streams) > 0 {
			t.Fatal("a stream came up")
		}
	}
}

func TestNothingIsPlacedWithoutAPermitForThisLeg(t *testing.T) {
	w := newWorld(t)
	other := call.Dial{Call: "C1", Leg: "L1", Permit: gatetest.Permit(t, "L2", ours, quick, time.Hour)}
	for name, d := range map[string]call.Dial{"no permit": {Call: "C1", Leg: "L1"}, "another leg's": other} {
		_, err := w.carrier.Dial(t.Context(), d)
		var no *call.Refusal
		if !errors.As(err, &no) || no.Reason != call.NotPermitted || no.Unknown {
			t.Errorf("%s: %v", name, err)
		}
	}
	if f, err := w.carrier.Find(t.Context(), call.Sought{From: ours, To: quick}, time.Now().Add(-time.Hour)); err != nil || len(f) != 0 {
		t.Errorf("the carrier has %v, %v; want nothing", f, err)
	}
}
