package media

import (
	_ "embed" // the music
	"math"
	"time"

	"softphone/internal/protocol/g711"
)

// Music plays a clip of mu-law in a loop.
func Music(clip []byte) Source { return &record{clip: clip, loop: true} }

// Clip plays a clip of mu-law once. What is missing of its last frame is silence.
func Clip(clip []byte) Source { return &record{clip: clip} }

// Sequence plays one after the other: an announcement, then music.
func Sequence(parts ...Source) Source { return &sequence{parts} }

// record plays a clip. The clip is shared and never changed.
type record struct {
	clip []byte
	at   int
	loop bool
}

// Next implements Source.
func (r *record) Next(frame []byte) bool {
	if r.at >= len(r.clip) && !r.loop || len(r.clip) == 0 {
		return false
	}
	n := 0
	for n < len(frame) {
		if r.at >= len(r.clip) {
			if !r.loop {
				g711.Fill(frame[n:])
				return true
			}
			r.at = 0
		}
		k := copy(frame[n:], r.clip[r.at:])
		n, r.at = n+k, r.at+k
	}
	return true
}

type sequence struct{ parts []Source }

// Next implements Source.
func (s *sequence) Next(frame []byte) bool {
	for len(s.parts) > 0 {
		if s.parts[0].Next(frame) {
			return true
		}
		s.parts = s.parts[1:]
	}
	return false
}

// Written by scripts/music, which says what it is.
//
//go:embed music/hold.ulaw
var holdMusic []byte

// HoldMusic is what a caller hears who waits, unless the tenant has music of its
// own. It never ends.
func HoldMusic() Source { return Music(holdMusic) }

// Beep is the tone after which a message is recorded: 1 kHz for 0.4 s, -10 dBm0,
// soft at both ends.
func Beep() Source {
	sound := make([]byte, samples(400*time.Millisecond))
	soft := float64(samples(10 * time.Millisecond))
	for i := range sound {
		edge := min(1, float64(i)/soft, float64(len(sound)-i)/soft)
		sound[i] = g711.Encode(int16(edge * peak(-10) * math.Sin(2*math.Pi*1000*float64(i)/g711.Rate)))
	}
	return Clip(sound)
}
