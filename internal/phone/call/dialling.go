package call

import (
	"errors"
	"time"
)

// placed takes the carrier's id of the leg. A callback may have brought it first.
func (s State) placed(sid string) (State, []Effect, error) {
	s.Call.CallSID, s.Customer.CarrierSID = sid, sid
	s.advance(Dialling)
	effects := []Effect{tell{kind: "call:update"}}
	if s.Customer.Phase == Dialling {
		effects = append(effects, setTimer{watch, firstWord})
	}
	if s.ending() && s.Customer.Phase != Ending {
		effects = append(effects, s.part())
	}
	return s, effects, nil
}

// refused ends the call, or starts the search when the outcome is unknown: an
// order that may have been carried out is never given twice.
func (s State) refused(r *Refusal) (State, []Effect, error) {
	if r.Unknown {
		if s.Call.CallSID != "" { // a callback told us that it was placed
			return s, nil, nil
		}
		s.Customer.Phase, s.sought = Unknown, s.now
		return s, []Effect{setTimer{quest, seekEvery}, tell{kind: "call:update"}}, nil
	}
	if s.ending() {
		return s.close(Canceled, s.wish, s.now)
	}
	return s.close(Failed, Verdict{By: ByCarrier, Reason: r.Reason, Detail: r.Code}, s.now)
}

func (s State) found(in found) (State, []Effect, error) {
	switch {
	case s.Call.CallSID != "":
		return s, nil, nil
	case in.ok:
		return s.told(in.fact)
	case s.now.Sub(s.sought) < s.seek():
		return s, []Effect{setTimer{quest, seekEvery}}, nil
	}
	return s.close(Failed, Verdict{By: ByCarrier, Reason: OutcomeUnknown}, s.now)
}

// seek is how long a leg of unknown outcome is looked for. What a dead process
// sent has arrived when its heir looks.
func (s State) seek() time.Duration {
	if s.taken {
		return seekHeir
	}
	return seekLongest
}

// refusalOf reads a carrier's error; one that says nothing leaves the outcome open.
func refusalOf(err error) *Refusal {
	var r *Refusal
	if errors.As(err, &r) {
		return r
	}
	return &Refusal{Reason: CarrierError, Unknown: true, Err: err}
}
