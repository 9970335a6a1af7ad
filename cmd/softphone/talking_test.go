package main

import (
	"context"
	"testing"
	"time"

	"softphone/internal/phone/call"
	"softphone/internal/protocol/twilioapi"
	"softphone/internal/sim/twilio"
)

// talking is a way a conversation can end: both hear each other before.
type talking struct {
	name   string
	end    func(t *testing.T, ctx context.Context, d *townDesk, a *checkAgent, v call.View)
	status call.Status
	by     call.By
	reason call.Reason
}

func talks() []talking {
	suffer := func(f twilio.Fault) func(*testing.T, context.Context, *townDesk, *checkAgent, call.View) {
		return func(t *testing.T, _ context.Context, d *townDesk, _ *checkAgent, v call.View) { cut(f)(t, d, v.ID) }
	}
	outlive := func(f twilio.Fault) func(*testing.T, context.Context, *townDesk, *checkAgent, call.View) {
		return func(t *testing.T, _ context.Context, d *townDesk, _ *checkAgent, v call.View) {
			cutAndGoOn(f)(t, d, v.ID)
		}
	}
	return []talking{
		{"we hang up", func(t *testing.T, ctx context.Context, _ *townDesk, a *checkAgent, _ call.View) {
			if _, err := a.hangUp(ctx); err != nil {
				t.Error(err)
			}
		}, call.Completed, call.ByAgent, call.HungUp},
		{"the customer hangs up", func(t *testing.T, _ context.Context, d *townDesk, _ *checkAgent, v call.View) {
			d.control(t, "/calls/"+v.CallSID+"/hangup", nil, 204)
		}, call.Completed, call.ByCustomer, call.HungUp},
		{"the socket is cut, and they talk on", outlive(twilio.Fault{Kind: twilio.FaultSocketClose}), call.Completed, call.ByAgent, call.HungUp},
		{"the socket is reset, and the call ends with it", suffer(twilio.Fault{Kind: twilio.FaultSocketReset, EndsCall: true}), call.Completed, call.ByCarrier, call.CarrierLost},
		{"stop, though nobody hung up, and they talk on", outlive(twilio.Fault{Kind: twilio.FaultSocketStop}), call.Completed, call.ByAgent, call.HungUp},
	}
}

// Agents with a microphone and an ear: the conversation ends as it did, its
// length is what both heard, and the agent can dial again at once.
func TestConversationsEndAsTheyDid(t *testing.T) {
	t.Parallel()
	all := talks()
	w := newTown(t, len(all))
	w.start()
	together(t, len(all), func(i int) string { return all[i].name }, func(t *testing.T, i int) {
		c, d := all[i], w.desks[i]
		ctx, a := d.sitDown(t)
		for range 2 {
			v := d.talk(t, ctx, a)
			time.Sleep(time.Second) // of conversation
			c.end(t, ctx, d, a, v)
			end, err := a.awaitEnd(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if end.Status != c.status || end.Verdict == nil || end.Verdict.By != c.by || end.Verdict.Reason != c.reason {
				t.Errorf("%s %+v, want %s by %s: %s", end.Status, end.Verdict, c.status, c.by, c.reason)
			}
			if end.DurationSeconds == nil || *end.DurationSeconds < 1 || end.EndedAt.Before(*end.AnsweredAt) {
				t.Errorf("lasted %v from %v to %v", end.DurationSeconds, end.AnsweredAt, end.EndedAt)
			}
		}
	})
	w.signal()
	if err := w.gone(); err != nil {
		t.Errorf("the server ended with %v", err)
	}
	w.books(t)
	w.violations(t, "")
}

// sitDown connects an agent with their sound.
func (d *townDesk) sitDown(t *testing.T) (context.Context, *checkAgent) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	a := newCheckAgent(demoStory{URL: d.url}, d.agent)
	t.Cleanup(func() {
		a.leave()
		cancel()
	})
	for _, s := range sitDown() {
		if _, err := s.do(a, ctx); err != nil {
			t.Fatalf("%s: %v", s.what, err)
		}
	}
	return ctx, a
}

// talk dials somebody who answers.
func (d *townDesk) talk(t *testing.T, ctx context.Context, a *checkAgent) call.View {
	t.Helper()
	if _, err := a.dial(ctx, quick); err != nil {
		t.Fatal(err)
	}
	v, err := a.awaitCall(ctx, "call:update", func(v call.View) bool { return v.Status == call.InProgress })
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// A conversation outlives the server: the next one takes it up, the agent comes
// back, and its length is told from the first answer on.
func TestConversationThatOutlivesTheServer(t *testing.T) {
	t.Parallel()
	w := newTown(t, 1)
	w.start()
	d := w.desks[0]
	ctx, a := d.sitDown(t)
	v := d.talk(t, ctx, a)
	time.Sleep(1500 * time.Millisecond) // of conversation
	w.kill()
	w.start()
	_, again := d.sitDown(t)
	back := func(f dossierOf) bool {
		part, ok := f.Call.Part(f.Call.UserID)
		return inPhase(call.Up)(f) && (!ok || part.Sound)
	}
	d.until(t, v.ID, "both sides again", back)
	if !again.isOver() { // the call goes on; it is ended by us
		d.hangUp(t, v.ID)
	}
	found := d.until(t, v.ID, "an end", isOver).Call
	if found.Status != call.Completed || found.Verdict.By != call.ByAgent || found.Verdict.Reason != call.HungUp {
		t.Errorf("%s %+v", found.Status, found.Verdict)
	}
	if found.DurationSeconds == nil || *found.DurationSeconds < 1 {
		t.Errorf("lasted %v", found.DurationSeconds)
	}
	for _, c := range d.atTwilio(t) {
		if !twilioapi.IsFinal(c.Status) {
			t.Errorf("Twilio's call is %s", c.Status)
		}
	}
	w.signal()
	if err := w.gone(); err != nil {
		t.Errorf("the server ended with %v", err)
	}
	w.books(t)
}
