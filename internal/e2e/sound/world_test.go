// Package sound_test listens to a call from end to end: a simulated Twilio on
// one side, an agent's WebRTC on the other, our adapters and the bridge between.
package sound_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"softphone/internal/adapter/twilio"
	"softphone/internal/adapter/webrtc"
	"softphone/internal/phone/call"
	"softphone/internal/phone/gate/gatetest"
	"softphone/internal/phone/media"
	"softphone/internal/protocol/g711"
	"softphone/internal/protocol/wav"
	sim "softphone/internal/sim/twilio"
)

func TestMain(m *testing.M) {
	runtime.MemProfileRate = 1 // TestNothingIsAllocated wants every allocation
	goleak.VerifyTestMain(m)
}

const (
	account  = "AC00000000000000000000000000000001"
	secret   = "0123456789abcdef0123456789abcdef"
	ours     = "+12015550100"
	customer = "+12015550140"
)

// line takes the sound of the one leg there is.
type line struct{ streams chan *twilio.Stream }

func (l *line) Line(context.Context, string, string) (twilio.Line, error) { return l, nil }
func (*line) Token() string                                               { return secret }
func (*line) Receive(context.Context, call.Fact, string, []byte) error    { return nil }
func (*line) Keep(context.Context, string, []byte) error                  { return nil }
func (*line) Arrive(context.Context, string, string, string) (call.LegID, string, bool, error) {
	return "", "", false, nil
}

func (*line) Answer(context.Context, call.Fact) (string, bool, error) { return "once", true, nil }
func (l *line) Connect(_ context.Context, _ call.LegID, _, _ string, s *twilio.Stream) error {
	l.streams <- s
	return nil
}

// talk is a call that is up: customer, bridge, agent.
type talk struct {
	t      *testing.T
	api    string // of the simulator
	sid    string
	stream *twilio.Stream
	bridge *media.Bridge
	peer   *webrtc.Peer
	agent  *webrtc.Agent
	ear    *ear
}

// connect dials a customer who does turns once answered.
func connect(t *testing.T, turns ...sim.Turn) *talk {
	t.Helper()
	return connectBy(t, 0, turns...)
}

// connectBy dials through a Twilio whose clock is faster by so many ppm.
func connectBy(t *testing.T, fast float64, turns ...sim.Turn) *talk {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	k := &talk{t: t, ear: &ear{}}
	carrier, l := k.twilio(fast, turns)
	k.browser(ctx)
	var err error
	k.sid, err = carrier.Dial(ctx, call.Dial{Call: "C1", Leg: "L1", Permit: gatetest.Permit(t, "L1", ours, customer, time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	select {
	case k.stream = <-l.streams:
	case <-ctx.Done():
		t.Fatal("the customer's sound never came")
	}
	k.bridge = media.NewBridge(k.stream, k.peer)
	t.Cleanup(k.bridge.Close)
	return k
}

func (k *talk) twilio(fast float64, turns []sim.Turn) (*twilio.Carrier, *line) {
	mux, l := http.NewServeMux(), &line{streams: make(chan *twilio.Stream, 1)}
	server := httptest.NewServer(mux)
	(&twilio.Doors{Desk: l, Backend: server.URL, Media: "ws" + strings.TrimPrefix(server.URL, "http"),
		Log: slog.New(slog.DiscardHandler)}).Register(mux)
	s, err := sim.New(sim.Config{
		Insecure: true, Seed: 1, Fast: fast,
		Accounts: []sim.Account{{Sid: account, Token: secret, CallsPerSecond: -1, Numbers: []sim.Number{{Number: ours}}}},
		People:   []sim.Person{{Number: customer, Name: "Customer", AnswerAfter: sim.In(0), Turns: turns}},
	})
	if err != nil {
		k.t.Fatal(err)
	}
	if err := s.Start(k.t.Context()); err != nil {
		k.t.Fatal(err)
	}
	api, client := httptest.NewServer(s.Handler()), &http.Client{Transport: &http.Transport{}}
	k.api = api.URL
	k.t.Cleanup(func() {
		if err := s.Close(); err != nil {
			k.t.Error(err)
		}
		for _, e := range s.Ledger("", sim.KindViolation) {
			k.t.Errorf("violation: %s %v", e.What, e.Detail)
		}
		client.CloseIdleConnections()
		api.Close()
		server.Close()
		http.DefaultClient.CloseIdleConnections()
	})
	return &twilio.Carrier{Backend: server.URL, Tenant: "acme",
		Account: twilio.Account{BaseURL: api.URL, SID: account, User: account, Secret: secret, HTTP: client}}, l
}

func (k *talk) browser(ctx context.Context) {
	engine, err := webrtc.New(webrtc.Config{Listen: "127.0.0.1:0"})
	if err != nil {
		k.t.Fatal(err)
	}
	k.t.Cleanup(func() {
		if err := engine.Close(); err != nil {
			k.t.Error(err)
		}
	})
	if k.agent, err = webrtc.NewAgent(ctx); err != nil {
		k.t.Fatal(err)
	}
	k.t.Cleanup(k.agent.Close)
	k.agent.Connect(k.ear)
	answer, peer, err := engine.Answer(ctx, k.agent.Offer())
	if err != nil {
		k.t.Fatal(err)
	}
	k.peer = peer
	if err := k.agent.Take(answer); err != nil {
		k.t.Fatal(err)
	}
	for _, up := range []<-chan struct{}{k.agent.Up(), peer.Up()} {
		select {
		case <-up:
		case <-ctx.Done():
			k.t.Fatal("the agent's sound never came up")
		}
	}
}

// stall lets Twilio's network hang for a while.
func (k *talk) stall(d time.Duration) {
	k.t.Helper()
	order, err := json.Marshal(sim.Fault{Kind: sim.FaultSocketStall, For: sim.Span(d)})
	if err != nil {
		k.t.Fatal(err)
	}
	answer, err := http.Post(k.api+"/control/calls/"+k.sid+"/socket", "application/json", bytes.NewReader(order))
	if err != nil {
		k.t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusNoContent {
		k.t.Fatalf("stall: %s", answer.Status)
	}
}

// say lets the agent speak in real time.
func (k *talk) say(sound []byte) {
	k.t.Helper()
	if err := media.Play(k.t.Context(), k.agent, &clip{sound}); err != nil {
		k.t.Fatal(err)
	}
}

// clip is a Source; its last frame ends in silence.
type clip struct{ left []byte }

func (c *clip) Next(frame []byte) bool {
	n := copy(frame, c.left)
	c.left = c.left[n:]
	g711.Fill(frame[n:])
	return n > 0
}

// heard is what the customer heard since the answer.
func (k *talk) heard() []byte {
	k.t.Helper()
	got, err := wav.ReadClip(bytes.NewReader(k.control("heard.wav")), 1<<24)
	if err != nil {
		k.t.Fatal(err)
	}
	return got.Sound
}

// waiting is how much of our sound Twilio has not played yet.
func (k *talk) waiting() time.Duration {
	k.t.Helper()
	var view sim.CallView
	if err := json.Unmarshal(k.control(""), &view); err != nil {
		k.t.Fatal(err)
	}
	return time.Duration(view.Waiting) * time.Millisecond
}

func (k *talk) control(what string) []byte {
	k.t.Helper()
	answer, err := http.Get(strings.TrimSuffix(fmt.Sprintf("%s/control/calls/%s/%s", k.api, k.sid, what), "/"))
	if err != nil {
		k.t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		k.t.Fatalf("control %q: %s, %v", what, answer.Status, err)
	}
	return body
}

// ear keeps what it hears.
type ear struct {
	mu    sync.Mutex
	sound []byte
}

func (e *ear) WriteFrame(f media.Frame) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.sound = append(e.sound, f.Data...)
}

func (e *ear) all() []byte {
	e.mu.Lock()
	defer e.mu.Unlock()
	return bytes.Clone(e.sound)
}

// voice is known speech.
func voice(t *testing.T, name string) []byte {
	t.Helper()
	sound, err := os.ReadFile("../../sim/twilio/voices/" + name + ".ulaw")
	if err != nil {
		t.Fatal(err)
	}
	return sound
}

// eventually waits until ok.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for limit := time.Now().Add(30 * time.Second); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}
