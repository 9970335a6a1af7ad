package call

import "time"

// Left is a live call as a former owner left it: a process that died.
type Left struct {
	Call        Record
	Legs        []LegRecord
	UserName    string
	ContactName string
}

// Resume returns a call that takes over what was left, with the next epoch. c
// needs no Permit, Record, Leg, Token nor names. Start takes the call away from its
// former owner, or says ErrFenced; then the carrier is asked, and a leg that
// still lives is ended: its sound was lost with the process that had it.
func Resume(c Config, l Left) *Call {
	c.Record, c.UserName, c.ContactName = l.Call, l.UserName, l.ContactName
	c.Record.Epoch++
	leg := l.Customer()
	c.Leg = leg.ID
	k := NewCall(c)
	k.heir = &leg
	return k
}

// Customer is the leg that the carrier has.
func (l Left) Customer() LegRecord {
	for _, leg := range l.Legs {
		if leg.Role == Customer {
			return leg
		}
	}
	return LegRecord{ID: LegID(l.Call.ID), CallID: l.Call.ID, Role: Customer, Phase: New, Address: l.Call.To}
}

// takeOver is the state of a call that was left, and the first thing to do.
func takeOver(r Record, leg LegRecord, limit time.Duration, now time.Time) (State, Effect) {
	s := State{
		Call: r, Customer: leg, Limit: limit, now: now,
		taken: true, lost: true, answered: !leg.AnsweredAt.IsZero(), wish: r.Verdict, parting: now,
	}
	s.Call.Verdict = Verdict{}
	if s.Call.CallSID != "" {
		return s, askLeg{s.Call.CallSID}
	}
	s.Customer.Phase, s.sought = Unknown, now // the order may have left before its owner died
	return s, findLeg{}
}

// abandon ends a leg that outlived its owner.
func (s State) abandon(f Fact) (State, []Effect, error) {
	effects := s.fold(f)
	parted, more, err := s.end(Verdict{By: ByDesk, Reason: Crashed})
	return parted, append(effects, more...), err
}
