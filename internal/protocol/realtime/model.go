package realtime

import (
	"slices"
	"strings"
)

// Defaults where a tenant sets none.
const (
	DefaultModel       = "gpt-realtime-2.1-mini"
	DefaultTranscriber = "gpt-live-transcribe"
)

var (
	conversationModels = []string{"gpt-realtime-2.1", "gpt-realtime-2.1-mini", "gpt-realtime-2", "gpt-realtime-1.5",
		"gpt-realtime", "gpt-realtime-2025-08-28", "gpt-realtime-mini", "gpt-realtime-mini-2025-12-15"}
	transcribers = []string{"gpt-live-transcribe", "gpt-transcribe", "gpt-realtime-whisper", "gpt-4o-transcribe",
		"gpt-4o-mini-transcribe", "gpt-4o-mini-transcribe-2025-12-15", "gpt-4o-transcribe-diarize", "whisper-1"}
	liveModels = []string{"gpt-live-transcribe", "gpt-realtime-whisper"}
)

// ConversationModels are those of ?model=, the current ones first.
func ConversationModels() []string { return slices.Clone(conversationModels) }

// Transcribers are those of audio.input.transcription.model.
func Transcribers() []string { return slices.Clone(transcribers) }

// Converses reports whether a model may be named in ?model=.
func Converses(model string) bool { return slices.Contains(conversationModels, model) }

// Transcribes reports whether a model writes down speech.
func Transcribes(model string) bool { return slices.Contains(transcribers, model) }

// Live reports whether a transcriber writes while it hears; such a model
// accepts no turn detection, so the client commits.
func Live(model string) bool { return slices.Contains(liveModels, model) }

// Retired reports whether a model was switched off (OpenAI, Deprecations:
// 2026-05-07 and, for the mini snapshot, 2026-07-23).
func Retired(model string) bool {
	return strings.HasPrefix(model, "gpt-4o-realtime-preview") || strings.HasPrefix(model, "gpt-4o-mini-realtime-preview") ||
		model == "gpt-realtime-mini-2025-10-06"
}
