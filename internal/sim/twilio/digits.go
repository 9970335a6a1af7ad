package twilio

import (
	"math"

	"softphone/internal/protocol/g711"
)

// digitEar finds keypad tones in what a person hears, as ITU-T Q.24 asks: both
// tones there, neither much louder than the other, nothing else, 40 ms at
// least, and a gap before the same key counts again.
type digitEar struct {
	candidate byte
	frames    int // that the candidate was heard in a row
	quiet     int // frames since a tone
	reported  bool
}

const (
	tonePart  = 0.8 // of a frame's energy that both tones must have
	toneFloor = -36 // dBm0
	twist     = 8.0 // dB by which one tone may be louder
	toneHeld  = 2   // frames
	toneGap   = 2   // frames
)

// hear takes a frame and returns a key when one has just been recognised.
func (d *digitEar) hear(frame []byte) (key byte, ok bool) {
	found := keyIn(frame)
	if found == 0 {
		if d.quiet++; d.quiet >= toneGap {
			d.candidate, d.frames, d.reported = 0, 0, false
		}
		return 0, false
	}
	d.quiet = 0
	if found != d.candidate {
		d.candidate, d.frames, d.reported = found, 0, false
	}
	d.frames++
	if d.frames < toneHeld || d.reported {
		return 0, false
	}
	d.reported = true
	return found, true
}

// keyIn returns the key that sounds in a frame, 0 when none does.
func keyIn(frame []byte) byte {
	if len(frame) == 0 || g711.Level(frame) < toneFloor {
		return 0
	}
	row, low := strongest(frame, rows)
	column, high := strongest(frame, columns)
	if low <= 0 || high <= 0 || math.Abs(10*math.Log10(low/high)) > twist {
		return 0
	}
	if low+high < tonePart*g711.Energy(frame) {
		return 0
	}
	return keypad[4*row+column]
}

// strongest returns which of four tones is the loudest and its mean square.
func strongest(frame []byte, tones [4]float64) (index int, energy float64) {
	for i, f := range tones {
		if e := goertzel(frame, f); e > energy {
			index, energy = i, e
		}
	}
	return index, energy
}

// goertzel returns the mean square of one frequency in a frame.
func goertzel(frame []byte, frequency float64) float64 {
	k := 2 * math.Cos(2*math.Pi*frequency/g711.Rate)
	var a, b float64
	for _, sample := range frame {
		a, b = float64(g711.Decode(sample))+k*a-b, a
	}
	n := float64(len(frame))
	return 2 * (a*a + b*b - k*a*b) / (n * n)
}
