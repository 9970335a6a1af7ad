package call

import "time"

// told folds a fact in. What is decided stays decided; a fact that comes late
// still fills in what it knows of the past.
func (s State) told(f Fact) (State, []Effect, error) {
	before := s.Call.Status.Final()
	effects := s.fold(f)
	if f.ID != "" {
		effects = append(effects, folded{f.ID})
	}
	if before || !Status(f.Status).Final() {
		return s, effects, nil
	}
	status, verdict := s.judge(f)
	closed, more, err := s.close(status, verdict, when(f.At, s.now))
	return closed, append(effects, more...), err
}

func when(at, now time.Time) time.Time {
	if at.IsZero() {
		return now
	}
	return at
}

// fold takes what a fact says of the leg's progress.
func (s *State) fold(f Fact) []Effect {
	fresh := s.Call.CallSID == "" && f.SID != ""
	if fresh {
		s.Call.CallSID, s.Customer.CarrierSID = f.SID, f.SID
	}
	switch f.Status {
	case "initiated", "queued":
		s.advance(Dialling)
	case "ringing":
		s.advance(Rings)
		if !s.Call.Status.Final() && s.Call.Status == Queued {
			s.Call.Status = Ringing
		}
	case "in-progress":
		s.Customer.AnsweredAt = when(f.At, s.now)
		s.advance(Answered)
	default:
		return nil
	}
	if s.Call.Status.Final() {
		return []Effect{save{}}
	}
	effects := []Effect{tell{kind: "call:update"}}
	if f.Status == "in-progress" && !s.answered {
		s.answered = true
		effects = append(effects, setTimer{watch, answerWait})
	}
	if fresh && s.ending() {
		effects = append(effects, s.part())
	}
	return effects
}

// advance moves the leg forward, never back.
func (s *State) advance(to Phase) {
	if order[to] > order[s.Customer.Phase] {
		s.Customer.Phase = to
	}
}

var order = map[Phase]int{New: 0, Unknown: 1, Dialling: 2, Rings: 3, Answered: 4, Up: 5, Held: 5, Ending: 6, Gone: 7}

// judge decides how the call ended from the carrier's last word.
func (s State) judge(f Fact) (Status, Verdict) {
	status := Status(f.Status)
	switch {
	case s.ending():
		return status, s.wish
	case status == Busy:
		return status, Verdict{ByCustomer, BusyLine, f.Cause}
	case status == NoAnswer:
		return status, Verdict{ByCustomer, NotAnswered, f.Cause}
	case status == Canceled:
		return status, Verdict{ByCarrier, Cancelled, f.Cause}
	case status == Failed:
		return status, Verdict{ByCarrier, NotReachable, f.Cause}
	case s.lost:
		return status, Verdict{ByCarrier, CarrierLost, f.Cause}
	case s.Limit > 0 && f.Talk >= s.Limit:
		return status, Verdict{ByDesk, TimeLimit, f.Cause}
	}
	return status, Verdict{ByCustomer, HungUp, f.Cause}
}

// close ends the call for good.
func (s State) close(status Status, v Verdict, at time.Time) (State, []Effect, error) {
	if s.Call.Status.Final() {
		return s, nil, ErrOver
	}
	s.Call.Status, s.Call.Verdict, s.Call.EndedAt = status, v, at
	s.Customer.Phase, s.Customer.EndedAt, s.Customer.Cause = Gone, at, v.Detail
	if s.Call.AnsweredAt.IsZero() {
		s.Call.Talk = 0
	} else {
		s.Call.Talk = max(at.Sub(s.Call.AnsweredAt), 0)
	}
	s.customer, s.agent, s.keys, s.waiting = nil, nil, false, ""
	effects := []Effect{tell{kind: "call:ended"}, writeOut{}}
	if s.awaited() {
		effects = append(effects, setTimer{words, lastWords})
	}
	return s, effects, nil
}

// end starts the farewell; the carrier's last word completes it.
func (s State) end(v Verdict) (State, []Effect, error) {
	if s.Call.Status.Final() {
		return s, nil, ErrOver
	}
	if s.ending() {
		return s, nil, nil
	}
	s.wish = v
	if v.Reason == HungUp && !s.answered {
		s.wish.Reason = Cancelled
	}
	if s.Call.CallSID == "" { // the order to dial is on its way: cancelled when it returns
		return s, []Effect{tell{kind: "call:update"}}, nil
	}
	part := s.part()
	return s, []Effect{part, tell{kind: "call:update"}}, nil
}

// part ends the leg at the carrier as gently as its state allows.
func (s *State) part() Effect {
	s.Customer.Phase = Ending
	if s.answered {
		return hangLeg{s.Call.CallSID}
	}
	return cancelLeg{s.Call.CallSID}
}

func (s State) cancelled(err error) (State, []Effect, error) {
	if err != nil { // answered at this very moment, or the carrier did not listen
		return s, []Effect{hangLeg{s.Call.CallSID}}, nil
	}
	return s, []Effect{setTimer{watch, askAgain}}, nil
}

func (s State) timedOut(t timer) (State, []Effect, error) {
	switch t {
	case grace:
		if s.agent != nil {
			return s, nil, nil
		}
		return s.end(Verdict{By: ByDesk, Reason: NoDevice})
	case quest:
		return s, []Effect{findLeg{}}, nil
	}
	if s.Call.CallSID == "" {
		return s, nil, nil
	}
	return s, []Effect{askLeg{s.Call.CallSID}}, nil
}

// asked takes the carrier's answer to a doubt. A leg that the carrier thinks is
// alive although its sound is gone is ended by us after a few of them.
func (s State) asked(in asked) (State, []Effect, error) {
	if in.err == nil && Status(in.fact.Status).Final() {
		return s.told(in.fact)
	}
	if s.customer != nil && !s.ending() {
		return s, []Effect{setTimer{watch, ringWait}}, nil
	}
	s.asks++
	switch {
	case s.asks < askMost:
		return s, []Effect{setTimer{watch, askAgain}}, nil
	case s.asks > 3*askMost:
		return s.close(s.guess(), s.verdict(), s.now)
	}
	if !s.ending() {
		s.wish = Verdict{By: ByCarrier, Reason: CarrierLost}
	}
	s.Customer.Phase = Ending
	return s, []Effect{hangLeg{s.Call.CallSID}}, nil
}

func (s State) guess() Status {
	if s.answered {
		return Completed
	}
	return Failed
}

func (s State) verdict() Verdict {
	if s.ending() {
		return s.wish
	}
	return Verdict{By: ByCarrier, Reason: CarrierLost}
}
