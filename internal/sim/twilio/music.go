package twilio

import (
	"math"
	"sync"
	"time"

	"softphone/internal/protocol/g711"
)

// ringback is what the network lets a caller hear while the other side rings:
// two tones for two seconds of six (ATIS-0600401, audible ringing tone).
var ringback = sync.OnceValue(func() []byte {
	return append(mixed(2*time.Second, -19, 440, 480), silence(4*time.Second)...)
})

// beep is what a recording begins with, and what a conference says of those who
// come and go.
var beep = sync.OnceValue(func() []byte { return mixed(300*time.Millisecond, -13, 1400) })

// music is the music of those who wait: a walk up and down two chords, of
// tones that no keypad and no ringing has.
var music = sync.OnceValue(func() []byte {
	var sound []byte
	for _, note := range []float64{262, 330, 392, 523, 392, 330, 294, 349, 440, 587, 440, 349} {
		sound = append(sound, plucked(note, 400*time.Millisecond)...)
	}
	return sound
})

// plucked is a string that fades.
func plucked(frequency float64, d time.Duration) []byte {
	sound := make([]byte, bytesOf(d))
	for i := range sound {
		at := float64(i) / g711.Rate
		fade := math.Exp(-3 * at)
		v := math.Sin(2*math.Pi*frequency*at) + 0.4*math.Sin(4*math.Pi*frequency*at)
		sound[i] = g711.Encode(int16(6000 * fade * v))
	}
	return sound
}
