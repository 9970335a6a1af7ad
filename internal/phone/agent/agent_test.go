package agent_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"softphone/internal/phone/agent"
)

var (
	before = time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	now    = before.Add(time.Minute)
)

const wrapUp = 30 * time.Second

// states are every state that the rules know, begun a minute ago.
var states = map[string]agent.State{
	"available":       {Status: agent.Available, Since: before},
	"at lunch":        {Status: agent.Away, Reason: "lunch", Since: before},
	"wrap-up":         {Status: agent.WrapUp, Since: before, Until: now.Add(time.Second), Back: agent.Available},
	"wrap-up, over":   {Status: agent.WrapUp, Since: before, Until: now, Back: agent.Available},
	"offline by word": {Status: agent.Offline, Since: before},
	"gone":            {Status: agent.Offline, Since: before, Back: agent.Available},
	"gone while away": {Status: agent.Offline, Since: before, Back: agent.Away, BackReason: "lunch"},
}

var inputs = map[string]func(agent.State) agent.State{
	"began": func(s agent.State) agent.State { return s.Began(now) },
	"over":  func(s agent.State) agent.State { return s.Over(wrapUp, now) },
	"left":  func(s agent.State) agent.State { return s.Left(now) },
	"came":  func(s agent.State) agent.State { return s.Came(now) },
	"due":   func(s agent.State) agent.State { return s.Due(now) },
}

func TestEveryStateByEveryInput(t *testing.T) {
	available := agent.State{Status: agent.Available, Since: now}
	notes := agent.State{Status: agent.WrapUp, Since: now, Until: now.Add(wrapUp), Back: agent.Available}
	gone := agent.State{Status: agent.Offline, Since: now, Back: agent.Available}
	want := map[string]agent.State{ // all others change nothing
		"available over": notes, "available left": gone,
		"at lunch left":        {Status: agent.Offline, Since: now, Back: agent.Away, BackReason: "lunch"},
		"wrap-up began":        available,
		"wrap-up over":         notes,
		"wrap-up left":         gone,
		"wrap-up, over began":  available,
		"wrap-up, over over":   notes,
		"wrap-up, over left":   gone,
		"wrap-up, over due":    available,
		"gone came":            available,
		"gone while away came": {Status: agent.Away, Reason: "lunch", Since: now},
	}
	for name, s := range states {
		for in, apply := range inputs {
			expect, ok := want[name+" "+in]
			if !ok {
				expect = s
			}
			if d := cmp.Diff(apply(s), expect); d != "" {
				t.Errorf("%s, %s: %s", name, in, d)
			}
		}
	}
}

func TestAStatusIsChosenFromAnyOther(t *testing.T) {
	for name, s := range states {
		for _, status := range []agent.Status{agent.Available, agent.Away, agent.Offline} {
			got, err := s.Choose(status, "", now)
			want := agent.State{Status: status, Since: now}
			if s.Status == status && s.Reason == "" {
				want = s // nothing changes, and its time goes on
			}
			if d := cmp.Diff(got, want); d != "" || err != nil {
				t.Errorf("%s to %s: %s %v", name, status, d, err)
			}
		}
	}
	s := states["available"]
	for _, bad := range [][2]string{{"wrap-up", ""}, {"busy", ""}, {"", ""}, {"available", "lunch"}, {"away", strings.Repeat("x", 61)}, {"away", "a\nb"}} {
		if got, err := s.Choose(agent.Status(bad[0]), bad[1], now); err == nil || got != s {
			t.Errorf("%q was chosen: %+v", bad, got)
		}
	}
	if got, err := s.Choose(agent.Away, "  Mittagspause  ", now); err != nil || got.Reason != "Mittagspause" {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestNoTimeForNotesIsNoWrapUp(t *testing.T) {
	if got := states["available"].Over(0, now); got != states["available"] {
		t.Errorf("%+v", got)
	}
}

func TestWhoMayBeOfferedACall(t *testing.T) {
	for name, s := range states {
		for _, calls := range []int{0, 1} {
			for _, device := range []bool{false, true} {
				p := agent.Person{Capacity: 1, State: s}
				if got, want := p.Free(calls, device), name == "available" && calls == 0 && device; got != want {
					t.Errorf("%s in %d calls, device %v: free %v", name, calls, device, got)
				}
			}
		}
	}
}

// Whatever happens in whatever order: nobody stays in wrap-up when its time is
// over, and only wrap-up has an end.
func TestNobodyIsStuck(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		clock := before
		s := agent.New(clock)
		for i := range rapid.IntRange(1, 40).Draw(t, "steps") {
			clock = clock.Add(time.Duration(rapid.IntRange(0, 60).Draw(t, fmt.Sprint("wait ", i))) * time.Second)
			switch rapid.IntRange(0, 5).Draw(t, fmt.Sprint("input ", i)) {
			case 0:
				s, _ = s.Choose(rapid.SampledFrom([]agent.Status{agent.Available, agent.Away, agent.Offline, agent.WrapUp}).Draw(t, "status"), "", clock)
			case 1:
				s = s.Began(clock)
			case 2:
				s = s.Over(wrapUp, clock)
			case 3:
				s = s.Left(clock)
			case 4:
				s = s.Came(clock)
			}
			s = s.Due(clock)
			if (s.Status == agent.WrapUp) == s.Until.IsZero() || s.Stuck(clock) || s.Since.After(clock) || s.Status == "" {
				t.Fatalf("%+v at %v", s, clock)
			}
		}
		if s = s.Came(clock).Due(clock.Add(time.Hour)); s.Status == agent.WrapUp {
			t.Fatalf("%+v an hour later", s)
		}
	})
}
