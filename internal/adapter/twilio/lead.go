package twilio

import (
	"strconv"
	"time"
)

const (
	// markEvery is the sound between two marks. 500 ppm of drift are half a
	// millisecond in that time, and a message a second costs nothing.
	markEvery = time.Second
	// markLost is when a mark is given up. No document promises an echo.
	markLost = 5 * time.Second
	// idleTime without sending empties Twilio's buffer beyond doubt, once the
	// lead is used up: more than any drift can hide between two marks.
	idleTime = 200 * time.Millisecond
)

// lead is how much sound was sent and is not played yet. Twilio plays what we
// send from a buffer of its own in real time ("Media Streams WebSocket
// messages", media), so between marks the lead shrinks as time goes by and
// grows with what is sent. A mark corrects that: it comes back when all sound
// before it was played, so it is away for the lead of its moment plus the way
// there and back. The way is learned from marks before which the buffer was
// empty beyond doubt.
//
// What marks find is kept apart from what we sent too fast: the way may have
// become longer, which looks the same. Only the second is a reason to hold sound
// back; the first is made up by silence that is not sent, after which the buffer
// is empty and the way is measured again.
//
// It has no clock: every method is told the time. The zero lead is an empty
// buffer at the end of an unknown way.
type lead struct {
	ours  time.Duration // at at: what we sent faster than real time
	total time.Duration // at at: with what marks found
	at    time.Time
	fresh bool // nothing waits, beyond doubt, until something is sent
	empty bool // it was so before the last piece

	way   time.Duration // there and back
	known bool          // way was measured
	found time.Duration // way as the last mark after an empty buffer found it

	names int64 // of marks, so that each is unique
	mark  mark  // the one that is away
	since time.Duration
}

// mark is a mark that is away; the zero mark is none.
type mark struct {
	name  string
	sent  time.Time
	ahead time.Duration // what we thought then
	empty bool          // and that we were sure of it
}

// left returns the lead now, and how much of it is known to be our own.
func (l *lead) left(now time.Time) (total, ours time.Duration) {
	gone := now.Sub(l.at)
	return max(0, l.total-gone), max(0, l.ours-gone)
}

// send adds a piece that goes out now.
func (l *lead) send(now time.Time, piece time.Duration) {
	if now.Sub(l.at) > l.total+idleTime {
		l.emptied()
	}
	l.empty, l.fresh = l.fresh, false
	total, ours := l.left(now)
	l.total, l.ours, l.at = total+piece, ours+piece, now
	l.since += piece
}

// due says that a mark should follow the piece just sent. One is away at a time:
// two would correct the same error twice. The first after an empty buffer does
// not wait its turn, because it measures the way.
func (l *lead) due(now time.Time) bool {
	if l.mark.name != "" && now.Sub(l.mark.sent) < markLost {
		return false
	}
	return l.empty || l.since >= markEvery
}

// leave sends a mark now and returns its name.
func (l *lead) leave(now time.Time) string {
	l.names++
	total, _ := l.left(now)
	l.mark = mark{"p" + strconv.FormatInt(l.names, 10), now, total, l.empty}
	l.empty, l.since = false, 0
	return l.mark.name
}

// echo takes a mark that came back. One that was given up, or that a clear sent
// back before its time, says nothing.
func (l *lead) echo(now time.Time, name string) {
	m := l.mark
	if m.name == "" || name != m.name {
		return
	}
	l.mark = mark{}
	away := now.Sub(m.sent)
	if m.empty || !l.known {
		l.measure(max(0, away-m.ahead))
	}
	l.way = min(l.way, away) // whatever waited: the way is no longer than this
	total, ours := l.left(now)
	total = max(0, total+away-l.way-m.ahead)
	l.total, l.ours, l.at = total, min(ours, total), now
}

// measure takes the way as a mark found it that nothing was before. A longer one
// is believed when two in a row find it: one alone may have been caught in a
// stall, whose delay would then pass for the way for ever.
func (l *lead) measure(way time.Duration) {
	if !l.known {
		l.way, l.found, l.known = way, way, true
	}
	l.way = max(l.way, min(l.found, way))
	l.found = way
}

// reset is what a clear does: nothing waits, and the mark that is away comes
// back at once ("Media Streams WebSocket messages", clear).
func (l *lead) reset(now time.Time) {
	l.total, l.ours, l.at = 0, 0, now
	l.emptied()
}

// emptied says that the buffer is empty beyond doubt. The mark that is away
// makes room for one that measures the way.
func (l *lead) emptied() { l.fresh, l.mark = true, mark{} }
