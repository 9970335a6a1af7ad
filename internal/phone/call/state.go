package call

import (
	"time"

	"softphone/internal/phone/media"
)

// State is all of a call that the rules know. It is a value: next returns a
// new one and never changes the old one.
type State struct {
	Call     Record
	Customer LegRecord
	Limit    time.Duration // of the customer's leg
	Muted    bool
	Assist   *Assist

	now      time.Time
	customer media.Port // nil: no sound of the customer
	agent    media.Port // nil: no device of the agent
	keys     bool       // keys sound to the customer
	waiting  string     // keys that sound after them
	wish     Verdict    // how the call ends once the carrier confirms it
	lost     bool       // the customer's sound broke off
	last     Fact       // the carrier's last word, while the sound goes on
	answered bool       // the carrier said, or showed, that the leg was answered
	asks     int        // unanswered doubts since the last sign of life
	deaf     bool       // the carrier could not be asked the last time
	taken    bool       // a former owner left this call
	silent   time.Time  // when the customer's sound ended
	parting  time.Time  // since when we end the leg
	sought   time.Time  // since when a leg of unknown outcome is looked for
}

// Hearing is who hears what.
type Hearing struct {
	Bridged       bool // customer and agent hear each other
	Gated         bool // the agent's sound is stopped on the way
	Ringback      bool // the agent hears that it rings
	CustomerHolds bool // the customer hears the hold tone
}

// hears tells who hears what in a state.
func hears(s State) Hearing {
	if s.Call.Status.Final() || s.ending() {
		return Hearing{}
	}
	customer, agent := s.customer != nil, s.agent != nil
	return Hearing{
		Bridged:       customer && agent,
		Gated:         s.Muted || s.keys,
		Ringback:      agent && !customer && !s.lost && !s.answered,
		CustomerHolds: customer && !agent,
	}
}

func (s State) ending() bool { return s.wish.By != "" }

// stored is the record as it is kept. While a leg is being ended it says how
// the call is going to end, so that an heir need not guess.
func (s State) stored() Record {
	r := s.Call
	if !r.Status.Final() {
		r.Verdict = s.wish
	}
	return r
}

// View returns the call as pages see it; names are the owner's to add.
func (s State) view() View {
	v := View{
		ID: s.Call.ID, CallSID: s.Call.CallSID, Direction: s.Call.Direction,
		From: s.Call.From, To: s.Call.To, Status: s.Call.Status,
		UserID: s.Call.UserID, ContactID: s.Call.ContactID, StartedAt: s.Call.StartedAt,
		AnsweredAt: moment(s.Call.AnsweredAt), EndedAt: moment(s.Call.EndedAt),
		Muted: s.Muted, Device: s.agent != nil, Unknown: s.Customer.Phase == Unknown, Assist: s.Assist,
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

func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
