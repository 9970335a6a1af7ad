package media

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
)

// deaf is a Port that hears nothing.
type deaf struct{ Switch }

func (*deaf) WriteFrame(Frame)      {}
func (*deaf) Done() <-chan struct{} { return nil }

// hall is a clock that is turned by hand for n people who all hear each other and
// of whom some talk.
func hall(n int) (c *clock, talk func(talking int)) {
	room := NewRoom()
	room.ticking = true // no clock of its own
	var all []Port
	for range n {
		p := &deaf{}
		all = append(all, p)
		room.Enter(p)
	}
	for _, p := range all {
		room.Hear(p, all, nil)
	}
	voice := Frame{Data: bytes.Repeat([]byte{0x20, 0xA0}, FrameBytes/2)}
	return &room.clock, func(talking int) {
		for _, p := range all[:talking] {
			p.(*deaf).Switch.WriteFrame(voice)
		}
	}
}

func TestMixDoesNotAllocate(t *testing.T) {
	for talking := range 5 {
		c, talk := hall(4)
		if got := testing.AllocsPerRun(1000, func() { talk(talking); c.tick() }); got != 0 {
			t.Errorf("four of whom %d talk allocate %v times a frame, want 0", talking, got)
		}
	}
}

// However many shout, the sum stays within what mu-law carries, and it is never
// turned over: a sample keeps its sign.
func TestLimiterHolds(t *testing.T) {
	var l limiter
	for n := range 10_000 {
		var sum, want [FrameBytes]int32
		size := int32(1 + rand.IntN(10*ceiling))
		for i := range sum {
			sum[i] = rand.Int32N(2*size) - size
		}
		want = sum
		l.limit(&sum)
		for i, v := range sum {
			if v > ceiling || v < -ceiling || v > 0 && want[i] < 0 || v < 0 && want[i] > 0 {
				t.Fatalf("frame %d: %d became %d", n, want[i], v)
			}
		}
	}
}

// What is not too loud is not touched, a second after it was too.
func TestLimiterLetsGo(t *testing.T) {
	var l limiter
	sum := [FrameBytes]int32{80: 3 * ceiling}
	l.limit(&sum)
	for range 50 {
		l.limit(&[FrameBytes]int32{})
	}
	want := [FrameBytes]int32{1: 1, 2: -knee, 3: knee, 4: -1}
	sum = want
	if l.limit(&sum); sum != want {
		t.Error("a second after somebody shouted the sound is still changed")
	}
}

// What a listener costs for a frame: the figure is divided by their number.
func BenchmarkMix(b *testing.B) {
	for _, c := range [][2]int{{3, 0}, {3, 1}, {3, 2}, {3, 3}, {4, 4}, {10, 1}, {10, 10}} {
		b.Run(fmt.Sprintf("listeners=%d/talking=%d", c[0], c[1]), func(b *testing.B) {
			clock, talk := hall(c[0])
			b.ReportAllocs()
			for b.Loop() {
				talk(c[1])
				clock.tick()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*c[0]), "ns/listener")
		})
	}
}
