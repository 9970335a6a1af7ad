package openai_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"softphone/internal/phone/assist"
	"softphone/internal/phone/media"
)

// told is a desk that can be asked while the listener works.
type told struct {
	mu sync.Mutex
	desk
}

func locked(d *told, f func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f()
}

func (d *told) Partial(assist.Line)         {}
func (d *told) Line(l assist.Line)          { locked(d, func() { d.desk.Line(l) }) }
func (d *told) Suggest(s assist.Suggestion) { locked(d, func() { d.desk.Suggest(s) }) }
func (d *told) Act(a assist.Action)         { locked(d, func() { d.desk.Act(a) }) }
func (d *told) State(s assist.State)        { locked(d, func() { d.desk.State(s) }) }

// leg is one party, ten times as fast as life. Writing never waits for whoever
// listens, as in a call.
type leg struct {
	*media.Tap
	buf [media.FrameBytes]byte
	at  time.Duration
}

func newLeg() *leg { return &leg{Tap: media.NewTap(100)} }

func (l *leg) Read(ctx context.Context) (media.Frame, error) { return l.Tap.Read(ctx, l.buf[:]) }

func (l *leg) say(sound []byte) {
	sound = append(append(hush(400*time.Millisecond), sound...), hush(800*time.Millisecond)...)
	for f := range slices.Chunk(sound, media.FrameBytes) {
		if len(f) == media.FrameBytes {
			l.WriteFrame(media.Frame{At: l.at, Data: f})
			l.at += media.FrameTime
			time.Sleep(media.FrameTime / 10)
		}
	}
}

// helped is a call's help under test.
type helped struct {
	vendor
	desk    *told
	caller  *leg
	circuit *assist.Circuit
	stop    func()
}

func (v vendor) help() *helped {
	h := &helped{vendor: v, desk: &told{}, caller: newLeg(), circuit: &assist.Circuit{}}
	account, agent := v.account(nil), newLeg()
	l := assist.Start(context.WithoutCancel(v.Context()), assist.Config{Ear: account, Brain: account, Desk: h.desk, Caller: h.caller, Agent: agent,
		Tools: []assist.Tool{assist.SearchContact(book{})}, Circuit: h.circuit})
	h.stop = sync.OnceFunc(func() { h.caller.Close(); agent.Close(); <-l.Done() })
	v.Cleanup(h.stop)
	return h
}

// await looks until the desk was told what fits.
func (h *helped) await(what string, fits func(*desk) bool) {
	h.Helper()
	for range 2500 {
		ok := false
		locked(h.desk, func() { ok = fits(&h.desk.desk) })
		if ok {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	locked(h.desk, func() { h.Fatalf("%s never came: %v, %v", what, h.desk.states, h.desk.lines) })
}

func (h *helped) state(want assist.State) {
	h.Helper()
	h.await("state "+string(want.Phase)+" "+want.Reason, func(d *desk) bool { return len(d.states) > 0 && d.states[len(d.states)-1] == want })
}

// sees waits for a state, which may have passed already.
func (h *helped) sees(want assist.State) {
	h.Helper()
	h.await("state "+string(want.Phase)+" "+want.Reason, func(d *desk) bool { return slices.Contains(d.states, want) })
}

// writes says a sentence and waits for its words.
func (h *helped) writes(name, words string) {
	h.Helper()
	h.caller.say(clip(h.T, name))
	h.await(words, func(d *desk) bool {
		return slices.ContainsFunc(d.lines, func(l assist.Line) bool { return l.Text == words && l.Gap == "" })
	})
}

var (
	listening = assist.State{Phase: assist.Listening}
	away      = assist.State{Phase: assist.Gone, Reason: assist.Unreachable}
)

const (
	wordsOf1 = "Hello, Ana Dupont speaking."
	wordsOf2 = "Oh good. I was charged twice for the same order."
	wordsOf3 = "Please do. The order number is four four one two."
	wordsOf4 = "That is wonderful, thank you very much. Goodbye."
)

// TestTrouble lives through every fault of the vendor: the agent is told what is
// wrong, and after it the words come again. Nothing waits for the vendor: the
// leg is written by a clock.
func TestTrouble(t *testing.T) {
	whole := func(h *helped) { h.writes("customer-2.ulaw", wordsOf2) }
	back := func(h *helped) { h.state(listening); whole(h) }
	tests := map[string]struct {
		armed  string // before the sessions open
		strike string // while a sentence is being said
		then   func(*helped)
	}{
		"503":           {armed: `{"kind":"refuse","count":3}`, then: func(h *helped) { h.sees(away); back(h) }},
		"black hole":    {armed: `{"kind":"blackhole","count":3}`, then: func(h *helped) { h.sees(away); back(h) }},
		"instant close": {armed: `{"kind":"instant_close","count":3}`, then: func(h *helped) { h.sees(away); back(h) }},
		"bad key": {armed: `{"kind":"bad_key","count":3}`, then: func(h *helped) {
			h.sees(assist.State{Phase: assist.Gone, Reason: assist.BadKey})
			for range 3 { // as long as the vendor says no, mending changes nothing
				h.circuit.Heal()
				time.Sleep(time.Second)
			}
			back(h)
		}},
		"quota": {armed: `{"kind":"quota","count":2}`, then: func(h *helped) {
			whole(h)
			h.sees(assist.State{Phase: assist.Listening, Reason: assist.Quota})
			h.circuit.Heal()
			h.state(listening)
			h.writes("customer-3.ulaw", wordsOf3)
			h.await("advice", func(d *desk) bool { return len(d.tips) > 0 })
		}},
		"rate limit": {armed: `{"kind":"rate_limit","count":2}`, then: func(h *helped) {
			whole(h)
			h.sees(assist.State{Phase: assist.Listening, Reason: assist.RateLimited})
			h.writes("customer-3.ulaw", wordsOf3)
			h.state(listening)
		}},
		"cut line":     {strike: `{"kind":"abort"}`, then: func(h *helped) { h.sees(away); back(h) }},
		"garbage":      {strike: `{"kind":"garbage"}`, then: func(h *helped) { h.sees(away); back(h) }},
		"end of hour":  {strike: `{"kind":"expire"}`, then: func(h *helped) { h.sees(away); back(h) }},
		"server error": {strike: `{"kind":"server_error"}`, then: whole},
		"flood":        {strike: `{"kind":"flood"}`, then: whole},
		"big frame":    {strike: `{"kind":"big_frame"}`, then: whole},
		"the future":   {strike: `{"kind":"unknown_event"}`, then: whole},
		"slow":         {strike: `{"kind":"slow","ms":150}`, then: whole},
		"stall": {strike: `{"kind":"stall","ms":60000}`, then: func(h *helped) {
			h.sees(assist.State{Phase: assist.Listening, Reason: assist.Unreachable}) // the agent's leg owes no words
			back(h)
		}},
		"no mu-law": {armed: `{"kind":"no_pcmu","count":2}`, then: func(h *helped) {
			whole(h)
			locked(h.desk, func() {
				if len(h.desk.desk.states) != 2 {
					h.Errorf("the agent was told of it: %v", h.desk.desk.states)
				}
			})
		}},
		"failed words": {armed: `{"kind":"transcription_failed"}`, then: func(h *helped) {
			h.await("a gap", func(d *desk) bool {
				return slices.ContainsFunc(d.lines, func(l assist.Line) bool { return l.Gap == assist.Model })
			})
			whole(h)
		}},
		"swapped words": {strike: `{"kind":"out_of_order"}`, then: func(h *helped) {
			h.caller.say(clip(h.T, "customer-4.ulaw"))
			h.await("both lines", func(d *desk) bool {
				return len(d.lines) == 2 && d.lines[0].Text == wordsOf4 && d.lines[1].Text == wordsOf1
			})
			locked(h.desk, func() {
				if d := h.desk.desk; d.lines[0].Start < d.lines[1].Start || d.lines[1].ID != "caller-1" {
					h.Errorf("lines %v: the times or ids are swapped too", d.lines)
				}
			})
		}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := begin(t)
			if test.armed != "" {
				v.trouble(test.armed)
			}
			h := v.help()
			if test.strike != "" {
				h.state(listening)
				time.AfterFunc(50*time.Millisecond, func() { v.trouble(test.strike) })
			}
			h.caller.say(clip(t, "customer-1.ulaw"))
			test.then(h)
			h.stop()
			if last := h.desk.states[len(h.desk.states)-1]; last.Phase != assist.Off {
				t.Errorf("ended as %v", last)
			}
		})
	}
}

func (v vendor) trouble(body string) {
	res, err := http.Post(v.url+"/control/faults", "application/json", strings.NewReader(body))
	if err != nil {
		v.Error(err)
		return
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusNoContent {
		v.Errorf("fault %s: %s", body, res.Status)
	}
}

// TestNobodyThere: the vendor's address answers to nobody, and the sound goes on.
func TestNobodyThere(t *testing.T) {
	t.Parallel()
	v := begin(t)
	v.url = "http://127.0.0.1:1"
	h := v.help()
	began := time.Now()
	h.caller.say(clip(t, "customer-1.ulaw"))
	h.state(away)
	h.stop()
	if len(h.desk.lines) != 1 || h.desk.lines[0].Gap != assist.Unreachable {
		t.Errorf("lines %v, want one gap", h.desk.lines)
	}
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("took %v", took)
	}
}

func TestProbeInTrouble(t *testing.T) {
	t.Parallel()
	v := begin(t)
	for kind, want := range map[string]string{"rest_quota": assist.Quota, "rest_error": assist.Unreachable} {
		v.fault(kind)
		if got := probeReason(v, t); got != want {
			t.Errorf("%s: got %s, want %s", kind, got, want)
		}
	}
	if got := probeReason(v, t); got != "" {
		t.Errorf("afterwards: %s", got)
	}
}

func probeReason(v vendor, t *testing.T) string {
	t.Helper()
	err := v.account(nil).Probe(soon(t))
	if err == nil {
		return ""
	}
	f, ok := errors.AsType[*assist.Fault](err)
	if !ok {
		t.Fatalf("%v is no fault", err)
	}
	return f.Reason
}
