package assist

import (
	"time"

	"softphone/internal/phone/media"
	"softphone/internal/protocol/g711"
)

// Limits of an utterance. The transcription models for live text refuse the
// server's turn detection (OpenAI, Realtime VAD guide), so turns are cut here.
const (
	startVoiced  = 3  // frames: 60 ms of voice may be speech
	keepVoiced   = 6  // frames: a burst under 120 ms is a click or a cough
	burstSilence = 5  // frames of silence after which a burst was only that
	preRoll      = 15 // frames: 300 ms before the voice, for soft first letters
	endSilence   = 25 // frames: 500 ms of silence end an utterance
	softLimit    = 15 * time.Second
	hardLimit    = 25 * time.Second
)

// The noise floor, in dBm0: it falls at once and rises slowly, so speech, which
// dips between words, does not lift it and a humming line does.
const (
	firstFloor  = -55.0
	lowestFloor = -60.0
	floorFall   = 0.3  // of the difference, each frame
	floorRise   = 0.02 // dB each frame, 1 dB a second
	aboveFloor  = 9.0
	leastSpeech = -48.0
)

// Spoken receives the utterances of one leg. Sound is borrowed.
type Spoken interface {
	Begin(start time.Duration)
	Sound(pcmu []byte)
	End(end time.Duration)
}

// VAD finds speech in a leg's sound. The zero value is not ready; use NewVAD.
type VAD struct {
	to      Spoken
	floor   float64
	held    []byte // sound not passed on: pre-roll, and a burst that may be speech
	voiced  int    // voiced frames since the first of the burst or utterance
	silent  int    // unvoiced frames since the last voiced one
	open    bool
	first   time.Duration // of the first voiced frame
	last    time.Duration // end of the last voiced frame
	next    time.Duration // where the next frame is expected
	started bool
}

// NewVAD returns one that passes utterances to to.
func NewVAD(to Spoken) *VAD {
	return &VAD{to: to, floor: firstFloor, held: make([]byte, 0, (preRoll+keepVoiced*burstSilence)*media.FrameBytes)}
}

// Push takes the next frame.
func (v *VAD) Push(f media.Frame) {
	if v.started && f.At-v.next > endSilence*media.FrameTime {
		v.Flush() // sound that never arrived parts utterances like silence
	}
	v.started, v.next = true, f.At+media.FrameTime
	v.count(f, v.speech(f.Data))
	if v.open {
		v.follow(f)
		return
	}
	v.wait(f)
}

// Open reports whether an utterance is under way.
func (v *VAD) Open() bool { return v.open }

// Flush ends an utterance under way: the sound has stopped.
func (v *VAD) Flush() {
	if v.open {
		v.to.End(v.last)
	}
	v.rest()
}

func (v *VAD) rest() {
	v.open, v.voiced, v.silent, v.held = false, 0, 0, v.held[:0]
}

// speech adapts the floor and reports whether a frame stands out of it.
func (v *VAD) speech(data []byte) bool {
	level := g711.Level(data)
	loud := level > max(v.floor+aboveFloor, leastSpeech)
	if level < v.floor {
		v.floor += (level - v.floor) * floorFall
	} else {
		v.floor += floorRise
	}
	v.floor = max(v.floor, lowestFloor)
	return loud
}

func (v *VAD) count(f media.Frame, loud bool) {
	if !loud {
		v.silent++
		return
	}
	if v.voiced == 0 {
		v.first = f.At
	}
	v.voiced++
	v.silent = 0
	v.last = f.At + media.FrameTime
}

// follow passes sound on and looks for the end.
func (v *VAD) follow(f media.Frame) {
	v.to.Sound(f.Data)
	long := f.At + media.FrameTime - v.first
	switch {
	case v.silent >= endSilence:
		v.Flush()
	case long >= hardLimit, long >= softLimit && v.silent > 0:
		v.Flush() // what follows is held, so the next utterance loses nothing
	}
}

// wait holds sound back until it is surely speech.
func (v *VAD) wait(f media.Frame) {
	v.held = append(v.held, f.Data...)
	switch {
	case v.voiced >= keepVoiced:
		v.begin()
	case v.voiced > 0 && v.silent >= burstLength(v.voiced):
		v.voiced = 0
		v.trim()
	case v.voiced == 0:
		v.trim()
	}
}

// burstLength is how long a burst may pause: a click may not, a syllable may.
func burstLength(voiced int) int {
	if voiced < startVoiced {
		return 1
	}
	return burstSilence
}

func (v *VAD) trim() {
	if extra := len(v.held) - preRoll*media.FrameBytes; extra > 0 {
		v.held = append(v.held[:0], v.held[extra:]...)
	}
}

func (v *VAD) begin() {
	v.open = true
	v.to.Begin(v.first)
	v.to.Sound(v.held)
	v.held = v.held[:0]
}
