package recording

import (
	"fmt"
	"sync"
	"time"

	"softphone/internal/phone/media"
	"softphone/internal/protocol/g711"
)

const (
	// earFrames is how much sound waits to be placed: 5 s, ten times what is
	// needed, then the oldest is dropped and told as a gap.
	earFrames = 250
	// firstListen is how long a new leg is heard before its clock is trusted: the
	// first frames of a leg come in bursts, and the one with the least delay tells
	// the time.
	firstListen = 400 * time.Millisecond
	// offBeat is how late a leg's own clock may run before it is set anew.
	offBeat = 60 * time.Millisecond
)

// Ear hears one leg of one side. A leg stamps its own time, from its own zero;
// its Ear finds out what that is in the time of the call.
type Ear struct {
	take *Take
	side Side
	id   int16

	mu      sync.Mutex
	ring    []heard
	head, n int
	lost    stretch // arrivals of what was dropped
	closed  bool

	// Of the take's goroutine.
	shift time.Duration // from the leg's time to the call's
	set   bool
}

// heard is a frame with the call time at which it came.
type heard struct {
	at, came time.Duration
	data     [media.FrameBytes]byte
}

type stretch struct {
	from, to time.Duration
	any      bool
}

var _ media.Writer = (*Ear)(nil)

// WriteFrame implements media.Writer: it copies the frame, or drops the oldest.
func (e *Ear) WriteFrame(f media.Frame) {
	e.take.Valve.take(len(f.Data), func(now time.Duration) { e.keep(f, now) })
}

func (e *Ear) keep(f media.Frame, now time.Duration) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return
	}
	if e.n == len(e.ring) {
		old := &e.ring[e.head]
		if !e.lost.any {
			e.lost = stretch{from: old.came, any: true}
		}
		e.lost.to = old.came + media.FrameTime
		e.head, e.n = (e.head+1)%len(e.ring), e.n-1
	}
	s := &e.ring[(e.head+e.n)%len(e.ring)]
	s.at, s.came = f.At, now
	g711.Fill(s.data[copy(s.data[:], f.Data):])
	e.n++
}

// Close says that this leg will say no more here. What it has said is kept.
func (e *Ear) Close() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed = true
}

// drain appends what was heard to buf; a leg that has only begun keeps it a
// little longer, unless all must come out.
func (e *Ear) drain(buf []heard, now time.Duration, all bool) (out []heard, lost stretch, over bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.n > 0 && !e.set && !all && !e.closed && now-e.ring[e.head].came < firstListen {
		return buf, stretch{}, false
	}
	for range e.n {
		buf = append(buf, e.ring[e.head])
		e.head = (e.head + 1) % len(e.ring)
	}
	e.n = 0
	lost, e.lost = e.lost, stretch{}
	return buf, lost, e.closed
}

// tune finds the leg's clock from what it said since the last time. Sound is
// never early: the frame that came with the least delay tells the time.
func (e *Ear) tune(said []heard) {
	if len(said) == 0 {
		return
	}
	least := said[0].came - said[0].at
	for _, h := range said[1:] {
		least = min(least, h.came-h.at)
	}
	if !e.set || least < e.shift || least > e.shift+offBeat {
		e.shift, e.set = least, true
	}
}

func (e *Ear) String() string { return fmt.Sprintf("recording of the %s", e.side) }
