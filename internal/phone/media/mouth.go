package media

import (
	"fmt"
	"strings"
	"sync"
	"time"
)

// Mouth is all that a port says in a room: gate, tee, then the ears that hear it
// alone and the queue of those who hear it with others.
type Mouth struct {
	// turn is held while a frame passes, although it is written meanwhile: only
	// the one goroutine that reads the port passes frames, and whoever changes
	// the way takes its turn, so that afterwards nothing is on the old way. No
	// other party's sound waits for it.
	turn sync.Mutex
	gone bool

	gate  *Gate
	tee   *Tee
	fan   fan
	lane  lane
	clock *clock
}

func newMouth(c *clock) *Mouth {
	m := &Mouth{clock: c}
	m.fan.lane = &m.lane
	m.tee = NewTee(&m.fan)
	m.gate = NewGate(m.tee)
	return m
}

// WriteFrame implements Writer.
func (m *Mouth) WriteFrame(f Frame) {
	m.turn.Lock()
	defer m.turn.Unlock()
	if !m.gone {
		m.gate.WriteFrame(f)
	}
}

// Shut stops (true) or passes (false) what the port says. When it returns, not a
// byte more is on its way to anybody, listeners included: what waited to be
// mixed is forgotten.
func (m *Mouth) Shut(shut bool) {
	m.turn.Lock()
	m.gate.Shut(shut)
	if shut {
		m.lane.clear()
	}
	m.turn.Unlock()
	if shut {
		m.clock.pass()
	}
}

// IsShut reports whether the mouth is shut.
func (m *Mouth) IsShut() bool { return m.gate.IsShut() }

// Bytes returns how much was let through and how much was stopped.
func (m *Mouth) Bytes() (passed, stopped int64) { return m.gate.Bytes() }

// Slips returns what mixing did to what the port says, in frames: dropped because
// too many waited, and moments in which none was there or one was held back.
func (m *Mouth) Slips() (dropped, missing int64) { return m.lane.slips() }

// Tap adds a listener to what the mouth lets through.
func (m *Mouth) Tap(w Writer) (remove func()) { return m.tee.Add(w) }

// arrange sets who hears the mouth from the next frame on.
func (m *Mouth) arrange(ears []*ear, mixed bool) {
	m.turn.Lock()
	defer m.turn.Unlock()
	if mixed && !m.fan.mixed {
		m.lane.clear()
	}
	m.fan.ears, m.fan.mixed = ears, mixed
}

func (m *Mouth) leave() {
	m.turn.Lock()
	defer m.turn.Unlock()
	m.gone = true
	m.fan.ears, m.fan.mixed = nil, false
	m.lane.clear()
}

func (m *Mouth) String() string {
	m.turn.Lock()
	defer m.turn.Unlock()
	return m.gate.String()
}

// fan is the end of a mouth. Its mouth's turn guards it.
type fan struct {
	ears  []*ear
	mixed bool
	lane  *lane
}

func (n *fan) WriteFrame(f Frame) {
	for _, e := range n.ears {
		e.hear(f)
	}
	if n.mixed {
		n.lane.put(time.Now(), f.Data)
	}
}

func (n *fan) String() string {
	var parts []string
	for _, e := range n.ears {
		parts = append(parts, fmt.Sprint(e.port))
	}
	if n.mixed {
		parts = append(parts, "mixer")
	}
	if len(parts) == 0 {
		return fmt.Sprint(Nowhere)
	}
	return strings.Join(parts, ", ")
}
