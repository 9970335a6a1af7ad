package recording

import (
	"fmt"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"softphone/internal/phone/media"
)

// Valve stops what listens to a call, everything at one instant: what comes
// after Shut has returned reaches nobody, and what came before is kept. It says
// when, exact to the frame of call time, and counts what it stopped.
type Valve struct {
	began time.Time

	mu   sync.RWMutex
	shut map[Reason]slot // since when
	gaps []Gap           // that are over

	newest          atomic.Int64 // when the newest frame came that was let through
	passed, stopped atomic.Int64 // bytes
}

// NewValve returns an open valve of a call that began at a moment: zero of its
// call time.
func NewValve(began time.Time) *Valve {
	v := &Valve{began: began, shut: map[Reason]slot{}}
	v.newest.Store(-1)
	return v
}

// Now is the call time.
func (v *Valve) Now() time.Duration { return time.Since(v.began) }

// Shut stops everything for Paused, and recordings alone for any other reason,
// and returns from when on nothing is kept.
func (v *Valve) Shut(why Reason) time.Duration {
	v.mu.Lock()
	defer v.mu.Unlock()
	if at, ok := v.shut[why]; ok {
		return at.time()
	}
	at := slotUp(v.Now())
	if last := v.newest.Load(); last >= 0 { // a frame that came is kept whole
		at = max(at, slotOf(time.Duration(last))+1)
	}
	at = max(at, 0)
	v.shut[why] = at
	return at.time()
}

// Open goes on, unless there is another reason not to, and returns from when on
// sound is kept.
func (v *Valve) Open(why Reason) time.Duration {
	v.mu.Lock()
	defer v.mu.Unlock()
	at := max(slotUp(v.Now()), 0)
	if from, ok := v.shut[why]; ok {
		at = max(at, from)
		v.gaps = append(v.gaps, gapOf(from.time(), at.time(), why, ""))
		delete(v.shut, why)
	}
	return at.time()
}

// IsShut reports whether the valve stops for a reason.
func (v *Valve) IsShut(why Reason) bool {
	v.mu.RLock()
	defer v.mu.RUnlock()
	_, ok := v.shut[why]
	return ok
}

// Bytes returns how much passed to recordings and how much was stopped for
// everybody.
func (v *Valve) Bytes() (passed, stopped int64) { return v.passed.Load(), v.stopped.Load() }

// forever is the end of a gap that lasts.
const forever = time.Duration(1<<62 - 1)

// Gaps lists the stretches in which the valve was shut; one that lasts has no
// end yet.
func (v *Valve) snapshot() []Gap {
	v.mu.RLock()
	defer v.mu.RUnlock()
	out := append([]Gap(nil), v.gaps...)
	for why, from := range maps.All(v.shut) {
		out = append(out, gapOf(from.time(), forever, why, ""))
	}
	return out
}

// take lets a frame of a recording through: keep is called at once, or never.
// The lock is held meanwhile, against the habit of this house: keep copies a
// frame, and without it one could slip past an instant after Shut.
func (v *Valve) take(n int, keep func(now time.Duration)) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	if len(v.shut) > 0 {
		v.stopped.Add(int64(n))
		return
	}
	now := v.Now()
	keep(now)
	for last := v.newest.Load(); int64(now) > last && !v.newest.CompareAndSwap(last, int64(now)); last = v.newest.Load() {
	}
	v.passed.Add(int64(n))
}

// Guard returns a Writer that the valve stops together with the recording while
// it is Paused: for a transcript, an assistant, anybody who listens. next must
// not wait, as no Writer may.
func (v *Valve) Guard(next media.Writer) media.Writer { return &guard{v, next} }

type guard struct {
	valve *Valve
	next  media.Writer
}

// WriteFrame implements media.Writer; the lock is held for the reason of take.
func (g *guard) WriteFrame(f media.Frame) {
	g.valve.mu.RLock()
	defer g.valve.mu.RUnlock()
	if _, ok := g.valve.shut[Paused]; ok {
		g.valve.stopped.Add(int64(len(f.Data)))
		return
	}
	g.next.WriteFrame(f)
}

func (g *guard) String() string { return fmt.Sprintf("valve -> %v", g.next) }
