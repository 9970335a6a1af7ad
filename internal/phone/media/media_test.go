package media_test

import (
	"bytes"
	"context"
	"errors"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"softphone/internal/phone/media"
	"softphone/internal/protocol/g711"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// leg is a Port whose party is the test.
type leg struct {
	media.Switch
	heard []byte
	ats   []time.Duration
}

func (l *leg) WriteFrame(f media.Frame) {
	l.heard, l.ats = append(l.heard, f.Data...), append(l.ats, f.At)
}
func (l *leg) say(f media.Frame)     { l.Switch.WriteFrame(f) }
func (l *leg) Done() <-chan struct{} { return nil }
func (l *leg) String() string        { return "leg" }

func frame(b byte) media.Frame {
	return media.Frame{Data: bytes.Repeat([]byte{b}, media.FrameBytes)}
}

func TestBridge(t *testing.T) {
	customer, agent, tap := &leg{}, &leg{}, &leg{}
	b := media.NewBridge(customer, agent)
	remove := b.TapAgent(tap)
	customer.say(frame(1))
	agent.say(frame(2))
	b.Mute(true)
	agent.say(frame(3))
	b.Mute(false)
	remove()
	agent.say(frame(4))
	b.Close()
	agent.say(frame(5))

	if want := frame(1).Data; !bytes.Equal(agent.heard, want) {
		t.Errorf("agent heard %d bytes, want the customer's one frame", len(agent.heard))
	}
	if want := append(frame(2).Data, frame(4).Data...); !bytes.Equal(customer.heard, want) {
		t.Errorf("customer heard %d bytes, want frames 2 and 4 only", len(customer.heard))
	}
	if want := frame(2).Data; !bytes.Equal(tap.heard, want) {
		t.Errorf("tap heard %d bytes, want frame 2 only", len(tap.heard))
	}
	if p, s := b.AgentBytes(); p != 320 || s != 160 {
		t.Errorf("gate counted %d passed, %d stopped, want 320 and 160", p, s)
	}
	if got, want := b.String(), "customer -> tee(0) -> leg; agent -> gate(shut=false) -> tee(0) -> leg"; got != want {
		t.Errorf("chain prints %q, want %q", got, want)
	}
}

func TestTapDropsOldest(t *testing.T) {
	tap := media.NewTap(2)
	for b := range byte(3) {
		tap.WriteFrame(frame(b))
	}
	buf := make([]byte, media.FrameBytes)
	for want := byte(1); want < 3; want++ {
		if f, err := tap.Read(context.Background(), buf); err != nil || f.Data[0] != want {
			t.Errorf("read frame %d, %v, want %d", f.Data[0], err, want)
		}
	}
	if got := tap.Dropped(); got != 1 {
		t.Errorf("dropped %d, want 1", got)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := tap.Read(ctx, buf); !errors.Is(err, context.Canceled) {
		t.Errorf("reading an empty tap with a dead context: %v, want canceled", err)
	}
}

func TestCutter(t *testing.T) {
	l := &leg{}
	c := media.NewCutter(l)
	in := make([]byte, 3*media.FrameBytes)
	for i := range in {
		in[i] = byte(i)
	}
	for i := 0; i < len(in); i += 7 {
		c.Write(in[i:min(i+7, len(in))])
	}
	c.Skip(time.Second)
	c.Write(in[:media.FrameBytes])
	if !bytes.Equal(l.heard[:len(in)], in) {
		t.Error("cut bytes differ from those written")
	}
	if got, want := l.ats[3], time.Second+60*time.Millisecond; got != want {
		t.Errorf("frame after the gap is at %v, want %v", got, want)
	}
}

func TestPlayKeepsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, start := &leg{}, time.Now()
		tone, ok := media.Keys("1#")
		if !ok {
			t.Fatal("1# refused")
		}
		if err := media.Play(t.Context(), l, tone); err != nil {
			t.Fatal(err)
		}
		if got, want := time.Since(start), 400*time.Millisecond; got != want {
			t.Errorf("two keys took %v, want %v", got, want)
		}
		if got := len(l.ats); got != 20 {
			t.Errorf("two keys made %d frames, want 20", got)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		if err := media.Play(ctx, media.Nowhere, media.Ringback()); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("ringback ended with %v, want the deadline", err)
		}
	})
}

// power of one frequency in a stretch of mu-law, as peak amplitude (Goertzel).
func power(sound []byte, hz float64) float64 {
	var re, im float64
	for i, b := range sound {
		x := 2 * math.Pi * hz * float64(i) / g711.Rate
		re += float64(g711.Decode(b)) * math.Cos(x)
		im += float64(g711.Decode(b)) * math.Sin(x)
	}
	return 2 * math.Hypot(re, im) / float64(len(sound))
}

func TestToneFrequencies(t *testing.T) {
	for _, c := range []struct {
		name string
		tone *media.Tone
		hz   [2]float64
		dBm0 float64
	}{
		{"ringback", media.Ringback(), [2]float64{440, 480}, -19},
		{"busy", media.Busy(), [2]float64{480, 620}, -24},
	} {
		sound := make([]byte, 1600)
		c.tone.Next(sound)
		for _, hz := range c.hz {
			got := 3.17 + 20*math.Log10(power(sound, hz)/32124)
			if math.Abs(got-c.dBm0) > 0.5 {
				t.Errorf("%s at %v Hz is %.1f dBm0, want %.1f", c.name, hz, got, c.dBm0)
			}
		}
	}
	if _, ok := media.Keys("12x"); ok {
		t.Error("Keys took an x")
	}
}

func TestChainDoesNotAllocate(t *testing.T) {
	customer, agent := &quiet{}, &quiet{}
	b := media.NewBridge(customer, agent)
	defer b.TapAgent(media.NewTap(4))()
	cut := media.NewCutter(&agent.Switch)
	sound := make([]byte, 100)
	if got := testing.AllocsPerRun(1000, func() { cut.Write(sound) }); got != 0 {
		t.Errorf("chain allocates %v times a write, want 0", got)
	}
}

type quiet struct{ media.Switch }

func (*quiet) WriteFrame(media.Frame) {}
func (*quiet) Done() <-chan struct{}  { return nil }

func BenchmarkBridge(b *testing.B) {
	customer, agent := &quiet{}, &quiet{}
	br := media.NewBridge(customer, agent)
	defer br.TapAgent(media.NewTap(50))()
	f := frame(7)
	b.ReportAllocs()
	for b.Loop() {
		agent.Switch.WriteFrame(f)
	}
}
