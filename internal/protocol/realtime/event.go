package realtime

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Client events, OpenAI Realtime API reference, "Client events".
const (
	SessionUpdateType  = "session.update"
	AudioAppendType    = "input_audio_buffer.append"
	AudioCommitType    = "input_audio_buffer.commit"
	AudioClearType     = "input_audio_buffer.clear"
	ItemCreateType     = "conversation.item.create"
	ItemRetrieveType   = "conversation.item.retrieve"
	ItemTruncateType   = "conversation.item.truncate"
	ItemDeleteType     = "conversation.item.delete"
	ResponseCreateType = "response.create"
	ResponseCancelType = "response.cancel"
)

// Server events, OpenAI Realtime API reference, "Server events".
const (
	ErrorType                  = "error"
	SessionCreatedType         = "session.created"
	SessionUpdatedType         = "session.updated"
	ItemAddedType              = "conversation.item.added"
	ItemDoneType               = "conversation.item.done"
	ItemRetrievedType          = "conversation.item.retrieved"
	ItemDeletedType            = "conversation.item.deleted"
	ItemTruncatedType          = "conversation.item.truncated"
	TranscriptionDeltaType     = "conversation.item.input_audio_transcription.delta"
	TranscriptionCompletedType = "conversation.item.input_audio_transcription.completed"
	TranscriptionFailedType    = "conversation.item.input_audio_transcription.failed"
	SpeechStartedType          = "input_audio_buffer.speech_started"
	SpeechStoppedType          = "input_audio_buffer.speech_stopped"
	AudioCommittedType         = "input_audio_buffer.committed"
	AudioClearedType           = "input_audio_buffer.cleared"
	ResponseCreatedType        = "response.created"
	ResponseDoneType           = "response.done"
	OutputItemAddedType        = "response.output_item.added"
	OutputItemDoneType         = "response.output_item.done"
	PartAddedType              = "response.content_part.added"
	PartDoneType               = "response.content_part.done"
	TextDeltaType              = "response.output_text.delta"
	TextDoneType               = "response.output_text.done"
	AudioDeltaType             = "response.output_audio.delta"
	AudioDoneType              = "response.output_audio.done"
	AudioTextDeltaType         = "response.output_audio_transcript.delta"
	AudioTextDoneType          = "response.output_audio_transcript.done"
	ArgumentsDeltaType         = "response.function_call_arguments.delta"
	ArgumentsDoneType          = "response.function_call_arguments.done"
	RateLimitsType             = "rate_limits.updated"
)

// Header is what every event begins with.
type Header struct {
	Type    string `json:"type"`
	EventID string `json:"event_id,omitempty"`
}

var typePrefix = []byte(`{"type":"`)

// Peek returns the type of an event. The live server writes it first, which
// costs no parsing; other servers of this protocol do not, and are parsed.
func Peek(frame []byte) (string, error) {
	if rest, ok := bytes.CutPrefix(frame, typePrefix); ok {
		if end := bytes.IndexAny(rest, `"\`); end > 0 && rest[end] == '"' && complete(frame) {
			return string(rest[:end]), nil
		}
	}
	var h Header
	if err := json.Unmarshal(frame, &h); err != nil {
		return "", fmt.Errorf("read event: %w", err)
	}
	if h.Type == "" {
		return "", fmt.Errorf("read event: no type")
	}
	return h.Type, nil
}

// complete is a cheap sign that a frame was not cut off.
func complete(frame []byte) bool {
	trimmed := bytes.TrimRight(frame, " \t\r\n")
	return trimmed[len(trimmed)-1] == '}'
}

// Read decodes an event of a known type.
func Read[T any](frame []byte) (T, error) {
	var event T
	if err := json.Unmarshal(frame, &event); err != nil {
		return event, fmt.Errorf("read event: %w", err)
	}
	return event, nil
}
