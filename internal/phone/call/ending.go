package call

import "time"

// told folds a fact in. What is decided stays decided; a fact that comes late
// still fills in what it knows of the past.
func (s State) told(f Fact) (State, []Effect, error) {
	if s.Call.CallSID != "" && f.SID != "" && f.SID != s.Call.CallSID {
		return s, folding(f), nil // of another leg, whatever its address says
	}
	before := s.Call.Status.Final()
	effects := s.fold(f)
	effects = append(effects, folding(f)...)
	if before || !Status(f.Status).Final() {
		return s, effects, nil
	}
	if s.customer != nil && !s.ending() {
		return s.hearOut(f, effects)
	}
	status, verdict := s.judge(f)
	closed, more, err := s.close(status, verdict, when(f.At, s.now))
	return closed, append(effects, more...), err
}

// hearOut waits a moment for the sound of a leg that has ended: only how it ends
// tells a customer who hung up from a socket that was lost.
func (s State) hearOut(f Fact, effects []Effect) (State, []Effect, error) {
	if s.last.Status == "" {
		s.last, s.last.ID = f, ""
		effects = append(effects, setTimer{watch, hearWait})
	}
	return s, effects, nil
}

// folding marks what came through the inbox.
func folding(f Fact) []Effect {
	if f.ID == "" {
		return nil
	}
	return []Effect{folded{f.ID}}
}

func when(at, now time.Time) time.Time {
	if at.IsZero() {
		return now
	}
	return at
}

// fold takes what a fact says of the leg's progress.
func (s *State) fold(f Fact) []Effect {
	before, known := *s, s.answered
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
		if s.Customer.AnsweredAt.IsZero() || !f.At.IsZero() { // the carrier's clock knows better than ours
			s.Customer.AnsweredAt = when(f.At, s.now)
		}
		s.advance(Answered)
	default:
		return nil
	}
	changed := before.Call != s.Call || before.Customer != s.Customer
	if s.Call.Status.Final() {
		if changed {
			return []Effect{save{}}
		}
		return nil
	}
	s.answered = known || f.Status == "in-progress"
	effects := s.react(fresh, s.answered && !known)
	if changed {
		effects = append(effects, tell{kind: "call:update"})
	}
	return effects
}

// react is what a word of the carrier calls for: the leg that was answered while
// it was being cancelled is hung up, the one a former owner left is asked for,
// the others are watched.
func (s *State) react(fresh, answered bool) []Effect {
	switch {
	case s.ending() && (fresh || answered):
		return []Effect{s.part()}
	case s.ending():
		return nil
	case s.taken && fresh:
		return []Effect{askLeg{s.Call.CallSID}}
	case answered:
		return []Effect{setTimer{watch, answerWait}}
	case !s.answered && s.Call.CallSID != "":
		return []Effect{setTimer{watch, lookEvery}}
	}
	return nil
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
	case s.taken: // answered, and nobody of ours was there
		return status, Verdict{ByDesk, Crashed, f.Cause}
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
	at = s.ended(at)
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

// ended is when the customer's leg ended: when its sound did, for the carrier
// tells whole seconds of a clock that is not ours. It is never before the start.
func (s State) ended(at time.Time) time.Time {
	if !s.silent.IsZero() {
		at = s.silent
	}
	for _, least := range []time.Time{s.Call.StartedAt, s.Call.AnsweredAt} {
		if at.Before(least) {
			at = least
		}
	}
	return at
}

// end starts the farewell; the carrier's last word completes it.
func (s State) end(v Verdict) (State, []Effect, error) {
	if s.Call.Status.Final() {
		return s, nil, ErrOver
	}
	if s.ending() {
		return s, nil, nil
	}
	s.wish, s.parting, s.asks = v, s.now, 0
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
