package openai

import (
	"context"

	"softphone/internal/protocol/realtime"
)

// vadStep is 32 ms: every time in captures of the live service is a multiple of
// it, before the prefix padding is taken off.
const vadStep = 256

// vad is the server's voice activity detection: an energy threshold.
type vad struct {
	rest     []int16
	speaking bool
	loud     int // steps of speech in a row
	quiet    int // steps of silence in a row
}

// detect is how sound is heard with turn detection on.
func (s *session) detect(ctx context.Context, sound []int16) {
	v := &s.ear.vad
	v.rest = append(v.rest, sound...)
	for len(v.rest) >= vadStep {
		step := v.rest[:vadStep]
		v.rest = v.rest[vadStep:]
		s.ear.sound = append(s.ear.sound, step...)
		s.ear.total += vadStep
		s.step(ctx, step)
	}
}

func (s *session) step(ctx context.Context, sound []int16) {
	v := &s.ear.vad
	if columnOf(sound).loud > 4.6 {
		v.loud, v.quiet = v.loud+1, 0
	} else {
		v.loud, v.quiet = 0, v.quiet+1
	}
	vadOf := at(s.settings, "audio", "input", "turn_detection")
	silence, padding := int(number(vadOf, "silence_duration_ms")), int(number(vadOf, "prefix_padding_ms"))
	if text(vadOf, "type") == "semantic_vad" {
		silence, padding = 640, 300
	}
	now := s.ear.total * 1000 / rate
	switch {
	case !v.speaking && v.loud == 2:
		s.startSpeech(ctx, max(now-64-padding, 0), vadOf)
	case !v.speaking:
		keep := min((padding+64)*rate/1000, len(s.ear.sound))
		s.ear.sound = s.ear.sound[len(s.ear.sound)-keep:]
	case v.quiet*32 >= silence:
		s.stopSpeech(ctx, now, vadOf)
	}
}

func (s *session) startSpeech(ctx context.Context, ms int, vadOf any) {
	s.ear.vad.speaking = true
	s.send(ctx, realtime.Speech{Header: header(realtime.SpeechStartedType), AudioStartMs: ms, ItemID: s.ear.name()})
	if interrupt, _ := at(vadOf, "interrupt_response").(bool); interrupt && s.active != nil {
		s.active.stop(ctx, "turn_detected")
	}
}

func (s *session) stopSpeech(ctx context.Context, ms int, vadOf any) {
	s.ear.vad.speaking = false
	s.send(ctx, realtime.Speech{Header: header(realtime.SpeechStoppedType), AudioEndMs: ms, ItemID: s.ear.name()})
	if m := s.commit(ctx); m != nil {
		s.complain(ctx, m, "")
		return
	}
	if create, _ := at(vadOf, "create_response").(bool); create && s.kind == realtime.Conversation && s.active == nil {
		s.begin(ctx, realtime.ResponseParams{})
	}
}
