package twilio

import (
	"sync"

	"softphone/internal/protocol/g711"
)

// player is the queue of sound that waits to be heard by the person: Twilio
// buffers what a server sends, plays it in real time, and tells when a mark
// that was put between was reached ("Media Streams WebSocket messages", media,
// mark and clear).
type player struct {
	mu    sync.Mutex
	sound []byte
	at    int // bytes of sound that were taken
	marks []mark
	// A frame that was taken is heard until the next is: what comes after it has
	// not been reached before.
	hearing bool
	reached []mark
}

// mark is called once: when the sound before it was played or cleared.
type mark struct {
	after   int // bytes that are still to be played before it
	reached func()
}

// add queues sound. It is copied.
func (p *player) add(sound []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.at > 0 && p.at >= len(p.sound)/2 {
		p.sound = append(p.sound[:0], p.sound[p.at:]...)
		p.at = 0
	}
	p.sound = append(p.sound, sound...)
}

// mark calls reached when everything queued so far was played, at once when
// nothing is.
func (p *player) mark(reached func()) {
	p.mu.Lock()
	m := mark{len(p.sound) - p.at, reached}
	switch {
	case m.after > 0 || len(p.marks) > 0:
		p.marks = append(p.marks, m)
	case p.hearing:
		p.reached = append(p.reached, m)
	default:
		defer reached()
	}
	p.mu.Unlock()
}

// clear drops what waits. Its marks are reached at once.
func (p *player) clear() (dropped int) {
	p.mu.Lock()
	dropped = len(p.sound) - p.at
	p.sound, p.at, p.hearing = p.sound[:0], 0, false
	marks := append(p.reached, p.marks...)
	p.reached, p.marks = nil, nil
	p.mu.Unlock()
	for _, m := range marks {
		m.reached()
	}
	return dropped
}

// waiting returns how many bytes are still to be played.
func (p *player) waiting() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.sound) - p.at
}

// play fills a frame with the next sound, the rest with silence, and returns
// how much of it was sound. The frame before has been heard now.
func (p *player) play(frame []byte) int {
	p.mu.Lock()
	n := copy(frame, p.sound[p.at:])
	p.at += n
	if p.at == len(p.sound) {
		p.sound, p.at = p.sound[:0], 0
	}
	heard := p.reached
	p.reached, p.hearing = p.dueLocked(n), n > 0
	p.mu.Unlock()
	g711.Fill(frame[n:])
	for _, m := range heard {
		m.reached()
	}
	return n
}

func (p *player) dueLocked(played int) []mark {
	if len(p.marks) == 0 {
		return nil
	}
	due := 0
	for i := range p.marks {
		if p.marks[i].after -= played; p.marks[i].after <= 0 {
			due = i + 1
		}
	}
	ready := p.marks[:due:due]
	p.marks = p.marks[due:]
	return ready
}
