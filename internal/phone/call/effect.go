package call

import (
	"encoding/json"
	"time"
)

// Effect is something the rules want done outside: by the carrier, a timer, the
// sound, the desk or the journal.
type Effect interface{ effect() }

// timer names a timer of a call, or of one of its legs. Setting one again moves it.
type timer string

const (
	watch     timer = "watch"     // ask the carrier how the leg is
	quest     timer = "quest"     // look again for a leg of unknown outcome
	grace     timer = "grace"     // an agent's device may come back
	seating   timer = "seating"   // the sound of an agent who accepted
	ringing   timer = "ringing"   // who is offered the call may still take it
	recording timer = "recording" // of a message
	words     timer = "words"     // the listener's last ones
)

// ofLeg tells the timers of telephones' legs.
func (t timer) ofLeg() bool { return t == watch || t == quest }

type (
	dialLeg   struct{ leg LegID }
	cancelLeg struct {
		leg LegID
		sid string
	}
	hangLeg struct {
		leg LegID
		sid string
	}
	askLeg struct {
		leg LegID
		sid string
	}
	findLeg   struct{ leg LegID }
	resumeLeg struct { // bring its sound to us anew
		leg LegID
		sid string
	}
	setTimer struct {
		timer timer
		leg   LegID
		after time.Duration
	}
	stopTimer struct {
		timer timer
		leg   LegID
	}
	playKeys struct {
		leg    LegID
		digits string
	}
	// play sounds an announcement to a telephone; played says when it ended.
	play struct {
		leg    LegID
		prompt string
	}
	stopPlaying struct{ leg LegID }
	takeMessage struct{}                 // record a voicemail from now on
	seekAgents  struct{ tried []UserID } // candidates answers
	lend        struct{ user UserID }    // bring the device of an agent
	claim       struct{ user UserID }    // a line of an agent; claimed answers
	took        struct{ user UserID }    // an agent has the call
	release     struct{ user UserID }    // give it back
	missedOffer struct{ user UserID }    // an agent did not react
	// tell makes an event: the call as it is now and more, or body instead; to
	// says whose pages are told (nil: all that follow the call).
	tell struct {
		kind string
		body json.RawMessage
		more json.RawMessage
		to   []UserID
	}
	after   struct{ in Input } // take one more input
	whisper struct {
		kind string
		body json.RawMessage
	}
	keepLine struct{ line Line }
	folded   struct{ inbox string }
	writeOut struct{} // the transcript, from all lines that are stored
	save     struct{} // the record changed and nobody needs to be told
)

func (dialLeg) effect()     {}
func (cancelLeg) effect()   {}
func (hangLeg) effect()     {}
func (askLeg) effect()      {}
func (findLeg) effect()     {}
func (resumeLeg) effect()   {}
func (setTimer) effect()    {}
func (stopTimer) effect()   {}
func (playKeys) effect()    {}
func (play) effect()        {}
func (stopPlaying) effect() {}
func (takeMessage) effect() {}
func (seekAgents) effect()  {}
func (lend) effect()        {}
func (claim) effect()       {}
func (took) effect()        {}
func (release) effect()     {}
func (missedOffer) effect() {}
func (tell) effect()        {}
func (after) effect()       {}
func (whisper) effect()     {}
func (keepLine) effect()    {}
func (folded) effect()      {}
func (writeOut) effect()    {}
func (save) effect()        {}
