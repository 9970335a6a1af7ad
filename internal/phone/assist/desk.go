package assist

import (
	"context"
	"encoding/json"
	"time"

	"softphone/internal/phone/media"
)

// Tap is one leg's sound as a stream of frames.
type Tap interface {
	// Read waits for the next frame, which is borrowed until the next Read. An
	// error means that no more sound will come.
	Read(ctx context.Context) (media.Frame, error)
}

// Desk is where everything is posted, by one goroutine, in order. It must not
// block.
type Desk interface {
	Partial(Line) // volatile: the next revision replaces it
	Line(Line)    // final
	Suggest(Suggestion)
	Act(Action)
	State(State)
}

// Line is what one party said in one go.
type Line struct {
	ID       string
	Revision int // grows with every change of this line
	Speaker  Speaker
	Text     string
	Start    time.Duration // call time
	End      time.Duration
	Gap      string // why some or all of the words are missing; a reason code
}

// Suggestion is what the agent might say next.
type Suggestion struct {
	ID     string
	Text   string
	Reason string // why, in the model's words; may be empty
	LineID string // the line it answers
}

// ActionState is how far a tool call is.
type ActionState string

// States of an action.
const (
	Running  ActionState = "running"
	Proposed ActionState = "proposed" // waits for the agent to confirm
	Done     ActionState = "done"
	Refused  ActionState = "refused"
)

// Action is a tool call the model asked for.
type Action struct {
	ID        string
	Tool      string
	Arguments json.RawMessage
	State     ActionState
	Result    json.RawMessage // when done or refused
}

// Phase is what the assistant does.
type Phase string

// Phases of the assistant.
const (
	Off        Phase = "off"
	Connecting Phase = "connecting"
	Listening  Phase = "listening"
	Gone       Phase = "unavailable"
)

// State is the phase, with a reason code when the assistant is unavailable.
type State struct {
	Phase  Phase
	Reason string
}
