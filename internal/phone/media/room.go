package media

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"unsafe"
)

// Room is the sound of one call with any number of ports. A port that enters
// has a mouth, through which all it says goes, and an ear, which hears what Hear
// says. One voice alone is passed on by the goroutine that read it; what has to
// be made (two voices together, music, a beep) is made by the room's clock.
//
// A change is complete when its method returns: nothing goes the old way any
// more, not even a frame that was half-way. The methods may be called from
// anywhere but a Writer that the room writes to.
type Room struct {
	mu     sync.Mutex
	guests []*guest // in the order they came
	clock  clock
	closed bool

	ticking bool
	quit    chan struct{}
	wait    sync.WaitGroup
}

// guest is a port in a room.
type guest struct {
	mouth *Mouth
	ear   *ear
	from  []*guest // whom it hears, in the order they came
	src   func() Source
	music *player // of src
}

// ear is the way to what a party hears.
type ear struct {
	port    Port
	playing atomic.Pointer[playing] // heard instead of everything else
}

func (e *ear) hear(f Frame) {
	if e.playing.Load() == nil {
		e.port.WriteFrame(f)
	}
}

// NewRoom returns an empty room. It costs no goroutine until something has to be
// mixed or played.
func NewRoom() *Room { return &Room{quit: make(chan struct{})} }

// Enter lets p in: from now on what it says goes through its mouth, and nowhere
// else. It hears nothing yet. A port that is in already keeps its mouth.
func (r *Room) Enter(p Port) *Mouth {
	r.mu.Lock()
	defer r.mu.Unlock()
	g := r.findLocked(p)
	if g == nil {
		g = &guest{mouth: newMouth(&r.clock), ear: &ear{port: p}}
		if r.closed {
			g.mouth.leave()
			return g.mouth
		}
		r.guests = append(r.guests, g)
	}
	p.Connect(g.mouth)
	return g.mouth
}

// Leave lets p out: it says and hears nothing of this room any more, taps on it
// included. What it says is discarded until it enters another room, which it may
// have done already: Leave disconnects its own mouth, not the port.
func (r *Room) Leave(p Port) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if g := r.findLocked(p); g != nil {
		r.leaveLocked(g)
		r.arrangeLocked()
	}
}

func (r *Room) leaveLocked(g *guest) {
	is := func(o *guest) bool { return o == g }
	r.guests = slices.DeleteFunc(r.guests, is)
	for _, o := range r.guests {
		o.from = slices.DeleteFunc(o.from, is)
	}
	g.mouth.leave()
	if p := g.ear.playing.Load(); p != nil {
		p.end()
	}
}

func (r *Room) findLocked(p Port) *guest {
	for _, g := range r.guests {
		if g.ear.port == p {
			return g
		}
	}
	return nil
}

// Hear makes p hear exactly these from the next frame on; itself, and ports that
// are not in the room, are left out. src may be nil; else what it makes is heard
// alone while from is empty, and beneath the voices otherwise.
//
// Asking for what is heard already changes nothing, so music goes on. Two src
// are the same if they are one func value: a function of a package, a literal
// that captures nothing, or a variable that is kept. A method value and a
// capturing literal are new each time they are evaluated.
func (r *Room) Hear(p Port, from []Port, src func() Source) {
	r.mu.Lock()
	defer r.mu.Unlock()
	g := r.findLocked(p)
	if g == nil {
		return
	}
	var whom []*guest
	for _, o := range r.guests {
		if o != g && slices.Contains(from, o.ear.port) {
			whom = append(whom, o)
		}
	}
	if slices.Equal(whom, g.from) && same(src, g.src) {
		return
	}
	if !same(src, g.src) {
		g.src, g.music = src, newPlayer(src)
	}
	g.from = whom
	r.arrangeLocked()
}

// same says that two funcs are one value, which Go compares with nil only: a func
// is a pointer to what it captured. The one that is kept cannot be freed and its
// address used again.
func same(a, b func() Source) bool {
	return *(*unsafe.Pointer)(unsafe.Pointer(&a)) == *(*unsafe.Pointer)(unsafe.Pointer(&b))
}

// Play plays src to p once, instead of all that p hears otherwise; music waits
// meanwhile. A second Play ends the first. done is closed when src has ended, or
// was ended by stop, by another Play, with the port, or by Leave or Close; at once
// when p is not in the room.
func (r *Room) Play(p Port, src Source) (done <-chan struct{}, stop func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	g := r.findLocked(p)
	a := &playing{src: src, done: make(chan struct{})}
	if g == nil || src == nil {
		close(a.done)
		return a.done, func() {}
	}
	a.ear = g.ear
	if before := g.ear.playing.Swap(a); before != nil {
		before.end()
	}
	r.arrangeLocked()
	return a.done, func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		a.end()
		r.arrangeLocked()
	}
}

// Close lets all out and returns when the clock has stopped. The ports live on.
func (r *Room) Close() {
	r.mu.Lock()
	if !r.closed {
		r.closed = true
		for len(r.guests) > 0 {
			r.leaveLocked(r.guests[0])
		}
		r.arrangeLocked()
		close(r.quit)
	}
	r.mu.Unlock()
	r.wait.Wait()
}

// arrangeLocked makes true what the guests' lists say. It sets every mouth and
// the clock anew, which waits for the frame that each of them is passing: that
// makes a change complete.
func (r *Room) arrangeLocked() {
	var s score
	ears := map[*guest][]*ear{}
	mixed := map[*guest]bool{}
	for _, g := range r.guests {
		if len(g.from) == 1 && g.music == nil {
			ears[g.from[0]] = append(ears[g.from[0]], g.ear)
		} else if len(g.from) > 0 || g.music != nil {
			s.add(g)
			for _, o := range g.from {
				mixed[o] = true
			}
		}
		if p := g.ear.playing.Load(); p != nil {
			s.plays = append(s.plays, p)
		}
	}
	for _, g := range r.guests {
		g.mouth.arrange(ears[g], mixed[g])
		if mixed[g] {
			s.lanes = append(s.lanes, &g.mouth.lane)
		}
	}
	if idle := r.clock.arrange(s); !idle && !r.ticking && !r.closed {
		r.ticking = true
		r.wait.Go(r.tick)
	}
}

// tick turns the clock until the room has nothing to mix or play.
func (r *Room) tick() {
	for m := newMetronome(); m.wait(r.quit); {
		if r.clock.tick() && r.rests() {
			return
		}
	}
}

func (r *Room) rests() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ticking = !r.clock.idle()
	return !r.ticking
}

// String prints what each says, on the way it goes, and what the clock makes.
func (r *Room) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var chains []string
	for _, g := range r.guests {
		chains = append(chains, fmt.Sprintf("%v -> %v", g.ear.port, g.mouth))
	}
	for _, g := range r.guests {
		if len(g.from) > 1 || g.music != nil {
			chains = append(chains, fmt.Sprintf("%v -> %v", g.mix(), g.ear.port))
		}
		if g.ear.playing.Load() != nil {
			chains = append(chains, fmt.Sprintf("play -> %v", g.ear.port))
		}
	}
	return strings.Join(chains, "; ")
}

// mix prints what the clock makes for a guest.
func (g *guest) mix() string {
	var parts []string
	for _, o := range g.from {
		parts = append(parts, fmt.Sprint(o.ear.port))
	}
	if g.music != nil {
		parts = append(parts, "music")
	}
	return "mix(" + strings.Join(parts, ", ") + ")"
}
