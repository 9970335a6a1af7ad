package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"softphone/internal/adapter/gateway"
	"softphone/internal/phone/call"
	"softphone/internal/phone/media"
	"softphone/internal/protocol/g711"
	"softphone/internal/protocol/wav"
	"softphone/internal/sim/twilio"
)

// speech is the level above which somebody speaks, in dBm0.
const speech = -40

// checkMouth says what it is given and is silent else, without end.
type checkMouth struct {
	mu   sync.Mutex
	rest []byte
	said []byte // since clear
}

func newCheckMouth() *checkMouth { return &checkMouth{} }

// Next implements media.Source.
func (m *checkMouth) Next(frame []byte) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := copy(frame, m.rest)
	m.rest = m.rest[n:]
	g711.Fill(frame[n:])
	m.said = append(m.said, frame...)
	return true
}

func (m *checkMouth) say(sound []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.rest = append(m.rest, sound...)
}

func (m *checkMouth) speaking() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.rest) > 0
}

func (m *checkMouth) clear() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.rest, m.said = nil, nil
}

// checkEar keeps what was heard, silence of lost frames included.
type checkEar struct {
	mu       sync.Mutex
	heard    []byte
	lastLoud time.Time // the newest frame with speech
	newest   time.Time // frame at all
}

// WriteFrame implements media.Writer.
func (e *checkEar) WriteFrame(f media.Frame) {
	loud := g711.Level(f.Data) > speech
	e.mu.Lock()
	defer e.mu.Unlock()
	e.heard = append(e.heard, f.Data...)
	e.newest = time.Now()
	if loud {
		e.lastLoud = time.Now()
	}
}

func (e *checkEar) clear() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.heard, e.lastLoud = nil, time.Time{}
}

func (e *checkEar) sound() []byte {
	e.mu.Lock()
	defer e.mu.Unlock()
	return bytes.Clone(e.heard)
}

// last is the newest 200 ms, nothing when nothing comes.
func (e *checkEar) last() []byte {
	e.mu.Lock()
	silent := time.Since(e.newest) > 10*media.FrameTime
	e.mu.Unlock()
	if silent {
		return nil
	}
	sound := e.sound()
	return sound[max(0, len(sound)-10*media.FrameBytes):]
}

func (e *checkEar) quietFor() time.Duration {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.lastLoud.IsZero() {
		return 0
	}
	return time.Since(e.lastLoud)
}

// until looks every 20 ms, as sound comes, until found says yes.
func until(ctx context.Context, what string, found func() bool) error {
	tick := time.NewTicker(media.FrameTime)
	defer tick.Stop()
	for !found() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("%s: %w", what, ctx.Err())
		}
	}
	return nil
}

// hearRinging listens for the two tones of ringback.
func (a *checkAgent) hearRinging(ctx context.Context) (string, error) {
	return "440 + 480 Hz", until(ctx, "no ringback was heard", func() bool {
		sound := a.ear.sound()
		if len(sound) < 10*media.FrameBytes {
			return false
		}
		last := sound[len(sound)-10*media.FrameBytes:]
		return tonal(last, 440) > 0.3 && tonal(last, 480) > 0.3
	})
}

// tonal is the share of a sine of frequency f in the energy of sound (Goertzel).
func tonal(sound []byte, f float64) float64 {
	w := 2 * math.Cos(2*math.Pi*f/g711.Rate)
	var s1, s2, energy float64
	for _, b := range sound {
		x := float64(g711.Decode(b))
		s1, s2 = x+w*s1-s2, s1
		energy += x * x
	}
	if energy == 0 {
		return 0
	}
	return (s1*s1 + s2*s2 - w*s1*s2) / energy / float64(len(sound)) * 2
}

func (a *checkAgent) hearSpeech(ctx context.Context) (string, error) {
	a.ear.clear() // of the ringing
	began := time.Now()
	err := until(ctx, "the customer was not heard", func() bool { return a.ear.quietFor() > 0 })
	return fmt.Sprintf("%d ms after the answer was told", time.Since(began).Milliseconds()), err
}

// converse says the agent's sentences, each when the customer has finished.
func (a *checkAgent) converse(ctx context.Context) (string, error) {
	for _, sentence := range a.part {
		if err := until(ctx, "the customer never finished", func() bool { return a.ear.quietFor() > 600*time.Millisecond || a.isOver() }); err != nil {
			return "", err
		}
		if a.isOver() {
			break
		}
		a.ear.restart()
		a.mouth.say(sentence.Sound)
		if err := until(ctx, "the agent never finished", func() bool { return !a.mouth.speaking() }); err != nil {
			return "", err
		}
		a.saidSentences = append(a.saidSentences, sentence.Text)
	}
	return fmt.Sprintf("%d sentences", len(a.saidSentences)), nil
}

// restart waits for new speech.
func (e *checkEar) restart() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.lastLoud = time.Time{}
}

// fromTwilio gets what the simulated Twilio kept of the call.
func (a *checkAgent) fromTwilio(ctx context.Context, what string) ([]byte, error) {
	v, err := a.awaitCall(ctx, "call:update", func(v call.View) bool { return v.CallSID != "" })
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, a.story.Twilio.BaseURL+"/control/"+strings.ReplaceAll(what, "SID", v.CallSID), nil)
	if err != nil {
		return nil, err
	}
	var raw []byte
	err = fetch(r, &raw)
	return raw, err
}

func (a *checkAgent) soundAtTwilio(ctx context.Context, which string) ([]byte, error) {
	raw, err := a.fromTwilio(ctx, "calls/SID/"+which)
	if err != nil {
		return nil, err
	}
	f, err := wav.NewReader(bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	sound := make([]byte, f.Size)
	n, err := f.Read(sound)
	return sound[:n], err
}

func (a *checkAgent) compareHeard(ctx context.Context) (string, error) {
	said, err := a.soundAtTwilio(ctx, "said.wav")
	if err != nil {
		return "", err
	}
	return same(said, a.ear.sound())
}

func (a *checkAgent) compareSaid(ctx context.Context) (string, error) {
	heard, err := a.soundAtTwilio(ctx, "heard.wav")
	if err != nil {
		return "", err
	}
	a.mouth.mu.Lock()
	said := bytes.Clone(a.mouth.said)
	a.mouth.mu.Unlock()
	return same(said, heard)
}

// same looks for every frame with speech of one sound in the other, byte for
// byte and in order: mu-law goes through unchanged. Two in a hundred may be
// missing, as on a network.
func same(sent, arrived []byte) (string, error) {
	frames, found, at := 0, 0, 0
	for i := 0; i+media.FrameBytes <= len(sent); i += media.FrameBytes {
		f := sent[i : i+media.FrameBytes]
		if g711.Level(f) <= speech {
			continue
		}
		frames++
		if k := bytes.Index(arrived[at:], f); k >= 0 {
			at += k
			found++
		}
	}
	if frames < 100 || found*100 < frames*98 {
		return "", fmt.Errorf("%d of %d frames of speech arrived unchanged", found, frames)
	}
	return fmt.Sprintf("%d of %d frames of speech, byte for byte", found, frames), nil
}

// hearEcho speaks and measures how long it takes to hear the first of it back.
func (a *checkAgent) hearEcho(ctx context.Context) (string, error) {
	a.ear.clear()
	sound := a.part[1].Sound
	began := time.Now()
	a.mouth.say(sound)
	// The first frame with speech of the sentence is the one to look for.
	first := slices.IndexFunc(slices.Collect(slices.Chunk(sound, media.FrameBytes)), func(f []byte) bool { return g711.Level(f) > speech })
	mark := sound[first*media.FrameBytes : (first+1)*media.FrameBytes]
	if err := until(ctx, "no echo came", func() bool { return bytes.Contains(a.ear.sound(), mark) }); err != nil {
		return "", err
	}
	trip := time.Since(began) - time.Duration(first)*media.FrameTime
	if err := until(ctx, "the agent never finished", func() bool { return !a.mouth.speaking() }); err != nil {
		return "", err
	}
	return fmt.Sprintf("there and back in %d ms", trip.Milliseconds()), nil
}

func (a *checkAgent) pressKeys(ctx context.Context) (string, error) {
	if err := a.command(ctx, "call:dtmf", gateway.Keys{CallID: a.callID, Digits: "42#"}, nil); err != nil {
		return "", err
	}
	heard := ""
	err := until(ctx, "the keys were not heard", func() bool {
		raw, err := a.fromTwilio(ctx, "ledger?call=SID&kind="+twilio.KindDigit)
		heard = ""
		for line := range bytes.Lines(raw) {
			var e twilio.Entry
			if err == nil && json.Unmarshal(line, &e) == nil {
				heard += fmt.Sprint(e.Detail["digit"])
			}
		}
		return heard == "42#"
	})
	if err != nil {
		return "", fmt.Errorf("%w: heard %q", err, heard)
	}
	return "", nil
}

func (a *checkAgent) muteAndSpeak(ctx context.Context) (string, error) {
	mute := func(on bool) error {
		var now gateway.Answered
		if err := a.command(ctx, "call:mute", gateway.Muting{CallID: a.callID, On: on}, &now); err != nil {
			return err
		}
		if now.Call.Muted != on {
			return errors.New("the call does not say so")
		}
		return nil
	}
	sound := a.part[3].Sound
	if err := mute(true); err != nil {
		return "", err
	}
	time.Sleep(300 * time.Millisecond) // what was on its way comes back
	a.ear.clear()
	a.mouth.say(sound)
	if err := until(ctx, "the agent never finished", func() bool { return !a.mouth.speaking() }); err != nil {
		return "", err
	}
	time.Sleep(300 * time.Millisecond)
	for f := range slices.Chunk(a.ear.sound(), media.FrameBytes) {
		if g711.Level(f) > speech {
			return "", errors.New("a muted agent was heard")
		}
	}
	return "", mute(false)
}
