package openai

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"softphone/internal/e2e/babble"
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

// paced plays sound at another speed, as two clocks that differ do.
func paced(factor float64) func([]int16) []int16 {
	return func(s []int16) []int16 {
		out := make([]int16, int(float64(len(s)-1)/factor))
		for i := range out {
			at := float64(i) * factor
			k := int(at)
			out[i] = int16(float64(s[k]) + (float64(s[k+1])-float64(s[k]))*(at-float64(k)))
		}
		return out
	}
}

// stretched makes sound longer or shorter without changing its pitch: pieces of
// 30 ms overlap by half, as a browser's jitter buffer does it when sound comes
// late or early.
func stretched(factor float64) func([]int16) []int16 {
	const piece, step = 240, 120
	return func(s []int16) []int16 {
		mixed := make([]float64, int(float64(len(s))*factor)+piece)
		for at := 0; at+piece < len(mixed); at += step {
			from := int(float64(at) / factor)
			if from+piece > len(s) {
				break
			}
			for i := range piece {
				fade := 1 - math.Abs(float64(i-step))/step
				mixed[at+i] += fade * float64(s[from+i])
			}
		}
		out := make([]int16, len(mixed))
		for i, x := range mixed {
			out[i] = int16(x)
		}
		return out
	}
}

// hiccups conceals: about once in 600 ms, 20 to 40 ms are played twice, left out,
// or silent.
func hiccups(s []int16) []int16 {
	r, out := rand.New(rand.NewPCG(7, 8)), []int16{}
	for at := 0; at < len(s); {
		run := min(3200+r.IntN(3200), len(s)-at)
		out = append(out, s[at:at+run]...)
		at += run
		gap := min(160+r.IntN(161), len(s)-at)
		switch r.IntN(3) {
		case 0:
			out = append(out, s[at:at+gap]...)
		case 1:
			at += gap
		case 2:
			out = append(out, make([]int16, gap)...)
		}
	}
	return out
}

// breathing is an automatic gain that follows the level: 6 dB up and down.
func breathing(s []int16) []int16 {
	out := make([]int16, len(s))
	for i, x := range s {
		db := 6 * math.Sin(2*math.Pi*float64(i)/rate*0.7)
		out[i] = int16(max(min(float64(x)*math.Pow(10, db/20), 32767), -32768))
	}
	return out
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
		"+12 dB":        gain(12), "1 % fast": paced(1.01), "1 % slow": paced(0.99), "2 % fast": paced(1.02), "2 % slow": paced(0.98),
		"stretched by 2 %": stretched(1.02), "shrunk by 2 %": stretched(0.98), "hiccups": hiccups, "gain that breathes": breathing,
		"a browser's worst, shorter": func(s []int16) []int16 {
			return requantised(hiccups(breathing(stretched(0.98)(browser(noise(gain(-6)(s)))))))
		},
		"a browser's worst": func(s []int16) []int16 {
			return requantised(hiccups(breathing(stretched(1.02)(browser(noise(gain(-6)(s)))))))
		},
		"all of it": func(s []int16) []int16 { return requantised(lossy(noise(gain(-9)(browser(shifted(13)(s)))))) },
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

// likest is the likeness of the best place of a voice.
func likest(v *voice, sound []int16) float64 {
	p, top := trimmed(picture(nil, sound)), 0.0
	for _, m := range nearest(v, p, 0, len(p)) {
		if m.voice != nil && m.score >= maybe {
			top = max(top, m.score, bent(p, m))
		}
	}
	return top
}

// TestTheFiguresOfAlike: the threshold lies between the worst of the same
// sentence and the best of all others with room on both sides, so that it does
// not decide by chance.
func TestTheFiguresOfAlike(t *testing.T) {
	const room = 0.03
	known, sounds := knownVoices(t)
	var strangers [][]int16
	for seed := range uint64(30) {
		coded := babble.Speak(seed, time.Duration(1200+100*seed)*time.Millisecond)
		sound := make([]int16, len(coded))
		g711.DecodeTo(sound, coded)
		strangers = append(strangers, sound)
	}
	for i := range known {
		v := &known[i]
		for _, factor := range []float64{0.98, 1, 1.02} {
			if got := likest(v, requantised(hiccups(breathing(stretched(factor)(browser(noise(gain(-6)(sounds[v.id])))))))); got < alike+room {
				t.Errorf("%s at its worst and pace %v is like itself by %.3f, want %.2f", v.id, factor, got, alike+room)
			}
		}
		back := slices.Clone(sounds[v.id])
		slices.Reverse(back)
		others := append(slices.Clone(strangers), back)
		for id, sound := range sounds {
			if id != v.id {
				others = append(others, sound)
			}
		}
		for _, sound := range others {
			if got := likest(v, sound); got > alike-room {
				t.Errorf("%s is like another by %.3f, want at most %.2f", v.id, got, alike-room)
			}
		}
	}
}

// TestVoicesMadeForThisRunSurviveTheLineToo, which no threshold was chosen for.
func TestVoicesMadeForThisRunSurviveTheLineToo(t *testing.T) {
	base := rand.Uint64()
	var made []voice
	var sounds [][]int16
	for n := range uint64(6) {
		coded := babble.Speak(base+n, time.Duration(1500+400*n)*time.Millisecond)
		sound := make([]int16, len(coded))
		g711.DecodeTo(sound, coded)
		made, sounds = append(made, newVoice(fmt.Sprint(n), fmt.Sprintf("Sentence %d.", n), sound)), append(sounds, sound)
	}
	for name, line := range map[string]func([]int16) []int16{
		"as it is": slices.Clone[[]int16], "-12 dB": gain(-12), "noise": noise, "lossy": lossy, "browser": browser, "2 % slow": paced(0.98), "stretched": stretched(1.02),
	} {
		for i, v := range made {
			if got := written(made, picture(nil, line(sounds[i]))); got != v.text {
				t.Errorf("seed %d, %s, %s: %q", base, v.text, name, got)
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

// TestKeysHideNoSentence: tones are far louder than the voice before them.
func TestKeysHideNoSentence(t *testing.T) {
	known, sounds := knownVoices(t)
	for _, v := range known {
		sound := append(slices.Clone(sounds[v.id]), make([]int16, 800)...)
		for range 3 {
			for i := range 800 {
				x := 2 * math.Pi * float64(i) / rate
				sound = append(sound, int16(9000*math.Sin(770*x)+9000*math.Sin(1209*x)))
			}
			sound = append(sound, make([]int16, 800)...)
		}
		if got := written(known, picture(nil, sound)); !strings.HasPrefix(got, v.text) {
			t.Errorf("%s: %q, want %q first", v.id, got, v.text)
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
