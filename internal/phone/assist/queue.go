package assist

import (
	"sync"
	"time"
)

// maxQueued is the most sound kept for a model that does not take it: 5 s.
const maxQueued = 5 * 8000

// span is the place of an utterance in the call.
type span struct {
	id    string
	start time.Duration
}

// piece is sound of an utterance, or its end.
type piece struct {
	of    *span
	sound []byte
	last  bool
	end   time.Duration
	cut   bool // sound of this utterance was dropped before this piece
}

// soundQueue hands pieces from the leg's sound to its session. It never blocks the
// sound: beyond five seconds the oldest is dropped.
type soundQueue struct {
	mu       sync.Mutex
	pieces   []piece
	size     int
	finished bool
	cutSpan  *span // the utterance at the head has lost sound
	ready    chan struct{}
}

func newSoundQueue() *soundQueue { return &soundQueue{ready: make(chan struct{}, 1)} }

// push adds a piece and returns the utterances that were dropped whole.
func (q *soundQueue) push(p piece) (missed []piece) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.pieces = append(q.pieces, p)
	q.size += len(p.sound)
	for q.size > maxQueued {
		old := q.shift()
		q.cutSpan = old.of
		if old.last {
			missed = append(missed, old)
		}
	}
	q.wake()
	return missed
}

func (q *soundQueue) shift() piece {
	p := q.pieces[0]
	q.pieces = q.pieces[1:]
	q.size -= len(p.sound)
	return p
}

func (q *soundQueue) wake() {
	select {
	case q.ready <- struct{}{}:
	default:
	}
}

// pop takes the oldest piece; ok is false when there is none, and over is true
// when none will come.
func (q *soundQueue) pop() (p piece, ok, over bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.pieces) == 0 {
		return piece{}, false, q.finished
	}
	p = q.shift()
	p.cut = p.of == q.cutSpan
	return p, true, false
}

// finish says that no more sound will come.
func (q *soundQueue) finish() {
	q.mu.Lock()
	q.finished = true
	q.mu.Unlock()
	q.wake()
}
