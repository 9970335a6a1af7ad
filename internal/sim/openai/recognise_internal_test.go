package openai

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"softphone/internal/protocol/g711"
)

func knownVoices(t *testing.T) ([]voice, map[string][]int16) {
	t.Helper()
	known, err := loadVoices(DefaultVoices())
	if err != nil {
		t.Fatal(err)
	}
	sounds := map[string][]int16{}
	for _, v := range known {
		if sounds[v.id], err = readSound(DefaultVoices(), v.id+".ulaw"); err != nil {
			t.Fatal(err)
		}
	}
	return known, sounds
}

func gain(db float64) func([]int16) []int16 {
	return func(s []int16) []int16 {
		out := make([]int16, len(s))
		for i, x := range s {
			out[i] = int16(max(min(float64(x)*math.Pow(10, db/20), 32767), -32768))
		}
		return out
	}
}

// noise adds white noise 20 dB below the voice.
func noise(s []int16) []int16 {
	power := 0.0
	for _, x := range s {
		power += float64(x) * float64(x)
	}
	level := math.Sqrt(power/float64(len(s))) / 10
	r, out := rand.New(rand.NewPCG(1, 2)), make([]int16, len(s))
	for i, x := range s {
		out[i] = int16(max(min(float64(x)+r.NormFloat64()*level, 32767), -32768))
	}
	return out
}

// lossy silences one frame of 20 ms in fifty.
func lossy(s []int16) []int16 {
	r, out := rand.New(rand.NewPCG(3, 4)), slices.Clone(s)
	for at := 0; at+hop <= len(out); at += hop {
		if r.IntN(50) == 0 {
			clear(out[at : at+hop])
		}
	}
	return out
}

// browser is 8 kHz to 48 kHz by interpolation and back.
func browser(s []int16) []int16 {
	up := make([]int16, 0, len(s)*6)
	for i := range len(s) - 1 {
		for k := range 6 {
			up = append(up, int16(int(s[i])+(int(s[i+1])-int(s[i]))*k/6))
		}
	}
	return resampled(up, 48000)
}

// dull is a one-pole low-pass: a cheap headset.
func dull(s []int16) []int16 {
	out, last := make([]int16, len(s)), 0.0
	for i, x := range s {
		last += 0.5 * (float64(x) - last)
		out[i] = int16(last)
	}
	return out
}

func requantised(s []int16) []int16 {
	out := make([]int16, len(s))
	for i, x := range s {
		out[i] = g711.Decode(g711.Encode(x))
	}
	return out
}

func shifted(ms int) func([]int16) []int16 {
	return func(s []int16) []int16 { return append(make([]int16, ms*8), s...) }
}

// TestVoicesSurviveTheLine holds every known voice against what happens to it
// between a mouth and this socket.
func TestVoicesSurviveTheLine(t *testing.T) {
	known, sounds := knownVoices(t)
	lines := map[string]func([]int16) []int16{
		"as it is": slices.Clone[[]int16], "-12 dB": gain(-12), "+6 dB": gain(6), "noise at 20 dB": noise,
		"2 % lost": lossy, "48 kHz and back": browser, "headset": dull, "mu-law": requantised,
		"beginning cut": func(s []int16) []int16 { return s[2400:] }, // the clip begins with 100 ms of silence
		"end cut":       func(s []int16) []int16 { return s[:len(s)-2400] },
		"all of it":     func(s []int16) []int16 { return requantised(lossy(noise(gain(-9)(browser(shifted(13)(s)))))) },
	}
	for _, ms := range []int{5, 10, 15, 20, 33, 40} {
		lines[fmt.Sprintf("%d ms late", ms)] = shifted(ms)
	}
	for name, line := range lines {
		for _, v := range known {
			if got := written(known, picture(nil, line(sounds[v.id]))); got != v.text {
				t.Errorf("%s, %s: %q, want %q", name, v.id, got, v.text)
			}
		}
	}
}

// TestNoVoiceIsTakenForAnother tries every voice against all others, and
// backwards.
func TestNoVoiceIsTakenForAnother(t *testing.T) {
	known, sounds := knownVoices(t)
	for i, v := range known {
		others := slices.Delete(slices.Clone(known), i, i+1)
		want := "[speech, "
		if got := written(others, picture(nil, sounds[v.id])); len(got) < len(want) || got[:len(want)] != want {
			t.Errorf("%s without itself: %q, want unknown speech", v.id, got)
		}
		back := slices.Clone(sounds[v.id])
		slices.Reverse(back)
		if got := written(known, picture(nil, back)); len(got) < len(want) || got[:len(want)] != want {
			t.Errorf("%s backwards: %q, want unknown speech", v.id, got)
		}
	}
}

func TestTwoSentencesInOneTurn(t *testing.T) {
	known, sounds := knownVoices(t)
	got := written(known, picture(nil, slices.Concat(sounds["customer-2"], make([]int16, 3000), sounds["customer-3"])))
	want := "Oh good. I was charged twice for the same order. Please do. The order number is four four one two."
	if got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestWhatIsNoSpeech(t *testing.T) {
	known, _ := knownVoices(t)
	tone, hiss := make([]int16, 16000), make([]int16, 16000)
	r := rand.New(rand.NewPCG(5, 6))
	for i := range tone {
		tone[i] = int16(8000 * math.Sin(2*math.Pi*440*float64(i)/rate))
		hiss[i] = int16(r.NormFloat64() * 1500)
	}
	for want, sound := range map[string][][]int16{"": {make([]int16, 16000), hiss}, "[tone]": {tone}} {
		for _, s := range sound {
			if got := written(known, picture(nil, s)); got != want {
				t.Errorf("%q, want %q", got, want)
			}
		}
	}
}
