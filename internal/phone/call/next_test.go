package call

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
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
		Call: Record{ID: "C1", Direction: Outbound, Status: Queued, StartedAt: start, UserID: "U1"}, now: start,
		Parties: []Party{
			{Leg: LegRecord{ID: "L1", Role: Customer, Phase: New, DialledAt: start}, limit: 4 * time.Hour},
			{Leg: LegRecord{ID: "A1", Role: Agent, Phase: Answered, DialledAt: start}, User: "U1", Name: "Alex", claimed: true},
		},
	}
}

// at is the time that passes before the next input.
type at time.Duration

func (at) input() {}

func run(t testing.TB, s State, inputs ...Input) State {
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
	placed, agent := dialPlaced{"L1", "CA1"}, DeviceUp{"U1", newPort()}
	up := StreamUp{"L1", newPort()}
	down := StreamDown{"L1", up.Port, true}
	hangUp := End{Verdict{By: ByAgent, Reason: HungUp}}
	rings := asked{leg: "L1", fact: Fact{Leg: "L1", SID: "CA1", Status: "ringing"}}
	doubts, deaf := asked{leg: "L1", fact: Fact{Leg: "L1", SID: "CA1", Status: "in-progress"}}, asked{leg: "L1", err: errors.New("no line")}
	tests := []struct {
		name   string
		inputs []Input
		status Status
		by     By
		reason Reason
	}{
		{"customer hangs up", []Input{agent, placed, up, StreamDown{Leg: "L1", Port: up.Port}, Told{fact("completed", 9)}}, Completed, ByCustomer, HungUp},
		{"agent hangs up", []Input{agent, placed, up, hangUp, Told{fact("completed", 9)}}, Completed, ByAgent, HungUp},
		{"agent cancels", []Input{agent, placed, hangUp, cancelled{leg: "L1"}, Told{fact("canceled", 2)}}, Canceled, ByAgent, Cancelled},
		{"agent cancels at the answer", []Input{placed, hangUp, cancelled{"L1", ErrTooLate}, Told{fact("completed", 3)}}, Completed, ByAgent, Cancelled},
		{"agent cancels before the carrier's id", []Input{hangUp, placed, Told{fact("canceled", 2)}}, Canceled, ByAgent, Cancelled},
		{"busy", []Input{placed, Told{fact("busy", 2)}}, Busy, ByCustomer, BusyLine},
		{"no answer", []Input{placed, Told{fact("no-answer", 2)}}, NoAnswer, ByCustomer, NotAnswered},
		{"failed", []Input{placed, Told{fact("failed", 2)}}, Failed, ByCarrier, NotReachable},
		{"refused", []Input{dialRefused{"L1", &Refusal{Reason: InvalidNumber, Code: "21211"}}}, Failed, ByCarrier, InvalidNumber},
		{"sound broke off", []Input{agent, placed, up, down, Told{fact("completed", 9)}}, Completed, ByCarrier, CarrierLost},
		{"told before the sound ends: hung up", []Input{agent, placed, up, Told{fact("completed", 9)}, StreamDown{Leg: "L1", Port: up.Port}}, Completed, ByCustomer, HungUp},
		{"told before the sound ends: lost", []Input{agent, placed, up, Told{fact("completed", 9)}, Told{fact("completed", 9)}, down}, Completed, ByCarrier, CarrierLost},
		{"told, and the sound goes on", []Input{agent, placed, up, Told{fact("completed", 9)}, legTimedOut{leg: "L1", timer: watch}}, Completed, ByCustomer, HungUp},
		{"no device", []Input{placed, up, timedOut{timer: grace, leg: "A1"}, Told{fact("completed", 9)}}, Completed, ByDesk, NoDevice},
		{"crash", []Input{placed, crashed{}}, Failed, ByDesk, Crashed},
		{"answered, and its sound never came", []Input{agent, placed, Told{fact("in-progress", 2)}, doubts, doubts, doubts, doubts, Told{fact("completed", 9)}}, Completed, ByCarrier, CarrierLost},
		{"rings for ever", []Input{placed, at(ringWait), rings, rings, rings, rings, Told{fact("canceled", 9)}}, Canceled, ByCarrier, NotAnswered},
		{"another leg's end is not ours", []Input{placed, Told{Fact{Leg: "L1", SID: "CA2", Status: "completed"}}, Told{fact("busy", 2)}}, Busy, ByCustomer, BusyLine},
		{"carrier silent after the farewell", []Input{agent, placed, up, hangUp, at(partMost + 1), deaf}, Completed, ByAgent, HungUp},
	}
	for _, test := range tests {
		s := run(t, dialled(), test.inputs...)
		want := Verdict{By: test.by, Reason: test.reason, Detail: s.Call.Verdict.Detail}
		if s.Call.Status != test.status || s.Call.Verdict != want {
			t.Errorf("%s: got %s %+v, want %s %+v", test.name, s.Call.Status, s.Call.Verdict, test.status, want)
		}
	}
}

func TestUnknownOutcomeIsSoughtAndNeverDialledAgain(t *testing.T) {
	s := run(t, dialled(), dialRefused{"L1", &Refusal{Unknown: true}})
	if s.Parties[0].Leg.Phase != Unknown || !s.view().Unknown {
		t.Fatalf("phase %s", s.Parties[0].Leg.Phase)
	}
	known := run(t, s, found{"L1", fact("ringing", 1), true})
	if known.Call.CallSID != "CA1" || known.Parties[0].Leg.Phase != Rings {
		t.Errorf("found: %s %s", known.Call.CallSID, known.Parties[0].Leg.Phase)
	}
	s.now = start.Add(seekLongest)
	lost := run(t, s, found{leg: "L1"})
	if lost.Call.Verdict.Reason != OutcomeUnknown {
		t.Errorf("verdict %+v", lost.Call.Verdict)
	}
}

func TestHears(t *testing.T) {
	agent, up := DeviceUp{"U1", newPort()}, StreamUp{"L1", newPort()}
	each := func(leg LegID, other LegID) Hears { return Hears{Leg: leg, From: []LegID{other}} }
	both := []Hears{each("L1", "A1"), each("A1", "L1")}
	tests := []struct {
		name   string
		inputs []Input
		want   []Hears
		gated  bool
	}{
		{"nobody", nil, nil, false},
		{"ringing", []Input{agent}, []Hears{{Leg: "A1", Tone: Ringback}}, false},
		{"both", []Input{agent, up}, both, false},
		{"muted", []Input{agent, up, Mute{"U1", true}}, both, true},
		{"keys", []Input{agent, up, Press{"U1", "12#"}}, both, true},
		{"keys done", []Input{agent, up, Press{"U1", "1"}, keysDone{}}, both, false},
		{"device lost", []Input{agent, up, DeviceDown(agent)}, []Hears{{Leg: "L1", Tone: Music}}, false},
		{"device not there yet", []Input{up}, []Hears{{Leg: "L1", Tone: Ringback}}, false},
		{"old device lost", []Input{agent, DeviceUp{"U1", newPort()}, up, DeviceDown(agent)}, both, false},
		{"on hold", []Input{agent, up, Hold{"U1", true}}, []Hears{{Leg: "L1", Tone: Music}}, false},
		{"taken up again", []Input{agent, up, Hold{"U1", true}, Hold{"U1", false}, DeviceUp{"U1", newPort()}}, both, false},
		{"ending", []Input{agent, up, End{Verdict{By: ByAgent, Reason: HungUp}}}, nil, false},
	}
	for _, test := range tests {
		s := run(t, dialled(), test.inputs...)
		if diff := cmp.Diff(hears(s), test.want); diff != "" {
			t.Errorf("%s: got- want+\n%s", test.name, diff)
		}
		if got := s.gated(&s.Parties[1]); got != test.gated {
			t.Errorf("%s: gated %t", test.name, got)
		}
	}
}

func anyInput(p *port) []Input {
	return []Input{
		Told{fact("initiated", 0)}, Told{fact("ringing", 1)}, Told{fact("in-progress", 2)}, Told{fact("completed", 3)},
		StreamUp{"L1", p}, StreamDown{Leg: "L1", Port: p}, DeviceUp{"U1", p}, DeviceDown{"U1", p}, Mute{"U1", true}, Mute{"U1", false}, Press{"U1", "5"}, Press{"U1", "x"},
		Heard{"L1", "1"}, Remark{Type: "ai:action"}, Remark{Type: "call:update", Assist: &Assist{State: "listening"}}, Remark{Type: "call:update", Assist: &Assist{State: "off"}},
		timedOut{timer: words}, fenced{}, Hold{"U1", true}, Hold{"U1", false}, Accept{"U2"}, Reject{"U2"},
		Bring{"U1", Blind, Phone{Leg: "L2"}.Party()}, Bring{"U1", Consult, Phone{Leg: "L3"}.Party()},
		Bring{"U1", Consult, Colleague("A2", "U2", "Sam")}, Bring{"U1", Add, Colleague("A3", "U3", "Robin")},
		Steer{"U1", Cancel}, Steer{"U1", Complete}, Steer{"U1", Swap}, Steer{"U1", Merge}, Steer{"U1", Leave}, Steer{"U2", Leave}, Remove{"U1", "L2"},
		dialPlaced{"L2", "CA2"}, StreamUp{"L2", p}, StreamDown{Leg: "L2", Port: p}, Told{Fact{Leg: "L2", SID: "CA2", Status: "completed"}}, DeviceUp{"U2", p}, DeviceDown{"U2", p},
		claimed{user: "U2"}, claimed{"U2", ErrAgentBusy}, candidates{agents: []Candidate{{"U4", "Kim", "A4"}}, ring: time.Second}, candidates{},
		timedOut{timer: ringing}, timedOut{timer: ringing, leg: "A2"}, timedOut{timer: seating, leg: "A2"}, played{"voicemail"}, resumed{leg: "L1"}, End{Verdict{By: ByAgent, Reason: HungUp}}, dialPlaced{"L1", "CA1"},
		dialRefused{"L1", &Refusal{Unknown: true}}, dialRefused{"L1", &Refusal{Reason: InvalidNumber}}, found{"L1", fact("ringing", 1), true}, found{leg: "L1"},
		cancelled{leg: "L1"}, cancelled{"L1", ErrTooLate}, hungUp{leg: "L1"}, asked{leg: "L1", fact: fact("in-progress", -1)}, asked{leg: "L1", err: errors.New("no line")},
		timedOut{timer: grace, leg: "A1"}, legTimedOut{leg: "L1", timer: watch}, legTimedOut{leg: "L1", timer: quest}, keysDone{}, crashed{},
	}
}

// Every phase of the leg by every input: a final state is never left, a refused
// input changes nothing, and an ended call has a verdict.
func TestMatrix(t *testing.T) {
	p := newPort()
	for _, phase := range []Phase{New, Dialling, Unknown, Rings, Answered, Up, Ending, Gone} {
		for _, in := range anyInput(p) {
			s := dialled()
			s.Parties[0].Leg.Phase = phase
			if phase == Gone {
				s = run(t, s, crashed{})
			}
			check(t, s, in)
		}
	}
}

func check(t testing.TB, s State, in Input) State {
	t.Helper()
	got, _, err := next(s, in)
	if err != nil && (got.Call != s.Call || got.Parties[0].Leg.Phase != s.Parties[0].Leg.Phase) {
		t.Errorf("%s, %T: refused with %v and changed", s.Parties[0].Leg.Phase, in, err)
	}
	if s.Call.Status.Final() && (got.Call.Status != s.Call.Status || got.Call.Verdict != s.Call.Verdict) {
		t.Errorf("%T: left %s %+v for %s %+v", in, s.Call.Status, s.Call.Verdict, got.Call.Status, got.Call.Verdict)
	}
	if order[got.Parties[0].Leg.Phase] < order[Dialling] && order[s.Parties[0].Leg.Phase] > order[got.Parties[0].Leg.Phase] && got.Parties[0].Leg.Phase != Unknown {
		t.Errorf("%T: leg went back from %s to %s", in, s.Parties[0].Leg.Phase, got.Parties[0].Leg.Phase)
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
		if s.Parties[0].Leg.Phase == Gone && !s.Call.Status.Final() {
			r.Fatalf("leg gone, call %s", s.Call.Status)
		}
	})
}

func TestCrashHangsTheLegUpAndAFenceDoesNot(t *testing.T) {
	s := run(t, dialled(), dialPlaced{"L1", "CA1"})
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
	parting := run(t, dialled(), dialPlaced{"L1", "CA1"}, Told{fact("ringing", 1)}, End{Verdict{By: ByAgent, Reason: HungUp}})
	for name, in := range map[string]Input{
		"callback": Told{fact("in-progress", 2)}, "document": Told{Fact{Leg: "L1", SID: "CA1", Status: "in-progress", Seq: -1}},
		"asking": asked{leg: "L1", fact: fact("in-progress", -1)}, "too late": cancelled{"L1", ErrTooLate},
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
	agent, up := DeviceUp{"U1", newPort()}, StreamUp{"L1", newPort()}
	for name, inputs := range map[string][]Input{
		"dialled": {dialPlaced{"L1", "CA1"}}, "rings": {dialPlaced{"L1", "CA1"}, Told{fact("ringing", 1)}},
		"rings before the answer to dial": {Told{fact("ringing", 1)}},
		"unknown":                         {dialRefused{"L1", &Refusal{Unknown: true}}}, "found": {dialRefused{"L1", &Refusal{Unknown: true}}, found{"L1", fact("ringing", 1), true}},
		"not found": {dialRefused{"L1", &Refusal{Unknown: true}}, found{leg: "L1"}}, "answered": {dialPlaced{"L1", "CA1"}, Told{fact("in-progress", 2)}},
		"told, sound goes on": {agent, dialPlaced{"L1", "CA1"}, up, Told{fact("completed", 9)}},
		"talking":             {agent, dialPlaced{"L1", "CA1"}, up}, "sound lost": {agent, dialPlaced{"L1", "CA1"}, up, StreamDown{"L1", up.Port, true}},
		"parting": {dialPlaced{"L1", "CA1"}, End{Verdict{By: ByAgent, Reason: HungUp}}}, "cancelled": {dialPlaced{"L1", "CA1"}, End{Verdict{By: ByAgent, Reason: HungUp}}, cancelled{leg: "L1"}},
		"hung up": {agent, dialPlaced{"L1", "CA1"}, up, End{Verdict{By: ByAgent, Reason: HungUp}}, hungUp{"L1", errors.New("no line")}},
		"asked":   {dialPlaced{"L1", "CA1"}, asked{leg: "L1", fact: fact("ringing", -1)}}, "deaf": {dialPlaced{"L1", "CA1"}, asked{leg: "L1", err: errors.New("no line")}},
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

// Who was asked into a call goes again without ending it for anybody.
func TestWhoWasAskedMayLeave(t *testing.T) {
	customer, agent, sam := Caller("L1", "+12015550123", "", time.Hour), Colleague("A1", "U1", "Alex"), Colleague("A2", "U2", "Sam")
	customer.Leg.Phase, agent.Leg.Phase, sam.Leg.Phase = Up, Up, Up
	agent.Room, sam.Room = Aside, Aside
	s := State{
		Call: Record{ID: "C1", Status: InProgress, UserID: "U1"}, Parties: []Party{customer, agent, sam},
		Move: &Move{By: "A1", Target: "A2", Mode: Consult},
	}
	got, _, err := next(s, Steer{By: "U2", Do: Leave})
	if err != nil || got.Move != nil || got.Parties[2].Leg.Phase != Gone || got.Parties[1].Room != Main || got.Call.Status.Final() {
		t.Errorf("%v: %+v", err, got)
	}
}
