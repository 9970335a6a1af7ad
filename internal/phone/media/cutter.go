package media

import (
	"fmt"
	"time"

	"softphone/internal/protocol/g711"
)

// Cutter makes frames of 20 ms out of any lengths and stamps call time. One
// goroutine writes to it.
type Cutter struct {
	next Writer
	at   time.Duration
	n    int
	buf  [FrameBytes]byte
}

// NewCutter returns a cutter before next, at call time 0.
func NewCutter(next Writer) *Cutter { return &Cutter{next: next} }

// Write cuts p. What is left of it waits for more.
func (c *Cutter) Write(p []byte) {
	for len(p) > 0 {
		if c.n == 0 && len(p) >= FrameBytes {
			c.push(p[:FrameBytes])
			p = p[FrameBytes:]
			continue
		}
		k := copy(c.buf[c.n:], p)
		c.n, p = c.n+k, p[k:]
		if c.n == FrameBytes {
			c.n = 0
			c.push(c.buf[:])
		}
	}
}

// Skip jumps over sound that never arrived. A frame begun is filled with
// silence first, so that nothing moves in time.
func (c *Cutter) Skip(d time.Duration) {
	if c.n > 0 {
		missing := time.Duration(FrameBytes-c.n) * time.Second / g711.Rate
		g711.Fill(c.buf[c.n:])
		c.n = 0
		c.push(c.buf[:])
		d -= missing
	}
	c.at += max(d, 0)
}

func (c *Cutter) push(p []byte) {
	at := c.at
	c.at += FrameTime
	c.next.WriteFrame(Frame{At: at, Data: p})
}

func (c *Cutter) String() string { return fmt.Sprintf("cutter -> %v", c.next) }
