package call

import (
	"encoding/json"
	"errors"
	"time"

	"softphone/internal/phone/media"
)

// Errors of inputs and of a Carrier.
var (
	// ErrOver says that the call has ended and takes no more inputs.
	ErrOver = errors.New("call is over")
	// ErrNotNow says that the call is not in a state in which this can be done.
	ErrNotNow = errors.New("call is not connected")
	// ErrOverloaded says that the call has too much unfinished work.
	ErrOverloaded = errors.New("call is overloaded")
	// ErrBadKeys says that a digit has no key.
	ErrBadKeys = errors.New("not a key of a telephone")
	// ErrTooLate says that a leg was answered before it could be cancelled.
	ErrTooLate = errors.New("leg is answered already")
)

// Taken says that another agent was faster.
type Taken struct {
	By   UserID
	Name string
}

func (t *Taken) Error() string { return "call was taken by " + string(t.By) }

// Input is something that happens to a call: the only way to change it.
type Input interface{ input() }

// legInput happens to the leg of one telephone.
type legInput interface {
	Input
	of() LegID
}

// Action is what an agent does with a call in which there is somebody more.
type Action string

// Actions.
const (
	Cancel   Action = "cancel"   // the party that was asked goes
	Complete Action = "complete" // the agent goes
	Swap     Action = "swap"     // to the other of the two
	Merge    Action = "merge"    // all talk together
	Leave    Action = "leave"    // the agent goes, the others talk on
)

type (
	// Told is a fact from the carrier about the leg it names. Repeated and late
	// ones change nothing that is decided.
	Told struct{ Fact Fact }
	// StreamUp brings the sound of a telephone's leg.
	StreamUp struct {
		Leg  LegID
		Port media.Port
	}
	// StreamDown says that this sound ended; Lost, that it broke off without
	// the carrier's farewell.
	StreamDown struct {
		Leg  LegID
		Port media.Port
		Lost bool
	}
	// DeviceUp brings an agent's sound; it takes over from an older device.
	DeviceUp struct {
		User UserID
		Port media.Port
	}
	// DeviceDown says that this device is gone. One that was replaced is ignored.
	DeviceDown struct {
		User UserID
		Port media.Port
	}
	// End hangs up, or cancels before the answer.
	End struct{ Verdict Verdict }
	// Mute stops or passes an agent's sound.
	Mute struct {
		User UserID
		On   bool
	}
	// Hold puts the call aside for an agent, or takes it up again.
	Hold struct {
		User UserID
		On   bool
	}
	// Press sounds an agent's keys to the telephone.
	Press struct {
		User   UserID
		Digits string
	}
	// Heard is a key that a telephone pressed.
	Heard struct {
		Leg   LegID
		Digit string
	}
	// Accept takes a call that is offered; refused with *Taken when another was faster.
	Accept struct{ User UserID }
	// Reject declines a call that is offered.
	Reject struct{ User UserID }
	// Bring asks a party into the call for an agent.
	Bring struct {
		By    UserID
		Mode  Mode
		Party Party
	}
	// Steer is what an agent does with a call in which there is somebody more.
	Steer struct {
		By UserID
		Do Action
	}
	// Remove sends a party away.
	Remove struct {
		By  UserID
		Leg LegID
	}
	// Remark is news of the assistant for the agent's page.
	Remark struct {
		Type     string // "ai:transcript", ...
		Body     json.RawMessage
		Volatile bool
		Line     *Line   // a finished line of the transcript
		Assist   *Assist // a new state of the assistant
	}

	dialPlaced struct {
		leg LegID
		sid string
	}
	dialRefused struct {
		leg     LegID
		refusal *Refusal
	}
	found struct {
		leg  LegID
		fact Fact
		ok   bool
	}
	cancelled struct {
		leg LegID
		err error
	}
	hungUp struct {
		leg LegID
		err error
	}
	asked struct {
		leg  LegID
		fact Fact
		err  error
	}
	resumed struct {
		leg LegID
		err error
	}
	legTimedOut struct {
		leg   LegID
		timer timer
		turn  int
	}
	timedOut struct {
		timer timer
		leg   LegID
		turn  int
	}
	// candidates are the agents to whom the call may be offered.
	candidates struct {
		agents []Candidate
		ring   time.Duration
	}
	claimed struct {
		user UserID
		err  error
	}
	played   struct{ prompt string }
	keysDone struct{}
	fenced   struct{}
	crashed  struct{}
)

func (Told) input()        {}
func (StreamUp) input()    {}
func (StreamDown) input()  {}
func (DeviceUp) input()    {}
func (DeviceDown) input()  {}
func (End) input()         {}
func (Mute) input()        {}
func (Hold) input()        {}
func (Press) input()       {}
func (Heard) input()       {}
func (Accept) input()      {}
func (Reject) input()      {}
func (Bring) input()       {}
func (Steer) input()       {}
func (Remove) input()      {}
func (Remark) input()      {}
func (dialPlaced) input()  {}
func (dialRefused) input() {}
func (found) input()       {}
func (cancelled) input()   {}
func (hungUp) input()      {}
func (asked) input()       {}
func (resumed) input()     {}
func (legTimedOut) input() {}
func (timedOut) input()    {}
func (candidates) input()  {}
func (claimed) input()     {}
func (played) input()      {}
func (keysDone) input()    {}
func (fenced) input()      {}
func (crashed) input()     {}

func (in Told) of() LegID        { return in.Fact.Leg }
func (in StreamUp) of() LegID    { return in.Leg }
func (in StreamDown) of() LegID  { return in.Leg }
func (in Heard) of() LegID       { return in.Leg }
func (in dialPlaced) of() LegID  { return in.leg }
func (in dialRefused) of() LegID { return in.leg }
func (in found) of() LegID       { return in.leg }
func (in cancelled) of() LegID   { return in.leg }
func (in hungUp) of() LegID      { return in.leg }
func (in asked) of() LegID       { return in.leg }
func (in resumed) of() LegID     { return in.leg }
func (in legTimedOut) of() LegID { return in.leg }
