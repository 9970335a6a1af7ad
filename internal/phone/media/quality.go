package media

import (
	"sync"
	"time"
)

// Quality is how a leg sounded for some seconds, as figures and as words.
type Quality struct {
	At        time.Time // end of the stretch; zero: nothing is known yet
	In, Out   Way       // what the party says, what it hears
	RoundTrip time.Duration
	MOS       float64 // of the worse way, 1 to 4.5; 0 unknown
	Grade     Grade
	Reason    Reason // when it is not good
	Side      Side   // where the reason was found
}

// Way is the sound in one direction.
type Way struct {
	Known  bool
	Loss   float64 // part of the sound that was not heard in time, 0 to 1
	Jitter time.Duration
	// Concealed says that the receiver fills gaps from the sound before.
	Concealed bool
}

// Grade is quality in a word.
type Grade string

// Grades. Satisfaction is that of ITU-T G.107, table B.1.
const (
	Good     Grade = "good"     // R of 80 and more: users are satisfied
	Unstable Grade = "unstable" // R of 60 to 80: some or many are not
	Bad      Grade = "bad"      // less: nearly all are not
)

// Reason is what makes a leg worse than good.
type Reason string

// Reasons.
const (
	ByLoss    Reason = "loss"
	ByJitter  Reason = "jitter"
	ByDelay   Reason = "delay"
	BySilence Reason = "silence" // nothing comes any more
)

// Side is a direction of a leg.
type Side string

// Sides.
const (
	SideIn  Side = "in"  // what the party says
	SideOut Side = "out" // what it hears
)

const (
	// jitterMost is what the queue before Twilio evens out (60 ms); more is heard
	// as gaps, which no count of lost packets shows.
	jitterMost = 60 * time.Millisecond
	// The scale of R without any impairment, with all other parameters of ITU-T
	// G.107 at their default (G.107, 7.7).
	ratingBest = 93.2
)

// Judge rates a stretch by the E-model of ITU-T G.107, reduced to what a packet
// network adds to G.711: R = 93.2 - Id - Ie,eff.
func Judge(in, out Way, roundTrip time.Duration) Quality {
	q := Quality{In: in, Out: out, RoundTrip: roundTrip}
	for _, w := range []struct {
		Way
		side Side
	}{{in, SideIn}, {out, SideOut}} {
		if !w.Known {
			continue
		}
		r, reason := w.rate(roundTrip)
		if mos := MOS(r); q.MOS == 0 || mos < q.MOS {
			q.MOS, q.Grade, q.Reason, q.Side = mos, grade(r), reason, w.side
		}
		if w.Jitter > jitterMost && q.Grade == Good {
			q.Grade, q.Reason, q.Side = Unstable, ByJitter, w.side
		}
	}
	if q.Grade == Good {
		q.Reason, q.Side = "", ""
	}
	return q
}

// rate returns R of a way, and what takes most from it.
func (w Way) rate(roundTrip time.Duration) (r float64, reason Reason) {
	// The receiver is taken to wait for twice the jitter, and a frame is cut first.
	far := roundTrip/2 + FrameTime
	loss, delay, jitter := lossImpairment(w), delayImpairment(far), delayImpairment(far+2*w.Jitter)
	r = ratingBest - jitter - loss
	switch jitter -= delay; {
	case loss >= delay && loss >= jitter:
		return r, ByLoss
	case delay >= jitter:
		return r, ByDelay
	}
	return r, ByJitter
}

// lossImpairment is Ie,eff of G.107, 7-29, for random loss. G.711 has Ie = 0 and
// bears Bpl = 4.3 % without and 25.1 % with concealment (G.113, appendix I).
func lossImpairment(w Way) float64 {
	bears := 4.3
	if w.Concealed {
		bears = 25.1
	}
	lost := 100 * w.Loss
	return 95 * lost / (lost + bears)
}

// delayImpairment is Id by the fit of Cole and Rosenbluth, "Voice over IP
// performance monitoring" (ACM CCR 31/2, 2001), for a delay from mouth to ear.
func delayImpairment(d time.Duration) float64 {
	ms := float64(d) / float64(time.Millisecond)
	return 0.024*ms + 0.11*max(0, ms-177.3)
}

// MOS is the mean opinion score for a rating (G.107, annex B).
func MOS(r float64) float64 {
	switch {
	case r <= 0:
		return 1
	case r >= 100:
		return 4.5
	}
	return max(1, 1+0.035*r+r*(r-60)*(100-r)*7e-6)
}

func grade(r float64) Grade {
	switch {
	case r >= 80:
		return Good
	case r >= 60:
		return Unstable
	}
	return Bad
}

// Jitter is the interarrival jitter of RFC 3550, A.8. One goroutine feeds it.
type Jitter struct {
	begun  bool
	came   time.Time
	stamp  uint32
	scaled time.Duration // 16 times the jitter, as in A.8
}

// jitterBreak is when a sender has restarted its clock, not sent late.
const jitterBreak = time.Second

// Came takes a packet and its timestamp in samples.
func (j *Jitter) Came(now time.Time, stamp uint32) {
	sent := time.Duration(int32(stamp-j.stamp)) * time.Second / 8000
	d := (now.Sub(j.came) - sent).Abs()
	if j.begun && d < jitterBreak {
		j.scaled += d - (j.scaled+8)>>4
	}
	j.begun, j.came, j.stamp = true, now, stamp
}

// Value returns the jitter.
func (j *Jitter) Value() time.Duration { return j.scaled >> 4 }

// Reading is what an adapter has counted of a leg since it began.
type Reading struct {
	In, Out   Tally
	RoundTrip time.Duration
}

// Tally counts frames or packets of one direction. Counts only grow.
type Tally struct {
	Heard, Lost int64
	Jitter      time.Duration // now
	Concealed   bool
}

// since is the way between two tallies.
func (t Tally) since(before Tally) Way {
	heard, lost := max(0, t.Heard-before.Heard), max(0, t.Lost-before.Lost)
	w := Way{Known: heard+lost > 0, Jitter: t.Jitter, Concealed: t.Concealed}
	if w.Known {
		w.Loss = float64(lost) / float64(heard+lost)
	}
	return w
}

// QualityTime is the stretch that is judged at once.
const QualityTime = 5 * time.Second

// Gauge makes a Quality of what was counted in each stretch. The zero Gauge is
// ready; any goroutine may ask.
type Gauge struct {
	mu     sync.Mutex
	began  time.Time
	before Reading
	last   Quality
}

// Read takes what is counted now, and returns the quality of the last stretch
// that is over. Whoever asks seldom gets a longer one.
func (g *Gauge) Read(now time.Time, r Reading) Quality {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.began.IsZero():
		g.began, g.before = now, r
	case now.Sub(g.began) >= QualityTime:
		g.last = g.judgeLocked(r)
		g.last.At = now
		g.began, g.before = now, r
	}
	return g.last
}

func (g *Gauge) judgeLocked(r Reading) Quality {
	q := Judge(r.In.since(g.before.In), r.Out.since(g.before.Out), r.RoundTrip)
	if !q.In.Known && g.before.In.Heard > 0 { // it was heard once
		q.MOS, q.Grade, q.Reason, q.Side = 1, Bad, BySilence, SideIn
	}
	return q
}
