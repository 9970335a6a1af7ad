package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"softphone/internal/adapter/gateway"
	"softphone/internal/phone/call"
	"softphone/internal/phone/switchboard"
	"softphone/internal/protocol/socketio"
	"softphone/internal/protocol/socketio/client"
	"softphone/internal/sim/twilio"
)

// sit brings agent n of the demo to the desk, with or without sound.
func sit(t *testing.T, story demoStory, n int, sound bool) *checkAgent {
	t.Helper()
	a := newCheckAgent(story, story.Users[n])
	t.Cleanup(a.leave)
	for i, s := range sitDown() {
		if i == 2 && !sound {
			break
		}
		if _, err := s.do(a, t.Context()); err != nil {
			t.Fatalf("%s: %v", s.what, err)
		}
	}
	return a
}

func startStory(t *testing.T) demoStory {
	t.Helper()
	url := startDemo(t)
	var story demoStory
	r, err := http.NewRequest(http.MethodGet, url+"/api/demo", nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := fetch(r, &story); err != nil {
		t.Fatal(err)
	}
	return story
}

func refusedWith(t *testing.T, err error, want switchboard.Code) {
	t.Helper()
	var no *commandRefused
	if !errors.As(err, &no) || no.no.Code != want {
		t.Errorf("answered %v, want %s", err, want)
	}
}

func TestTheWholeStory(t *testing.T) {
	out := io.Writer(testLog{t})
	if err := check(t.Context(), startStory(t), out); err != nil {
		t.Fatal(err)
	}
}

type testLog struct{ t *testing.T }

func (l testLog) Write(p []byte) (int, error) {
	l.t.Logf("%s", p)
	return len(p), nil
}

func TestCommandsThatCannotBe(t *testing.T) {
	story := startStory(t)
	a := sit(t, story, 0, false)
	ctx := t.Context()
	refusedWith(t, a.command(ctx, "call:initiate", gateway.Initiate{To: twilio.NumberAna}, nil), switchboard.NoDevice)
	refusedWith(t, a.command(ctx, "call:initiate", map[string]any{"to": 5}, nil), switchboard.InvalidInput)
	refusedWith(t, a.command(ctx, "call:initiate", "no object", nil), switchboard.InvalidInput)
	refusedWith(t, a.command(ctx, "call:initiate", map[string]any{"to": twilio.NumberAna, "at": time.Now().Add(-11 * time.Second)}, nil), switchboard.Stale)
	refusedWith(t, a.command(ctx, "call:teleport", map[string]any{}, nil), switchboard.UnknownCommand)
	refusedWith(t, a.command(ctx, "call:end", gateway.OfCall{CallID: "nobody's"}, nil), switchboard.NotFound)
	refusedWith(t, a.command(ctx, "call:accept", gateway.OfCall{CallID: "x"}, nil), switchboard.NotNow)
	refusedWith(t, a.command(ctx, "media:offer", gateway.SDP{SDP: "v=0"}, nil), switchboard.BadOffer)
	if _, err := a.await(ctx, "call:error", func(b json.RawMessage) bool {
		var e gateway.Error
		return json.Unmarshal(b, &e) == nil && e.Code == switchboard.BadOffer
	}); err != nil {
		t.Error("a refusal came without call:error:", err)
	}
}

func TestNobodyIsLetInWithoutAToken(t *testing.T) {
	story := startStory(t)
	for _, auth := range []any{nil, map[string]any{}, map[string]any{"token": "x.y.z"}, map[string]any{"token": 7}} {
		c := client.New(story.URL+"/socket.io/", gateway.Namespace)
		err := c.Connect(t.Context(), auth)
		var no *socketio.Refusal
		if !errors.As(err, &no) || len(no.Data) == 0 {
			t.Errorf("auth %v: %v, want a refusal with a code", auth, err)
		}
	}
}

func TestACommandThatIsRepeatedIsDoneOnce(t *testing.T) {
	story := startStory(t)
	a := sit(t, story, 0, true)
	order := map[string]any{"to": twilio.NumberSilent, "commandId": "one"}
	var first, second gateway.Answered
	if err := a.command(t.Context(), "call:initiate", order, &first); err != nil {
		t.Fatal(err)
	}
	if err := a.command(t.Context(), "call:initiate", order, &second); err != nil {
		t.Fatal(err)
	}
	if first.Call.ID != second.Call.ID {
		t.Errorf("a repeated command made a second call: %s, %s", first.Call.ID, second.Call.ID)
	}
}

func TestCallsOfOthersAreOutOfReach(t *testing.T) {
	story := startStory(t)
	alex, sam, mia := sit(t, story, 0, true), sit(t, story, 1, false), sit(t, story, 4, false)
	if _, err := alex.dial(t.Context(), twilio.NumberSilent); err != nil {
		t.Fatal(err)
	}
	for _, other := range []*checkAgent{sam, mia} {
		refusedWith(t, other.command(t.Context(), "call:end", gateway.OfCall{CallID: alex.callID}, nil), switchboard.NotFound)
		refusedWith(t, other.command(t.Context(), "call:mute", gateway.Muting{CallID: alex.callID, On: true}, nil), switchboard.NotFound)
		other.mu.Lock()
		for _, e := range other.told {
			if e.name != "call:state" && e.name != "call:error" && (e.name != "agent:status" || strings.Contains(string(e.body), string(alex.callID))) {
				t.Errorf("%s was told %s %s", other.name, e.name, e.body)
			}
		}
		other.mu.Unlock()
	}
}

// again connects a second socket with places in streams.
func (a *checkAgent) again(ctx context.Context, since map[string][2]int64) error {
	if err := a.sock.Close(); err != nil {
		return err
	}
	a.mu.Lock()
	a.told, a.from = nil, 0
	a.mu.Unlock()
	a.sock = client.New(a.story.URL+"/socket.io/", gateway.Namespace)
	for _, name := range gateway.EventNames() {
		a.sock.On(name, func(body json.RawMessage) { a.hearOf(name, body) })
	}
	return a.sock.Connect(ctx, map[string]any{"token": a.token, "since": since})
}

func TestAPageComesBack(t *testing.T) {
	story := startStory(t)
	ctx := t.Context()
	a := sit(t, story, 0, true)
	if _, err := a.dial(ctx, twilio.NumberSilent); err != nil {
		t.Fatal(err)
	}
	if _, err := a.beAnswered(ctx); err != nil {
		t.Fatal(err)
	}
	stream := "call:" + string(a.callID)

	// With its place it is told what it missed, and nothing twice.
	if err := a.again(ctx, map[string][2]int64{stream: {1, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := a.command(ctx, "call:mute", gateway.Muting{CallID: a.callID, On: true}, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := a.awaitCall(ctx, "call:update", func(v call.View) bool { return v.Muted }); err != nil {
		t.Fatal(err)
	}
	next := int64(2)
	a.mu.Lock()
	for _, e := range a.told {
		var at struct{ Seq int64 }
		if err := json.Unmarshal(e.body, &at); err != nil {
			t.Error(err)
		}
		if e.name == "call:state" {
			t.Error("the whole came although the place was good")
		}
		if at.Seq == 0 {
			continue // not numbered
		}
		if at.Seq != next {
			t.Errorf("event %d came, want %d: %s", at.Seq, next, e.body)
		}
		next = at.Seq + 1
	}
	a.mu.Unlock()

	// Places of another epoch, of a stranger's stream or of none get the whole.
	for _, since := range []map[string][2]int64{nil, {stream: {2, 1}}, {"call:unknown": {1, 1}}, {"board": {1, 1}}} {
		if err := a.again(ctx, since); err != nil {
			t.Fatal(err)
		}
		e, err := a.await(ctx, "call:state", func(json.RawMessage) bool { return true })
		if err != nil {
			t.Fatal(err)
		}
		var state gateway.State
		if err := json.Unmarshal(e.body, &state); err != nil {
			t.Fatal(err)
		}
		if len(state.Calls) != 1 || state.Calls[0].ID != a.callID || !state.Calls[0].Muted || state.Calls[0].Seq != next-1 || !state.Agent.Device {
			t.Errorf("since %v the state is %s; want call %s muted at %d, device connected", since, e.body, a.callID, next-1)
		}
	}
}

func TestALogoutEndsTheSocket(t *testing.T) {
	story := startStory(t)
	a := sit(t, story, 0, false)
	r, err := http.NewRequest(http.MethodPost, story.URL+"/api/auth/logout", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+a.token)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	select {
	case <-a.sock.Done():
	case <-time.After(20 * time.Second):
		t.Error("the socket of a session that ended lives on")
	}
}

func TestANewDeviceTakesOver(t *testing.T) {
	story := startStory(t)
	ctx := t.Context()
	first := sit(t, story, 0, true)
	if _, err := first.dial(ctx, twilio.NumberTone); err != nil {
		t.Fatal(err)
	}
	if _, err := first.beAnswered(ctx); err != nil {
		t.Fatal(err)
	}
	second := sit(t, story, 0, true)
	if _, err := first.await(ctx, "media:state", func(b json.RawMessage) bool {
		var m gateway.MediaState
		return json.Unmarshal(b, &m) == nil && m.Reason == switchboard.Replaced
	}); err != nil {
		t.Error("the old device was not told:", err)
	}
	if err := until(ctx, "the call did not move", func() bool { return tonal(lastOf(second.ear.sound()), 1000) > 0.8 }); err != nil {
		t.Error(err)
	}
}

// lastOf is the newest 200 ms of a sound.
func lastOf(sound []byte) []byte { return sound[max(0, len(sound)-1600):] }
