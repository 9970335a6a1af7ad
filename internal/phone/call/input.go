package call

import (
	"encoding/json"
	"errors"

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

// Input is something that happens to a call: the only way to change it.
type Input interface{ input() }

type (
	// Told is a fact from the carrier. Repeated and late ones change nothing
	// that is decided.
	Told struct{ Fact Fact }
	// StreamUp brings the sound of the customer's leg.
	StreamUp struct {
		Leg  LegID
		Port media.Port
	}
	// StreamDown says that this sound ended; Lost, that it broke off without
	// the carrier's farewell.
	StreamDown struct {
		Port media.Port
		Lost bool
	}
	// DeviceUp brings the agent's sound; it takes over from an older device.
	DeviceUp struct{ Port media.Port }
	// DeviceDown says that this device is gone. One that was replaced is ignored.
	DeviceDown struct{ Port media.Port }
	// End hangs up, or cancels before the answer.
	End struct{ Verdict Verdict }
	// Mute stops or passes the agent's sound.
	Mute struct{ On bool }
	// Press sounds keys to the customer.
	Press struct{ Digits string }
	// Heard is a key the customer pressed.
	Heard struct{ Digit string }
	// Remark is news of the assistant for the agent's page.
	Remark struct {
		Type     string // "ai:transcript", ...
		Body     json.RawMessage
		Volatile bool
		Line     *Line   // a finished line of the transcript
		Assist   *Assist // a new state of the assistant
	}

	dialPlaced  struct{ sid string }
	dialRefused struct{ refusal *Refusal }
	found       struct {
		fact Fact
		ok   bool
	}
	cancelled struct{ err error }
	hungUp    struct{ err error }
	asked     struct {
		fact Fact
		err  error
	}
	timedOut struct {
		timer timer
		turn  int
	}
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
func (Press) input()       {}
func (Heard) input()       {}
func (Remark) input()      {}
func (dialPlaced) input()  {}
func (dialRefused) input() {}
func (found) input()       {}
func (cancelled) input()   {}
func (hungUp) input()      {}
func (asked) input()       {}
func (timedOut) input()    {}
func (keysDone) input()    {}
func (fenced) input()      {}
func (crashed) input()     {}
