package call

import "time"

// ID names a call. It is ours (a ULID, 26 characters), never the carrier's.
type ID string

// LegID names a leg of a call. It is ours and rides in every address we give
// the carrier, so that a callback finds its leg before we know the carrier's id.
type LegID string

// UserID names an agent of the tenant.
type UserID string

// Direction tells who started the call, seen from the desk.
type Direction string

const (
	Inbound  Direction = "inbound"
	Outbound Direction = "outbound"
)

// Status is the status of a call in the words of the product's `calls` table.
type Status string

const (
	Queued     Status = "queued"
	Ringing    Status = "ringing"
	InProgress Status = "in-progress"
	Completed  Status = "completed"
	Busy       Status = "busy"
	Failed     Status = "failed"
	NoAnswer   Status = "no-answer"
	Canceled   Status = "canceled"
)

// Final reports whether no other status can follow.
func (s Status) Final() bool {
	switch s {
	case Completed, Busy, Failed, NoAnswer, Canceled:
		return true
	}
	return false
}

// Verdict tells how a call ended: decided once, by whoever knows, then stored,
// shown and counted. Nobody guesses it later from an error.
type Verdict struct {
	By     By     `json:"by" enum:"agent,customer,carrier,desk"`
	Reason Reason `json:"reason"`
	// Detail is the carrier's own word where there is one ("21211", "486").
	Detail string `json:"detail,omitempty"`
}

// By is who ended a call.
type By string

const (
	ByAgent    By = "agent"
	ByCustomer By = "customer"
	ByCarrier  By = "carrier"
	ByDesk     By = "desk" // our own rules: no device, time limit, shutdown
)

// Reason is why a call ended. Each has a sentence for the agent in the pages'
// catalogue and is stable: it is stored.
type Reason string

const (
	HungUp          Reason = "hung_up"
	Cancelled       Reason = "cancelled"         // by the agent before the answer
	BusyLine        Reason = "busy"              //
	NotAnswered     Reason = "no_answer"         //
	InvalidNumber   Reason = "invalid_number"    // carrier: To is not a number that exists
	NotReachable    Reason = "not_reachable"     // carrier could not complete the call
	NotPermitted    Reason = "not_permitted"     // country or number not enabled, blocked, unverified
	CallerIDRefused Reason = "caller_id_refused" // From is not ours
	BadCredentials  Reason = "bad_credentials"   // the tenant's account or token is wrong
	CarrierBusy     Reason = "carrier_busy"      // 429 or queue full, after our retries
	CarrierError    Reason = "carrier_error"     // 5xx, malformed answers
	CarrierLost     Reason = "carrier_lost"      // sound lost and the carrier ended the call
	OutcomeUnknown  Reason = "outcome_unknown"   // never learnt whether the call was placed
	NoDevice        Reason = "no_device"         // nobody on our side had a live microphone
	TimeLimit       Reason = "time_limit"
	Shutdown        Reason = "shutdown"
	Crashed         Reason = "crashed" // a panic ended this one call, or our process died with it
)

// Record is a call as stored in table `calls`: what lists and reports read.
type Record struct {
	ID         ID
	CallSID    string // the first leg's id at the carrier; empty until known
	Direction  Direction
	From, To   string
	Status     Status
	Verdict    Verdict // how it ended; stored while the leg is being ended: how it will
	UserID     UserID  // empty: nobody's yet
	ContactID  string
	StartedAt  time.Time     // arrival or dial
	AnsweredAt time.Time     // customer and agent hear each other; zero before
	EndedAt    time.Time     // end of the customer's leg; zero while live
	Talk       time.Duration // from AnsweredAt to EndedAt
	Epoch      int           // grows with each new owner
	CreatedAt  time.Time
	UpdatedAt  time.Time
}

// LegRecord is a leg as stored in table `legs`. An agent's device has a leg too.
type LegRecord struct {
	ID         LegID
	CallID     ID
	Role       Role
	Phase      Phase
	CarrierSID string // unique where set
	Address    string // number, client:..., or device id
	DialledAt  time.Time
	AnsweredAt time.Time
	EndedAt    time.Time
	Cause      string // carrier's final word: status, SIP code or error code
}

// Role is what a party is in the call.
type Role string

const (
	Customer   Role = "customer"
	Agent      Role = "agent"
	Third      Role = "third"
	Supervisor Role = "supervisor"
	Assistant  Role = "ai"
)

// Phase is where a leg is in its life.
type Phase string

const (
	New      Phase = "new"      // decided, nothing asked of the carrier yet
	Dialling Phase = "dialling" // asked; no word yet that it rings
	Unknown  Phase = "unknown"  // asked, and we do not know whether it was placed
	Rings    Phase = "ringing"
	Answered Phase = "answered" // picked up, its sound is not with us yet
	Up       Phase = "up"       // its sound flows through us
	Held     Phase = "held"
	Ending   Phase = "ending" // we asked the carrier to end it
	Gone     Phase = "gone"
)
