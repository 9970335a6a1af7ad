package assist_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"softphone/internal/phone/assist"
	"softphone/internal/phone/media"
	"softphone/internal/protocol/g711"
)

// heardSpan is an utterance as the VAD reported it.
type heardSpan struct {
	Start, End time.Duration
	Bytes      int
}

type spans struct{ all []heardSpan }

func (s *spans) Begin(start time.Duration) { s.all = append(s.all, heardSpan{Start: start}) }
func (s *spans) Sound(pcmu []byte)         { s.all[len(s.all)-1].Bytes += len(pcmu) }
func (s *spans) End(end time.Duration)     { s.all[len(s.all)-1].End = end }

// strip is sound made of stretches.
type strip struct{ frames [][]byte }

// noise appends a stretch of white noise of this amplitude.
func (s *strip) noise(length time.Duration, amplitude float64) *strip {
	random := rand.New(rand.NewPCG(1, 2))
	for range length / media.FrameTime {
		frame := make([]byte, media.FrameBytes)
		for i := range frame {
			frame[i] = g711.Encode(int16(amplitude * (2*random.Float64() - 1)))
		}
		s.frames = append(s.frames, frame)
	}
	return s
}

// voice appends a stretch of a 200 Hz tone with its harmonics.
func (s *strip) voice(length time.Duration) *strip {
	for range length / media.FrameTime {
		frame := make([]byte, media.FrameBytes)
		for i := range frame {
			x := 2 * math.Pi * 200 * float64(i) / g711.Rate
			frame[i] = g711.Encode(int16(4000*math.Sin(x) + 2000*math.Sin(2*x)))
		}
		s.frames = append(s.frames, frame)
	}
	return s
}

func (s *strip) hear(v *assist.VAD, at time.Duration) {
	for i, frame := range s.frames {
		v.Push(media.Frame{At: at + time.Duration(i)*media.FrameTime, Data: frame})
	}
}

const ms = time.Millisecond

func TestVADCutsUtterances(t *testing.T) {
	tests := map[string]struct {
		sound *strip
		want  []heardSpan
	}{
		"one utterance with pre-roll and trailing silence": {
			new(strip).noise(1000*ms, 20).voice(800*ms).noise(1000*ms, 20),
			[]heardSpan{{1000 * ms, 1800 * ms, (300 + 800 + 500) * 8}},
		},
		"a breath does not part": {
			new(strip).noise(400*ms, 20).voice(400*ms).noise(300*ms, 20).voice(400*ms).noise(600*ms, 20),
			[]heardSpan{{400 * ms, 1500 * ms, (300 + 1100 + 500) * 8}},
		},
		"a pause parts": {
			new(strip).noise(400*ms, 20).voice(400*ms).noise(700*ms, 20).voice(400*ms).noise(600*ms, 20),
			[]heardSpan{{400 * ms, 800 * ms, (300 + 400 + 500) * 8}, {1500 * ms, 1900 * ms, (200 + 400 + 500) * 8}},
		},
		"a burst under 120 ms is dropped": {new(strip).noise(400*ms, 20).voice(100*ms).noise(900*ms, 20), nil},
		"two clicks are no word":          {new(strip).voice(40*ms).noise(60*ms, 20).voice(80*ms).noise(600*ms, 20), nil},
		"digital silence":                 {new(strip).noise(3000*ms, 0), nil},
		"a line that hums":                {new(strip).noise(5000*ms, 40), nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := &spans{}
			test.sound.hear(assist.NewVAD(got), 0)
			if diff := cmp.Diff(got.all, test.want); diff != "" {
				t.Errorf("utterances (-got +want):\n%s", diff)
			}
		})
	}
}

func TestVADCommitsLongSpeech(t *testing.T) {
	got := &spans{}
	vad := assist.NewVAD(got)
	new(strip).voice(20*time.Second).noise(40*ms, 20).voice(3*time.Second).noise(600*ms, 20).hear(vad, 0)
	if len(got.all) != 2 {
		t.Fatalf("got %d utterances, want 2: %v", len(got.all), got.all)
	}
	if end := got.all[0].End; end < 15*time.Second || end > 25*time.Second {
		t.Errorf("first ended at %v, want within 15 to 25 s", end)
	}
	sum := got.all[0].Bytes + got.all[1].Bytes
	if want := (20000 + 40 + 3000 + 500) * 8; sum != want {
		t.Errorf("got %d bytes, want every one of %d", sum, want)
	}
}

func TestVADHardLimit(t *testing.T) {
	got := &spans{}
	new(strip).voice(26*time.Second).hear(assist.NewVAD(got), 0)
	if len(got.all) != 2 || got.all[0].End != 25*time.Second {
		t.Errorf("got %v, want the first of two cut at 25 s", got.all)
	}
}

func TestVADLearnsANoisyRoom(t *testing.T) {
	got := &spans{}
	vad := assist.NewVAD(got)
	new(strip).noise(60*time.Second, 400).hear(vad, 0) // about -39 dBm0: above the first threshold
	learnt := len(got.all)
	new(strip).noise(10*time.Second, 400).hear(vad, 60*time.Second)
	if len(got.all) != learnt {
		t.Errorf("noise still opens utterances after a minute: %v", got.all[learnt:])
	}
	new(strip).voice(600*ms).noise(600*ms, 400).hear(vad, 70*time.Second)
	if len(got.all) != learnt+1 {
		t.Errorf("got %d utterances in the noise, want 1", len(got.all)-learnt)
	}
}

func TestVADEndsAtAHoleInTheSound(t *testing.T) {
	got := &spans{}
	vad := assist.NewVAD(got)
	new(strip).voice(400*ms).hear(vad, 0)
	new(strip).voice(400*ms).hear(vad, 10*time.Second)
	vad.Flush()
	want := []heardSpan{{0, 400 * ms, 3200}, {10 * time.Second, 10400 * ms, 3200}}
	if diff := cmp.Diff(got.all, want); diff != "" {
		t.Errorf("utterances (-got +want):\n%s", diff)
	}
}
