package twilio

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"softphone/internal/protocol/g711"
)

// line is the sound of one answered leg. Its goroutine has the only clock: every
// 20 ms, counted from the answer, the person hears the next frame of the player
// and says one, which goes to the stream that is connected. Nothing is ever
// skipped: after a delay the missing frames follow at once, so that sample n
// belongs to the instant start + n/8000 s.
type line struct {
	call   *call
	player player
	head   talker
	digits digitEar

	mu     sync.Mutex
	stream *stream
	seat   *member // in a room, with other legs
	takes  []*take // recordings that listen
	onKey  func(key byte)
	loop   []byte // sound that repeats while nothing else is played: ringing, music
	loopAt int
	orders []order // of the control interface
	pushed []byte  // sound the person was told to say
	start  time.Time
	heard  []byte
	said   []byte
	late   time.Duration

	heardLevel, saidLevel atomic.Int64 // dBm0 of the last frame, in hundredths
}

// order is something a person is told to do.
type order struct {
	sound  []byte
	press  string
	hangUp bool
}

func newLine(c *call, head talker) *line { return &line{call: c, head: head} }

// run lives as long as the person is on the phone.
func (l *line) run(ctx context.Context) {
	l.mu.Lock()
	l.start = time.Now()
	start := l.start
	l.mu.Unlock()
	timer := time.NewTimer(0)
	defer timer.Stop()
	var heard, said [frameBytes]byte
	period := time.Duration(float64(frameTime) * (1 - l.call.sim.config.Fast/1e6))
	for n := 0; ; n++ {
		deadline := start.Add(time.Duration(n) * period)
		if wait := time.Until(deadline); wait > 0 {
			timer.Reset(wait)
			select {
			case <-ctx.Done():
				return
			case <-timer.C:
			}
		}
		if ctx.Err() != nil || !l.tick(heard[:], said[:]) {
			return
		}
		l.noteDelay(time.Since(deadline))
	}
}

// tick is 20 ms; false when the person hung up.
func (l *line) tick(heard, said []byte) bool {
	played := l.player.play(heard)
	l.repeatLoop(heard[played:])
	seat, takes := l.company()
	seat.hear(heard)
	l.head.hear(heard)
	if key, ok := l.digits.hear(heard); ok {
		l.call.note(KindDigit, "heard", map[string]any{"digit": string(key)})
	}
	d := l.head.say(said)
	d = l.obey(said, d)
	seat.say(said, d.press)
	for _, t := range takes {
		t.hear(said, heard)
	}
	l.keep(heard, said)
	l.heardLevel.Store(int64(100 * g711.Level(heard)))
	l.saidLevel.Store(int64(100 * g711.Level(said)))
	l.toStream(said, d.press)
	return l.do(d)
}

func (l *line) company() (*member, []*take) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.seat, l.takes
}

// repeatLoop fills what nothing was played into with the next of the loop.
func (l *line) repeatLoop(frame []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.loop) == 0 {
		return
	}
	for i := range frame {
		frame[i] = l.loop[l.loopAt]
		l.loopAt = (l.loopAt + 1) % len(l.loop)
	}
}

// overAndOver plays a sound from its beginning while nothing else is played;
// nil ends it.
func (l *line) overAndOver(sound []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.loop, l.loopAt = sound, 0
}

// sit puts the leg into a room with others; nil takes it out.
func (l *line) sit(m *member) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seat = m
}

// listenForKeys calls f, which must not block, for every key the person presses;
// nil ends it.
func (l *line) listenForKeys(f func(key byte)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.onKey = f
}

func (l *line) addTake(t *take) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.takes = append(slices.Clip(l.takes), t)
}

func (l *line) removeTake(t *take) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.takes = slices.DeleteFunc(slices.Clone(l.takes), func(other *take) bool { return other == t })
}

// stopTakes ends every recording of the leg.
func (l *line) stopTakes() {
	_, takes := l.company()
	for _, t := range takes {
		t.stop()
	}
}

// obey lets an order of the control interface take the place of what the head
// wanted.
func (l *line) obey(said []byte, d deed) deed {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.pushed) > 0 {
		n := copy(said, l.pushed)
		l.pushed = l.pushed[n:]
		g711.Fill(said[n:])
		return d
	}
	if len(l.orders) == 0 {
		return d
	}
	o := &l.orders[0]
	switch {
	case len(o.press) > 0:
		d.press, d.note, d.detail = o.press[0], "pressed", o.press[:1]
		o.press = o.press[1:]
	case o.hangUp:
		return deed{hangUp: true, note: "hung up"}
	default:
		l.pushed = o.sound
		l.orders = l.orders[1:]
	}
	return d
}

func (l *line) give(o order) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.orders = append(l.orders, o)
}

// do notes a deed and carries it out.
func (l *line) do(d deed) bool {
	if d.note != "" {
		detail := map[string]any{}
		if d.detail != "" {
			detail["what"] = d.detail
		}
		l.call.note(KindPerson, d.note, detail)
	}
	if d.hangUp {
		l.call.finish(hungUp)
	}
	return !d.hangUp
}

func (l *line) keep(heard, said []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.heard) < bytesOf(l.call.sim.config.KeepSound) {
		l.heard = append(l.heard, heard...)
		l.said = append(l.said, said...)
	}
}

func (l *line) noteDelay(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.late = max(l.late, d)
}

func (l *line) toStream(said []byte, key byte) {
	l.mu.Lock()
	s, onKey := l.stream, l.onKey
	l.mu.Unlock()
	if key != 0 && onKey != nil {
		onKey(key)
	}
	if s == nil {
		return
	}
	s.sendSound(said)
	if key != 0 {
		s.sendKey(key)
	}
}

// connect lets a stream have the person's sound; nil takes it away.
func (l *line) connect(s *stream) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stream = s
}

// playOut plays sound to the person and returns when it was heard.
func (l *line) playOut(ctx context.Context, sound []byte) {
	done := make(chan struct{})
	l.player.add(sound)
	l.player.mark(func() { close(done) })
	select {
	case <-done:
	case <-ctx.Done():
		l.player.clear()
	}
}

// sounds returns copies of what was heard and said so far.
func (l *line) sounds() (heard, said []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]byte(nil), l.heard...), append([]byte(nil), l.said...)
}

// Timeline says when a call's kept sound was heard and said, so that it can be
// laid beside a recording made elsewhere.
type Timeline struct {
	Call    string    `json:"call"`
	Start   time.Time `json:"start"` // of the first sample, heard and said alike
	Rate    int       `json:"rate"`
	Samples int       `json:"samples"`
	// LateMs is the most a frame was late against Start + n/Rate.
	LateMs float64 `json:"lateMs"`
}

func (l *line) timeline() Timeline {
	l.mu.Lock()
	defer l.mu.Unlock()
	return Timeline{
		Call: l.call.sid, Start: l.start, Rate: g711.Rate, Samples: len(l.heard),
		LateMs: float64(l.late) / float64(time.Millisecond),
	}
}
