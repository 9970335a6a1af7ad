package media

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"
)

// Tap is the ear of one slow listener: a ring that keeps the newest frames. A
// listener that falls behind loses the oldest, which is counted; the call
// never waits for it. The lock guards one copy of a frame.
type Tap struct {
	mu      sync.Mutex
	ring    []slot
	head, n int
	dropped int64
	wake    chan struct{}
	closed  bool
}

type slot struct {
	at   time.Duration
	size int
	data [FrameBytes]byte
}

// NewTap returns a tap that holds up to frames frames.
func NewTap(frames int) *Tap {
	return &Tap{ring: make([]slot, max(frames, 1)), wake: make(chan struct{}, 1)}
}

// WriteFrame implements Writer by copying.
func (t *Tap) WriteFrame(f Frame) {
	t.mu.Lock()
	if t.n == len(t.ring) {
		t.head = (t.head + 1) % len(t.ring)
		t.n--
		t.dropped++
	}
	s := &t.ring[(t.head+t.n)%len(t.ring)]
	s.at, s.size = f.At, copy(s.data[:], f.Data)
	t.n++
	t.mu.Unlock()
	select {
	case t.wake <- struct{}{}:
	default:
	}
}

// Next copies the oldest frame into buf, which has room for FrameBytes, and
// returns it; ok is false when there is none.
func (t *Tap) Next(buf []byte) (f Frame, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.n == 0 {
		return Frame{}, false
	}
	s := &t.ring[t.head]
	f = Frame{At: s.at, Data: buf[:copy(buf, s.data[:s.size])]}
	t.head = (t.head + 1) % len(t.ring)
	t.n--
	return f, true
}

// Close says that no more sound will come.
func (t *Tap) Close() {
	t.mu.Lock()
	t.closed = true
	t.mu.Unlock()
	select {
	case t.wake <- struct{}{}:
	default:
	}
}

func (t *Tap) isClosed() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.closed
}

// Read is Next that waits for a frame; io.EOF when the tap is closed and empty.
// One goroutine at a time may read.
func (t *Tap) Read(ctx context.Context, buf []byte) (Frame, error) {
	for {
		closed := t.isClosed() // before Next: what was written before Close is read
		if f, ok := t.Next(buf); ok {
			return f, nil
		}
		if closed {
			return Frame{}, io.EOF
		}
		select {
		case <-t.wake:
		case <-ctx.Done():
			return Frame{}, ctx.Err()
		}
	}
}

// Dropped returns how many frames the listener was too slow for.
func (t *Tap) Dropped() int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.dropped
}

func (t *Tap) String() string { return fmt.Sprintf("tap(%d)", len(t.ring)) }
