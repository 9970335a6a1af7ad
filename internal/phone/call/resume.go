package call

import (
	"strings"
	"time"
)

// Left is a live call as a former owner left it: a process that died.
type Left struct {
	Call        Record
	Legs        []LegRecord
	Names       map[UserID]string
	ContactName string
}

// Resume returns a call that takes over what was left, with the next epoch. c
// needs neither Record nor parties. Start takes the call away from its former
// owner, or says ErrFenced; then the carrier is asked: a leg that still lives is
// told to bring its sound to us, and the agents' devices find their way by
// themselves.
func Resume(c Config, l Left) *Call {
	c.Record, c.ContactName = l.Call, l.ContactName
	c.Record.Epoch++
	k := NewCall(c)
	k.heir = &l
	return k
}

// takeOver is the state of a call that was left, and the first things to do.
func takeOver(r Record, l Left, now time.Time) (State, []Effect) {
	wish := r.Verdict
	r.Verdict = Verdict{}
	s := State{Call: r, now: now}
	var then []Effect
	for _, leg := range l.Legs {
		p := Party{Leg: leg}
		if u, ok := strings.CutPrefix(leg.Address, "user:"); ok {
			p.User, p.Name = UserID(u), l.Names[UserID(u)]
			then = append(then, s.reseat(&p)...)
		} else if !p.gone() {
			p.line = line{taken: true, lost: true, answered: !leg.AnsweredAt.IsZero()}
			if leg.Role == Customer && wish.By != "" {
				p.line.wish, p.line.parting = wish, now
			}
			then = append(then, p.sought(now))
		}
		if leg.Role == Customer {
			s.Parties = append([]Party{p}, s.Parties...)
		} else {
			s.Parties = append(s.Parties, p)
		}
	}
	if r.Direction == Inbound && r.AnsweredAt.IsZero() {
		s.Stage = Arriving
	}
	if s.customer().gone() { // a colleague who was only asked
		then = append(then, after{End{Verdict{By: ByDesk, Reason: Crashed}}})
	}
	return s, then
}

// reseat is an agent whose device is somewhere out there: it may come back. One
// who was only asked is asked anew.
func (s *State) reseat(p *Party) []Effect {
	switch p.Leg.Phase {
	case Answered, Up:
		p.Leg.Phase, p.claimed = Answered, true
		return []Effect{setTimer{grace, p.Leg.ID, graceTalking}, lend{p.User}}
	case Gone:
	default:
		p.leave("lost", s.now)
	}
	return nil
}

// sought is how a leg that was left is found again.
func (p *Party) sought(now time.Time) Effect {
	if p.Leg.CarrierSID != "" {
		return askLeg{p.Leg.ID, p.Leg.CarrierSID}
	}
	p.Leg.Phase, p.line.sought = Unknown, now // the order may have left before its owner died
	return findLeg{p.Leg.ID}
}
