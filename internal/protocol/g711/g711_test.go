package g711_test

import (
	"math"
	"testing"

	"softphone/internal/protocol/g711"

	"pgregory.net/rapid"
)

// TestDecisionValues checks corners of tables 2a and 2b of ITU-T G.711, whose
// 14-bit values are ours divided by four.
func TestDecisionValues(t *testing.T) {
	for _, c := range []struct {
		code   byte
		linear int16
	}{
		{0x80, 4 * 8031}, {0x8F, 4 * 4191}, {0x9F, 4 * 2079}, {0xAF, 4 * 1023}, {0xBF, 4 * 495},
		{0xCF, 4 * 231}, {0xDF, 4 * 99}, {0xEF, 4 * 33}, {0xFE, 4 * 2}, {0xFF, 0},
		{0x00, -4 * 8031}, {0x7E, -4 * 2}, {0x7F, 0},
	} {
		if got := g711.Decode(c.code); got != c.linear {
			t.Errorf("Decode(%#x) = %d, want %d", c.code, got, c.linear)
		}
	}
}

// TestDigitalMilliwatt plays the sequence of table 6 of ITU-T G.711, which
// defines 0 dBm0: a 1 kHz sine in eight bytes.
func TestDigitalMilliwatt(t *testing.T) {
	period := []byte{0x1E, 0x0B, 0x0B, 0x1E, 0x9E, 0x8B, 0x8B, 0x9E}
	if got := g711.Level(period); math.Abs(got) > 0.05 {
		t.Errorf("level of the digital milliwatt = %.3f dBm0, want 0", got)
	}
}

func TestEveryByteSurvives(t *testing.T) {
	for i := range 256 {
		b := byte(i)
		got := g711.Encode(g711.Decode(b))
		if b == 0x7F {
			b = g711.Silence // minus zero comes back as zero
		}
		if got != b {
			t.Errorf("Encode(Decode(%#x)) = %#x, want %#x", i, got, b)
		}
	}
}

// TestNeighbour says that a sample becomes one of the two values of the curve
// beside it, off by no more than half a step of its segment: G.711 puts the
// decision values in the middle except where the step doubles.
func TestNeighbour(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sample := rapid.Int16Range(-32635, 32635).Draw(t, "sample")
		got := g711.Decode(g711.Encode(sample))
		if off, want := distance(got, sample), (distance(sample, 0)+132)/32+4; off > want {
			t.Fatalf("Encode(%d) stands for %d: %d away, want at most %d", sample, got, off, want)
		}
		for i := range 256 {
			v := g711.Decode(byte(i))
			if min(sample, got) < v && v < max(sample, got) && distance(v, sample) > 4 {
				t.Fatalf("Encode(%d) stands for %d, but %d lies between", sample, got, v)
			}
		}
	})
}

func distance(a, b int16) int {
	return max(int(a)-int(b), int(b)-int(a))
}

func TestBlocks(t *testing.T) {
	samples := []int16{0, 1, -1, 1000, -1000, math.MaxInt16, math.MinInt16}
	frame, back := make([]byte, len(samples)), make([]int16, len(samples))
	g711.EncodeTo(frame, samples)
	g711.DecodeTo(back, frame)
	for i, s := range samples {
		if want := g711.Decode(g711.Encode(s)); back[i] != want {
			t.Errorf("sample %d came back as %d, want %d", s, back[i], want)
		}
	}
}

func TestSilence(t *testing.T) {
	frame := make([]byte, 160)
	if got := g711.Level(frame); got < 3 {
		t.Errorf("a frame of zero bytes has level %.1f, want the loudest there is: zero is not silence", got)
	}
	g711.Fill(frame)
	if got := g711.Level(frame); got != g711.Quiet {
		t.Errorf("level of silence = %.1f, want %.1f", got, g711.Quiet)
	}
	if got := g711.Level(nil); got != g711.Quiet {
		t.Errorf("level of nothing = %.1f, want %.1f", got, g711.Quiet)
	}
}

func TestNoAllocation(t *testing.T) {
	frame, samples := make([]byte, 160), make([]int16, 160)
	got := testing.AllocsPerRun(100, func() {
		g711.DecodeTo(samples, frame)
		g711.EncodeTo(frame, samples)
		g711.Level(frame)
	})
	if got != 0 {
		t.Errorf("allocations per frame = %v, want 0", got)
	}
}
