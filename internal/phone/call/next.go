package call

import (
	"slices"
	"time"
)

// Times of the rules.
const (
	graceRinging = 30 * time.Second // for a device while nobody answered
	graceTalking = 60 * time.Second // for a lost device: a page reload takes seconds
	seatWait     = 5 * time.Second  // from the acceptance to the agent's sound
	askRing      = 25 * time.Second // for somebody who is brought in
)

// next is the rules: what an input makes of a state, and what is to be done.
func next(s State, in Input) (State, []Effect, error) {
	s = s.clone()
	before, members := s.clone(), s.members()
	effects, err := s.take(in)
	if err != nil {
		return before, nil, err
	}
	s.settle()
	return s, s.announce(before, members, effects), nil
}

// take lets an input change the state.
func (s *State) take(in Input) ([]Effect, error) {
	switch in := in.(type) {
	case Remark:
		return s.remark(in)
	case legInput:
		return s.leg(in)
	}
	if s.final() {
		return s.afterwards(in)
	}
	switch in := in.(type) {
	case DeviceUp:
		return s.deviceUp(in)
	case DeviceDown:
		return s.deviceDown(in)
	case End:
		return s.end(in.Verdict)
	case Mute:
		return s.mute(in)
	case Hold:
		return s.hold(in)
	case Press:
		return s.press(in)
	case Accept:
		return s.accept(in)
	case Reject:
		return s.reject(in)
	case Bring:
		return s.bring(in)
	case Steer:
		return s.steer(in)
	case Remove:
		return s.remove(in)
	}
	return s.result(in)
}

// result takes what came of an effect that is not of a telephone's leg.
func (s *State) result(in Input) ([]Effect, error) {
	switch in := in.(type) {
	case candidates:
		return s.offer(in)
	case claimed:
		return s.claimed(in)
	case timedOut:
		return s.timedOut(in)
	case keysDone:
		return s.pressed(), nil
	case played:
		return s.played(in)
	case crashed:
		return s.crash()
	case fenced: // the newer owner has the legs: they are not ours to hang up
		return s.fenced()
	}
	return nil, nil
}

// announce adds the news that a change is, unless it has a name of its own.
func (s *State) announce(before State, members []UserID, effects []Effect) []Effect {
	switch {
	case has[tell](effects) || !s.changed(before):
	case s.final():
		effects = append(effects, save{})
	default:
		effects = append(effects, tell{kind: "call:update"})
	}
	all := slices.Clone(members)
	for _, u := range s.members() {
		if !slices.Contains(all, u) {
			all = append(all, u)
		}
	}
	for i, e := range effects {
		if t, ok := e.(tell); ok && t.to == nil {
			t.to = all
			effects[i] = t
		}
	}
	return effects
}

// changed reports whether pages see something else than before.
func (s *State) changed(before State) bool {
	a, b := before, *s
	if a.Call != b.Call || a.Stage != b.Stage || len(a.Parties) != len(b.Parties) || (a.Move == nil) != (b.Move == nil) || a.Move != nil && *a.Move != *b.Move {
		return true
	}
	for i := range a.Parties {
		if a.Parties[i].view() != b.Parties[i].view() || a.Parties[i].Leg != b.Parties[i].Leg {
			return true
		}
	}
	return false
}

// leg hands an input to the leg of a telephone and takes what came of it.
func (s *State) leg(in legInput) ([]Effect, error) {
	p := s.party(in.of())
	if p == nil || !p.phone() {
		return nil, nil
	}
	if s.final() && p.gone() {
		if t, ok := in.(Told); ok {
			return p.told(t.Fact, s.now).effects, nil
		}
		return nil, ErrOver
	}
	var did step
	switch in := in.(type) {
	case Told:
		did = p.told(in.Fact, s.now)
	case StreamUp:
		return s.streamUp(p, in)
	case StreamDown:
		return s.streamDown(p, in)
	case Heard:
		return s.heard(p, in)
	case dialPlaced:
		did = p.placed(in.sid)
	case dialRefused:
		did = p.refused(in.refusal, s.now)
	case found:
		did = p.found(in, s.now)
	case cancelled:
		did = p.cancelled(in.err)
	case hungUp:
		did.effects = []Effect{p.timer(watch, askAgain)}
	case asked:
		did = p.asked(in, s.now)
	case resumed:
		did = p.resumed(in.err)
	case legTimedOut:
		did = s.lineTimedOut(p, in.timer)
	}
	return s.after(p, did)
}

func (s *State) lineTimedOut(p *Party, t timer) step {
	if t == quest {
		return step{effects: []Effect{findLeg{p.Leg.ID}}}
	}
	return p.watchRang(s.now)
}

// after takes the end of a leg into account.
func (s *State) after(p *Party, did step) ([]Effect, error) {
	if did.end == nil {
		return did.effects, nil
	}
	effects, err := s.ended(p, *did.end)
	return append(did.effects, effects...), err
}

func (s *State) streamUp(p *Party, in StreamUp) ([]Effect, error) {
	if s.final() {
		return nil, ErrOver
	}
	if p.ending() || p.gone() {
		return nil, ErrNotNow
	}
	p.port, p.Leg.Phase = in.Port, Up
	p.line.lost, p.line.asks, p.line.silent, p.line.answered, p.line.taken = false, 0, time.Time{}, true, false
	if p.Leg.AnsweredAt.IsZero() {
		p.Leg.AnsweredAt = s.now
	}
	effects := []Effect{p.timer(watch, talkEvery)}
	if p != s.customer() {
		return append(effects, s.arrived(p)...), nil
	}
	if s.Stage == Arriving {
		return append(effects, s.receive()...), nil
	}
	for _, a := range s.who(func(a *Party) bool { return a.sits() && a.port == nil && !a.Held }) {
		effects = append(effects, setTimer{grace, a.Leg.ID, graceRinging})
	}
	return effects, nil
}

// streamDown without our doing is a hang-up until the carrier says otherwise.
func (s *State) streamDown(p *Party, in StreamDown) ([]Effect, error) {
	if !same(p.port, in.Port) {
		return nil, nil
	}
	p.port, p.line.lost, p.line.silent = nil, in.Lost, s.now
	switch {
	case p.ending():
		return nil, nil
	case p.line.last.Status != "":
		return s.after(p, p.told(p.line.last, s.now))
	}
	p.Leg.Phase = Answered
	return []Effect{p.timer(watch, time.Second)}, nil
}

func (s *State) deviceUp(in DeviceUp) ([]Effect, error) {
	p := s.seat(in.User)
	if p == nil || !p.sits() || p.Held {
		return nil, ErrNotNow
	}
	if same(p.port, in.Port) {
		return nil, nil
	}
	p.port, p.Leg.Phase = in.Port, Up
	if p.Leg.AnsweredAt.IsZero() {
		p.Leg.AnsweredAt = s.now
	}
	return append([]Effect{stopTimer{grace, p.Leg.ID}, stopTimer{seating, p.Leg.ID}}, s.arrived(p)...), nil
}

func (s *State) deviceDown(in DeviceDown) ([]Effect, error) {
	p := s.seat(in.User)
	if p == nil || !same(p.port, in.Port) {
		return nil, nil
	}
	p.port = nil
	if p.Held {
		return nil, nil
	}
	switch {
	case !s.Call.AnsweredAt.IsZero():
		return []Effect{setTimer{grace, p.Leg.ID, graceTalking}}, nil
	case s.customer().port != nil:
		return []Effect{setTimer{grace, p.Leg.ID, graceRinging}}, nil
	}
	return nil, nil // it rings: the device is wanted when somebody answers
}

func (s *State) mute(in Mute) ([]Effect, error) {
	p, err := s.sitting(in.User)
	if err != nil {
		return nil, err
	}
	p.Muted = in.On
	return nil, nil
}

// timedOut is of the desk's own timers; those of telephones' legs are legTimedOut.
func (s *State) timedOut(in timedOut) ([]Effect, error) {
	switch in.timer {
	case grace:
		return s.graceOver(s.party(in.leg))
	case seating:
		return s.unseated(s.party(in.leg))
	case ringing:
		return s.rangOut(in.leg)
	case recording:
		return s.end(Verdict{By: ByDesk, Reason: LeftMessage})
	}
	return nil, nil
}

// graceOver is of an agent whose sound did not come back. A caller is offered to
// others; a call of the agent's own ends.
func (s *State) graceOver(p *Party) ([]Effect, error) {
	if p == nil || !p.sits() || p.port != nil || p.Held {
		return nil, nil
	}
	c := s.customer()
	switch {
	case p == c: // a colleague
		return s.close(end{Completed, Verdict{By: ByDesk, Reason: NoDevice}, s.now})
	case !c.line.silent.IsZero(): // a sound that has ended is the doubts' matter
		return nil, nil
	}
	var effects []Effect
	if s.Move != nil && s.Move.By == p.Leg.ID { // whom it asked has nobody to talk to
		if target := s.party(s.Move.Target); s.Move.Mode == Consult && target != nil {
			effects = s.dismiss(target)
		}
		s.Move = nil
	}
	if s.any(func(o *Party) bool { return o != p && o != c && o.talks() && o.Room == Main }) {
		return append(effects, s.depart(p, "lost")...), nil
	}
	if s.Call.Direction == Inbound && c.port != nil {
		effects = append(effects, s.depart(p, "lost")...)
		return append(effects, s.seek()...), nil
	}
	parted, err := s.end(Verdict{By: ByDesk, Reason: NoDevice})
	return append(effects, parted...), err
}

// depart takes an agent out of the call and gives the line back.
func (s *State) depart(p *Party, cause string) []Effect {
	p.leave(cause, s.now)
	if s.keys == p.User {
		s.keys, s.waiting = "", ""
	}
	if !p.claimed {
		return nil
	}
	p.claimed = false
	return []Effect{release{p.User}}
}

// ended is what the end of a telephone's leg means for the call.
func (s *State) ended(p *Party, e end) ([]Effect, error) {
	if p == s.customer() && !s.final() {
		return s.close(e)
	}
	p.Leg.Phase, p.Leg.EndedAt, p.Leg.Cause, p.port = Gone, e.at, cause(e), nil
	if s.final() {
		return []Effect{save{}}, nil
	}
	return s.lostParty(p, cause(e))
}

func cause(e end) string {
	if e.verdict.Detail != "" {
		return e.verdict.Detail
	}
	return string(e.verdict.Reason)
}

// close ends the call for good: whoever is still there is sent away.
func (s *State) close(e end) ([]Effect, error) {
	if s.final() {
		return nil, ErrOver
	}
	e = s.missed(e)
	c := s.customer()
	at := e.at
	for _, least := range []time.Time{s.Call.StartedAt, s.Call.AnsweredAt} {
		if at.Before(least) {
			at = least
		}
	}
	s.Call.Status, s.Call.Verdict, s.Call.EndedAt = e.status, e.verdict, at
	if !s.Call.AnsweredAt.IsZero() {
		s.Call.Talk = at.Sub(s.Call.AnsweredAt)
	}
	c.Leg.Phase, c.Leg.EndedAt, c.Leg.Cause, c.port = Gone, at, e.verdict.Detail, nil
	effects := []Effect{tell{kind: "call:ended"}, writeOut{}}
	s.Stage, s.Move, s.keys, s.waiting = "", nil, "", ""
	for _, p := range s.who(func(p *Party) bool { return p != c && !p.gone() }) {
		if p.phone() {
			effects = append(effects, p.bye(Verdict{By: e.verdict.By, Reason: HungUp}, s.now)...)
		} else {
			effects = append(effects, s.depart(p, "")...)
		}
	}
	if s.awaited() {
		effects = append(effects, setTimer{words, "", lastWords})
	}
	return effects, nil
}

// missed is how a call ended that came in and that no agent had.
func (s *State) missed(e end) end {
	if s.Call.Direction != Inbound || !s.Call.AnsweredAt.IsZero() {
		return e
	}
	if e.status == Completed {
		e.status = NoAnswer
	}
	if e.verdict.By == ByCustomer && e.verdict.Reason == HungUp {
		e.verdict.Reason = Missed
		if s.spoke {
			e.verdict.Reason = LeftMessage
		}
	}
	return e
}

// end starts the farewell; the carrier's last word completes it.
func (s *State) end(v Verdict) ([]Effect, error) {
	c := s.customer()
	if !c.phone() { // a colleague: there is no carrier to confirm it
		status := Completed
		if s.Call.AnsweredAt.IsZero() {
			status = Canceled
			if v.Reason == HungUp {
				v.Reason = Cancelled
			}
		}
		return s.close(end{status, v, s.now})
	}
	if c.ending() {
		return nil, nil
	}
	return append(c.bye(v, s.now), tell{kind: "call:update"}), nil
}

// crash ends the call and leaves no leg talking to nobody.
func (s *State) crash() ([]Effect, error) {
	c := s.customer()
	sid := c.Leg.CarrierSID
	effects, err := s.close(end{Failed, Verdict{By: ByDesk, Reason: Crashed}, s.now})
	if sid != "" {
		effects = append(effects, hangLeg{c.Leg.ID, sid})
	}
	return effects, err
}

func (s *State) fenced() ([]Effect, error) {
	for _, p := range s.who(func(p *Party) bool { return !p.gone() }) {
		p.leave("", s.now)
		p.claimed = false // the newer owner has the agent's line as well
	}
	return s.close(end{Failed, Verdict{By: ByDesk, Reason: Crashed}, s.now})
}
