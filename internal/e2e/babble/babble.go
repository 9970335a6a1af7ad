// Package babble makes speech that nobody has ever said, for tests: syllables of
// a buzzing throat and two resonances that move, each with its own length,
// loudness and melody, and pauses between words.
//
// The one rule: the same seed speaks the same, and two seeds never alike.
package babble

import (
	"math"
	"math/rand/v2"
	"time"

	"softphone/internal/protocol/g711"
)

// Speak returns about this much speech as mu-law, 8 kHz, with 100 ms of silence
// around it.
func Speak(seed uint64, length time.Duration) []byte {
	s := speaker{r: rand.New(rand.NewPCG(seed, seed^0x5deece66d)), pitch: 0}
	s.pitch = s.between(90, 210)
	sound := quiet(nil, 0.1)
	for words := 0; len(sound) < int(length*g711.Rate/time.Second); words++ {
		for range 1 + s.r.IntN(3) {
			sound = s.syllable(sound)
		}
		sound = quiet(sound, s.between(0.02, 0.12))
	}
	return quiet(sound, 0.1)
}

func quiet(sound []byte, seconds float64) []byte {
	for range int(seconds * g711.Rate) {
		sound = append(sound, g711.Silence)
	}
	return sound
}

// speaker is a throat.
type speaker struct {
	r     *rand.Rand
	pitch float64
	phase float64
}

func (s *speaker) between(a, b float64) float64 { return a + (b-a)*s.r.Float64() }

// resonance is a two-pole filter.
type resonance struct{ y1, y2 float64 }

func (f *resonance) pass(x, hz, width float64) float64 {
	r := math.Exp(-math.Pi * width / g711.Rate)
	y := (1-r)*x + 2*r*math.Cos(2*math.Pi*hz/g711.Rate)*f.y1 - r*r*f.y2
	f.y1, f.y2 = y, f.y1
	return y
}

// syllable is a hiss or a stop and then a vowel that glides into another.
func (s *speaker) syllable(sound []byte) []byte {
	hiss, vowel := s.between(0.02, 0.09), s.between(0.09, 0.22)
	from, to := [2]float64{s.between(280, 850), s.between(900, 2500)}, [2]float64{s.between(280, 850), s.between(900, 2500)}
	noise, loud := s.between(1200, 3200), s.between(0.5, 1)
	var low, high, band resonance
	total := int((hiss + vowel) * g711.Rate)
	for i := range total {
		t := float64(i) / g711.Rate
		var y float64
		if t < hiss {
			y = 14000 * loud * band.pass(s.between(-1, 1), noise, 500)
		} else {
			k := (t - hiss) / vowel
			s.phase += s.pitch * (1.1 - 0.2*k) / g711.Rate
			s.phase -= math.Floor(s.phase)
			x := 1 - 2*s.phase // a saw is a good enough throat
			glide := func(n int) float64 { return from[n] + (to[n]-from[n])*k }
			y = 16000 * loud * math.Sqrt(math.Sin(math.Pi*k)) * (low.pass(x, glide(0), 90) + high.pass(x, glide(1), 140))
		}
		sound = append(sound, g711.Encode(int16(max(min(y, 30000), -30000))))
	}
	return sound
}
