package main

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"softphone/internal/phone/call"
	"softphone/internal/protocol/twilioapi"
	"softphone/internal/sim/twilio"
)

// ending is a way a call can end.
type ending struct {
	name   string
	to     string
	faults []twilio.Fault
	then   func(t *testing.T, d *townDesk, id call.ID) // what happens to the call
	status call.Status                                 // empty: Twilio's patience and ours end at about the same time
	by     call.By
	reason call.Reason
	detail string
	calls  int  // that Twilio made
	seated bool // the agent has a device and dials with it
	dead   bool // nobody is at the address of Twilio's API
}

// hangUpWhen ends a call from our side once its leg is in a phase.
func hangUpWhen(p call.Phase) func(*testing.T, *townDesk, call.ID) {
	return func(t *testing.T, d *townDesk, id call.ID) {
		d.until(t, id, string(p), inPhase(p))
		d.hangUp(t, id)
	}
}

func hangUpNow(t *testing.T, d *townDesk, id call.ID) { d.hangUp(t, id) }

// cut lets the socket of a call that has its sound suffer.
func cut(f twilio.Fault) func(*testing.T, *townDesk, call.ID) {
	return func(t *testing.T, d *townDesk, id call.ID) {
		sid := d.until(t, id, "its sound", inPhase(call.Up)).Call.CallSID
		d.control(t, "/calls/"+sid+"/socket", f, http.StatusNoContent)
	}
}

// cutAndGoOn lets the socket suffer, waits until the call has its sound again,
// and hangs up.
func cutAndGoOn(f twilio.Fault) func(*testing.T, *townDesk, call.ID) {
	return func(t *testing.T, d *townDesk, id call.ID) {
		cut(f)(t, d, id)
		d.until(t, id, "the loss of its sound", inPhase(call.Answered))
		d.until(t, id, "its sound again", inPhase(call.Up))
		d.hangUp(t, id)
	}
}

func many(kind string) twilio.Fault { return twilio.Fault{Kind: kind, Count: 50} }

func endings() []ending {
	span := func(d time.Duration) twilio.Span { return twilio.Span(d) }
	noNews := many(twilio.FaultCallbackDrop)
	return []ending{
		{name: "the customer hangs up", to: leaves, status: call.Completed, by: call.ByCustomer, reason: call.HungUp, calls: 1},
		{name: "we hang up", to: quick, then: hangUpWhen(call.Up), status: call.Completed, by: call.ByAgent, reason: call.HungUp, calls: 1},
		{name: "we hang up, Twilio refuses once", to: quick, then: hangUpWhen(call.Up), faults: []twilio.Fault{{Kind: twilio.FaultUpdate, Status: 500}}, status: call.Completed, by: call.ByAgent, reason: call.HungUp, calls: 1},
		{name: "cancelled while it rings", to: twilio.NumberNoAnswer, then: hangUpWhen(call.Rings), status: call.Canceled, by: call.ByAgent, reason: call.Cancelled, calls: 1},
		{name: "cancelled at once", to: twilio.NumberNoAnswer, then: hangUpNow, status: call.Canceled, by: call.ByAgent, reason: call.Cancelled, calls: 1},
		{name: "cancelled before the 201", to: twilio.NumberNoAnswer, then: hangUpNow, faults: []twilio.Fault{{Kind: twilio.FaultSlow, Delay: span(2 * time.Second)}}, status: call.Canceled, by: call.ByAgent, reason: call.Cancelled, calls: 1},
		{name: "cancelled, Twilio refuses once", to: twilio.NumberNoAnswer, then: hangUpWhen(call.Rings), faults: []twilio.Fault{{Kind: twilio.FaultUpdate, Status: 503}}, status: call.Canceled, by: call.ByAgent, reason: call.Cancelled, calls: 1},
		{name: "cancelled, and no callback", to: twilio.NumberNoAnswer, then: hangUpNow, faults: []twilio.Fault{noNews}, status: call.Canceled, by: call.ByAgent, reason: call.Cancelled, calls: 1},
		{name: "busy", to: twilio.NumberBusy, status: call.Busy, by: call.ByCustomer, reason: call.BusyLine, detail: "486", calls: 1},
		{name: "declined", to: twilio.NumberRejects, status: call.Busy, by: call.ByCustomer, reason: call.BusyLine, detail: "603", calls: 1},
		{name: "not answered", to: gaveUp, status: call.NoAnswer, by: call.ByCustomer, reason: call.NotAnswered, detail: "480", calls: 1},
		{name: "not answered in our time", to: twilio.NumberNoAnswer, seated: true, status: call.NoAnswer, by: call.ByCustomer, reason: call.NotAnswered, detail: "487", calls: 1},
		{name: "not answered, and nobody of ours there", to: twilio.NumberNoAnswer, status: call.NoAnswer, by: call.ByCustomer, reason: call.NotAnswered, detail: "487", calls: 1},
		{name: "not a number", to: twilio.NumberInvalid, status: call.Failed, by: call.ByCarrier, reason: call.InvalidNumber, detail: "21211"},
		{name: "not verified", to: twilio.NumberUnverified, status: call.Failed, by: call.ByCarrier, reason: call.NotPermitted, detail: "21219"},
		{name: "not reachable", to: twilio.NumberUnreachable, status: call.Failed, by: call.ByCarrier, reason: call.NotReachable, detail: "404", calls: 1},
		{name: "bad credentials", to: quick, faults: []twilio.Fault{{Kind: twilio.FaultStatus, Status: 401}}, status: call.Failed, by: call.ByCarrier, reason: call.BadCredentials, detail: "20003"},
		{name: "too many requests, once", to: twilio.NumberBusy, faults: []twilio.Fault{{Kind: twilio.FaultStatus, Status: 429}}, status: call.Busy, by: call.ByCustomer, reason: call.BusyLine, detail: "486", calls: 1},
		{name: "too many requests", to: quick, faults: []twilio.Fault{{Kind: twilio.FaultStatus, Status: 429, Count: 3}}, status: call.Failed, by: call.ByCarrier, reason: call.CarrierBusy, detail: "20429"},
		{name: "Twilio's own error", to: quick, faults: []twilio.Fault{{Kind: twilio.FaultStatus, Status: 500}}, status: call.Failed, by: call.ByCarrier, reason: call.OutcomeUnknown},
		{name: "the order lost on its way", to: quick, faults: []twilio.Fault{{Kind: twilio.FaultDrop}}, status: call.Failed, by: call.ByCarrier, reason: call.OutcomeUnknown},
		{name: "nobody at Twilio's address", to: quick, dead: true, status: call.Failed, by: call.ByCarrier, reason: call.CarrierError},
		{name: "made, then an error", to: twilio.NumberBusy, faults: []twilio.Fault{{Kind: twilio.FaultCreateThenError}}, status: call.Busy, by: call.ByCustomer, reason: call.BusyLine, detail: "486", calls: 1},
		{name: "made, answer lost, no callbacks", to: twilio.NumberBusy, faults: []twilio.Fault{{Kind: twilio.FaultCreateThenDrop}, noNews}, status: call.Busy, by: call.ByCustomer, reason: call.BusyLine, calls: 1},
		{name: "made, no answer, no callbacks", to: twilio.NumberBusy, faults: []twilio.Fault{{Kind: twilio.FaultCreateThenHang}, noNews}, status: call.Busy, by: call.ByCustomer, reason: call.BusyLine, calls: 1},
		{name: "made, no answer, callbacks", to: leaves, faults: []twilio.Fault{{Kind: twilio.FaultCreateThenHang}}, status: call.Completed, by: call.ByCustomer, reason: call.HungUp, calls: 1},
		{name: "callback before the 201", to: leaves, faults: []twilio.Fault{{Kind: twilio.FaultCallbackFirst}}, status: call.Completed, by: call.ByCustomer, reason: call.HungUp, calls: 1},
		{name: "callbacks twice", to: leaves, faults: []twilio.Fault{many(twilio.FaultCallbackTwice)}, status: call.Completed, by: call.ByCustomer, reason: call.HungUp, calls: 1},
		{name: "callbacks out of order", to: leaves, faults: []twilio.Fault{{Kind: twilio.FaultCallbackReorder, Count: 3}}, status: call.Completed, by: call.ByCustomer, reason: call.HungUp, calls: 1},
		{name: "no callbacks: busy", to: twilio.NumberBusy, faults: []twilio.Fault{noNews}, status: call.Busy, by: call.ByCustomer, reason: call.BusyLine, calls: 1},
		{name: "no callbacks: talked", to: leaves, faults: []twilio.Fault{noNews}, status: call.Completed, by: call.ByCustomer, reason: call.HungUp, calls: 1},
		{name: "no callbacks, and Twilio cannot be asked at first", to: leaves, faults: []twilio.Fault{noNews, {Kind: twilio.FaultRead, Status: 500, Count: 2}}, status: call.Completed, by: call.ByCustomer, reason: call.HungUp, calls: 1},
		{name: "the end told late", to: leaves, faults: []twilio.Fault{{Kind: twilio.FaultCallbackDelay, When: "completed", Delay: span(5 * time.Second)}}, status: call.Completed, by: call.ByCustomer, reason: call.HungUp, calls: 1},
		{name: "document lost once", to: leaves, faults: []twilio.Fault{{Kind: twilio.FaultVoiceFail}}, status: call.Completed, by: call.ByCustomer, reason: call.HungUp, calls: 1},
		{name: "sound closed without stop, and there again", to: quick, then: cutAndGoOn(twilio.Fault{Kind: twilio.FaultSocketClose}), seated: true, status: call.Completed, by: call.ByAgent, reason: call.HungUp, calls: 1},
		{name: "sound reset, and the call with it", to: quick, then: cut(twilio.Fault{Kind: twilio.FaultSocketReset, EndsCall: true}), status: call.Completed, by: call.ByCarrier, reason: call.CarrierLost, calls: 1},
		{name: "sound stalls for good, and is there again", to: quick, then: cutAndGoOn(twilio.Fault{Kind: twilio.FaultSocketStall}), seated: true, status: call.Completed, by: call.ByAgent, reason: call.HungUp, calls: 1},
		{name: "sound comes when it is asked for again", to: quick, faults: []twilio.Fault{{Kind: twilio.FaultSocketNever}}, then: hangUpWhen(call.Up), seated: true, status: call.Completed, by: call.ByAgent, reason: call.HungUp, calls: 1},
		{name: "stop we did not cause, and there again", to: quick, then: cutAndGoOn(twilio.Fault{Kind: twilio.FaultSocketStop}), seated: true, status: call.Completed, by: call.ByAgent, reason: call.HungUp, calls: 1},
		{name: "no device", to: quick, status: call.Completed, by: call.ByDesk, reason: call.NoDevice, calls: 1},
	}
}

// Every ending, over the real program and the simulated Twilio: the status and
// the verdict are what happened, Twilio made as many calls as it should and none
// lives on, the agent can dial again, and Twilio had nothing to complain about.
func TestEveryEndingIsTold(t *testing.T) {
	t.Parallel()
	all := endings()
	w := newTown(t, len(all))
	for i, e := range all {
		if e.dead {
			control := w.open()
			if err := w.desks[i].point(control, deadLine); err != nil {
				t.Fatal(err)
			}
			control.Close()
		}
	}
	w.start()
	together(t, len(all), func(i int) string { return all[i].name }, func(t *testing.T, i int) { w.desks[i].live(t, all[i]) })
	w.signal()
	if err := w.gone(); err != nil {
		t.Errorf("the server ended with %v", err)
	}
	w.books(t)
	w.violations(t, "")
}

func (d *townDesk) live(t *testing.T, e ending) {
	for _, f := range e.faults {
		d.fault(t, f)
	}
	id := d.begin(t, e)
	if e.then != nil {
		e.then(t, d, id)
	}
	found := d.until(t, id, "an end", isOver)
	want := call.Verdict{By: e.by, Reason: e.reason, Detail: e.detail}
	if found.Call.Verdict.Detail == "" && d.wasAsked() {
		want.Detail = "" // the resource, which was faster than the callback, has no SIP code
	}
	if got := *found.Call.Verdict; e.status != "" && found.Call.Status != e.status || got.By != want.By || got.Reason != want.Reason || want.Detail != "" && got.Detail != want.Detail {
		t.Errorf("%s %+v, want %s %+v", found.Call.Status, got, e.status, want)
	}
	if !inPhase(call.Gone)(found) {
		t.Errorf("legs %+v", found.Legs)
	}
	made := d.atTwilio(t)
	if len(made) != e.calls {
		t.Errorf("Twilio made %d calls, want %d", len(made), e.calls)
	}
	for _, c := range made {
		if !twilioapi.IsFinal(c.Status) || c.Sid != found.Call.CallSID {
			t.Errorf("Twilio's call %s is %s; ours is %s", c.Sid, c.Status, found.Call.CallSID)
		}
	}
	next := d.dial(t, twilio.NumberBusy) // refused as agent_busy if the first were not let go
	d.until(t, next, "an end", isOver)
}

// wasAsked says that the server has asked Twilio how a call went.
func (d *townDesk) wasAsked() bool {
	return slices.ContainsFunc(d.sim.Ledger("", twilio.KindRequest), func(e twilio.Entry) bool {
		return e.Account == d.account.Sid && strings.HasPrefix(e.What, "GET ")
	})
}

func (d *townDesk) begin(t *testing.T, e ending) call.ID {
	if !e.seated {
		return d.dial(t, e.to)
	}
	ctx, a := d.sitDown(t)
	if _, err := a.dial(ctx, e.to); err != nil {
		t.Fatal(err)
	}
	return a.callID
}

// A leg that is answered while it is being cancelled never lives on, wherever
// the two meet.
func TestCancelAtTheMomentOfTheAnswer(t *testing.T) {
	t.Parallel()
	const desks, rounds = 8, 6
	w := newTown(t, desks)
	w.start()
	ends := make(chan string, desks*rounds)
	together(t, desks, func(i int) string { return w.desks[i].slug }, func(t *testing.T, i int) {
		random := rand.New(rand.NewPCG(7, uint64(i)))
		for range rounds {
			ends <- w.desks[i].cancelAround(t, time.Duration(random.IntN(1200))*time.Millisecond)
		}
	})
	close(ends)
	count := map[string]int{}
	for e := range ends {
		count[e]++
	}
	t.Logf("how they ended: %v", count)
	w.signal()
	if err := w.gone(); err != nil {
		t.Errorf("the server ended with %v", err)
	}
	w.books(t)
	w.violations(t, "")
}

// cancelAround hangs up a while after dialling, about when the leg is answered.
func (d *townDesk) cancelAround(t *testing.T, after time.Duration) string {
	id := d.dial(t, unsure)
	time.Sleep(after)
	d.hangUp(t, id)
	v := d.until(t, id, "an end", isOver).Call
	if v.Verdict.By != call.ByAgent {
		t.Errorf("verdict %+v", v.Verdict)
	}
	for _, c := range d.atTwilio(t) {
		if !twilioapi.IsFinal(c.Status) {
			t.Errorf("%s is over and %s at Twilio", v.ID, c.Status)
		}
	}
	return fmt.Sprintf("%s/%s", v.Status, v.Verdict.Reason)
}

// The same key and order: one call, however many ask at once and later.
func TestEqualRequestsMakeOneCall(t *testing.T) {
	t.Parallel()
	w := newTown(t, 1)
	w.start()
	d := w.desks[0]
	first := make(chan call.ID, 200)
	together(t, cap(first), strconv.Itoa, func(t *testing.T, _ int) {
		status, v := d.dialOnce(t, "key-1", twilio.NumberNoAnswer)
		if status != http.StatusCreated {
			t.Errorf("status %d", status)
		}
		first <- v.Call.ID
	})
	close(first)
	id := <-first
	for other := range first {
		if other != id {
			t.Fatalf("calls %s and %s", id, other)
		}
	}
	if status, v := d.dialOnce(t, "key-1", twilio.NumberBusy); status != http.StatusConflict || v.Code != "idempotency_conflict" {
		t.Errorf("another order of the key: %d %s", status, v.Code)
	}
	status, second := d.dialOnce(t, "key-2", twilio.NumberBusy)
	if status != http.StatusCreated || second.Call.ID == id {
		t.Errorf("another key while calling: %d %s", status, second.Code)
	}
	d.until(t, second.Call.ID, "an end", isOver)
	d.hangUp(t, id)
	d.until(t, id, "an end", isOver)
	if status, v := d.dialOnce(t, "key-1", twilio.NumberNoAnswer); status != http.StatusCreated || v.Call.ID != id {
		t.Errorf("after the end: %d %s, want %s", status, v.Call.ID, id)
	}
	if status, v := d.dialOnce(t, "key-2", twilio.NumberBusy); status != http.StatusCreated || v.Call.ID != second.Call.ID {
		t.Errorf("the other key again: %d %s, want %s", status, v.Call.ID, second.Call.ID)
	}
	w.kill()
	w.start()
	if status, v := d.dialOnce(t, "key-1", twilio.NumberNoAnswer); status != http.StatusCreated || v.Call.ID != id {
		t.Errorf("after a crash: %d %s, want %s", status, v.Call.ID, id)
	}
	if made := d.atTwilio(t); len(made) != 2 {
		t.Errorf("%d calls at Twilio", len(made))
	}
}

type dialAnswer struct {
	Call call.View
	Code string
}

func (d *townDesk) dialOnce(t *testing.T, key, to string) (int, dialAnswer) {
	t.Helper()
	var v dialAnswer
	status := askWith(t, "POST", d.url+"/api/voice/call", d.token, http.Header{"Idempotency-Key": {key}}, map[string]string{"to": to}, &v)
	return status, v
}
