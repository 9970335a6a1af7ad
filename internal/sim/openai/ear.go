package openai

import (
	"context"
	"fmt"
	"math"
	"strings"
	"time"

	"softphone/internal/protocol/g711"
	"softphone/internal/protocol/realtime"
)

// ear is the input audio buffer and what was understood of it so far.
type ear struct {
	known   []voice
	sound   []int16
	look    []column
	total   int // samples since the session began
	item    string
	last    string // the item before this one
	emitted string // deltas so far
	locked  *match // the sentence being heard
	from    int    // columns before this are written
	tried   int    // columns at the last search
	vad     vad
}

func (e *ear) forget() {
	e.sound, e.look, e.emitted, e.locked, e.item = nil, nil, "", nil, ""
	e.from, e.tried = 0, 0
}

func (e *ear) name() string {
	if e.item == "" {
		e.item = newID("item_", 21)
	}
	return e.item
}

func (e *ear) ms() float64 { return float64(len(e.sound)) * 1000 / rate }

// samples decodes sound to 8 kHz.
func samples(sound []byte, format string) []int16 {
	switch format {
	case "audio/pcm":
		wide := make([]int16, len(sound)/2)
		for i := range wide {
			wide[i] = int16(uint16(sound[2*i]) | uint16(sound[2*i+1])<<8)
		}
		return resampled(wide, 24000)
	case "audio/pcma":
		out := make([]int16, len(sound))
		for i, b := range sound {
			out[i] = alaw(b)
		}
		return out
	}
	out := make([]int16, len(sound))
	g711.DecodeTo(out, sound)
	return out
}

// alaw is table 1a of ITU-T G.711.
func alaw(b byte) int16 {
	b ^= 0x55
	value := int16(b&0x0f)<<4 + 8
	if segment := b >> 4 & 7; segment > 0 {
		value = (value + 0x100) << (segment - 1)
	}
	if b&0x80 == 0 {
		return -value
	}
	return value
}

func (s *session) transcriber() string {
	return text(s.settings, "audio", "input", "transcription", "model")
}

// hear adds sound to the buffer and says what a model says while it listens.
func (s *session) hear(ctx context.Context, sound []int16) {
	s.show(sound)
	if at(s.settings, "audio", "input", "turn_detection") != nil {
		s.detect(ctx, sound)
		return
	}
	s.ear.sound = append(s.ear.sound, sound...)
	s.ear.total += len(sound)
	if realtime.Live(s.transcriber()) {
		s.ear.look = picture(s.ear.look, s.ear.sound)
		s.writeLive(ctx)
	}
}

const (
	behind      = 35 // columns that a live model is behind: 0.7 s
	searchEvery = 10 // columns between searches
	farthest    = 60 * perSec
)

// writeLive sends the words that were finished 0.7 s ago, once it is sure which
// sentence it hears. Deltas are never taken back.
func (s *session) writeLive(ctx context.Context) {
	e := &s.ear
	if e.locked == nil && len(e.look)-e.tried >= searchEvery && len(e.look) < farthest {
		e.tried = len(e.look)
		if m, ok := best(e.known, trimmed(e.look), e.from, len(e.look)); ok && m.score >= sure && m.heard >= enough+5 {
			e.locked = &m
		}
	}
	if e.locked == nil {
		return
	}
	now := len(e.look)
	done := float64(now - e.locked.start - behind)
	words := strings.Join(e.locked.said(done), " ")
	s.delta(ctx, words)
	if now >= e.locked.start+len(e.locked.voice.look)+behind {
		e.from, e.locked = e.locked.start+len(e.locked.voice.look), nil
		e.emitted += "\x00" // the next sentence begins
	}
}

// delta sends what words has more than was sent of this sentence.
func (s *session) delta(ctx context.Context, words string) {
	e := &s.ear
	before, sentence := "", e.emitted
	if i := strings.LastIndex(e.emitted, "\x00"); i >= 0 {
		before, sentence = e.emitted[:i+1], e.emitted[i+1:]
	}
	more, ok := strings.CutPrefix(words, sentence)
	if !ok || more == "" {
		return
	}
	e.emitted = before + words
	if sentence == "" && before != "" {
		more = " " + more
	}
	s.view.Now += more
	s.sendDelta(ctx, e.name(), more)
}

func (s *session) sendDelta(ctx context.Context, item, delta string) {
	s.send(ctx, realtime.TranscriptionDelta{Header: header(realtime.TranscriptionDeltaType), ItemID: item, Delta: delta, Obfuscation: obfuscation(delta)})
}

// minCommit is the least audio a turn may have, in milliseconds.
const minCommit = 100

func (s *session) commit(ctx context.Context) *mistake {
	e := &s.ear
	if e.ms() < minCommit {
		return &mistake{realtime.CommitEmpty, fmt.Sprintf("Error committing input audio buffer: buffer too small. "+
			"Expected at least 100ms of audio, but buffer only has %.2fms of audio.", e.ms()), ""}
	}
	t := turn{item: e.name(), previous: orNull(e.last), model: s.transcriber(), sound: e.sound, known: e.known,
		emitted: strings.ReplaceAll(e.emitted, "\x00", " ")}
	e.last = t.item
	e.forget()
	s.send(ctx, realtime.Committed{Header: header(realtime.AudioCommittedType), PreviousItemID: t.previous, ItemID: t.item})
	s.addItem(ctx, heardItem(t.item), nil)
	if s.kind == realtime.Conversation || t.model != "" {
		s.understand(ctx, t)
	}
	return nil
}

func heardItem(id string) realtime.Item {
	return realtime.Item{ID: id, Object: "realtime.item", Type: realtime.MessageItem, Status: realtime.Completed, Role: "user",
		Content: []realtime.Content{{Type: "input_audio"}}}
}

// turn is a committed buffer.
type turn struct {
	item     string
	previous *string
	model    string
	sound    []int16
	known    []voice
	emitted  string
	failed   bool
}

// understand writes down a turn beside the session, then reports.
func (s *session) understand(ctx context.Context, t turn) {
	t.failed = t.model != "" && s.sim.strikes("transcription_failed")
	after := 300 * time.Millisecond
	if realtime.Live(t.model) {
		after = 150 * time.Millisecond
	}
	s.later(after, func() {
		words := written(t.known, picture(nil, t.sound))
		s.heard(t.item, words)
		if t.model != "" {
			s.inTurn(func() { s.complete(ctx, t, words) })
		}
	})
}

// inTurn reports a completion, or keeps it back until the next has gone out.
func (s *session) inTurn(report func()) {
	if s.sim.strikes("out_of_order") {
		s.held = append(s.held, report)
		return
	}
	report()
	held := s.held
	s.held = nil
	for _, late := range held {
		late()
	}
}

func (s *session) complete(ctx context.Context, t turn, words string) {
	if t.failed {
		s.send(ctx, realtime.TranscriptionFailed{Header: header(realtime.TranscriptionFailedType), ItemID: t.item,
			Error: realtime.Cause{Type: realtime.ServerError, Code: orNull("audio_unintelligible"), Message: "The audio could not be transcribed."}})
		return
	}
	for _, delta := range lastDeltas(t, words) {
		s.sendDelta(ctx, t.item, delta)
	}
	s.view.Wrote, s.view.Now = keep(s.view.Wrote, words), ""
	s.send(ctx, realtime.TranscriptionCompleted{Header: header(realtime.TranscriptionCompletedType), ItemID: t.item,
		Transcript: words, Usage: heardUsage(t, words)})
}

// lastDeltas are those that come with the commit: the held-back words of a live
// model, all words of the 4o models, none of gpt-transcribe.
func lastDeltas(t turn, words string) []string {
	rest, ok := strings.CutPrefix(words, strings.TrimSpace(t.emitted))
	if t.model == "gpt-transcribe" || !ok || rest == "" {
		return nil
	}
	return strings.SplitAfter(rest, " ")
}

// heardUsage bills a transcript: minutes by seconds rounded up, 4o by tokens.
func heardUsage(t turn, words string) realtime.HeardUsage {
	seconds := float64(len(t.sound)) / rate
	if !strings.HasPrefix(t.model, "gpt-4o") {
		return realtime.HeardUsage{Type: "duration", Seconds: math.Ceil(seconds)}
	}
	in, out := int(math.Ceil(seconds*10)), tokens(words)
	return realtime.HeardUsage{Type: "tokens", InputTokens: in, OutputTokens: out, TotalTokens: in + out}
}

// show keeps what the page shows: how loud the last sound was.
func (s *session) show(sound []int16) {
	if len(sound) == 0 {
		return
	}
	power := 0.0
	for _, x := range sound {
		power += float64(x) * float64(x)
	}
	s.view.HeardMs += len(sound) * 1000 / rate
	s.view.Level = math.Sqrt(power/float64(len(sound))) / 32768
}
