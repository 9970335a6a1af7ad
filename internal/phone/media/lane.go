package media

import (
	"bytes"
	"sync"
	"time"

	"softphone/internal/protocol/g711"
)

const (
	// laneFrames is what may wait to be mixed: 60 ms. A burst beyond it is stale.
	laneFrames = 3
	// lanePulls is how long a lane is watched before it is put right: a second.
	lanePulls = 50
	// laneShort and laneLong bound the shortest wait of a second. They are more
	// than a frame apart, so that putting one right does not bring the other.
	laneShort = 3 * time.Millisecond
	laneLong  = FrameTime + 5*time.Millisecond
	// laneQuiet is what may be dropped or put off unheard, the noise of a quiet
	// room. While too much waits, laneLouder more counts as quiet with each second,
	// so that a noisy room gets rid of its delay too.
	laneQuiet  = -50.0 // dBm0
	laneLouder = 10.0
)

// lane is the queue of one voice before the mixer. The party's clock and ours are
// two: frames come early, late, in bursts, a little too often or too seldom. What
// the frames of a second waited at least tells what is wrong: longer than a frame
// is delay without use, nearly nothing is a gap to come. Either is put right in a
// quiet moment, by a frame that is dropped or put off.
//
// put is called by whoever passes the voice, the rest by the clock. The lock
// guards one copy of a frame.
type lane struct {
	mu      sync.Mutex
	wait    [laneFrames]waiting
	head, n int

	least   time.Duration // what frames waited, of the last pulls
	pulls   int
	surplus int     // frames to be dropped; below 0 one is to be put off
	louder  float64 // than laneQuiet, what counts as quiet

	dropped, missing int64

	// What the clock pulled, for the clock alone.
	live    bool // there is something to hear
	frame   [FrameBytes]byte
	decoded bool
	linear  [FrameBytes]int16
}

type waiting struct {
	came time.Time
	data [FrameBytes]byte
}

var silence = func() (s [FrameBytes]byte) {
	g711.Fill(s[:])
	return s
}()

// put takes a frame that came now; the oldest goes when there is no room.
func (l *lane) put(now time.Time, data []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.n == laneFrames {
		l.takeLocked()
		l.dropped++
	}
	w := &l.wait[(l.head+l.n)%laneFrames]
	w.came = now
	g711.Fill(w.data[copy(w.data[:], data):])
	l.n++
}

func (l *lane) takeLocked() *waiting {
	w := &l.wait[l.head]
	l.head = (l.head + 1) % laneFrames
	l.n--
	return w
}

// pull takes the frame whose turn it is.
func (l *lane) pull(now time.Time) {
	l.live, l.decoded = l.pullInto(now, l.frame[:]), false
}

func (l *lane) pullInto(now time.Time, frame []byte) (live bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.surplus > 0 && l.n > 1 && l.quietLocked() {
		l.takeLocked()
		l.surplus--
		l.dropped++
	}
	if l.n == 0 || l.surplus < 0 && l.quietLocked() {
		l.missing++
		l.pulls, l.surplus, l.louder = 0, 0, 0
		return false
	}
	l.measureLocked(now)
	copy(frame, l.takeLocked().data[:])
	return !bytes.Equal(frame, silence[:])
}

func (l *lane) quietLocked() bool {
	return g711.Level(l.wait[l.head].data[:]) < laneQuiet+l.louder
}

func (l *lane) measureLocked(now time.Time) {
	waited := now.Sub(l.wait[l.head].came)
	if l.pulls == 0 {
		l.least = waited
	}
	l.least = min(l.least, waited)
	if l.pulls++; l.pulls < lanePulls {
		return
	}
	l.pulls = 0
	switch {
	case l.least >= laneLong:
		l.surplus = int((l.least - laneLong + FrameTime) / FrameTime)
		l.louder += laneLouder
	case l.least < laneShort:
		l.surplus, l.louder = -1, 0
	default:
		l.surplus, l.louder = 0, 0
	}
}

// clear forgets what waits.
func (l *lane) clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.n, l.pulls, l.surplus, l.louder = 0, 0, 0, 0
}

func (l *lane) slips() (dropped, missing int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.dropped, l.missing
}

// samples are those of the pulled frame, decoded once for all who hear it.
func (l *lane) samples() *[FrameBytes]int16 {
	if !l.decoded {
		g711.DecodeTo(l.linear[:], l.frame[:])
		l.decoded = true
	}
	return &l.linear
}
