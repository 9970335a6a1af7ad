package call

import (
	"context"
	"encoding/json"
	"errors"
	"time"
)

// Event is one thing that happened in a stream ("call:ID", "agent:ID",
// "board"), numbered by the owner of the stream without gaps from 1. It is
// published after it was committed.
type Event struct {
	Stream string          `json:"stream"`
	Epoch  int             `json:"epoch"`
	Seq    int64           `json:"seq"`
	At     time.Time       `json:"at"`
	Type   string          `json:"type"`   // the socket event's name: "call:update", "ai:transcript", ...
	CallID ID              `json:"callId"` // empty outside calls
	Body   json.RawMessage `json:"body"`   // an object: the event's own fields
}

// Volatile is news that is not numbered and not stored: partial transcript
// lines, levels. Losing it costs nothing that the next one does not mend.
type Volatile struct {
	CallID ID
	At     time.Time
	Type   string
	Body   json.RawMessage
}

// Change is everything one input changed: it becomes durable as one
// transaction or not at all.
type Change struct {
	Call   Record
	Legs   []LegRecord // those that changed
	Events []Event
	Inbox  []string // ids of inbox facts that this change has folded in
	Jobs   []Job
	Lines  []Line // transcript segments that became final
	// Transcript says that the call's transcript is to be written anew from all
	// lines that are stored by then, those of this change included.
	Transcript bool
	Claim      Claim // what this change does to the load of the call's agent
	Fence      int   // refused with ErrFenced when the stored epoch is higher
	Once       *Once // of the first change: refused with ErrRepeated when it was given before
}

// Once names an order, so that giving it again does not carry it out again. It
// is the call's user who may not give two orders of one key.
type Once struct {
	Key     string
	Hash    string // of what was ordered
	Expires time.Time
}

// Claim is a change of an agent's load. Taking is conditional: it succeeds
// only while load < capacity, in the same transaction as the call's own row.
type Claim int

const (
	KeepAgent    Claim = iota
	TakeAgent          // load + 1, or ErrAgentBusy
	ReleaseAgent       // load - 1
)

// Job is work that must happen because of a change: it is stored with it.
type Job struct {
	Kind string // "summary", "transcript", ...
	Key  string // at most one job of a kind and key
	Body json.RawMessage
	Due  time.Time
}

// Line is a finished line of a conversation as stored in table `segments`.
type Line struct {
	ID       string
	CallID   ID
	Speaker  string // "caller" or "agent"
	Text     string
	Start    time.Duration // since the call was answered
	End      time.Duration
	Revision int
	Gap      string // why nothing is known of this stretch; empty for speech
}

// Journal makes changes durable. Implemented by the tenant's database.
type Journal interface {
	// Change stores c, or nothing: ErrFenced, ErrAgentBusy, or the database's error.
	Change(ctx context.Context, c Change) error
	// Taken says that a leg of the carrier's belongs to another call.
	Taken(ctx context.Context, sid string, but ID) (bool, error)
}

// Errors of a Journal.
var (
	ErrFenced    = errors.New("call belongs to a newer owner")
	ErrAgentBusy = errors.New("agent has no free line")
	ErrRepeated  = errors.New("this order was given before")
)
