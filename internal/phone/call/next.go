package call

import (
	"time"

	"softphone/internal/phone/media"
)

// Times of the rules.
const (
	graceRinging = 30 * time.Second // for a device while nobody answered
	graceTalking = 60 * time.Second // for a lost device: a page reload takes seconds
	askAgain     = 3 * time.Second  // between two doubts
	askMost      = 4                // doubts before we decide ourselves
	seekEvery    = 2 * time.Second
	seekLongest  = 30 * time.Second
	ringWait     = 75 * time.Second // 45 s of ringing and the carrier's own margin
	keysMost     = 32               // digits at a time: 6 s of tones
)

// next is the rules: what an input makes of a state, and what is to be done.
func next(s State, in Input) (State, []Effect, error) {
	switch in := in.(type) {
	case Told:
		return s.told(in.Fact)
	case StreamUp:
		return s.streamUp(in)
	case StreamDown:
		return s.streamDown(in)
	case DeviceUp:
		return s.deviceUp(in)
	case DeviceDown:
		return s.deviceDown(in)
	case End:
		return s.end(in.Verdict)
	case Mute:
		return s.mute(in.On)
	case Press:
		return s.press(in.Digits)
	case Heard:
		return s.heard(in.Digit)
	case Remark:
		return s.remark(in)
	}
	return s.result(in)
}

// result takes what came of an effect.
func (s State) result(in Input) (State, []Effect, error) {
	if s.Call.Status.Final() {
		return s.afterwards(in)
	}
	switch in := in.(type) {
	case dialPlaced:
		return s.placed(in.sid)
	case dialRefused:
		return s.refused(in.refusal)
	case found:
		return s.found(in)
	case cancelled:
		return s.cancelled(in.err)
	case hungUp:
		return s, []Effect{setTimer{watch, askAgain}}, nil
	case asked:
		return s.asked(in)
	case timedOut:
		return s.timedOut(in.timer)
	case keysDone:
		return s.pressed()
	case crashed:
		return s.crash()
	case fenced: // the newer owner has the leg: it is not ours to hang up
		return s.close(Failed, Verdict{By: ByDesk, Reason: Crashed}, s.now)
	}
	return s, nil, nil
}

func (s State) streamUp(in StreamUp) (State, []Effect, error) {
	if s.Call.Status.Final() {
		return s, nil, ErrOver
	}
	if in.Leg != s.Customer.ID || s.ending() {
		return s, nil, ErrNotNow
	}
	s.customer, s.lost, s.asks, s.silent = in.Port, false, 0, time.Time{}
	s.answer(s.now)
	s.Customer.Phase = Up
	s.talk()
	effects := []Effect{setTimer{watch, talkEvery}, tell{kind: "call:update"}}
	if s.agent == nil {
		effects = append(effects, setTimer{grace, graceRinging})
	}
	return s, effects, nil
}

// talk notes the moment in which both sides hear each other first.
func (s *State) talk() {
	if s.customer != nil && s.agent != nil && s.Call.AnsweredAt.IsZero() {
		s.Call.AnsweredAt = s.now
		s.Call.Status = InProgress
	}
}

func (s *State) answer(at time.Time) {
	s.answered = true
	if s.Customer.AnsweredAt.IsZero() {
		s.Customer.AnsweredAt = at
	}
}

// streamDown without our doing is a hang-up until the carrier says otherwise.
func (s State) streamDown(in StreamDown) (State, []Effect, error) {
	if s.Call.Status.Final() {
		return s, nil, ErrOver
	}
	if !same(s.customer, in.Port) {
		return s, nil, nil
	}
	s.customer, s.lost, s.silent = nil, in.Lost, s.now
	switch {
	case s.ending():
		return s, nil, nil
	case s.last.Status != "":
		return s.told(s.last)
	}
	s.Customer.Phase = Answered
	return s, []Effect{setTimer{watch, time.Second}, tell{kind: "call:update"}}, nil
}

func (s State) deviceUp(in DeviceUp) (State, []Effect, error) {
	if s.Call.Status.Final() {
		return s, nil, ErrOver
	}
	if same(s.agent, in.Port) {
		return s, nil, nil
	}
	s.agent = in.Port
	s.talk()
	return s, []Effect{stopTimer{grace}, tell{kind: "call:update"}}, nil
}

func (s State) deviceDown(in DeviceDown) (State, []Effect, error) {
	if s.Call.Status.Final() {
		return s, nil, ErrOver
	}
	if !same(s.agent, in.Port) {
		return s, nil, nil
	}
	s.agent = nil
	wait := graceTalking
	if !s.answered {
		wait = graceRinging
	}
	return s, []Effect{setTimer{grace, wait}, tell{kind: "call:update"}}, nil
}

func same(a, b media.Port) bool { return a != nil && a == b }

func (s State) mute(on bool) (State, []Effect, error) {
	if s.Call.Status.Final() {
		return s, nil, ErrOver
	}
	if s.Muted == on {
		return s, nil, nil
	}
	s.Muted = on
	return s, []Effect{tell{kind: "call:update"}}, nil
}

func (s State) press(digits string) (State, []Effect, error) {
	switch {
	case s.Call.Status.Final():
		return s, nil, ErrOver
	case s.customer == nil || s.ending():
		return s, nil, ErrNotNow
	}
	if _, ok := media.Keys(digits); !ok || digits == "" || len(digits) > keysMost {
		return s, nil, ErrBadKeys
	}
	told := tell{"call:dtmf", keysBody(digits, "agent")}
	if s.keys { // a keypad is faster than its tones
		if len(s.waiting)+len(digits) > keysMost {
			return s, nil, ErrNotNow
		}
		s.waiting += digits
		return s, []Effect{told}, nil
	}
	s.keys = true
	return s, []Effect{playKeys{digits}, told}, nil
}

// pressed goes on with the keys that were pressed meanwhile.
func (s State) pressed() (State, []Effect, error) {
	if s.waiting == "" || s.customer == nil {
		s.keys, s.waiting = false, ""
		return s, nil, nil
	}
	next := playKeys{s.waiting}
	s.waiting = ""
	return s, []Effect{next}, nil
}

func (s State) heard(digit string) (State, []Effect, error) {
	if s.Call.Status.Final() {
		return s, nil, ErrOver
	}
	return s, []Effect{tell{"call:dtmf", keysBody(digit, "caller")}}, nil
}

// crash ends the call and does not leave its leg talking to nobody.
func (s State) crash() (State, []Effect, error) {
	closed, effects, err := s.close(Failed, Verdict{By: ByDesk, Reason: Crashed}, s.now)
	if s.Call.CallSID != "" {
		effects = append(effects, hangLeg{s.Call.CallSID})
	}
	return closed, effects, err
}
