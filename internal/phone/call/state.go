package call

import (
	"slices"
	"time"
)

// State is all of a call that the rules know. It is a value: next returns a
// new one and never changes the old one.
type State struct {
	Call    Record
	Parties []Party // the customer first; those who left stay
	Stage   Stage   // of an inbound call that no agent has
	Move    *Move   // somebody is being brought in
	Assist  *Assist

	now     time.Time
	seeking bool     // the desk is looking for agents
	tried   []UserID // who was offered the call in vain
	spoke   bool     // a voicemail was left
	keys    UserID   // the agent whose keys sound to the customer
	waiting string   // keys that sound after them
}

// Stage is where an inbound call is while no agent has it.
type Stage string

// Stages of an inbound call.
const (
	Arriving  Stage = "arriving"  // its sound is not with us yet
	Offering  Stage = "offering"  // agents are asked
	Voicemail Stage = "voicemail" // it speaks to our machine
)

// Move is a party that an agent brings in: to hand the call over, to ask first,
// or to talk together.
type Move struct {
	By     LegID
	Target LegID
	Mode   Mode
}

// Mode is what a party is brought in for.
type Mode string

// Modes of a move.
const (
	Blind   Mode = "blind"   // the agent leaves when the target is there
	Consult Mode = "consult" // the agent asks aside while the customer waits
	Add     Mode = "add"     // all talk together
)

func (s *State) final() bool  { return s.Call.Status.Final() }
func (s *State) ending() bool { return s.customer().ending() }

// lively reports whether a leg of a call that is over is still being ended.
func (s *State) lively() bool {
	return s.any(func(p *Party) bool { return p.phone() && !p.gone() })
}

// stored is the record as it is kept. While the customer's leg is being ended it
// says how the call is going to end, so that an heir need not guess.
func (s *State) stored() Record {
	r := s.Call
	if !r.Status.Final() {
		r.Verdict = s.customer().line.wish
	}
	return r
}

// settle keeps in step what follows from the customer's leg.
func (s *State) settle() {
	c := s.customer()
	if c.phone() {
		s.Call.CallSID = c.Leg.CarrierSID
	}
	if s.final() {
		return
	}
	if s.Call.Status == Queued && c.Leg.Phase != New && order[c.Leg.Phase] >= order[Rings] {
		s.Call.Status = Ringing
	}
	talking := func(p *Party) bool { return p != c && p.sits() && p.talks() && p.Room == Main }
	if s.Call.AnsweredAt.IsZero() && c.talks() && s.any(talking) {
		s.Call.AnsweredAt, s.Call.Status, s.Stage = s.now, InProgress, ""
	}
}

// Tone is what somebody hears who hears no voice.
type Tone string

// Tones.
const (
	Ringback Tone = "ringback"
	Music    Tone = "music"
)

// Hears is what one party hears.
type Hears struct {
	Leg  LegID
	From []LegID
	Tone Tone // beneath nobody's voice; empty: silence
}

// hears tells who hears what in a state.
func hears(s State) []Hears {
	if s.final() || s.ending() {
		return nil
	}
	var out []Hears
	for _, p := range s.who(func(p *Party) bool { return p.talks() }) {
		h := Hears{Leg: p.Leg.ID}
		for _, other := range s.who(func(o *Party) bool { return o != p && o.talks() && o.Room == p.Room }) {
			h.From = append(h.From, other.Leg.ID)
		}
		if len(h.From) == 0 {
			h.Tone = s.tone(p)
		}
		out = append(out, h)
	}
	return out
}

// tone is what somebody hears who is alone.
func (s *State) tone(p *Party) Tone {
	c := s.customer()
	switch {
	case !p.phone() && s.any(func(o *Party) bool { return o != p && o.Room == p.Room && s.rings(o) }):
		return Ringback
	case !p.phone() || s.Stage == Voicemail:
		return ""
	case p == c && s.Stage == Offering:
		return Ringback
	case p == c && s.Call.AnsweredAt.IsZero() && s.Call.Direction == Outbound:
		return Ringback // it answered, and our agent's sound is not there yet
	}
	return Music
}

// rings reports whether a party is expected and not there yet.
func (s *State) rings(p *Party) bool {
	if p.phone() {
		return p.port == nil && !p.gone() && !p.ending() && !p.line.answered && !p.line.lost
	}
	return p.offered()
}

// gated reports whether what a party says is stopped.
func (s *State) gated(p *Party) bool { return p.Muted || s.keys != "" && s.keys == p.User }

// View returns the call as pages see it.
func (s *State) view() View {
	v := View{
		ID: s.Call.ID, CallSID: s.Call.CallSID, Direction: s.Call.Direction,
		From: s.Call.From, To: s.Call.To, Status: s.Call.Status,
		UserID: s.Call.UserID, ContactID: s.Call.ContactID, StartedAt: s.Call.StartedAt,
		AnsweredAt: moment(s.Call.AnsweredAt), EndedAt: moment(s.Call.EndedAt),
		Unknown: s.customer().Leg.Phase == Unknown, Assist: s.Assist, Stage: s.Stage,
	}
	for i := range s.Parties {
		v.Parties = append(v.Parties, s.Parties[i].view())
	}
	if p := s.seat(s.Call.UserID); p != nil {
		v.Muted, v.Held, v.Device, v.UserName = p.Muted, p.Held, p.port != nil, p.Name
	}
	if s.Move != nil {
		v.Move = &MoveView{By: s.Move.By, Target: s.Move.Target, Mode: s.Move.Mode}
	}
	if s.Call.Verdict.By != "" {
		verdict := s.Call.Verdict
		v.Verdict = &verdict
	}
	if v.EndedAt != nil && v.AnsweredAt != nil {
		seconds := int(s.Call.Talk / time.Second)
		v.DurationSeconds = &seconds
	}
	return v
}

func (p *Party) view() PartyView {
	return PartyView{
		ID: p.Leg.ID, Role: p.Leg.Role, Phase: p.Leg.Phase, UserID: p.User, Name: p.Name, Address: p.Leg.Address,
		Aside: p.Room == Aside, Muted: p.Muted, Held: p.Held, Sound: p.port != nil, Cause: p.Leg.Cause,
	}
}

func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// clone makes the parties free to be changed.
func (s State) clone() State {
	s.Parties = slices.Clone(s.Parties)
	if s.Move != nil {
		move := *s.Move
		s.Move = &move
	}
	return s
}
