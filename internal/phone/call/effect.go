package call

import (
	"encoding/json"
	"time"
)

// Effect is something the rules want done outside: by the carrier, a timer,
// the sound or the journal.
type Effect interface{ effect() }

// timer names a timer of a call. Setting one again moves it.
type timer string

const (
	watch timer = "watch" // ask the carrier how the leg is
	grace timer = "grace" // the agent's device may come back
	quest timer = "quest" // look again for a leg of unknown outcome
	words timer = "words" // the last ones of a call that is over
)

type (
	dialLeg   struct{}
	cancelLeg struct{ sid string }
	hangLeg   struct{ sid string }
	askLeg    struct{ sid string }
	findLeg   struct{}
	setTimer  struct {
		timer timer
		after time.Duration
	}
	stopTimer struct{ timer timer }
	playKeys  struct{ digits string }
	// tell makes an event; body is what it carries beside the call.
	tell struct {
		kind string
		body json.RawMessage
	}
	whisper struct {
		kind string
		body json.RawMessage
	}
	keepLine struct{ line Line }
	folded   struct{ inbox string }
	writeOut struct{} // the lines become the call's transcript
	save     struct{} // the record changed and nobody needs to be told
)

func (dialLeg) effect()   {}
func (cancelLeg) effect() {}
func (hangLeg) effect()   {}
func (askLeg) effect()    {}
func (findLeg) effect()   {}
func (setTimer) effect()  {}
func (stopTimer) effect() {}
func (playKeys) effect()  {}
func (tell) effect()      {}
func (whisper) effect()   {}
func (keepLine) effect()  {}
func (folded) effect()    {}
func (writeOut) effect()  {}
func (save) effect()      {}
