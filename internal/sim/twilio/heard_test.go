package twilio

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"softphone/internal/protocol/g711"

	"github.com/google/go-cmp/cmp"
)

func newEarSim(t *testing.T) *Sim {
	s, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// spell writes segments as "what from-to" in tenths of seconds.
func spell(list []Segment) string {
	var parts []string
	for _, s := range list {
		parts = append(parts, fmt.Sprintf("%s %d-%d", strings.Join(s.What, "+"), s.FromMs/100, s.ToMs/100))
	}
	return strings.Join(parts, ", ")
}

// TestWhatWasHeard puts sounds one after the other, at places no window begins
// at, and reads them back by name.
func TestWhatWasHeard(t *testing.T) {
	s := newEarSim(t)
	voice, err := s.voices.clip("customer-2")
	if err != nil {
		t.Fatal(err)
	}
	s.sounds.teach("sound:hold", mixed(2*time.Second, -15, 350, 620))
	sound := join(silence(330*time.Millisecond), voice[:16000], silence(470*time.Millisecond),
		music()[3000:3000+24000], silence(600*time.Millisecond), mixed(time.Second, -12, 1000), mixed(time.Second, -14, 500, 1700), keyTones("7"))
	got := spell(s.listen(sound))
	for _, want := range []string{"voice:customer-2 ", "music ", "tone:1000 ", "tone:500+tone:1700 ", "silence "} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in %s", want, got)
		}
	}
	if strings.Contains(got, "sound:hold") {
		t.Errorf("hold was heard, which was not played: %s", got)
	}
	if spoken := timeOf(s.listen(sound), "voice:customer-2"); spoken < 1400 {
		t.Errorf("of two seconds of the voice %d ms were recognised: %s", spoken, got)
	}
	if played := timeOf(s.listen(sound), "music"); played < 2400 {
		t.Errorf("of three seconds of music %d ms were recognised: %s", played, got)
	}
}

func join(parts ...[]byte) (sound []byte) {
	for _, p := range parts {
		sound = append(sound, p...)
	}
	return sound
}

func timeOf(list []Segment, what string) (ms int) {
	for _, s := range list {
		for _, w := range s.What {
			if w == what {
				ms += s.ToMs - s.FromMs
			}
		}
	}
	return ms
}

// TestMixedAndUnknown finds two voices that speak at once, one at half its
// loudness, and takes noise for nothing it knows.
func TestMixedAndUnknown(t *testing.T) {
	s := newEarSim(t)
	one, err := s.voices.clip("customer-2")
	if err != nil {
		t.Fatal(err)
	}
	other, err := s.voices.clip("customer-3")
	if err != nil {
		t.Fatal(err)
	}
	both := mixDown(one[:16000], other[4000:20000])
	for _, name := range []string{"voice:customer-2", "voice:customer-3"} {
		if ms := timeOf(s.listen(both), name); ms < 600 {
			t.Errorf("of two seconds of %s with another voice %d ms were recognised: %s", name, ms, spell(s.listen(both)))
		}
	}
	random := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, 8000)
	for i := range noise {
		noise[i] = g711.Encode(int16(random.IntN(8000) - 4000))
	}
	if diff := cmp.Diff(spell(s.listen(noise)), "sound 0-10"); diff != "" {
		t.Errorf("noise (-got +want):\n%s", diff)
	}
	if diff := cmp.Diff(spell(s.listen(keyTones("5")[:1600])), "key:5 0-2"); diff != "" {
		t.Errorf("key (-got +want):\n%s", diff)
	}
}

func TestToneLevel(t *testing.T) {
	sound := mixed(time.Second, -20, 700)
	if got := ToneLevel(sound, 700); got < -20.5 || got > -19.5 {
		t.Errorf("level of the tone = %v, want -20", got)
	}
	if got := ToneLevel(sound, 1200); got > -50 {
		t.Errorf("level beside the tone = %v, want none", got)
	}
	if got := ToneLevel(nil, 700); got != g711.Quiet {
		t.Errorf("level of nothing = %v", got)
	}
}
