package call

import (
	"slices"
	"time"

	"softphone/internal/phone/gate"
	"softphone/internal/phone/media"
)

// Party is somebody in a call: the customer, an agent, or somebody who was added.
// It is a value; the rules make a new one.
type Party struct {
	Leg   LegRecord
	User  UserID // of an agent; empty: a telephone
	Name  string // for the view; may be empty
	Room  Room
	Muted bool
	Held  bool // an agent who has put the call aside: hears and says nothing

	claimed bool        // counts against the lines of its user
	port    media.Port  // nil: no sound
	line    line        // of a telephone
	token   string      // opens its sound once
	permit  gate.Permit // leave to dial it
	from    string      // caller id of a telephone that is dialled
	limit   time.Duration
}

// Room is a conversation within a call. Those in one room hear each other.
type Room int

// The rooms of a call.
const (
	Main  Room = iota // the customer's
	Aside             // where an agent asks somebody while the customer waits
)

func (p *Party) phone() bool   { return p.User == "" }
func (p *Party) gone() bool    { return p.Leg.Phase == Gone }
func (p *Party) offered() bool { return !p.phone() && p.Leg.Phase == Rings }

// sits reports whether an agent has taken the call and not left it.
func (p *Party) sits() bool { return !p.phone() && (p.Leg.Phase == Answered || p.Leg.Phase == Up) }

// talks reports whether somebody can be heard and hears.
func (p *Party) talks() bool { return p.port != nil && !p.Held && !p.gone() && !p.ending() }

// leave ends an agent's part.
func (p *Party) leave(cause string, now time.Time) {
	p.Leg.Phase, p.Leg.Cause, p.Leg.EndedAt = Gone, cause, now
	p.port, p.Held, p.Muted = nil, false, false
}

// customer is the party that the call is about; it has the first leg.
func (s *State) customer() *Party { return &s.Parties[0] }

// party finds a party by its leg, gone ones too.
func (s *State) party(leg LegID) *Party {
	for i := range s.Parties {
		if s.Parties[i].Leg.ID == leg {
			return &s.Parties[i]
		}
	}
	return nil
}

// seat finds the part of an agent who is in the call or is offered it.
func (s *State) seat(u UserID) *Party {
	for i := range s.Parties {
		if p := &s.Parties[i]; p.User == u && u != "" && !p.gone() {
			return p
		}
	}
	return nil
}

// sitting finds an agent who has taken the call.
func (s *State) sitting(u UserID) (*Party, error) {
	if s.Call.Status.Final() {
		return nil, ErrOver
	}
	if p := s.seat(u); p != nil && p.sits() {
		return p, nil
	}
	return nil, ErrNotNow
}

// who lists the parties that fit.
func (s *State) who(fits func(*Party) bool) []*Party {
	var out []*Party
	for i := range s.Parties {
		if p := &s.Parties[i]; fits(p) {
			out = append(out, p)
		}
	}
	return out
}

func (s *State) any(fits func(*Party) bool) bool { return len(s.who(fits)) > 0 }

// members are the users whose pages follow the call.
func (s *State) members() []UserID {
	var out []UserID
	for i := range s.Parties {
		if p := &s.Parties[i]; !p.phone() && !p.gone() && !slices.Contains(out, p.User) {
			out = append(out, p.User)
		}
	}
	return out
}

func same(a, b media.Port) bool { return a != nil && a == b }
