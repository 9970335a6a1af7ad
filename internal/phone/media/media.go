// Package media is the sound of a call: frames of G.711 mu-law pushed from a
// mouth to an ear. A frame is read from a socket, written through a chain of
// stages and lands in the other socket on the same goroutine; nothing waits,
// nothing locks across a write, nothing allocates.
//
// The one rule: a frame is borrowed. Whoever wants to keep it copies it.
package media

import "time"

const (
	// FrameBytes is the size of a frame: 20 ms of G.711 mu-law, 8 kHz, mono.
	FrameBytes = 160
	// FrameTime is the length of a frame.
	FrameTime = 20 * time.Millisecond
)

// Frame is 20 ms of sound.
type Frame struct {
	// At is the leg's call time of the first sample, stamped by the adapter
	// that cut the frame: it starts at 0 when the leg's sound starts, grows
	// with the sound and jumps over sound that never arrived. Vendors' own
	// timestamps restart and are never passed on.
	At time.Duration
	// Data holds FrameBytes bytes of mu-law, borrowed until WriteFrame returns.
	Data []byte
}

// Writer takes frames. It never blocks and never keeps Data.
type Writer interface {
	WriteFrame(Frame)
}

// Port is one leg's mouth and ear: what is written to it is heard by the
// party, and what the party says is pushed into the connected Writer.
type Port interface {
	Writer
	// Connect sets where the party's sound goes from the next frame on and
	// forgets the Writer before it. nil discards the sound. Safe at any time.
	Connect(Writer)
	// Done is closed when this port carries no more sound in either direction.
	Done() <-chan struct{}
}
