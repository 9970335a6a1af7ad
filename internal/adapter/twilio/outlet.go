package twilio

import (
	"sync"
	"time"

	"softphone/internal/phone/media"
	"softphone/internal/protocol/g711"
)

const (
	// roomAhead is what may wait at Twilio before sound waits here, where it can
	// still be dropped: 60 ms, which evens out the jitter of an agent's WLAN.
	roomAhead = 3 * media.FrameTime
	// bound is what may wait here and at Twilio together. Above it the oldest
	// speech is dropped. ITU-T G.114 finds 400 ms from mouth to ear the most a
	// conversation bears; the telephone network and the browser use about 150.
	bound = 240 * time.Millisecond
	// quietLevel is silence: below the noise of a quiet room. While more waits
	// than roomAhead, a decibel louder counts as silence for each 10 ms more, so
	// that a noisy room gets rid of its delay too, before speech has to go.
	quietLevel = -50.0 // dBm0
)

// Sound counts what happened to the sound towards the customer, in frames.
type Sound struct {
	Sent    int64
	Quiet   int64         // silence dropped to make up delay
	Spoken  int64         // the oldest speech, dropped because the bound was reached here
	Cleared int64         // dropped at Twilio, because the bound was reached there
	Ahead   time.Duration // what waits, here and at Twilio
}

// outlet is the queue towards Twilio: what waits here and what waits there.
// While the sound comes and is played in step nothing waits here. After a burst,
// or when clocks drift apart, silence is not sent until the delay is made up,
// and when there is no silence the oldest speech goes: lasting delay is worse
// than a gap.
//
// put is called by the frame path, next by the goroutine that writes, echo by
// the one that reads. The lock guards one copy of a frame.
type outlet struct {
	mu       sync.Mutex
	wait     [bound / media.FrameTime]piece
	head, n  int
	lead     lead
	draining bool // silence is dropped until nothing waits
	count    Sound
	wake     chan struct{}
}

type piece struct {
	size int
	data [media.FrameBytes]byte
}

// order is what the writing goroutine is to do next, in this order.
type order struct {
	clear bool
	frame int           // bytes of sound put into the buffer, 0 for none
	mark  string        // to be sent after the frame, if any
	pause time.Duration // with no frame: how long until there is room; 0 until put wakes
}

func newOutlet() *outlet { return &outlet{wake: make(chan struct{}, 1)} }

func length(bytes int) time.Duration { return time.Duration(bytes) * time.Second / g711.Rate }

// put takes a frame that came now.
func (o *outlet) put(now time.Time, frame []byte) {
	o.mu.Lock()
	if o.dropsLocked(now, frame) {
		o.count.Quiet++
		o.mu.Unlock()
		return
	}
	if _, ours := o.lead.left(now); o.n > 0 && ours+o.hereLocked()+media.FrameTime > bound {
		o.takeLocked()
		o.count.Spoken++
	}
	p := &o.wait[(o.head+o.n)%len(o.wait)]
	p.size = copy(p.data[:], frame)
	o.n++
	o.mu.Unlock()
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// hereLocked is how much waits here.
func (o *outlet) hereLocked() time.Duration { return time.Duration(o.n) * media.FrameTime }

// takeLocked takes the oldest piece.
func (o *outlet) takeLocked() *piece {
	p := &o.wait[o.head]
	o.head = (o.head + 1) % len(o.wait)
	o.n--
	return p
}

// dropsLocked decides whether a frame is silence that makes up delay.
func (o *outlet) dropsLocked(now time.Time, frame []byte) bool {
	waits, _ := o.lead.left(now)
	waits += o.hereLocked()
	switch {
	case waits > roomAhead:
		o.draining = true
	case waits == 0 && o.draining:
		o.draining = false
		o.lead.emptied()
	}
	if !o.draining {
		return false
	}
	louder := float64(max(0, waits-roomAhead)) / float64(10*time.Millisecond)
	return g711.Level(frame) < quietLevel+louder
}

// next says what to send now.
func (o *outlet) next(now time.Time, buf []byte) (do order) {
	o.mu.Lock()
	defer o.mu.Unlock()
	total, ours := o.lead.left(now)
	if total > bound {
		// What waits at Twilio can only be dropped as a whole. It came there in a
		// burst of the network: stale speech, older than all that is here.
		o.count.Cleared += int64(total / media.FrameTime)
		o.lead.reset(now)
		ours = 0
		do.clear = true
	}
	if o.n == 0 {
		return do
	}
	if do.pause = ours - (roomAhead - media.FrameTime); do.pause > 0 {
		return do
	}
	p := o.takeLocked()
	do.frame, do.pause = copy(buf, p.data[:p.size]), 0
	o.count.Sent++
	o.lead.send(now, length(do.frame))
	if o.lead.due(now) {
		do.mark = o.lead.leave(now)
	}
	return do
}

// echo takes a mark that was played, and wakes the writer: it may have to clear.
func (o *outlet) echo(now time.Time, name string) {
	o.mu.Lock()
	o.lead.echo(now, name)
	o.mu.Unlock()
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// sound returns the counts so far.
func (o *outlet) sound(now time.Time) Sound {
	o.mu.Lock()
	defer o.mu.Unlock()
	c := o.count
	total, _ := o.lead.left(now)
	c.Ahead = total + o.hereLocked()
	return c
}
