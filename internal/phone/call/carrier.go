package call

import (
	"context"
	"fmt"
	"time"

	"softphone/internal/phone/gate"
)

// Carrier is the telephone network as a call sees it: one tenant's account.
type Carrier interface {
	// Dial places a leg once and returns the carrier's id of it. It never
	// repeats a request whose outcome is unknown, and places nothing without a
	// permit for this very leg. Errors are *Refusal.
	Dial(ctx context.Context, d Dial) (sid string, err error)
	// Cancel ends a leg that is not answered; an answered one goes on and
	// ErrTooLate is returned.
	Cancel(ctx context.Context, sid string) error
	// Hangup ends a leg in any state. A leg that is gone already is no error.
	Hangup(ctx context.Context, sid string) error
	// Ask returns what the carrier knows of a leg.
	Ask(ctx context.Context, sid string) (Fact, error)
	// Find looks for a leg whose placing has an unknown outcome: those that it
	// may be, of this order or of one like it.
	Find(ctx context.Context, s Sought, since time.Time) ([]Fact, error)
}

// Dial is an order to place one leg. Whom it calls, as which number and for how
// long at most is in the permit and nowhere else.
type Dial struct {
	Call   ID
	Leg    LegID
	Permit gate.Permit
	// Token opens the leg's sound once: it is handed back when the leg's
	// stream connects to us.
	Token   string
	Timeout time.Duration // of ringing; 0 means the carrier's default
}

// Allowed reports whether the permit is for this leg.
func (d Dial) Allowed() bool { return d.Permit.Given() && d.Permit.Leg() == string(d.Leg) }

// Sought is a leg that may have been placed.
type Sought struct {
	Leg  LegID
	From string // E.164
	To   string // E.164
}

// Fact is something the carrier said about a leg: a callback, or an answer to
// Ask. Facts may come in any order, any number of times; folding them gives
// the same result.
type Fact struct {
	ID       string // of the inbox row; empty when we asked
	Leg      LegID
	SID      string
	Status   string        // the carrier's word: initiated, ringing, in-progress, completed, busy, failed, no-answer, canceled
	Seq      int           // the carrier's order of firing; -1 when it gave none
	At       time.Time     // the carrier's clock
	Talk     time.Duration // on completed: from answer to end
	Cause    string        // SIP code or carrier error code
	Received time.Time
}

// Refusal is a carrier's no, or its silence.
type Refusal struct {
	Reason Reason // what the agent reads
	Code   string // the carrier's code ("21211", "429") for the operator
	// Unknown says that the request may have been carried out: the leg must be
	// looked for, never dialled again.
	Unknown bool
	// Retry says that nothing was done and the same request may be sent later.
	Retry bool
	Err   error
}

func (r *Refusal) Error() string {
	return fmt.Sprintf("carrier refused: %s (%s): %v", r.Reason, r.Code, r.Err)
}

func (r *Refusal) Unwrap() error { return r.Err }
