package openai

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"softphone/internal/protocol/realtime"
)

// defaultSettings is the session before any update, as recorded from the live
// service: server_vad with 200 ms of silence, PCM at 24 kHz, no transcription.
func defaultSettings(s *session) map[string]any {
	expires := s.began.Add(s.sim.cfg.MaxSession).Unix()
	if s.kind == realtime.Transcription {
		return map[string]any{"type": s.kind, "object": "realtime.transcription_session", "id": s.id, "expires_at": expires,
			"audio": map[string]any{"input": defaultInput(false)}, "include": nil}
	}
	return map[string]any{"type": s.kind, "object": "realtime.session", "id": s.id, "model": s.model,
		"output_modalities": []any{"audio"}, "instructions": "Your knowledge cutoff is 2023-10. You are a helpful, witty, and friendly AI.",
		"tools": []any{}, "tool_choice": "auto", "max_output_tokens": "inf", "tracing": nil, "truncation": "auto", "prompt": nil,
		"expires_at": expires, "audio": map[string]any{"input": defaultInput(true), "output": map[string]any{
			"format": pcm(), "voice": "alloy", "speed": 1.0}}, "include": nil}
}

func pcm() map[string]any { return map[string]any{"type": "audio/pcm", "rate": 24000.0} }

func defaultInput(answers bool) map[string]any {
	vad := map[string]any{"type": "server_vad", "threshold": 0.5, "prefix_padding_ms": 300.0, "silence_duration_ms": 200.0, "idle_timeout_ms": nil}
	if answers {
		vad["create_response"], vad["interrupt_response"] = true, true
	}
	return map[string]any{"format": pcm(), "transcription": nil, "noise_reduction": nil, "turn_detection": vad}
}

// merged lays an update over settings: objects merge, everything else is
// replaced, null clears.
func merged(old, update map[string]any) map[string]any {
	out := maps.Clone(old)
	for key, value := range update {
		was, a := out[key].(map[string]any)
		is, b := value.(map[string]any)
		if a && b && was["type"] == either(is["type"], was["type"]) {
			out[key] = merged(was, is)
		} else {
			out[key] = value
		}
	}
	return out
}

func either(a, b any) any {
	if a != nil {
		return a
	}
	return b
}

// at walks into nested objects; nil when there is no such place.
func at(settings any, path ...string) any {
	for _, key := range path {
		object, _ := settings.(map[string]any)
		settings = object[key]
	}
	return settings
}

func text(settings any, path ...string) string {
	s, _ := at(settings, path...).(string)
	return s
}

func number(settings any, path ...string) float64 {
	n, _ := at(settings, path...).(float64)
	return n
}

// mistake is a client's error; the socket stays open.
type mistake struct{ code, message, param string }

func (m *mistake) Error() string { return m.message }

func missing(param string) *mistake {
	return &mistake{realtime.MissingParameter, fmt.Sprintf("Missing required parameter: '%s'.", param), param}
}

func invalid(param, got string, supported ...string) *mistake {
	return &mistake{realtime.InvalidValue, fmt.Sprintf("Invalid value: '%s'. Supported values are: '%s'.", got, strings.Join(supported, "', '")), param}
}

// updated checks an update and returns the settings with it.
func (s *session) updated(update map[string]any) (map[string]any, *mistake) {
	kind, _ := update["type"].(string)
	switch {
	case kind == "":
		return nil, missing("session.type")
	case kind != s.kind:
		return nil, &mistake{message: fmt.Sprintf("Passing a %s session update event to a %s session is not allowed.", kind, s.kind)}
	}
	update = maps.Clone(update)
	for _, fixed := range []string{"id", "object", "model", "expires_at"} {
		delete(update, fixed)
	}
	next := merged(s.settings, update)
	if m := checkTranscription(at(next, "audio", "input")); m != nil {
		return nil, m
	}
	if m := checkFormats(next); m != nil {
		return nil, m
	}
	if text(next, "audio", "input", "format", "type") == "audio/pcmu" && s.sim.strikes("no_pcmu") {
		return nil, invalid("session.audio.input.format.type", "audio/pcmu", "audio/pcm")
	}
	return next, nil
}

func checkTranscription(input any) *mistake {
	asked, ok := at(input, "transcription").(map[string]any)
	if !ok {
		return nil
	}
	const param = "session.audio.input.transcription."
	model := text(asked, "model")
	languages, several := asked["languages"]
	list, _ := languages.([]any)
	switch {
	case !realtime.Transcribes(model):
		return invalid(param+"model", model, realtime.Transcribers()...)
	case realtime.Live(model) && at(input, "turn_detection") != nil:
		return &mistake{realtime.InvalidValue, "Turn detection is not supported for this transcription model.", "session.audio.input.turn_detection"}
	case several && asked["language"] != nil:
		return &mistake{realtime.InvalidValue, "'language' and 'languages' cannot be used together.", param + "languages"}
	case several && len(list) == 0:
		return &mistake{realtime.InvalidValue, "'languages' must contain at least one language.", param + "languages"}
	}
	return checkKeywords(asked)
}

func checkKeywords(asked map[string]any) *mistake {
	words, _ := asked["keywords"].([]any)
	for _, w := range words {
		if s, ok := w.(string); !ok || strings.ContainsAny(s, "<>\r\n") {
			return &mistake{realtime.InvalidValue, "Keywords must be strings without '<', '>' or line breaks.", "session.audio.input.transcription.keywords"}
		}
	}
	return nil
}

var (
	formats    = []string{"audio/pcm", "audio/pcmu", "audio/pcma"}
	voiceNames = []string{"alloy", "ash", "ballad", "coral", "echo", "sage", "shimmer", "verse", "marin", "cedar"}
	modalities = []string{"audio", "text"}
)

func checkFormats(settings map[string]any) *mistake {
	for _, way := range []string{"input", "output"} {
		if at(settings, "audio", way) == nil {
			continue
		}
		format := at(settings, "audio", way, "format")
		if name := text(format, "type"); !slices.Contains(formats, name) {
			return invalid("session.audio."+way+".format.type", name, formats...)
		}
		if r := number(format, "rate"); text(format, "type") == "audio/pcm" && r != 24000 {
			return invalid("session.audio."+way+".format.rate", fmt.Sprint(r), "24000")
		}
	}
	if name, ok := at(settings, "audio", "output", "voice").(string); ok && !slices.Contains(voiceNames, name) {
		return invalid("session.audio.output.voice", name, voiceNames...)
	}
	list, _ := settings["output_modalities"].([]any)
	for _, m := range list {
		if name, _ := m.(string); !slices.Contains(modalities, name) || len(list) > 1 {
			return invalid("session.output_modalities", fmt.Sprint(list), "['text']", "['audio']")
		}
	}
	return nil
}

// decode reads JSON into a plain object.
func decode(frame []byte) (map[string]any, error) {
	var object map[string]any
	err := json.Unmarshal(frame, &object)
	return object, err
}
