package assist

import (
	"context"
	"encoding/json"
)

// Brain opens text sessions that follow a conversation.
type Brain interface {
	// Think returns once the model has confirmed its instructions and tools.
	Think(ctx context.Context, brief Brief) (Mind, error)
}

// Brief is what a mind is told at first.
type Brief struct {
	Instructions string
	Tools        []ToolSpec
}

// ToolSpec describes a tool to the model.
type ToolSpec struct {
	Name        string
	Description string
	Parameters  json.RawMessage // JSON Schema
}

// Mind is one text session. Next is called by one goroutine, the rest by another.
type Mind interface {
	// Add tells what was said, "CALLER: ..." or "AGENT: ...".
	Add(ctx context.Context, turn string) error
	// Ask wants a suggestion for the turn and gives up the one asked before.
	Ask(ctx context.Context, turn string) error
	// Consider lets the model call tools.
	Consider(ctx context.Context) error
	// Answer is the output of a tool call; every call gets one.
	Answer(ctx context.Context, callID, output string) error
	// Next waits for an idea. Its error ends the session.
	Next(ctx context.Context) (Idea, error)
	Close()
}

// IdeaKind is a kind of idea.
type IdeaKind int

// What a mind comes up with.
const (
	Advice   IdeaKind = iota // Text answers Ask(Turn)
	NoAdvice                 // Ask(Turn) came to nothing
	UseTool                  // Tool is to be called with Arguments
)

// Idea is one of them.
type Idea struct {
	Kind      IdeaKind
	Turn      string
	Text      string
	CallID    string
	Tool      string
	Arguments json.RawMessage
	Reason    string // with NoAdvice: a reason code, if there is one to tell
}
