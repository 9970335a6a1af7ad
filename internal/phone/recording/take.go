package recording

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"softphone/internal/phone/media"
)

// beat is how often a Take puts what it heard in its place.
const beat = 500 * time.Millisecond

// Config is what a Take is made of. All fields are required.
type Config struct {
	// Record names the recording: ID, CallID and Kind. A recording that a dead
	// process left of the same call is gone on with instead.
	Record  Record
	Valve   *Valve
	Archive *Archive
	Log     *slog.Logger
}

// Take records one call, from Start to Close. It never makes the sound wait:
// what it cannot take in time is dropped and told as a gap.
type Take struct {
	Config
	out     *keeper
	closing chan time.Duration
	once    sync.Once
	done    chan struct{}

	mu   sync.Mutex
	ears []*Ear
	last int16

	// Of the take's goroutine.
	window window
	buf    []heard
	losses []Gap
}

// Start begins to record at the call time that the valve tells. The row is made
// and the pieces are stored beside; trouble with that is tried again for as long
// as there is room to wait, and told as a gap.
func Start(ctx context.Context, c Config) *Take {
	t := &Take{Config: c, closing: make(chan time.Duration, 1), done: make(chan struct{})}
	t.window.from = max(slotOf(c.Valve.Now()), 0)
	t.out = newKeeper(t)
	ctx = context.WithoutCancel(ctx)
	go t.out.run(ctx) // ends after the last piece, which run sends
	go t.run()
	return t
}

// Hear returns an ear for a leg that begins to speak on a side: a new one for
// every bridge, since each leg counts its time from its own zero.
func (t *Take) Hear(side Side) *Ear {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last++
	e := &Ear{take: t, side: side, id: t.last, ring: make([]heard, earFrames)}
	t.ears = append(t.ears, e)
	return e
}

// Close ends the recording at a moment of call time. It does not wait.
func (t *Take) Close(end time.Duration) { t.once.Do(func() { t.closing <- end }) }

// Done is closed when everything is stored, or was given up.
func (t *Take) Done() <-chan struct{} { return t.done }

func (t *Take) run() {
	tick := time.NewTicker(beat)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			now := t.Valve.Now()
			t.cutUpTo(slotOf(now-settle), t.listen(now, false))
		case end := <-t.closing:
			t.finish(max(end, 0))
			return
		}
	}
}

// finish takes what is still in the ears, as long as it was said before the end.
func (t *Take) finish(end time.Duration) {
	known, last := t.listen(t.Valve.Now(), true), slotOf(end+media.FrameTime/2)
	t.cutUpTo(last, known)
	if last > t.window.from {
		t.emit(last, known)
	}
	var more []Gap // that no piece tells
	for _, g := range within(known, 0, last.time()) {
		if g.Side != "" || g.FromMs == g.ToMs {
			more = append(more, g)
		}
	}
	t.out.end(last.time(), more)
}

// listen puts what the ears have heard in its place and returns the gaps so far.
func (t *Take) listen(now time.Duration, all bool) []Gap {
	t.mu.Lock()
	ears := append([]*Ear(nil), t.ears...)
	t.mu.Unlock()
	t.buf = t.buf[:0]
	ends := make([]int, len(ears))
	for i, e := range ears {
		var lost stretch
		var over bool
		t.buf, lost, over = e.drain(t.buf, now, all)
		ends[i] = len(t.buf)
		if lost.any {
			t.losses = append(t.losses, gapOf(lost.from, lost.to, Overload, e.side))
		}
		if over {
			t.forget(e)
		}
	}
	shut := t.Valve.snapshot() // after the ears: what they had came before any gap that is not in it
	for i, from := 0, 0; i < len(ears); i++ {
		said := t.buf[from:ends[i]]
		ears[i].tune(said)
		for k := range said {
			t.place(ears[i], &said[k], shut)
		}
		from = ends[i]
	}
	return append(shut, t.losses...)
}

// place puts one frame where it was said, unless that is in a stretch that must
// not be kept: a frame may arrive after the pause in which it was said.
func (t *Take) place(e *Ear, h *heard, shut []Gap) {
	at := slotOf(h.at + e.shift)
	for _, g := range shut {
		if at.time() >= g.from() && at.time() < g.to() {
			return
		}
	}
	side := 0
	if e.side == Agent {
		side = 1
	}
	if !t.window.place(side, e.id, at, h.data[:]) && at >= 0 {
		t.losses = append(t.losses, gapOf(at.time(), (at+1).time(), Overload, e.side))
	}
}

func (t *Take) forget(e *Ear) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i, have := range t.ears {
		if have == e {
			t.ears = append(t.ears[:i], t.ears[i+1:]...)
			return
		}
	}
}

// cutUpTo seals whole pieces: to their longest, or to where a gap begins or ends.
func (t *Take) cutUpTo(now slot, known []Gap) {
	for {
		to := t.window.from + slotOf(PieceTime)
		for _, g := range known {
			for _, edge := range []slot{slotOf(g.from()), slotOf(g.to())} {
				if g.Side == "" && edge > t.window.from {
					to = min(to, edge)
				}
			}
		}
		if to > now {
			return
		}
		t.emit(to, known)
	}
}

func (t *Take) emit(to slot, known []Gap) {
	from := t.window.from
	t.out.add(segment{from: from, to: to, sound: t.window.cut(to), gaps: within(known, from.time(), to.time())})
}
