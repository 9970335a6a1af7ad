package twilio

import (
	"slices"
	"strings"
	"sync"
	"time"

	"softphone/internal/protocol/g711"
)

// room lets legs hear each other: the two of a Dial, the many of a conference.
// Each line has its own clock; what one says waits in a pipe for each of the
// others until theirs ticks.
type room struct {
	mu      sync.Mutex
	members []*member
	quiet   bool // nobody hears anybody: the conference has not begun
	take    *take
}

// member is a leg in a room. Its flags are guarded by the room.
type member struct {
	room    *room
	line    *line
	muted   bool  // hears everything, is not heard
	held    bool  // neither hears nor is heard
	coaches *line // is heard by this one only
	from    map[*member]*pipe
	keys    []byte // the tones of keys that were pressed
}

func (r *room) join(l *line) *member { return r.enter(&member{line: l}) }

// enter puts a member with flags of its own into the room.
func (r *room) enter(m *member) *member {
	m.room, m.from = r, map[*member]*pipe{}
	r.mu.Lock()
	r.members = append(r.members, m)
	r.mu.Unlock()
	m.line.sit(m)
	return m
}

func (m *member) leave() {
	m.line.sit(nil)
	m.room.mu.Lock()
	defer m.room.mu.Unlock()
	m.room.members = slices.DeleteFunc(m.room.members, func(other *member) bool { return other == m })
	for _, other := range m.room.members {
		delete(other.from, m)
	}
}

// change sets flags.
func (m *member) change(set func(m *member)) {
	m.room.mu.Lock()
	defer m.room.mu.Unlock()
	set(m)
}

func (r *room) hush(quiet bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.quiet = quiet
}

// hearsLocked is who hears whom ("Participants resource": muted, hold,
// coaching).
func (m *member) hearsLocked(speaker *member) bool {
	return m != speaker && !m.room.quiet && !m.held && !speaker.held && !speaker.muted &&
		(speaker.coaches == nil || speaker.coaches == m.line)
}

// say gives a frame to everybody who hears this member. A key that was pressed
// sounds as a tone: the network makes it from the signal.
func (m *member) say(frame []byte, key byte) {
	if m == nil {
		return
	}
	m.room.mu.Lock()
	defer m.room.mu.Unlock()
	if key != 0 && strings.IndexByte(keypad, key) >= 0 {
		m.keys = append(m.keys, keyTones(string(key))...)
	}
	if len(m.keys) > 0 {
		frame = slices.Clone(frame)
		m.keys = m.keys[copy(frame, m.keys):]
	}
	for _, other := range m.room.members {
		if other.hearsLocked(m) {
			other.pipeLocked(m).put(frame)
		}
	}
	if t := m.room.take; t != nil && !m.muted && !m.held && m.coaches == nil {
		t.hearFrom(m, time.Now(), frame)
	}
}

// listen lets a recording have what everybody says; nil ends it.
func (r *room) listen(t *take) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.take = t
}

func (m *member) pipeLocked(from *member) *pipe {
	p := m.from[from]
	if p == nil {
		p = &pipe{}
		m.from[from] = p
	}
	return p
}

// hear mixes what the others said into a frame that holds what is played. One
// voice over silence passes byte for byte.
func (m *member) hear(frame []byte) {
	if m == nil {
		return
	}
	m.room.mu.Lock()
	defer m.room.mu.Unlock()
	var mixed [frameBytes]int32
	voices, last := 0, []byte(nil)
	for from, p := range m.from {
		sound := p.take()
		if sound == nil || !m.hearsLocked(from) {
			continue
		}
		voices, last = voices+1, sound
		addTo(mixed[:], sound)
	}
	switch {
	case voices == 0:
	case voices == 1 && isSilent(frame):
		copy(frame, last)
	default:
		addTo(mixed[:], frame)
		encodeMixed(frame, mixed[:])
	}
}

func addTo(mixed []int32, frame []byte) {
	for i, b := range frame {
		mixed[i] += int32(g711.Decode(b))
	}
}

func encodeMixed(frame []byte, mixed []int32) {
	for i := range frame {
		frame[i] = g711.Encode(int16(max(-32768, min(32767, mixed[i]))))
	}
}

func isSilent(frame []byte) bool {
	for _, b := range frame {
		if b != g711.Silence {
			return false
		}
	}
	return true
}

// pipe carries what one member says to another. It starts when it holds
// pipeStart, so that the jitter of two clocks leaves no holes, and never holds
// more than pipeMost: late sound is dropped.
type pipe struct {
	sound   []byte
	flowing bool
}

const (
	pipeStart = 2 * frameBytes
	pipeMost  = 10 * frameBytes
)

func (p *pipe) put(frame []byte) {
	p.sound = append(p.sound, frame...)
	if old := len(p.sound) - pipeMost; old > 0 {
		p.sound = append(p.sound[:0], p.sound[old:]...)
	}
}

// take returns the next frame, valid until the next put; nil while there is
// none.
func (p *pipe) take() []byte {
	if !p.flowing && len(p.sound) < pipeStart || len(p.sound) < frameBytes {
		p.flowing = false
		return nil
	}
	p.flowing = true
	frame := slices.Clone(p.sound[:frameBytes])
	p.sound = append(p.sound[:0], p.sound[frameBytes:]...)
	return frame
}
