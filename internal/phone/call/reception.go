package call

import "slices"

// Candidate is an agent to whom a call may be offered.
type Candidate struct {
	User UserID
	Name string
	Leg  LegID // of this offer
}

// receive greets a caller whose sound has come and looks for an agent meanwhile.
func (s *State) receive() []Effect {
	return append([]Effect{play{s.customer().Leg.ID, "greeting"}}, s.seek()...)
}

// seek asks the desk whom the call may be offered to.
func (s *State) seek() []Effect {
	s.Stage = Offering
	if s.seeking {
		return nil
	}
	s.seeking = true
	return []Effect{seekAgents{slices.Clone(s.tried)}}
}

// offer rings at the agents that the desk found; when there is none the machine
// takes the call.
func (s *State) offer(in candidates) ([]Effect, error) {
	s.seeking = false
	if s.Stage != Offering {
		return nil, nil
	}
	for _, c := range in.agents {
		if s.seat(c.User) == nil {
			s.Parties = append(s.Parties, Party{
				User: c.User, Name: c.Name,
				Leg: LegRecord{ID: c.Leg, CallID: s.Call.ID, Role: Agent, Phase: Rings, Address: "user:" + string(c.User), DialledAt: s.now},
			})
		}
	}
	if !s.any((*Party).offered) {
		return s.machine(), nil
	}
	return []Effect{tell{kind: "call:incoming"}, setTimer{ringing, "", in.ring}}, nil
}

// accept reserves the call for an agent: the first wins, the journal confirms.
func (s *State) accept(in Accept) ([]Effect, error) {
	p := s.seat(in.User)
	switch {
	case p == nil || !p.offered():
		return nil, s.taken()
	case p == s.customer(), s.Move != nil && s.Move.Target == p.Leg.ID:
	case s.any(func(o *Party) bool { return o.sits() && !o.gone() }):
		return nil, s.taken()
	}
	p.Leg.Phase = Answered
	return []Effect{claim{in.User}, stopTimer{ringing, ""}, stopTimer{ringing, p.Leg.ID}}, nil
}

// taken says who was faster.
func (s *State) taken() error {
	for _, p := range s.who(func(p *Party) bool { return p.sits() }) {
		return &Taken{By: p.User, Name: p.Name}
	}
	return ErrNotNow
}

// claimed is the journal's word on an acceptance.
func (s *State) claimed(in claimed) ([]Effect, error) {
	p := s.seat(in.user)
	if p == nil {
		if in.err == nil { // left meanwhile
			return []Effect{release{in.user}}, nil
		}
		return nil, nil
	}
	if in.err != nil {
		effects := append(s.depart(p, "busy"), tell{kind: "call:rejected", more: userBody(in.user, "busy")})
		return append(effects, s.unanswered(p)...), nil
	}
	p.claimed = true
	effects := []Effect{tell{kind: "call:accepted", more: acceptedBody(p)}, took{in.user}, lend{in.user}, setTimer{seating, p.Leg.ID, seatWait}}
	if p == s.customer() || s.Move != nil && s.Move.Target == p.Leg.ID {
		return effects, nil
	}
	s.Call.UserID, s.Stage = in.user, ""
	for _, o := range s.who((*Party).offered) {
		o.leave("taken", s.now)
	}
	return append(effects, stopPlaying{s.customer().Leg.ID}), nil
}

// unseated is of an agent who accepted and whose sound did not come: the caller
// goes back to the others at once.
func (s *State) unseated(p *Party) ([]Effect, error) {
	if p == nil || !p.sits() || p.port != nil {
		return nil, nil
	}
	effects := append(s.depart(p, "no_device"), tell{kind: "call:rejected", more: userBody(p.User, "no_device")})
	return append(effects, s.unanswered(p)...), nil
}

func (s *State) reject(in Reject) ([]Effect, error) {
	p := s.seat(in.User)
	if p == nil || !p.offered() {
		return nil, s.taken()
	}
	s.tried = append(s.tried, p.User)
	effects := append(s.depart(p, "rejected"), tell{kind: "call:rejected", more: userBody(in.User, "rejected")})
	return append(effects, s.unanswered(p)...), nil
}

// unanswered goes on when somebody who was asked does not come.
func (s *State) unanswered(p *Party) []Effect {
	switch {
	case s.Move != nil && s.Move.Target == p.Leg.ID:
		return s.failed(p.Leg.Cause)
	case p == s.customer(): // a colleague who was called
		effects, _ := s.close(end{NoAnswer, Verdict{By: ByCustomer, Reason: NotAnswered, Detail: p.Leg.Cause}, s.now})
		return effects
	}
	if s.Call.UserID == p.User && s.Call.AnsweredAt.IsZero() {
		s.Call.UserID = ""
	}
	if s.any((*Party).offered) || s.any(func(o *Party) bool { return o.sits() }) {
		return nil
	}
	return s.seek()
}

// rangOut is the end of the time to ring: of an offer, or of one who is brought in.
func (s *State) rangOut(leg LegID) ([]Effect, error) {
	if leg != "" {
		p := s.party(leg)
		if p == nil || !p.offered() {
			return nil, nil
		}
		p.leave("no_answer", s.now)
		return s.unanswered(p), nil
	}
	var effects []Effect
	for _, p := range s.who((*Party).offered) {
		s.tried = append(s.tried, p.User)
		p.leave("no_answer", s.now)
		effects = append(effects, missedOffer{p.User})
	}
	if s.Stage != Offering {
		return effects, nil
	}
	return append(effects, s.seek()...), nil
}

// machine takes a message.
func (s *State) machine() []Effect {
	s.Stage = Voicemail
	return []Effect{play{s.customer().Leg.ID, "voicemail"}}
}

// played goes on when an announcement has been heard.
func (s *State) played(in played) ([]Effect, error) {
	if s.Stage != Voicemail || in.prompt != "voicemail" {
		return nil, nil
	}
	s.spoke = true
	return []Effect{takeMessage{}, setTimer{recording, "", messageMost}}, nil
}
