package call

import "time"

// Times of the doubts. One query a call in 30 s is what an account can bear
// with hundreds of calls.
const (
	firstWord  = 10 * time.Second // from the order to the carrier's first callback
	lookEvery  = 30 * time.Second // while it rings: callbacks may be lost
	talkEvery  = 5 * time.Minute  // while its sound flows, which says more
	partMost   = time.Minute      // from our farewell to the carrier's last word
	seekHeir   = 10 * time.Second // for a leg that a former owner may have dialled
	hearWait   = time.Second      // from the carrier's last word to the end of the sound
	answerWait = 10 * time.Second // from answer to sound: document and socket
)

func (s State) timedOut(t timer) (State, []Effect, error) {
	switch t {
	case grace:
		if s.agent != nil || !s.silent.IsZero() { // a sound that has ended is the doubts' matter
			return s, nil, nil
		}
		return s.end(Verdict{By: ByDesk, Reason: NoDevice})
	case quest:
		return s, []Effect{findLeg{}}, nil
	}
	switch {
	case s.last.Status != "":
		s.customer = nil
		return s.told(s.last)
	case s.Call.CallSID == "":
		return s, nil, nil
	}
	return s, []Effect{askLeg{s.Call.CallSID}}, nil
}

// asked takes the carrier's answer to a doubt.
func (s State) asked(in asked) (State, []Effect, error) {
	status := Status(in.fact.Status)
	s.deaf = in.err != nil
	switch {
	case !s.deaf && status.Final():
		return s.told(in.fact)
	case s.ending():
		return s.insist(status == InProgress)
	case s.taken && !s.deaf:
		return s.abandon(in.fact)
	case s.customer != nil:
		return s, []Effect{setTimer{watch, talkEvery}}, nil
	case !s.deaf && status == InProgress && !s.answered:
		return s.told(in.fact)
	case !s.answered && !s.taken && s.now.Sub(s.Customer.DialledAt) < ringWait:
		return s.rings(in)
	}
	return s.doubt()
}

// rings goes on waiting for an answer: the carrier is not the one to blame when
// it cannot be asked.
func (s State) rings(in asked) (State, []Effect, error) {
	if s.deaf {
		return s, []Effect{setTimer{watch, firstWord}}, nil
	}
	effects := s.fold(in.fact)
	return s, append(effects, setTimer{watch, lookEvery}), nil
}

// doubt is of a leg that the carrier thinks is alive although we do not hear
// it. After a few we end it ourselves.
func (s State) doubt() (State, []Effect, error) {
	s.asks++
	if s.asks < askMost {
		return s, []Effect{setTimer{watch, askAgain}}, nil
	}
	switch {
	case s.taken:
		return s.end(Verdict{By: ByDesk, Reason: Crashed})
	case !s.answered:
		return s.end(Verdict{By: ByCarrier, Reason: NotAnswered})
	}
	return s.end(Verdict{By: ByCarrier, Reason: CarrierLost})
}

// insist repeats the farewell to a leg that does not go: at once to one that
// talks, now and then to the others. A carrier that says nothing for a minute
// does not keep the agent from the next call.
func (s State) insist(talks bool) (State, []Effect, error) {
	if s.now.Sub(s.parting) > partMost {
		return s.close(s.guess(), s.verdict(), s.now)
	}
	s.asks++
	if talks || s.asks%askMost == 0 {
		return s, []Effect{hangLeg{s.Call.CallSID}}, nil
	}
	return s, []Effect{setTimer{watch, askAgain}}, nil
}

func (s State) guess() Status {
	if s.answered {
		return Completed
	}
	return Failed
}

// verdict is that of a leg whose end the carrier never confirmed.
func (s State) verdict() Verdict {
	if s.taken && s.deaf {
		return Verdict{By: ByCarrier, Reason: OutcomeUnknown}
	}
	return s.wish
}
