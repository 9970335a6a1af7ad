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
	at    int // bytes of sound that were played
	marks []mark
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
	waiting := len(p.sound) - p.at
	if waiting > 0 || len(p.marks) > 0 {
		p.marks = append(p.marks, mark{waiting, reached})
		p.mu.Unlock()
		return
	}
	p.mu.Unlock()
	reached()
}

// clear drops what waits. Its marks are reached at once.
func (p *player) clear() (dropped int) {
	p.mu.Lock()
	dropped = len(p.sound) - p.at
	p.sound, p.at = p.sound[:0], 0
	marks := p.marks
	p.marks = nil
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
// how much of it was sound.
func (p *player) play(frame []byte) int {
	p.mu.Lock()
	n := copy(frame, p.sound[p.at:])
	p.at += n
	if p.at == len(p.sound) {
		p.sound, p.at = p.sound[:0], 0
	}
	due := p.dueLocked(n)
	p.mu.Unlock()
	g711.Fill(frame[n:])
	for _, m := range due {
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
