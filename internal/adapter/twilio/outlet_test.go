package twilio

import (
	"bytes"
	"math/rand/v2"
	"testing"
	"time"

	"softphone/internal/phone/media"
)

// exchange is Twilio at the end of a network, on a clock of the test: it plays
// what arrives in real time from a buffer and sends each mark back when what
// was before it has been played ("Media Streams WebSocket messages").
type exchange struct {
	outlet *outlet
	now    time.Time
	ppm    float64              // Twilio's clock is that much faster than ours
	way    time.Duration        // each way
	stall  time.Time            // until then nothing gets through to Twilio
	stuck  time.Time            // until then the socket takes nothing
	deaf   bool                 // marks are not sent back
	jitter func() time.Duration // more of the way, each way; order is kept

	wire, back []letter
	buffer     []letter
	left       float64 // of the frame that is played, in ms

	said   []time.Time // when frame n came out of the agent's mouth
	delays []delay
	holds  int // frames that did not go out at once
}

type letter struct {
	frame int // number, -1 for none
	mark  string
	clear bool
	due   time.Time
}

// delay is how late a frame was played, over the way.
type delay struct {
	frame int
	said  time.Time
	late  time.Duration
}

var began = time.Unix(1_700_000_000, 0)

func newExchange() *exchange {
	return &exchange{outlet: newOutlet(), now: began, way: 30 * time.Millisecond}
}

// numbered is a frame that carries its number in eight codes next to zero.
func numbered(n int, loud bool) []byte {
	f := bytes.Repeat([]byte{0xFF}, media.FrameBytes)
	if loud {
		copy(f, bytes.Repeat([]byte{0x1E, 0x0B, 0x0B, 0x1E, 0x9E, 0x8B, 0x8B, 0x9E}, media.FrameBytes/8))
	}
	for i := range 8 {
		f[i] = 0xF0 | byte(n>>(4*i))&0xF
	}
	return f
}

func numberOf(f []byte) (n int) {
	for i := range 8 {
		n |= int(f[i]&0xF) << (4 * i)
	}
	return n
}

func (x *exchange) say(loud bool) {
	x.outlet.put(x.now, numbered(len(x.said), loud))
	x.said = append(x.said, x.now)
}

// step is a millisecond.
func (x *exchange) step() {
	x.now = x.now.Add(time.Millisecond)
	x.write()
	for len(x.wire) > 0 && !x.now.Before(x.wire[0].due) && !x.now.Before(x.stall) {
		x.arrive(x.wire[0])
		x.wire = x.wire[1:]
	}
	x.play()
	for len(x.back) > 0 && !x.now.Before(x.back[0].due) {
		x.outlet.echo(x.now, x.back[0].mark)
		x.back = x.back[1:]
	}
}

func (x *exchange) write() {
	var buf [media.FrameBytes]byte
	for x.now.After(x.stuck) {
		do := x.outlet.next(x.now, buf[:])
		due := x.later(x.wire)
		if do.clear {
			x.wire = append(x.wire, letter{frame: -1, clear: true, due: due})
		}
		if do.frame == 0 {
			if do.pause > 0 {
				x.holds++
			}
			return
		}
		x.wire = append(x.wire, letter{frame: numberOf(buf[:]), due: due})
		if do.mark != "" {
			x.wire = append(x.wire, letter{frame: -1, mark: do.mark, due: due})
		}
	}
}

func (x *exchange) arrive(l letter) {
	if !l.clear {
		x.buffer = append(x.buffer, l)
		x.marks()
		return
	}
	for _, l := range x.buffer {
		x.echo(l.mark)
	}
	x.buffer, x.left = nil, 0
}

func (x *exchange) echo(name string) {
	if name != "" && !x.deaf {
		x.back = append(x.back, letter{mark: name, due: x.later(x.back)})
	}
}

// later is when what is sent now arrives, behind what is on its way already.
func (x *exchange) later(before []letter) time.Time {
	due := x.now.Add(x.way)
	if x.jitter != nil {
		due = due.Add(x.jitter())
	}
	if n := len(before); n > 0 && before[n-1].due.After(due) {
		return before[n-1].due
	}
	return due
}

// marks sends back those that have nothing before them.
func (x *exchange) marks() {
	for x.left <= 0 && len(x.buffer) > 0 && x.buffer[0].mark != "" {
		x.echo(x.buffer[0].mark)
		x.buffer = x.buffer[1:]
	}
}

func (x *exchange) play() {
	x.left -= 1 + x.ppm/1e6
	x.marks()
	if x.left > 0 {
		return
	}
	if len(x.buffer) == 0 {
		x.left = 0
		return
	}
	n := x.buffer[0].frame
	x.buffer = x.buffer[1:]
	x.left += 20
	x.delays = append(x.delays, delay{n, x.said[n], x.now.Sub(x.said[n]) - x.way})
}

// talk lets the agent speak for a time, with a clock that is ppm faster; loud
// says for each frame whether it is speech.
func (x *exchange) talk(d time.Duration, ppm float64, loud func(n int) bool) {
	owed := 0.0
	for range d / time.Millisecond {
		if owed += 1 + ppm/1e6; owed >= 20 {
			owed -= 20
			x.say(loud(len(x.said)))
		}
		x.step()
	}
}

// speech is a second and a half of words and a third of a pause, speechOnly has
// none.
func speech(n int) bool   { return n%90 < 75 }
func speechOnly(int) bool { return true }
func silence(int) bool    { return false }

// worst is the longest delay of what was said between two times.
func (x *exchange) worst(from, to time.Duration) (late time.Duration) {
	for _, d := range x.delays {
		if at := d.said.Sub(began); at >= from && at < to {
			late = max(late, d.late)
		}
	}
	return late
}

// inOrder says that nothing is played twice or too early.
func (x *exchange) inOrder(t *testing.T) {
	t.Helper()
	for i := 1; i < len(x.delays); i++ {
		if x.delays[i].frame <= x.delays[i-1].frame {
			t.Fatalf("frame %d is played after frame %d", x.delays[i].frame, x.delays[i-1].frame)
		}
	}
}

const forever = time.Hour

func TestNothingIsHeldWhileSoundComesInStep(t *testing.T) {
	x := newExchange()
	x.talk(2*time.Minute, 0, speech)
	if s := x.outlet.sound(x.now); x.holds != 0 || s.Quiet+s.Spoken+s.Cleared != 0 || s.Sent != int64(len(x.said)) {
		t.Errorf("%d of %d frames held; counts %+v, want all sent at once", x.holds, len(x.said), s)
	}
	if late := x.worst(0, forever); late > 3*time.Millisecond {
		t.Errorf("sound is up to %v late, want nothing beyond the way", late)
	}
}

// The agent's network stalls and then delivers all at once.
func TestBurst(t *testing.T) {
	for _, c := range []struct {
		name           string
		frames         int
		loud           func(int) bool
		spoken         int64 // at most
		soon, recovers time.Duration
	}{
		{"a second of speech", 50, speechOnly, 50 - 11, bound, 60 * time.Millisecond},
		{"a second of silence", 50, silence, 0, 60 * time.Millisecond, 60 * time.Millisecond},
		{"200 ms of speech", 10, speechOnly, 0, 200 * time.Millisecond, 60 * time.Millisecond},
		{"60 ms of speech", 3, speechOnly, 0, 60 * time.Millisecond, 60 * time.Millisecond},
	} {
		x := newExchange()
		x.talk(9*time.Second, 0, speech) // 450 frames: the burst begins with words
		gap := time.Duration(c.frames) * media.FrameTime
		for range gap / time.Millisecond {
			x.step()
		}
		for range c.frames {
			x.say(c.loud(0))
		}
		x.talk(30*time.Second, 0, speech)
		s := x.outlet.sound(x.now)
		if s.Spoken > c.spoken || s.Cleared != 0 {
			t.Errorf("%s: %d of speech lost, %d cleared, want at most %d and none", c.name, s.Spoken, s.Cleared, c.spoken)
		}
		if late := x.worst(9*time.Second+gap+time.Millisecond, forever); late > c.soon+media.FrameTime {
			t.Errorf("%s: after it sound is %v late, want at most %v", c.name, late, c.soon)
		}
		if late := x.worst(14*time.Second+gap, forever); late > c.recovers {
			t.Errorf("%s: five seconds later sound is still %v late, want %v", c.name, late, c.recovers)
		}
		x.inOrder(t)
	}
}

// Crystals differ by up to 500 ppm: 30 ms a minute.
func TestDrift(t *testing.T) {
	for _, c := range []struct {
		name          string
		agent, twilio float64 // ppm faster than ours
		deaf          bool
	}{
		{"agent is fast", 500, 0, false},
		{"agent is slow", -500, 0, false},
		{"twilio is slow", 0, -500, false},
		{"twilio is fast", 0, 500, false},
		{"both against each other", 500, -500, false},
		{"both fast", 500, 500, false},
		{"agent is fast and marks are lost", 500, 0, true},
	} {
		x := newExchange()
		x.ppm, x.deaf = c.twilio, c.deaf
		x.talk(6*time.Minute, c.agent, speech) // 180 ms apart by then
		s := x.outlet.sound(x.now)
		if s.Spoken+s.Cleared != 0 {
			t.Errorf("%s: %d frames of speech lost, %d cleared, want none", c.name, s.Spoken, s.Cleared)
		}
		if late := x.worst(0, forever); late > 85*time.Millisecond {
			t.Errorf("%s: sound is up to %v late, want 60 ms and what a pause comes late by", c.name, late)
		}
		x.inOrder(t)
	}
}

// Without any pause speech has to go, a frame at a time and never more.
func TestDriftWithoutSilence(t *testing.T) {
	x := newExchange()
	x.talk(16*time.Minute, 500, speechOnly)
	s := x.outlet.sound(x.now)
	if want := int64(16*60*500/1e3/20) + 1; s.Spoken > want || s.Spoken == 0 || s.Cleared != 0 {
		t.Errorf("%d frames dropped, %d cleared, want 1 to %d and none", s.Spoken, s.Cleared, want)
	}
	if late := x.worst(0, forever); late > bound+media.FrameTime {
		t.Errorf("sound is up to %v late, want at most %v", late, bound)
	}
}

// Twilio and the agent may agree against our own clock: nothing is to be made up.
func TestOurClockIsWrong(t *testing.T) {
	x := newExchange()
	x.ppm = 500
	x.talk(10*time.Minute, 500, speechOnly)
	if s := x.outlet.sound(x.now); s.Quiet+s.Spoken+s.Cleared != 0 {
		t.Errorf("counts %+v, want nothing dropped", s)
	}
}

// A stall on our way to Twilio: what was sent meanwhile arrives in one burst,
// which only a mark can tell.
func TestStallOnTheWay(t *testing.T) {
	x := newExchange()
	x.talk(9*time.Second, 0, speech)
	x.stall = x.now.Add(time.Second)
	x.talk(30*time.Second, 0, speech)
	if late := x.worst(15*time.Second, forever); late > 60*time.Millisecond {
		t.Errorf("five seconds after the stall sound is %v late", late)
	}
	if s := x.outlet.sound(x.now); s.Cleared == 0 || s.Cleared > 60 || s.Spoken != 0 {
		t.Errorf("counts %+v, want about 50 frames cleared", s)
	}
	x.inOrder(t)
}

// An agent who was mute begins to speak while the way is stalled: the first mark
// takes the stall for the way, and is not believed.
func TestStallAfterMute(t *testing.T) {
	for mute := 100 * time.Millisecond; mute < 900*time.Millisecond; mute += 50 * time.Millisecond {
		x := newExchange()
		x.talk(9*time.Second, 0, speechOnly)
		x.stall = x.now.Add(time.Second)
		for range mute / time.Millisecond {
			x.step()
		}
		x.talk(30*time.Second, 0, speech)
		if late := x.worst(16*time.Second, forever); late > 85*time.Millisecond {
			t.Errorf("mute for %v: six seconds after the stall sound is %v late", mute, late)
		}
	}
}

// Marks that come late because the way became longer are no delay of ours: two
// pauses are spent on finding that out, and no word.
func TestLongerWay(t *testing.T) {
	x := newExchange()
	x.talk(9*time.Second, 0, speech)
	x.way += 80 * time.Millisecond
	x.talk(5*time.Minute, 0, speech)
	if s := x.outlet.sound(x.now); s.Spoken+s.Cleared != 0 || s.Quiet == 0 || s.Quiet > 40 {
		t.Errorf("counts %+v, want some frames of silence dropped and no speech", s)
	}
}

// A way that is longer by more than the bound looks like stale sound: a clear or
// two, each of the frame that is played, and it is known.
func TestMuchLongerWay(t *testing.T) {
	x := newExchange()
	x.talk(9*time.Second, 0, speechOnly)
	x.way += 300 * time.Millisecond
	x.talk(5*time.Minute, 0, speechOnly)
	if lost := len(x.said) - len(x.delays); lost > 60 {
		t.Errorf("%d of %d frames were lost over it", lost, len(x.said))
	}
	x.delays = nil
	before := len(x.said)
	x.talk(time.Minute, 0, speechOnly)
	if lost := len(x.said) - before - len(x.delays); lost > 1 {
		t.Errorf("%d frames are lost still, five minutes later", lost)
	}
}

// Networks are not even: an agent's WLAN delivers frames up to 50 ms late and
// then in bunches, the way to Twilio takes up to 20 ms more. That costs a little
// silence now and then, no speech, and the delay follows the jitter.
func TestJitter(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	x := newExchange()
	x.jitter = func() time.Duration { return time.Duration(random.IntN(20)) * time.Millisecond }
	type late struct {
		at   time.Time
		loud bool
	}
	var air []late
	for n := range 10 * 60 * 50 {
		at := x.now.Add(time.Duration(random.IntN(50)) * time.Millisecond)
		if k := len(air); k > 0 && air[k-1].at.After(at) {
			at = air[k-1].at
		}
		air = append(air, late{at, speech(n)})
		for range 20 {
			for len(air) > 0 && !air[0].at.After(x.now) {
				x.say(air[0].loud)
				air = air[1:]
			}
			x.step()
		}
	}
	s := x.outlet.sound(x.now)
	if s.Spoken+s.Cleared != 0 || s.Quiet > s.Sent/50 {
		t.Errorf("counts %+v, want no speech dropped and less than a fiftieth of silence", s)
	}
	if late := x.worst(0, forever); late > 100*time.Millisecond {
		t.Errorf("sound is up to %v late, want about the jitter", late)
	}
	x.inOrder(t)
}

// A socket that takes nothing for a while: the newest 180 ms wait here.
func TestStuckSocket(t *testing.T) {
	x := newExchange()
	x.talk(9*time.Second, 0, speechOnly)
	x.stuck = x.now.Add(time.Second)
	x.talk(30*time.Second, 0, speech)
	if s := x.outlet.sound(x.now); s.Spoken < 35 || s.Spoken > 50 || s.Cleared != 0 {
		t.Errorf("counts %+v, want about 40 frames of speech lost and none cleared", s)
	}
	if late := x.worst(15*time.Second, forever); late > 60*time.Millisecond {
		t.Errorf("five seconds later sound is %v late", late)
	}
}

// A clear sends the mark that is away back before its time: it says nothing.
func TestMarkThatAClearSentBack(t *testing.T) {
	var l lead
	l.send(began, media.FrameTime)
	name := l.leave(began)
	l.echo(began.Add(80*time.Millisecond), name) // 60 ms of way
	for i := range 5 {
		l.send(began.Add(time.Second+time.Duration(i)*media.FrameTime), media.FrameTime)
	}
	now := began.Add(2 * time.Second)
	stale := l.leave(now)
	l.reset(now)
	l.send(now, media.FrameTime)
	l.echo(now.Add(400*time.Millisecond), stale)
	if got, _ := l.left(now); got != media.FrameTime {
		t.Errorf("after a clear and a frame %v wait, want one frame", got)
	}
	if !l.due(now) {
		t.Error("the first frame after a clear is followed by no mark")
	}
	if next := l.leave(now); next == stale || next == name {
		t.Errorf("mark %q has the name of one before", next)
	}
}

func BenchmarkOutlet(b *testing.B) {
	o, now, frame, buf := newOutlet(), began, numbered(1, true), make([]byte, media.FrameBytes)
	o.lead.mark = mark{name: "away", sent: began.Add(forever)}
	b.ReportAllocs()
	for b.Loop() {
		now = now.Add(media.FrameTime)
		o.put(now, frame)
		o.next(now, buf)
	}
}
