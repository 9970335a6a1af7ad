package assist

import (
	"context"
	"errors"
)

// Speaker is who is heard on a leg.
type Speaker string

// The two parties of a call.
const (
	Caller Speaker = "caller"
	Agent  Speaker = "agent"
)

// Ear opens transcription sessions, one a leg.
type Ear interface {
	// Listen returns once the model has confirmed how it listens.
	Listen(ctx context.Context, hints Hints) (Hearing, error)
}

// Hints help a transcriber with this leg.
type Hints struct {
	Speaker   Speaker
	Languages []string // ISO 639-1
	Keywords  []string // names of the contact, the company, the products
}

// Hearing is one transcription session. Append and Commit are called by one
// goroutine, Next by another; Close by either, more than once.
type Hearing interface {
	// Append sends mu-law sound; it does not keep it.
	Append(ctx context.Context, pcmu []byte) error
	// Commit ends the utterance appended since the last Commit.
	Commit(ctx context.Context) error
	// Next waits for news. Its error, a *Fault if possible, ends the session.
	Next(ctx context.Context) (Heard, error)
	Close()
}

// HeardKind is a kind of news from a transcriber.
type HeardKind int

// What a transcriber tells. Taken and Rejected come once for each Commit, in the
// order of the commits; Partial may come before, Final and Failed in any order.
const (
	Partial  HeardKind = iota // Text is more of what was said
	Taken                     // a commit became item Item
	Rejected                  // a commit was refused: too little sound
	Final                     // Text is all that was said
	Failed                    // nothing will be written for Item
)

// Heard is a piece of news about one utterance.
type Heard struct {
	Kind HeardKind
	Item string
	Text string
}

// Reason codes of an assistant that is not available.
const (
	NotConfigured = "not_configured"
	BadKey        = "bad_key"
	Quota         = "quota"
	Unreachable   = "unreachable"
	Model         = "model"
	RateLimited   = "rate_limited"
)

// Fault is why a model cannot be used. A fatal one stays until somebody changes
// the account or the settings, so it is met with patience and not with retries.
type Fault struct {
	Reason string
	Fatal  bool
	Err    error
}

func (f *Fault) Error() string { return "assistant " + f.Reason + ": " + f.Err.Error() }

// Unwrap returns the cause.
func (f *Fault) Unwrap() error { return f.Err }

// faultOf reads any error as a fault; an unknown one is worth another try.
func faultOf(err error) *Fault {
	if fault, ok := errors.AsType[*Fault](err); ok {
		return fault
	}
	return &Fault{Reason: Unreachable, Err: err}
}
