package media_test

import (
	"math"
	"testing"
	"time"

	"softphone/internal/phone/media"
)

// The middle column of table B.1 of ITU-T G.107.
func TestMOS(t *testing.T) {
	for r, want := range map[float64]float64{90: 4.34, 80: 4.03, 70: 3.60, 60: 3.10, 50: 2.58, 0: 1, -5: 1, 100: 4.5, 120: 4.5, 3: 1} {
		if got := media.MOS(r); math.Abs(got-want) > 0.01 {
			t.Errorf("MOS(%v) = %.3f, want %v", r, got, want)
		}
	}
}

func TestJudge(t *testing.T) {
	clean := media.Way{Known: true, Concealed: true}
	lossy := func(part float64) media.Way { return media.Way{Known: true, Concealed: true, Loss: part} }
	shaky := func(d time.Duration) media.Way { return media.Way{Known: true, Concealed: true, Jitter: d} }
	for _, c := range []struct {
		name      string
		in, out   media.Way
		roundTrip time.Duration
		mos       float64
		grade     media.Grade
		reason    media.Reason
		side      media.Side
	}{
		{"nothing known", media.Way{}, media.Way{}, 0, 0, "", "", ""},
		{"clean", clean, clean, 0, 4.40, media.Good, "", ""},
		{"usual network", lossy(0.002), lossy(0.002), 60 * time.Millisecond, 4.36, media.Good, "", ""},
		{"loss towards us", lossy(0.05), clean, 0, 3.90, media.Unstable, media.ByLoss, media.SideIn},
		{"loss towards the party", clean, lossy(0.20), 0, 2.61, media.Bad, media.ByLoss, media.SideOut},
		{"loss that nobody conceals", media.Way{Known: true, Loss: 0.05}, clean, 0, 2.15, media.Bad, media.ByLoss, media.SideIn},
		{"far away", clean, clean, 600 * time.Millisecond, 3.57, media.Unstable, media.ByDelay, media.SideIn},
		{"jitter that is heard", shaky(70 * time.Millisecond), clean, 0, 4.32, media.Unstable, media.ByJitter, media.SideIn},
		{"jitter that costs seconds", clean, shaky(250 * time.Millisecond), 0, 2.21, media.Bad, media.ByJitter, media.SideOut},
		{"one way only", media.Way{}, lossy(0.05), 0, 3.90, media.Unstable, media.ByLoss, media.SideOut},
	} {
		q := media.Judge(c.in, c.out, c.roundTrip)
		if math.Abs(q.MOS-c.mos) > 0.02 || q.Grade != c.grade || q.Reason != c.reason || q.Side != c.side {
			t.Errorf("%s: MOS %.2f, %s by %s of %q, want %.2f, %s by %s of %q", c.name,
				q.MOS, q.Grade, q.Reason, q.Side, c.mos, c.grade, c.reason, c.side)
		}
	}
}

func TestJitter(t *testing.T) {
	var j media.Jitter
	now, stamp := time.Unix(0, 0), uint32(math.MaxUint32-8000) // wraps soon
	send := func(d time.Duration) {
		j.Came(now.Add(d), stamp)
		now, stamp = now.Add(media.FrameTime), stamp+media.FrameBytes
	}
	for range 100 {
		send(0)
	}
	if got := j.Value(); got != 0 {
		t.Errorf("jitter of a steady stream is %v", got)
	}
	for i := range 200 {
		send(time.Duration(i%2) * 8 * time.Millisecond)
	}
	if got := j.Value(); got < 7500*time.Microsecond || got > 8*time.Millisecond {
		t.Errorf("jitter of a stream 8 ms early and late is %v", got)
	}
	now = now.Add(time.Hour) // a new stream
	send(0)
	if got := j.Value(); got > 8*time.Millisecond {
		t.Errorf("a sender that restarts counts as %v of jitter", got)
	}
}

func TestGauge(t *testing.T) {
	var g media.Gauge
	var r media.Reading
	now := time.Unix(0, 0)
	pass := func(heard, lost int64) media.Quality {
		now = now.Add(media.QualityTime)
		r.In.Heard, r.In.Lost = r.In.Heard+heard, r.In.Lost+lost
		return g.Read(now, r)
	}
	if q := pass(250, 0); !q.At.IsZero() {
		t.Errorf("quality %+v before a stretch is over", q)
	}
	if q := pass(250, 0); q.Grade != media.Good || q.At != now {
		t.Errorf("a clean stretch is %+v", q)
	}
	if q := pass(225, 25); q.Grade != media.Bad || math.Abs(q.In.Loss-0.1) > 1e-9 {
		t.Errorf("a stretch with a tenth lost is %+v", q)
	}
	r.In.Lost += 100
	if q := g.Read(now.Add(time.Second), r); math.Abs(q.In.Loss-0.1) > 1e-9 {
		t.Errorf("within a stretch the quality is %+v, want the last one's", q)
	}
	r.In.Lost -= 100
	if q := pass(0, 0); q.Grade != media.Bad || q.Reason != media.BySilence {
		t.Errorf("a leg from which nothing comes any more is %+v", q)
	}
	if q := pass(250, 0); q.Grade != media.Good {
		t.Errorf("a leg that is heard again is %+v", q)
	}
}
