package main

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"softphone/internal/phone/call"
	"softphone/internal/sim/twilio"
)

// kills is how often the server dies in a test: SOFTPHONE_KILLS, or 10.
func kills() int {
	if n, err := strconv.Atoi(os.Getenv("SOFTPHONE_KILLS")); err == nil {
		return n
	}
	return 10
}

// A server that is killed at any moment loses no call, doubles none and leaves
// none behind: after the next start each goes on or is over, can be ended, and
// every agent is free then.
func TestKilledAtRandomMoments(t *testing.T) {
	t.Parallel()
	const desks = 4
	w := newTown(t, desks)
	w.start()
	whom := []string{quick, unsure, twilio.NumberHangsUp, twilio.NumberNoAnswer, twilio.NumberBusy}
	random := rand.New(rand.NewPCG(3, uint64(kills())))
	promised := make([][]call.ID, desks)
	longest, lived := time.Duration(0), 0
	for range kills() {
		var dialling sync.WaitGroup
		for i, d := range w.desks {
			to := whom[random.IntN(len(whom))]
			dialling.Go(func() { promised[i] = d.tryToDial(to) })
		}
		time.Sleep(time.Duration(random.IntN(1500)) * time.Millisecond)
		w.kill()
		dialling.Wait()
		time.Sleep(time.Duration(random.IntN(300)) * time.Millisecond)
		w.start()
		began := time.Now()
		for i, d := range w.desks {
			for _, id := range promised[i] {
				if d.finish(t, id) {
					lived++
				}
			}
			d.free(t)
		}
		longest = max(longest, time.Since(began))
	}
	t.Logf("all over at most %v after the start; %d calls went on", longest.Round(time.Millisecond), lived)
	w.signal()
	if err := w.gone(); err != nil {
		t.Errorf("the server ended with %v", err)
	}
	w.books(t)
	w.violations(t, "")
}

// tryToDial returns the id of a call that the server promised before it died.
func (d *townDesk) tryToDial(to string) []call.ID {
	raw, err := json.Marshal(map[string]string{"to": to})
	if err != nil {
		return nil
	}
	r, err := http.NewRequest(http.MethodPost, d.url+"/api/voice/call", bytes.NewReader(raw))
	if err != nil {
		return nil
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+d.token)
	var dialled struct{ Call call.View }
	if fetch(r, &dialled) != nil {
		return nil
	}
	return []call.ID{dialled.Call.ID}
}

// finish waits until a call that a dead server left is over, or goes on: then it
// is hung up.
func (d *townDesk) finish(t *testing.T, id call.ID) (lived bool) {
	t.Helper()
	goesOn := func(v dossierOf) bool { return isOver(v) || inPhase(call.Up)(v) || inPhase(call.Rings)(v) }
	if v := d.until(t, id, "an end, or its sound", goesOn); !isOver(v) {
		d.hangUp(t, id)
		d.until(t, id, "an end", isOver)
		return true
	}
	return false
}

// free waits until no call of the desk is live, promised or not.
func (d *townDesk) free(t *testing.T) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		live := 0
		var list struct{ Items []call.View }
		ask(t, "GET", d.url+"/api/voice/calls?limit=5", d.token, nil, &list)
		for _, v := range list.Items {
			if !v.Status.Final() {
				live++
				d.finish(t, v.ID)
			}
		}
		if live == 0 {
			return
		}
	}
	t.Errorf("%s still has live calls", d.slug)
}

// What a crash means for calls at each stage: those that can go on do.
func TestCallsGoOnAfterACrash(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name   string
		to     string
		at     call.Phase
		goesOn bool // in the same phase
		status call.Status
		by     call.By
		reason call.Reason
	}{
		{"while it rings", twilio.NumberNoAnswer, call.Rings, true, call.Canceled, call.ByAgent, call.Cancelled},
		{"while the customer waits", quick, call.Up, true, call.Completed, call.ByAgent, call.HungUp},
		{"busy while we are away", twilio.NumberRejects, call.Rings, false, call.Busy, call.ByCustomer, call.BusyLine},
	}
	w := newTown(t, len(cases))
	w.start()
	ids := make([]call.ID, len(cases))
	for i, c := range cases {
		ids[i] = w.desks[i].dial(t, c.to)
		w.desks[i].until(t, ids[i], c.name, inPhase(c.at))
	}
	w.kill()
	time.Sleep(1800 * time.Millisecond) // whoever declines does so after 1.5 s
	w.start()
	for i, c := range cases {
		d := w.desks[i]
		if c.goesOn {
			d.until(t, ids[i], string(c.at)+" again", inPhase(c.at))
			d.hangUp(t, ids[i])
		}
		v := d.until(t, ids[i], "an end", isOver).Call
		if v.Status != c.status || v.Verdict.By != c.by || v.Verdict.Reason != c.reason {
			t.Errorf("%s: %s %+v, want %s by %s: %s", c.name, v.Status, v.Verdict, c.status, c.by, c.reason)
		}
	}
	w.signal()
	if err := w.gone(); err != nil {
		t.Errorf("the server ended with %v", err)
	}
	w.books(t)
}

// The first signal takes no more calls and lets those under way finish.
func TestStopLetsCallsFinish(t *testing.T) {
	t.Parallel()
	w := newTown(t, 2)
	w.start()
	d, other := w.desks[0], w.desks[1]
	id := d.dial(t, quick)
	sid := d.until(t, id, "its sound", inPhase(call.Up)).Call.CallSID
	w.signal()
	for w.readiness() == http.StatusOK {
		time.Sleep(10 * time.Millisecond)
	}
	var refused struct{ Code string }
	if status := ask(t, "POST", w.url+"/api/voice/call", other.token, map[string]string{"to": quick}, &refused); status != http.StatusServiceUnavailable || refused.Code != "shutting_down" {
		t.Errorf("a new call: %d %s", status, refused.Code)
	}
	time.Sleep(500 * time.Millisecond)
	if v := d.look(t, id).Call; v.Status.Final() {
		t.Errorf("the call was cut: %s %+v", v.Status, v.Verdict)
	}
	w.control(t, "/calls/"+sid+"/hangup", nil, http.StatusNoContent)
	if err := w.gone(); err != nil {
		t.Errorf("the server ended with %v", err)
	}
	w.books(t)
	w.verdict(t, d, id, call.ByCustomer, call.HungUp)
}

// What is left after the time that calls have is hung up, and says why.
func TestStopHangsUpAfterItsTime(t *testing.T) {
	t.Parallel()
	w := newTown(t, 1)
	w.start("--drain", "500ms")
	d := w.desks[0]
	id := d.dial(t, quick)
	d.until(t, id, "its sound", inPhase(call.Up))
	w.signal()
	if err := w.gone(); err != nil {
		t.Errorf("the server ended with %v", err)
	}
	w.books(t)
	w.verdict(t, d, id, call.ByDesk, call.Shutdown)
}

// The second signal ends the server at once.
func TestSecondSignalEndsAtOnce(t *testing.T) {
	t.Parallel()
	w := newTown(t, 1)
	w.start()
	d := w.desks[0]
	id := d.dial(t, quick)
	d.until(t, id, "its sound", inPhase(call.Up))
	w.signal()
	for w.readiness() == http.StatusOK {
		time.Sleep(10 * time.Millisecond)
	}
	w.signal()
	if err := w.gone(); err == nil {
		t.Error("it ended as if all were well")
	}
	w.start()
	d.until(t, id, "its sound again", inPhase(call.Up))
	d.hangUp(t, id)
	if v := d.until(t, id, "an end", isOver).Call; v.Verdict.By != call.ByAgent || v.Verdict.Reason != call.HungUp {
		t.Errorf("verdict %+v", v.Verdict)
	}
}

// verdict reads a call when the server is gone.
func (w *town) verdict(t *testing.T, d *townDesk, id call.ID, by call.By, reason call.Reason) {
	t.Helper()
	control := w.open()
	defer control.Close()
	db, err := control.Open(t.Context(), d.tenantID)
	if err != nil {
		t.Fatal(err)
	}
	v, err := db.Call(t.Context(), id)
	if err != nil || v.Verdict == nil || v.Verdict.By != by || v.Verdict.Reason != reason {
		t.Errorf("%s %+v, %v; want by %s: %s", v.Status, v.Verdict, err, by, reason)
	}
}
