package media

import (
	"slices"
	"sync"
	"time"

	"softphone/internal/protocol/g711"
)

// clock makes the sound of a room that nobody says alone: every 20 ms it takes a
// frame of each voice that is heard together with others, and writes each ear
// its own sum. Nobody hears itself, because its voice is not in its sum.
type clock struct {
	turn sync.Mutex // held for a tick: see Mouth.turn
	score
	at  time.Duration
	sum [FrameBytes]int32
	out [FrameBytes]byte
}

// score is what the clock is to do.
type score struct {
	lanes []*lane
	mixes []*mix
	plays []*playing
}

// mix is what some ears hear together.
type mix struct {
	ears  []*ear
	from  []*lane
	music *player
	limiter
}

// add puts a guest among those who hear the same voices, or starts a mix. Music
// is each one's own.
func (s *score) add(g *guest) {
	var from []*lane
	for _, o := range g.from {
		from = append(from, &o.mouth.lane)
	}
	for _, m := range s.mixes { // few: a room is no auditorium
		if m.music == nil && g.music == nil && slices.Equal(m.from, from) {
			m.ears = append(m.ears, g.ear)
			return
		}
	}
	s.mixes = append(s.mixes, &mix{ears: []*ear{g.ear}, from: from, music: g.music})
}

// idle says that there is nothing to do, now and later.
func (s *score) idle() bool {
	return !slices.ContainsFunc(s.plays, (*playing).goesOn) && !slices.ContainsFunc(s.mixes, (*mix).goesOn)
}

func (m *mix) goesOn() bool { return len(m.from) > 0 || m.music != nil && !m.music.over }

// heard says that an ear is not busy with something that is played to it.
func (m *mix) heard() bool {
	return slices.ContainsFunc(m.ears, func(e *ear) bool { return e.playing.Load() == nil })
}

// arrange gives the clock another score from the next tick on, and says if there
// is nothing to do in it.
func (c *clock) arrange(s score) (idle bool) {
	c.turn.Lock()
	defer c.turn.Unlock()
	c.score = s
	return s.idle()
}

// pass returns when the tick that is going on is over.
func (c *clock) pass() {
	c.turn.Lock()
	defer c.turn.Unlock()
}

func (c *clock) idle() bool {
	c.turn.Lock()
	defer c.turn.Unlock()
	return c.score.idle()
}

// tick makes 20 ms of sound, and says if that was the last.
func (c *clock) tick() (idle bool) {
	c.turn.Lock()
	defer c.turn.Unlock()
	now, f := time.Now(), Frame{At: c.at}
	c.at += FrameTime
	for _, l := range c.lanes {
		l.pull(now)
	}
	for _, m := range c.mixes {
		if !m.heard() || !m.goesOn() {
			continue
		}
		f.Data = c.make(m)
		for _, e := range m.ears {
			e.hear(f)
		}
	}
	for _, p := range c.plays {
		p.play(Frame{At: f.At, Data: c.out[:]})
	}
	return c.score.idle()
}

// make returns the frame of a mix. A voice alone, the most frequent case, is
// passed on as it is. Nothing to hear is silence and not a pause, which the
// receiver of a packet stream would take for jitter.
func (c *clock) make(m *mix) []byte {
	music := m.music.next(c.out[:])
	var alone *lane
	live := 0
	for _, l := range m.from {
		if l.live {
			alone = l
			live++
		}
	}
	switch {
	case music && len(m.from) == 0:
		return c.out[:]
	case live == 0 && !music:
		return silence[:]
	case live == 1 && !music:
		return alone.frame[:]
	}
	clear(c.sum[:])
	if music {
		for i, b := range c.out {
			c.sum[i] = int32(g711.Decode(b)) >> beneath
		}
	}
	for _, l := range m.from {
		if l.live {
			add(&c.sum, l.samples())
		}
	}
	m.limiter.limit(&c.sum)
	for i, v := range c.sum {
		c.out[i] = g711.Encode(int16(v))
	}
	return c.out[:]
}

// beneath is how far music goes down under voices, in halves: 12 dB.
const beneath = 2

func add(sum *[FrameBytes]int32, voice *[FrameBytes]int16) {
	for i, v := range voice {
		sum[i] += int32(v)
	}
}

// player is music that goes on as long as somebody wants it. The clock owns it.
type player struct {
	src  Source
	over bool
}

func newPlayer(make func() Source) *player {
	if make == nil {
		return nil
	}
	src := make()
	if src == nil {
		return nil
	}
	return &player{src: src}
}

// next fills frame; false when there is nothing to hear.
func (p *player) next(frame []byte) bool {
	if p == nil || p.over {
		return false
	}
	p.over = !p.src.Next(frame)
	return !p.over
}

// playing is something that is played once, to one ear.
type playing struct {
	ear  *ear
	src  Source
	once sync.Once
	done chan struct{}
}

func (p *playing) goesOn() bool { return p.ear.playing.Load() == p }

// play plays a frame, or ends.
func (p *playing) play(f Frame) {
	if !p.goesOn() {
		return
	}
	select {
	case <-p.ear.port.Done():
		p.end()
		return
	default:
	}
	if !p.src.Next(f.Data) {
		p.end()
		return
	}
	p.ear.port.WriteFrame(f)
}

// end gives the ear back.
func (p *playing) end() {
	p.once.Do(func() {
		p.ear.playing.CompareAndSwap(p, nil)
		close(p.done)
	})
}

// metronome beats every 20 ms, each beat due at a multiple of that after the
// first, so that a late one is made good. After a pause of the whole machine it
// starts anew: what was missed then is stale.
type metronome struct {
	timer *time.Timer
	due   time.Time
}

const metronomeLate = laneFrames * FrameTime

func newMetronome() *metronome { return &metronome{timer: time.NewTimer(0), due: time.Now()} }

// wait returns at the next beat; false when quit is closed before.
func (m *metronome) wait(quit <-chan struct{}) bool {
	select {
	case <-quit:
		m.timer.Stop()
		return false
	case now := <-m.timer.C:
		if now.Sub(m.due) > metronomeLate {
			m.due = now
		}
	}
	m.due = m.due.Add(FrameTime)
	m.timer.Reset(time.Until(m.due))
	return true
}
