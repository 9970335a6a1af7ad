package media

import (
	"math"
	"strings"
	"time"

	"softphone/internal/protocol/g711"
)

// Source makes sound. Next fills frame (FrameBytes of mu-law); false means
// that the sound has ended and frame was not filled.
type Source interface {
	Next(frame []byte) bool
}

// beat is a stretch of up to two sines, or of silence when both are 0 Hz.
type beat struct {
	low, high float64
	samples   int
}

// Tone is a pattern of sines. It is a Source for one Player.
type Tone struct {
	beats []beat
	peak  float64 // of each sine, linear 16 bit
	loop  bool
	i, at int
}

func samples(d time.Duration) int { return int(d * g711.Rate / time.Second) }

// Ringback is the North American ringing tone: 440 + 480 Hz, 2 s on, 4 s off,
// -19 dBm0 per frequency (Telcordia GR-506, audible ringing).
func Ringback() *Tone {
	return &Tone{peak: peak(-19), loop: true, beats: []beat{
		{440, 480, samples(2 * time.Second)}, {0, 0, samples(4 * time.Second)}}}
}

// Busy is the North American busy tone: 480 + 620 Hz, half a second on and
// off, -24 dBm0 per frequency (Telcordia GR-506, line busy).
func Busy() *Tone {
	half := samples(500 * time.Millisecond)
	return &Tone{peak: peak(-24), loop: true, beats: []beat{{480, 620, half}, {0, 0, half}}}
}

// Silence never ends.
func Silence() *Tone { return &Tone{loop: true, beats: []beat{{0, 0, FrameBytes}}} }

// ITU-T Q.23: rows and columns of the keypad.
var (
	keys    = "123A456B789C*0#D"
	rows    = [4]float64{697, 770, 852, 941}
	columns = [4]float64{1209, 1336, 1477, 1633}
)

// Keys is the DTMF sound of digits, 100 ms on and 100 ms off each at -9 dBm0
// per frequency; w waits half a second. ok is false if digits holds anything
// but 0-9, A-D, *, # and w.
func Keys(digits string) (t *Tone, ok bool) {
	t = &Tone{peak: peak(-9)}
	on := samples(100 * time.Millisecond)
	for _, d := range strings.ToUpper(digits) {
		if d == 'W' {
			t.beats = append(t.beats, beat{0, 0, samples(500 * time.Millisecond)})
			continue
		}
		k := strings.IndexRune(keys, d)
		if k < 0 {
			return nil, false
		}
		t.beats = append(t.beats, beat{rows[k/4], columns[k%4], on}, beat{0, 0, on})
	}
	return t, true
}

// peak of a sine at a level in dBm0: a full-scale mu-law sine, of 32124
// linear, is +3.17 dBm0 (ITU-T G.711, 4).
func peak(dBm0 float64) float64 { return 32124 * math.Pow(10, (dBm0-3.17)/20) }

// Next implements Source.
func (t *Tone) Next(frame []byte) bool {
	if t.i >= len(t.beats) {
		return false
	}
	for k := range frame {
		frame[k] = g711.Encode(t.sample())
	}
	return true
}

func (t *Tone) sample() int16 {
	if t.i >= len(t.beats) {
		return 0
	}
	b := t.beats[t.i]
	x := 2 * math.Pi * float64(t.at) / g711.Rate
	v := t.peak * (math.Sin(b.low*x) + math.Sin(b.high*x))
	if t.at++; t.at >= b.samples {
		t.at, t.i = 0, t.i+1
		if t.loop && t.i == len(t.beats) {
			t.i = 0
		}
	}
	return int16(v)
}
