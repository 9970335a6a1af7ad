package media

import (
	"fmt"
	"sync/atomic"
)

// Nowhere discards sound.
var Nowhere Writer = nowhere{}

type nowhere struct{}

func (nowhere) WriteFrame(Frame) {}
func (nowhere) String() string   { return "nowhere" }

// Switch passes frames to a Writer that can be changed while sound flows. The
// zero Switch discards.
type Switch struct {
	next atomic.Pointer[Writer]
}

// Connect sets where frames go from the next one on; nil discards them.
func (s *Switch) Connect(w Writer) {
	if w == nil {
		w = Nowhere
	}
	s.next.Store(&w)
}

// WriteFrame implements Writer.
func (s *Switch) WriteFrame(f Frame) {
	if w := s.next.Load(); w != nil {
		(*w).WriteFrame(f)
	}
}

func (s *Switch) String() string {
	w := s.next.Load()
	if w == nil {
		return "switch -> nowhere"
	}
	return fmt.Sprintf("switch -> %v", *w)
}

// Gate is mute: while shut nothing passes. It counts what it let through and
// what it stopped, so that "muted" can be proven from the figures.
type Gate struct {
	next            Writer
	shut            atomic.Bool
	passed, stopped atomic.Int64
}

// NewGate returns an open gate before next.
func NewGate(next Writer) *Gate { return &Gate{next: next} }

// Shut stops (true) or passes (false) sound from the next frame on.
func (g *Gate) Shut(shut bool) { g.shut.Store(shut) }

// IsShut reports whether the gate stops sound.
func (g *Gate) IsShut() bool { return g.shut.Load() }

// Bytes returns how many bytes passed and how many were stopped.
func (g *Gate) Bytes() (passed, stopped int64) { return g.passed.Load(), g.stopped.Load() }

// WriteFrame implements Writer.
func (g *Gate) WriteFrame(f Frame) {
	if g.shut.Load() {
		g.stopped.Add(int64(len(f.Data)))
		return
	}
	g.passed.Add(int64(len(f.Data)))
	g.next.WriteFrame(f)
}

func (g *Gate) String() string { return fmt.Sprintf("gate(shut=%t) -> %v", g.shut.Load(), g.next) }

// Tee passes each frame on and hands it to listeners as well. Listeners come
// and go while sound flows; the list is replaced, never changed.
type Tee struct {
	next  Writer
	heard atomic.Pointer[[]Writer]
}

// NewTee returns a tee before next without listeners.
func NewTee(next Writer) *Tee { return &Tee{next: next} }

// Add makes w hear the sound until the returned function is called. w must be
// comparable, as pointers are.
func (t *Tee) Add(w Writer) (remove func()) {
	t.change(func(l []Writer) []Writer { return append(l, w) })
	return func() { t.change(func(l []Writer) []Writer { return without(l, w) }) }
}

func (t *Tee) change(f func([]Writer) []Writer) {
	for {
		old := t.heard.Load()
		var list []Writer
		if old != nil {
			list = append(list, *old...)
		}
		list = f(list)
		if t.heard.CompareAndSwap(old, &list) {
			return
		}
	}
}

func without(list []Writer, w Writer) []Writer {
	for i, have := range list {
		if have == w {
			return append(list[:i], list[i+1:]...)
		}
	}
	return list
}

// WriteFrame implements Writer: the other party first, listeners after.
func (t *Tee) WriteFrame(f Frame) {
	t.next.WriteFrame(f)
	if list := t.heard.Load(); list != nil {
		for _, w := range *list {
			w.WriteFrame(f)
		}
	}
}

func (t *Tee) String() string {
	n := 0
	if list := t.heard.Load(); list != nil {
		n = len(*list)
	}
	return fmt.Sprintf("tee(%d) -> %v", n, t.next)
}
