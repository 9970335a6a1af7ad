package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"softphone/internal/adapter/gateway"
	"softphone/internal/phone/agent"
	"softphone/internal/phone/gate"
	"softphone/internal/phone/gate/gatetest"
	"softphone/internal/phone/switchboard"
	"softphone/internal/sim/twilio"
)

// placed counts the calls that the simulated Twilio was asked to place.
func placed(t *testing.T, story demoStory) (n int) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, story.Twilio.BaseURL+"/control/ledger?kind="+twilio.KindRequest, nil)
	if err != nil {
		t.Fatal(err)
	}
	var raw []byte
	if err := fetch(r, &raw); err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(raw) {
		var e twilio.Entry
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(e.What, "POST") && strings.HasSuffix(e.What, "/Calls.json") {
			n++
		}
	}
	return n
}

// Numbers that no desk may call, written in every way, by every way into the
// program: the simulated Twilio, which notes all that it is asked, is not asked.
func TestNoForbiddenNumberReachesTheCarrier(t *testing.T) {
	story := startStory(t)
	alex := sit(t, story, 0, true)
	numbers := gatetest.Forbidden()
	tried := 0
	for i, n := range numbers {
		ways := gatetest.Spellings(n, twilio.NumberSilent)
		for _, typed := range []string{n, ways[i%len(ways)]} {
			if read, err := gate.Read(typed, "+12015550100"); err == nil && !slices.Contains(numbers, read.E164) {
				continue // its digits are another number at home
			}
			tried++
			err := alex.order(t, i%12 == 0, typed) // a socket takes 50 commands a second
			if !strings.Contains(err.Error(), "allowed") && !strings.Contains(err.Error(), "_number") && !strings.Contains(err.Error(), "invalid_input") {
				t.Fatalf("%q: %v", typed, err)
			}
		}
	}
	if tried < 1000 {
		t.Errorf("only %d orders", tried)
	}
	if n := placed(t, story); n != 0 {
		t.Errorf("Twilio was asked to place %d calls", n)
	}
	if _, err := alex.dial(t.Context(), twilio.NumberSilent); err != nil {
		t.Fatal(err)
	}
	if _, err := alex.fromTwilio(t.Context(), "calls/SID"); err != nil {
		t.Fatal(err)
	}
	if n := placed(t, story); n != 1 {
		t.Errorf("%d calls counted after an allowed one: what is counted is not what is placed", n)
	}
}

// order asks for a call over the socket or over REST, and must be refused.
func (a *checkAgent) order(t *testing.T, socket bool, to string) error {
	t.Helper()
	var err error
	if socket {
		err = a.command(t.Context(), "call:initiate", gateway.Initiate{To: to}, nil)
	} else {
		err = a.ask(t.Context(), http.MethodPost, "/api/voice/call", map[string]string{"to": to}, nil)
	}
	if err == nil {
		t.Fatalf("%q was called", to)
	}
	return err
}

func TestAFrozenDeskCallsNobody(t *testing.T) {
	story := startStory(t)
	alex, kim := sit(t, story, 0, true), sit(t, story, 3, false)
	var stored struct {
		Calling gate.Policy `json:"calling"`
	}
	if err := kim.ask(t.Context(), http.MethodGet, "/api/tenant/settings", nil, &stored); err != nil {
		t.Fatal(err)
	}
	stored.Calling.Frozen = true
	if err := kim.ask(t.Context(), http.MethodPut, "/api/tenant/settings", stored, &struct{}{}); err != nil {
		t.Fatal(err)
	}
	refusedWith(t, alex.command(t.Context(), "call:initiate", gateway.Initiate{To: twilio.NumberSilent}, nil), switchboard.CallingFrozen)
	stored.Calling.Frozen = false
	if err := kim.ask(t.Context(), http.MethodPut, "/api/tenant/settings", stored, &struct{}{}); err != nil {
		t.Fatal(err)
	}
	if _, err := alex.dial(t.Context(), twilio.NumberSilent); err != nil {
		t.Error(err)
	}
}

func TestColleaguesSeeWhoIsFree(t *testing.T) {
	story := startStory(t)
	alex, sam := sit(t, story, 0, true), sit(t, story, 1, false)
	told := func(what string, ok func(switchboard.AgentView) bool) {
		t.Helper()
		_, err := sam.await(t.Context(), "agent:status", func(b json.RawMessage) bool {
			var e gateway.StatusEvent
			return json.Unmarshal(b, &e) == nil && e.Agent.Name == "Alex Moreau" && e.Stream == "agent:"+e.Agent.ID && ok(e.Agent)
		})
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	told("with a microphone", func(v switchboard.AgentView) bool { return v.Free && v.Device })
	if err := alex.command(t.Context(), "agent:status", gateway.Status{Status: agent.Away, Reason: "lunch"}, nil); err != nil {
		t.Fatal(err)
	}
	told("at lunch", func(v switchboard.AgentView) bool { return v.Status == agent.Away && v.Reason == "lunch" && !v.Free })
	refusedWith(t, alex.command(t.Context(), "agent:status", gateway.Status{Status: "busy"}, nil), switchboard.InvalidInput)
	if err := alex.command(t.Context(), "agent:status", gateway.Status{Status: agent.Available}, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := alex.dial(t.Context(), twilio.NumberSilent); err != nil {
		t.Fatal(err)
	}
	told("in a call", func(v switchboard.AgentView) bool { return v.Busy && !v.Free })
	if err := alex.command(t.Context(), "call:end", gateway.OfCall{CallID: alex.callID}, nil); err != nil {
		t.Fatal(err)
	}
	told("writing notes", func(v switchboard.AgentView) bool {
		return v.Status == agent.WrapUp && !v.Busy && v.Until != nil && v.Until.Sub(v.Since).Seconds() == 30
	})
	var list struct {
		Items []switchboard.AgentView `json:"items"`
	}
	if err := sam.ask(t.Context(), http.MethodGet, "/api/voice/agents", nil, &list); err != nil {
		t.Fatal(err)
	}
	if len(list.Items) != 4 || list.Items[0].Name != "Alex Moreau" || list.Items[0].Status != agent.WrapUp {
		t.Errorf("colleagues %+v", list.Items)
	}
	alex.leave()
	told("gone", func(v switchboard.AgentView) bool { return v.Status == agent.Offline })
}
