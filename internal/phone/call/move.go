package call

import "time"

// messageMost is the longest voicemail.
const messageMost = 3 * time.Minute

// hold puts the call aside for an agent, or takes it up again.
func (s *State) hold(in Hold) ([]Effect, error) {
	p, err := s.sitting(in.User)
	if err != nil {
		return nil, err
	}
	if p.Held == in.On {
		return nil, nil
	}
	p.Held = in.On
	if in.On {
		p.port = nil // the device is for the agent's other calls now
		return []Effect{stopTimer{grace, p.Leg.ID}}, nil
	}
	return []Effect{lend{in.User}, setTimer{grace, p.Leg.ID, graceTalking}}, nil
}

// bring asks somebody into the call.
func (s *State) bring(in Bring) ([]Effect, error) {
	by, err := s.sitting(in.By)
	if err != nil {
		return nil, err
	}
	if s.Move != nil || s.ending() || !s.customer().talks() || in.Party.User == in.By || in.Party.User != "" && s.seat(in.Party.User) != nil {
		return nil, ErrNotNow
	}
	p := in.Party
	p.Leg.CallID, p.Leg.DialledAt = s.Call.ID, s.now
	s.Move = &Move{By: by.Leg.ID, Target: p.Leg.ID, Mode: in.Mode}
	var effects []Effect
	switch in.Mode {
	case Consult:
		by.Room, p.Room = Aside, Aside
	case Blind:
		by.Held, by.port = true, nil
		effects = append(effects, stopTimer{grace, by.Leg.ID})
	}
	if p.phone() {
		p.Leg.Role, p.Leg.Phase = Third, New
		s.Parties = append(s.Parties, p)
		return append(effects, dialLeg{p.Leg.ID}), nil
	}
	p.Leg.Role, p.Leg.Phase, p.Leg.Address = Agent, Rings, "user:"+string(p.User)
	s.Parties = append(s.Parties, p)
	return append(effects, tell{kind: "call:incoming"}, setTimer{ringing, p.Leg.ID, askRing}), nil
}

// arrived is of a party whose sound has come.
func (s *State) arrived(p *Party) []Effect {
	if s.Move == nil || s.Move.Target != p.Leg.ID {
		return nil
	}
	switch s.Move.Mode {
	case Blind:
		return s.handOver()
	case Add:
		s.Move = nil
	}
	return nil
}

// handOver lets the agent go whose call the target has now.
func (s *State) handOver() []Effect {
	by, target := s.party(s.Move.By), s.party(s.Move.Target)
	s.Move = nil
	target.Room = Main
	if target.User != "" {
		s.Call.UserID = target.User
	}
	effects := []Effect{tell{kind: "call:update"}}
	if by != nil && !by.gone() {
		effects = append(s.depart(by, "transferred"), effects...)
	}
	return effects
}

// failed gives the call back to the agent who wanted to move it.
func (s *State) failed(why string) []Effect {
	move := s.Move
	s.Move = nil
	effects := []Effect{tell{kind: "call:transfer", more: transferBody(*move, "failed", why)}}
	by := s.party(move.By)
	if by == nil || by.gone() { // nobody to give it back to
		return append(effects, s.lonely()...)
	}
	by.Room = Main
	if move.Mode == Blind {
		by.Held = false
		effects = append(effects, lend{by.User}, setTimer{grace, by.Leg.ID, graceTalking})
	}
	return effects
}

// lostParty is of somebody beside the customer whose leg has ended.
func (s *State) lostParty(p *Party, why string) ([]Effect, error) {
	if s.Move != nil && s.Move.Target == p.Leg.ID {
		return s.failed(why), nil
	}
	return s.lonely(), nil
}

// lonely ends a call in which nobody is left for the customer.
func (s *State) lonely() []Effect {
	c := s.customer()
	if s.any(func(p *Party) bool { return p != c && !p.gone() && !p.ending() }) {
		return nil
	}
	effects, _ := s.end(Verdict{By: ByThird, Reason: HungUp})
	return effects
}

// steer is what an agent does with a call in which there is somebody more.
func (s *State) steer(in Steer) ([]Effect, error) {
	p, err := s.sitting(in.By)
	if err != nil {
		return nil, err
	}
	if in.Do == Leave {
		return s.leave(p)
	}
	if s.Move == nil || s.Move.By != p.Leg.ID {
		return nil, ErrNotNow
	}
	target := s.party(s.Move.Target)
	there := target != nil && target.talks()
	switch in.Do {
	case Cancel:
		return s.withdraw(p, target)
	case Complete:
		if !there { // handed over while it rings
			s.Move.Mode, p.Room, target.Room = Blind, Main, Main
			p.Held, p.port = true, nil
			return nil, nil
		}
		return s.handOver(), nil
	case Swap:
		if !there {
			return nil, ErrNotNow
		}
		p.Room = Aside - p.Room
	case Merge:
		if !there {
			return nil, ErrNotNow
		}
		p.Room, target.Room, s.Move = Main, Main, nil
	}
	return nil, nil
}

// withdraw takes back what was asked of a target.
func (s *State) withdraw(by, target *Party) ([]Effect, error) {
	mode := s.Move.Mode
	s.Move = nil
	by.Room = Main
	effects := []Effect{tell{kind: "call:transfer", more: transferBody(Move{By: by.Leg.ID, Target: target.Leg.ID, Mode: mode}, "cancelled", "")}}
	if mode == Blind {
		by.Held = false
		effects = append(effects, lend{by.User}, setTimer{grace, by.Leg.ID, graceTalking})
	}
	return append(effects, s.dismiss(target)...), nil
}

// dismiss sends a party away.
func (s *State) dismiss(p *Party) []Effect {
	if p.phone() {
		return p.bye(Verdict{By: ByAgent, Reason: HungUp}, s.now)
	}
	return s.depart(p, "removed")
}

// remove sends away somebody who is not the customer.
func (s *State) remove(in Remove) ([]Effect, error) {
	if _, err := s.sitting(in.By); err != nil {
		return nil, err
	}
	p := s.party(in.Leg)
	if p == nil || p == s.customer() || p.gone() || p.User == in.By {
		return nil, ErrNotNow
	}
	if s.Move != nil && s.Move.Target == p.Leg.ID {
		return s.withdraw(s.party(s.Move.By), p)
	}
	return s.dismiss(p), nil
}

// leave lets an agent go while the others talk on.
func (s *State) leave(p *Party) ([]Effect, error) {
	if s.Move != nil && s.Move.Target == p.Leg.ID { // who was asked goes again
		return append(s.depart(p, "left"), s.failed("left")...), nil
	}
	c := s.customer()
	others := s.who(func(o *Party) bool { return o != p && o != c && o.talks() && o.Room == Main })
	if s.Move != nil || len(others) == 0 {
		return nil, ErrNotNow
	}
	if others[0].User != "" {
		s.Call.UserID = others[0].User
	}
	return append(s.depart(p, "left"), tell{kind: "call:update"}), nil
}
