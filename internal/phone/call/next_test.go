package call

import (
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"

	"softphone/internal/phone/media"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// port is a silent leg.
type port struct{ done chan struct{} }

func newPort() *port                  { return &port{make(chan struct{})} }
func (*port) WriteFrame(media.Frame)  {}
func (*port) Connect(media.Writer)    {}
func (p *port) Done() <-chan struct{} { return p.done }

func dialled() State {
	return State{
		Call:     Record{ID: "C1", Status: Queued, StartedAt: start},
		Customer: LegRecord{ID: "L1", Role: Customer, Phase: New, DialledAt: start},
		Limit:    4 * time.Hour, now: start,
	}
}

// at is the time that passes before the next input.
type at time.Duration

func (at) input() {}

func after(t testing.TB, s State, inputs ...Input) State {
	t.Helper()
	for _, in := range inputs {
		if d, ok := in.(at); ok {
			s.now = s.now.Add(time.Duration(d))
			continue
		}
		var err error
		if s, _, err = next(s, in); err != nil {
			t.Fatalf("%T: %v", in, err)
		}
	}
	return s
}

func fact(status string, seq int) Fact {
	return Fact{Leg: "L1", SID: "CA1", Status: status, Seq: seq, At: start.Add(time.Duration(seq) * time.Second)}
}

func TestEndings(t *testing.T) {
	placed, agent := dialPlaced{"CA1"}, DeviceUp{newPort()}
	up := StreamUp{"L1", newPort()}
	down := StreamDown{up.Port, true}
	hangUp := End{Verdict{By: ByAgent, Reason: HungUp}}
	rings := asked{fact: Fact{SID: "CA1", Status: "ringing"}}
	doubts, deaf := asked{fact: Fact{SID: "CA1", Status: "in-progress"}}, asked{err: errors.New("no line")}
	tests := []struct {
		name   string
		inputs []Input
		status Status
		by     By
		reason Reason
	}{
		{"customer hangs up", []Input{agent, placed, up, StreamDown{Port: up.Port}, Told{fact("completed", 9)}}, Completed, ByCustomer, HungUp},
		{"agent hangs up", []Input{agent, placed, up, hangUp, Told{fact("completed", 9)}}, Completed, ByAgent, HungUp},
		{"agent cancels", []Input{agent, placed, hangUp, cancelled{}, Told{fact("canceled", 2)}}, Canceled, ByAgent, Cancelled},
		{"agent cancels at the answer", []Input{placed, hangUp, cancelled{ErrTooLate}, Told{fact("completed", 3)}}, Completed, ByAgent, Cancelled},
		{"agent cancels before the carrier's id", []Input{hangUp, placed, Told{fact("canceled", 2)}}, Canceled, ByAgent, Cancelled},
		{"busy", []Input{placed, Told{fact("busy", 2)}}, Busy, ByCustomer, BusyLine},
		{"no answer", []Input{placed, Told{fact("no-answer", 2)}}, NoAnswer, ByCustomer, NotAnswered},
		{"failed", []Input{placed, Told{fact("failed", 2)}}, Failed, ByCarrier, NotReachable},
		{"refused", []Input{dialRefused{&Refusal{Reason: InvalidNumber, Code: "21211"}}}, Failed, ByCarrier, InvalidNumber},
		{"sound broke off", []Input{agent, placed, up, down, Told{fact("completed", 9)}}, Completed, ByCarrier, CarrierLost},
		{"told before the sound ends: hung up", []Input{agent, placed, up, Told{fact("completed", 9)}, StreamDown{Port: up.Port}}, Completed, ByCustomer, HungUp},
		{"told before the sound ends: lost", []Input{agent, placed, up, Told{fact("completed", 9)}, Told{fact("completed", 9)}, down}, Completed, ByCarrier, CarrierLost},
		{"told, and the sound goes on", []Input{agent, placed, up, Told{fact("completed", 9)}, timedOut{timer: watch}}, Completed, ByCustomer, HungUp},
		{"no device", []Input{placed, up, timedOut{timer: grace}, Told{fact("completed", 9)}}, Completed, ByDesk, NoDevice},
		{"crash", []Input{placed, crashed{}}, Failed, ByDesk, Crashed},
		{"answered, and its sound never came", []Input{agent, placed, Told{fact("in-progress", 2)}, doubts, doubts, doubts, doubts, Told{fact("completed", 9)}}, Completed, ByCarrier, CarrierLost},
		{"rings for ever", []Input{placed, at(ringWait), rings, rings, rings, rings, Told{fact("canceled", 9)}}, Canceled, ByCarrier, NotAnswered},
		{"another leg's end is not ours", []Input{placed, Told{Fact{Leg: "L1", SID: "CA2", Status: "completed"}}, Told{fact("busy", 2)}}, Busy, ByCustomer, BusyLine},
		{"carrier silent after the farewell", []Input{agent, placed, up, hangUp, at(partMost + 1), deaf}, Completed, ByAgent, HungUp},
	}
	for _, test := range tests {
		s := after(t, dialled(), test.inputs...)
		want := Verdict{By: test.by, Reason: test.reason, Detail: s.Call.Verdict.Detail}
		if s.Call.Status != test.status || s.Call.Verdict != want {
			t.Errorf("%s: got %s %+v, want %s %+v", test.name, s.Call.Status, s.Call.Verdict, test.status, want)
		}
	}
}

func TestUnknownOutcomeIsSoughtAndNeverDialledAgain(t *testing.T) {
	s := after(t, dialled(), dialRefused{&Refusal{Unknown: true}})
	if s.Customer.Phase != Unknown || !s.view().Unknown {
		t.Fatalf("phase %s", s.Customer.Phase)
	}
	known := after(t, s, found{fact("ringing", 1), true})
	if known.Call.CallSID != "CA1" || known.Customer.Phase != Rings {
		t.Errorf("found: %s %s", known.Call.CallSID, known.Customer.Phase)
	}
	s.now = start.Add(seekLongest)
	lost := after(t, s, found{})
	if lost.Call.Verdict.Reason != OutcomeUnknown {
		t.Errorf("verdict %+v", lost.Call.Verdict)
	}
}

func TestHears(t *testing.T) {
	agent, up := DeviceUp{newPort()}, StreamUp{"L1", newPort()}
	tests := []struct {
		name   string
		inputs []Input
		want   Hearing
	}{
		{"nobody", nil, Hearing{}},
		{"ringing", []Input{agent}, Hearing{Ringback: true}},
		{"both", []Input{agent, up}, Hearing{Bridged: true}},
		{"muted", []Input{agent, up, Mute{true}}, Hearing{Bridged: true, Gated: true}},
		{"keys", []Input{agent, up, Press{"12#"}}, Hearing{Bridged: true, Gated: true}},
		{"keys done", []Input{agent, up, Press{"1"}, keysDone{}}, Hearing{Bridged: true}},
		{"device lost", []Input{agent, up, DeviceDown(agent)}, Hearing{CustomerHolds: true}},
		{"old device lost", []Input{agent, DeviceUp{newPort()}, up, DeviceDown(agent)}, Hearing{Bridged: true}},
		{"ending", []Input{agent, up, End{Verdict{By: ByAgent, Reason: HungUp}}}, Hearing{}},
	}
	for _, test := range tests {
		if got := hears(after(t, dialled(), test.inputs...)); got != test.want {
			t.Errorf("%s: got %+v, want %+v", test.name, got, test.want)
		}
	}
}

func anyInput(p *port) []Input {
	return []Input{
		Told{fact("initiated", 0)}, Told{fact("ringing", 1)}, Told{fact("in-progress", 2)}, Told{fact("completed", 3)},
		StreamUp{"L1", p}, StreamDown{Port: p}, DeviceUp{p}, DeviceDown{p}, Mute{true}, Mute{false}, Press{"5"}, Press{"x"},
		Heard{"1"}, Remark{Type: "ai:action"}, Remark{Type: "call:update", Assist: &Assist{State: "listening"}}, Remark{Type: "call:update", Assist: &Assist{State: "off"}},
		timedOut{timer: words}, fenced{}, End{Verdict{By: ByAgent, Reason: HungUp}}, dialPlaced{"CA1"},
		dialRefused{&Refusal{Unknown: true}}, dialRefused{&Refusal{Reason: InvalidNumber}}, found{fact("ringing", 1), true}, found{},
		cancelled{}, cancelled{ErrTooLate}, hungUp{}, asked{fact: fact("in-progress", -1)}, asked{err: errors.New("no line")},
		timedOut{timer: grace}, timedOut{timer: watch}, timedOut{timer: quest}, keysDone{}, crashed{},
	}
}

// Every phase of the leg by every input: a final state is never left, a refused
// input changes nothing, and an ended call has a verdict.
func TestMatrix(t *testing.T) {
	p := newPort()
	for _, phase := range []Phase{New, Dialling, Unknown, Rings, Answered, Up, Ending, Gone} {
		for _, in := range anyInput(p) {
			s := dialled()
			s.Customer.Phase = phase
			if phase == Gone {
				s = after(t, s, crashed{})
			}
			check(t, s, in)
		}
	}
}

func check(t testing.TB, s State, in Input) State {
	t.Helper()
	got, _, err := next(s, in)
	if err != nil && (got.Call != s.Call || got.Customer.Phase != s.Customer.Phase) {
		t.Errorf("%s, %T: refused with %v and changed", s.Customer.Phase, in, err)
	}
	if s.Call.Status.Final() && (got.Call.Status != s.Call.Status || got.Call.Verdict != s.Call.Verdict) {
		t.Errorf("%T: left %s %+v for %s %+v", in, s.Call.Status, s.Call.Verdict, got.Call.Status, got.Call.Verdict)
	}
	if order[got.Customer.Phase] < order[Dialling] && order[s.Customer.Phase] > order[got.Customer.Phase] && got.Customer.Phase != Unknown {
		t.Errorf("%T: leg went back from %s to %s", in, s.Customer.Phase, got.Customer.Phase)
	}
	if got.Call.Status.Final() != (got.Call.Verdict.By != "") {
		t.Errorf("%T: status %s with verdict %+v", in, got.Call.Status, got.Call.Verdict)
	}
	return got
}

func TestModel(t *testing.T) {
	p := newPort()
	rapid.Check(t, func(r *rapid.T) {
		s, all := dialled(), anyInput(p)
		for range rapid.IntRange(1, 40).Draw(r, "length") {
			s.now = s.now.Add(time.Second)
			s = check(t, s, all[rapid.IntRange(0, len(all)-1).Draw(r, "input")])
		}
		if s.Customer.Phase == Gone && !s.Call.Status.Final() {
			r.Fatalf("leg gone, call %s", s.Call.Status)
		}
	})
}

func TestCrashHangsTheLegUpAndAFenceDoesNot(t *testing.T) {
	s := after(t, dialled(), dialPlaced{"CA1"})
	if _, effects, _ := next(s, crashed{}); !has[hangLeg](effects) {
		t.Errorf("a crashed call leaves its leg: %v", effects)
	}
	if _, effects, _ := next(s, fenced{}); has[hangLeg](effects) {
		t.Errorf("a fenced call hangs up its new owner's leg: %v", effects)
	}
}

// A leg that is answered while it is being cancelled must not live on, whoever
// tells of the answer.
func TestAnsweredWhileCancelledIsHungUp(t *testing.T) {
	parting := after(t, dialled(), dialPlaced{"CA1"}, Told{fact("ringing", 1)}, End{Verdict{By: ByAgent, Reason: HungUp}})
	for name, in := range map[string]Input{
		"callback": Told{fact("in-progress", 2)}, "document": Told{Fact{Leg: "L1", SID: "CA1", Status: "in-progress", Seq: -1}},
		"asking": asked{fact: fact("in-progress", -1)}, "too late": cancelled{ErrTooLate},
	} {
		if _, effects, err := next(parting, in); err != nil || !has[hangLeg](effects) {
			t.Errorf("%s: %v, %v", name, effects, err)
		}
	}
	if _, _, err := next(parting, StreamUp{"L1", newPort()}); !errors.Is(err, ErrNotNow) {
		t.Errorf("its sound: %v", err)
	}
}

// Whatever is lost, somebody asks again: a live call always has a timer or a
// request under way.
func TestEveryLiveCallIsWatched(t *testing.T) {
	agent, up := DeviceUp{newPort()}, StreamUp{"L1", newPort()}
	for name, inputs := range map[string][]Input{
		"dialled": {dialPlaced{"CA1"}}, "rings": {dialPlaced{"CA1"}, Told{fact("ringing", 1)}},
		"rings before the answer to dial": {Told{fact("ringing", 1)}},
		"unknown":                         {dialRefused{&Refusal{Unknown: true}}}, "found": {dialRefused{&Refusal{Unknown: true}}, found{fact("ringing", 1), true}},
		"not found": {dialRefused{&Refusal{Unknown: true}}, found{}}, "answered": {dialPlaced{"CA1"}, Told{fact("in-progress", 2)}},
		"told, sound goes on": {agent, dialPlaced{"CA1"}, up, Told{fact("completed", 9)}},
		"talking":             {agent, dialPlaced{"CA1"}, up}, "sound lost": {agent, dialPlaced{"CA1"}, up, StreamDown{up.Port, true}},
		"parting": {dialPlaced{"CA1"}, End{Verdict{By: ByAgent, Reason: HungUp}}}, "cancelled": {dialPlaced{"CA1"}, End{Verdict{By: ByAgent, Reason: HungUp}}, cancelled{}},
		"hung up": {agent, dialPlaced{"CA1"}, up, End{Verdict{By: ByAgent, Reason: HungUp}}, hungUp{errors.New("no line")}},
		"asked":   {dialPlaced{"CA1"}, asked{fact: fact("ringing", -1)}}, "deaf": {dialPlaced{"CA1"}, asked{err: errors.New("no line")}},
	} {
		s := dialled()
		for i, in := range inputs {
			var effects []Effect
			var err error
			if s, effects, err = next(s, in); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if i == len(inputs)-1 && !watched(effects) {
				t.Errorf("%s: nobody looks after it: %v", name, effects)
			}
		}
	}
}

func watched(effects []Effect) bool {
	for _, e := range effects {
		switch e := e.(type) {
		case cancelLeg, hangLeg, askLeg, findLeg:
			return true
		case setTimer:
			if e.timer != grace {
				return true
			}
		}
	}
	return false
}
