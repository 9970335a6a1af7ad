package media_test

import (
	"bytes"
	"math"
	"testing"
	"time"

	"softphone/internal/phone/media"
	"softphone/internal/protocol/g711"
)

// all is what a source plays, up to a time.
func all(s media.Source, most time.Duration) (sound []byte) {
	var buf [media.FrameBytes]byte
	for time.Duration(len(sound))*time.Second/g711.Rate < most && s.Next(buf[:]) {
		sound = append(sound, buf[:]...)
	}
	return sound
}

func TestMusicAndClip(t *testing.T) {
	clip := make([]byte, 250)
	for i := range clip {
		clip[i] = byte(i)
	}
	music := all(media.Music(clip), time.Second)
	if want := bytes.Repeat(clip, 32); !bytes.Equal(music, want) {
		t.Errorf("music of %d bytes is not its clip again and again", len(music))
	}
	once := all(media.Clip(clip), time.Second)
	if want := append(bytes.Clone(clip), bytes.Repeat([]byte{g711.Silence}, 70)...); !bytes.Equal(once, want) {
		t.Errorf("a clip of 250 bytes was played as %d, want it once and silence to the end of a frame", len(once))
	}
	if got := all(media.Music(nil), time.Second); got != nil {
		t.Errorf("music without a clip played %d bytes", len(got))
	}
	both := all(media.Sequence(media.Clip(clip), media.Music(clip)), time.Second)
	if want := append(once, music...)[:8000]; !bytes.Equal(both, want) {
		t.Error("a sequence is not one after the other")
	}
}

// Callers wait with it for minutes: it is no louder than a person, never silent
// for long, and its end meets its beginning.
func TestHoldMusic(t *testing.T) {
	sound := all(media.HoldMusic(), time.Minute)
	if len(sound) != 60*g711.Rate {
		t.Fatalf("hold music ended after %d bytes", len(sound))
	}
	for at := 0; at < len(sound); at += g711.Rate / 2 {
		if l := g711.Level(sound[at : at+g711.Rate/2]); l > -18 || l < -36 {
			t.Errorf("half a second at %d is at %.1f dBm0, want -36 to -18", at/g711.Rate, l)
		}
	}
	last := g711.Decode(sound[0])
	for i, b := range sound {
		v := g711.Decode(b)
		if math.Abs(float64(v)-float64(last)) > 4000 {
			t.Fatalf("it clicks at sample %d", i)
		}
		last = v
	}
}

func TestPrompts(t *testing.T) {
	for _, name := range []string{media.Greeting, media.Voicemail, media.Holding, media.Consent, media.Apology} {
		sound := all(media.Prompt(name), time.Minute)
		length := time.Duration(len(sound)) * time.Second / g711.Rate
		if length < 2*time.Second || length > 8*time.Second || g711.Level(sound) < -30 {
			t.Errorf("%s lasts %v at %.1f dBm0, want a sentence", name, length, g711.Level(sound))
		}
	}
	if got := all(media.Prompt("no such"), time.Minute); got != nil {
		t.Errorf("an unknown prompt plays %d bytes", len(got))
	}
	if sound := all(media.Beep(), time.Second); len(sound) != 3200 || power(sound, 1000) < 5000 {
		t.Errorf("the beep is %d bytes of %.0f at 1 kHz", len(sound), power(sound, 1000))
	}
}
