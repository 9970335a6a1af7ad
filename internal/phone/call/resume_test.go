package call_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"softphone/internal/phone/call"
)

// left is a call in a phase of its leg, as a dead process left it.
func left(phase call.Phase, sid string) call.Left {
	began := time.Now().Add(-time.Minute)
	l := call.Left{
		Call: call.Record{ID: "C1", CallSID: sid, From: "+12015550100", To: "+12015550101", UserID: "U1", Direction: call.Outbound, Status: call.Ringing, Epoch: 3, StartedAt: began, CreatedAt: began},
		Legs: []call.LegRecord{{ID: "L1", CallID: "C1", Role: call.Customer, Phase: phase, CarrierSID: sid, DialledAt: began}},
	}
	if phase == call.Up {
		l.Call.Status, l.Call.AnsweredAt, l.Legs[0].AnsweredAt = call.InProgress, began.Add(5*time.Second), began.Add(5*time.Second)
	}
	return l
}

func TestHeirAsksAndEndsWhatWasLeft(t *testing.T) {
	fact := func(status string) call.Fact { return call.Fact{Leg: "L1", SID: "CA1", Status: status, Seq: -1} }
	tests := []struct {
		name   string
		left   call.Left
		line   line
		told   []call.Input // by callbacks, after the start
		status call.Status
		want   call.Verdict
		orders []string
	}{
		{"busy meanwhile", left(call.Rings, "CA1"), line{asked: fact("busy")}, nil, call.Busy, call.Verdict{By: call.ByCustomer, Reason: call.BusyLine}, []string{"ask"}},
		{"talked, sound lost with us", left(call.Up, "CA1"), line{asked: fact("completed")}, nil, call.Completed, call.Verdict{By: call.ByDesk, Reason: call.Crashed}, []string{"ask"}},
		{"still up", left(call.Up, "CA1"), line{asked: fact("in-progress")}, []call.Input{told("completed")}, call.Completed, call.Verdict{By: call.ByDesk, Reason: call.Crashed}, []string{"ask", "hangup"}},
		{"still rings", left(call.Rings, "CA1"), line{asked: fact("ringing")}, []call.Input{told("canceled")}, call.Canceled, call.Verdict{By: call.ByDesk, Reason: call.Crashed}, []string{"ask", "cancel"}},
		{"placed, never told", left(call.New, ""), line{fits: []call.Fact{fact("ringing")}, asked: fact("ringing")}, []call.Input{told("canceled")}, call.Canceled, call.Verdict{By: call.ByDesk, Reason: call.Crashed}, []string{"find", "ask", "cancel"}},
		{"somebody else's leg", left(call.New, ""), line{fits: []call.Fact{{SID: "CAother", Status: "ringing"}}}, nil, call.Failed, call.Verdict{By: call.ByCarrier, Reason: call.OutcomeUnknown}, []string{"find"}},
		{"never placed", left(call.New, ""), line{}, nil, call.Failed, call.Verdict{By: call.ByCarrier, Reason: call.OutcomeUnknown}, []string{"find"}},
		{"told before it looked", left(call.Dialling, ""), line{asked: fact("busy")}, []call.Input{told("busy")}, call.Busy, call.Verdict{By: call.ByCustomer, Reason: call.BusyLine}, []string{"find"}},
		{"carrier away", left(call.Up, "CA1"), line{away: errors.New("no line")}, nil, call.Completed, call.Verdict{By: call.ByCarrier, Reason: call.OutcomeUnknown}, []string{"ask"}},
	}
	for i := range tests {
		test := &tests[i] // its line holds a lock
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := &test.line
				c := call.Resume(l.config(), test.left)
				began := time.Now()
				if err := c.Start(t.Context()); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				if c.Wanted() {
					t.Error("an answered leg would be kept")
				}
				for _, in := range test.told {
					do(t, c, in)
				}
				<-c.Done()
				l.heired(t, time.Since(began))
				if v := c.View(); v.Status != test.status || *v.Verdict != test.want {
					t.Errorf("%s %+v, want %s %+v", v.Status, v.Verdict, test.status, test.want)
				}
				for i, want := range test.orders {
					if i >= len(l.orders) || l.orders[i] != want {
						t.Fatalf("orders %v, want %v first", l.orders, test.orders)
					}
				}
			})
		})
	}
}

// heired checks what was stored: taken from epoch 3, numbered anew, the agent
// released once.
func (l *line) heired(t *testing.T, took time.Duration) {
	t.Helper()
	l.numbered(t)
	released := 0
	for i, c := range l.changes {
		if c.Call.Epoch != 4 || (c.Fence != 4) != (i == 0) || c.Claim == call.TakeAgent {
			t.Errorf("change %d: epoch %d, fence %d, claim %d", i, c.Call.Epoch, c.Fence, c.Claim)
		}
		if c.Claim == call.ReleaseAgent {
			released++
		}
	}
	if released != 1 || took > 90*time.Second {
		t.Errorf("agent released %d times after %v", released, took)
	}
	for _, o := range l.orders {
		if o == "dial" {
			t.Error("dialled again")
		}
	}
}

func TestHeirOfACallThatIsTakenIsFenced(t *testing.T) {
	l := &line{busy: call.ErrFenced}
	c := call.Resume(l.config(), left(call.Up, "CA1"))
	if err := c.Start(t.Context()); !errors.Is(err, call.ErrFenced) {
		t.Errorf("got %v", err)
	}
	<-c.Done()
	if len(l.orders) > 0 {
		t.Errorf("orders %v", l.orders)
	}
}

// The wish of an owner who died while the leg was being ended is kept.
func TestHeirKnowsWhoWantedTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &line{}
		c := started(t, l)
		do(t, c, told("ringing"))
		do(t, c, hangUp)
		last := l.changes[len(l.changes)-1]
		heir := &line{asked: call.Fact{SID: "CA1", Status: "canceled"}}
		h := call.Resume(heir.config(), call.Left{Call: last.Call, Legs: last.Legs})
		if err := h.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		<-h.Done()
		if v := h.View(); v.Status != call.Canceled || v.Verdict.By != call.ByAgent || v.Verdict.Reason != call.Cancelled {
			t.Errorf("%s %+v", v.Status, v.Verdict)
		}
		do(t, c, told("canceled"))
		<-c.Done()
	})
}

// A call over REST with no device: the callee hears that they are held, and is
// let go after half a minute.
func TestNobodyIsThereForTheCustomer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &line{asked: call.Fact{Leg: "L1", SID: "CA1", Status: "completed"}}
		c := started(t, l)
		do(t, c, told("ringing"))
		time.Sleep(20 * time.Second) // it rings; the device has half a minute
		do(t, c, told("in-progress"))
		customer := newPort()
		do(t, c, call.StreamUp{Leg: "L1", Port: customer})
		time.Sleep(29 * time.Second)
		if customer.heard() < 1400 || c.View().Verdict != nil || !c.Wanted() {
			t.Errorf("after 29 s: %d frames of the hold tone, %+v", customer.heard(), c.View())
		}
		time.Sleep(2 * time.Second)
		if c.Wanted() {
			t.Error("after 31 s it goes on")
		}
		<-c.Done()
		if v := c.View(); v.Verdict.By != call.ByDesk || v.Verdict.Reason != call.NoDevice || v.Status != call.Completed {
			t.Errorf("%s %+v", v.Status, v.Verdict)
		}
	})
}

// A database that is away at the very end is waited for: without the last
// change the agent would never be free.
func TestLastChangeIsNotGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &line{}
		c := started(t, l)
		do(t, c, told("ringing"))
		l.mu.Lock()
		l.broken = 20
		l.mu.Unlock()
		do(t, c, told("busy"))
		<-c.Done()
		if last := l.changes[len(l.changes)-1]; last.Claim != call.ReleaseAgent || last.Call.Status != call.Busy {
			t.Errorf("last stored: %s, claim %d", last.Call.Status, last.Claim)
		}
		l.numbered(t)
	})
}
