package media_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"maps"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"softphone/internal/phone/media"
	"softphone/internal/protocol/g711"
)

// party is a Port whose party says a tone of its own.
type party struct {
	media.Switch
	name string
	hz   float64
	gone chan struct{}

	mu    sync.Mutex
	heard []byte
	ats   []time.Duration
}

func newParty(name string, hz float64) *party {
	return &party{name: name, hz: hz, gone: make(chan struct{})}
}

func (p *party) WriteFrame(f media.Frame) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.heard, p.ats = append(p.heard, f.Data...), append(p.ats, f.At)
}

func (p *party) Done() <-chan struct{} { return p.gone }
func (p *party) String() string        { return p.name }

func (p *party) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.heard, p.ats = nil, nil
}

func (p *party) sound() []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.heard)
}

// sine is a Source.
type sine struct {
	hz   float64
	peak float64
	at   int
}

const loud = 5000 // of a party's tone; four of them need no limiting

func (s *sine) Next(frame []byte) bool {
	for i := range frame {
		frame[i] = g711.Encode(int16(s.peak * math.Sin(2*math.Pi*s.hz*float64(s.at)/g711.Rate)))
		s.at++
	}
	return true
}

const musicHz = 2100

func music() media.Source { return &sine{hz: musicHz, peak: loud} }

// world is a room full of people.
type world struct {
	t      *testing.T
	room   *media.Room
	all    []*party
	mouths []*media.Mouth
}

// newWorld lets people in: 0 is the customer, 1 the agent.
func newWorld(t *testing.T, n int) *world {
	w := &world{t: t, room: media.NewRoom()}
	for i, name := range []string{"customer", "agent", "third", "fourth"}[:n] {
		p := newParty(name, float64(500+300*i))
		w.all, w.mouths = append(w.all, p), append(w.mouths, w.room.Enter(p))
	}
	return w
}

func (w *world) hear(who int, from ...int) { w.hearWith(nil, who, from...) }

func (w *world) hearWith(src func() media.Source, who int, from ...int) {
	var ports []media.Port
	for _, i := range from {
		ports = append(ports, w.all[i])
	}
	w.room.Hear(w.all[who], ports, src)
}

// talk lets everybody say their tone for a time, out of step with each other.
func talk(d time.Duration, all ...*party) {
	var wait sync.WaitGroup
	for i, p := range all {
		wait.Go(func() {
			time.Sleep(time.Duration(i) * 4 * time.Millisecond)
			ctx, cancel := context.WithTimeout(context.Background(), d)
			defer cancel()
			_ = media.Play(ctx, &p.Switch, &sine{hz: p.hz, peak: loud})
		})
	}
	wait.Wait()
}

// listen returns who is heard by whom while all talk, as "customer: agent music".
func (w *world) listen() map[string]string {
	talk(300*time.Millisecond, w.all...) // what changed settles
	for _, p := range w.all {
		p.forget()
	}
	talk(time.Second, w.all...)
	hears := map[string]string{}
	for _, p := range w.all {
		hears[p.name] = w.recognise(p.sound())
	}
	return hears
}

// recognise names those whose tone is in a sound. A tone that is a fiftieth of
// what was said is there; what is left below is the noise of mu-law.
func (w *world) recognise(sound []byte) string {
	if len(sound) == 0 {
		return "nothing"
	}
	sound = sound[len(sound)/5 : len(sound)/5*4] // starts and ends are not everybody's
	var names []string
	for _, p := range w.all {
		if power(sound, p.hz) > loud/50 {
			names = append(names, p.name)
		}
	}
	if power(sound, musicHz) > loud/50 {
		names = append(names, "music")
	}
	if names == nil {
		return "silence"
	}
	return strings.Join(names, " ")
}

// Who hears whom, found by ear: each says a tone of its own.
func TestRoomWhoHearsWhom(t *testing.T) {
	for _, c := range []struct {
		name   string
		people int
		set    func(w *world)
		want   map[string]string
	}{
		{"nobody yet", 2, func(*world) {}, map[string]string{"customer": "nothing", "agent": "nothing"}},
		{"two", 2, func(w *world) { w.hear(0, 1); w.hear(1, 0) },
			map[string]string{"customer": "agent", "agent": "customer"}},
		{"nobody hears itself", 2, func(w *world) { w.hear(0, 0, 1); w.hear(1, 1) },
			map[string]string{"customer": "agent", "agent": "nothing"}},
		{"three together", 3, func(w *world) { w.hear(0, 0, 1, 2); w.hear(1, 0, 1, 2); w.hear(2, 0, 1, 2) },
			map[string]string{"customer": "agent third", "agent": "customer third", "third": "customer agent"}},
		{"four together", 4, func(w *world) {
			for i := range 4 {
				w.hear(i, 0, 1, 2, 3)
			}
		}, map[string]string{"customer": "agent third fourth", "agent": "customer third fourth",
			"third": "customer agent fourth", "fourth": "customer agent third"}},
		{"hold", 2, func(w *world) { w.hearWith(music, 0); w.hear(1) },
			map[string]string{"customer": "music", "agent": "nothing"}},
		{"consult", 3, func(w *world) { w.hearWith(music, 0); w.hear(1, 2); w.hear(2, 1) },
			map[string]string{"customer": "music", "agent": "third", "third": "agent"}},
		{"two listen in, one is heard by one", 4, func(w *world) {
			w.hear(0, 1)
			w.hear(1, 0, 2)
			w.hear(2, 0, 1)
			w.hear(3, 0, 1)
		}, map[string]string{"customer": "agent", "agent": "customer third", "third": "customer agent", "fourth": "customer agent"}},
		{"music beneath a voice", 2, func(w *world) { w.hearWith(music, 0, 1); w.hear(1, 0) },
			map[string]string{"customer": "agent music", "agent": "customer"}},
		{"one muted of three", 3, func(w *world) {
			w.hear(0, 1, 2)
			w.hear(1, 0, 2)
			w.hear(2, 0, 1)
			w.mouths[1].Shut(true)
		}, map[string]string{"customer": "third", "agent": "customer third", "third": "customer"}},
		{"one left of three", 3, func(w *world) {
			w.hear(0, 1, 2)
			w.hear(1, 0, 2)
			w.hear(2, 0, 1)
			w.room.Leave(w.all[2])
		}, map[string]string{"customer": "agent", "agent": "customer", "third": "nothing"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, c.people)
				defer w.room.Close()
				c.set(w)
				if got := w.listen(); !maps.Equal(got, c.want) {
					t.Errorf("heard %v, want %v", got, c.want)
				}
			})
		})
	}
}

// A call from ringing to a conference and back, in one room, without pause.
func TestRoomThroughACall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 3)
		defer w.room.Close()
		for _, step := range []struct {
			name string
			do   func()
			want [3]string
		}{
			{"ringing", func() { w.hearWith(music, 1) }, [3]string{"nothing", "music", "nothing"}},
			{"answered", func() { w.hear(1, 0); w.hear(0, 1) }, [3]string{"agent", "customer", "nothing"}},
			{"hold", func() { w.hearWith(music, 0); w.hear(1) }, [3]string{"music", "nothing", "nothing"}},
			{"consult", func() { w.hear(1, 2); w.hear(2, 1) }, [3]string{"music", "third", "agent"}},
			{"swap", func() { w.hear(0, 1); w.hear(1, 0); w.hearWith(music, 2) }, [3]string{"agent", "customer", "music"}},
			{"merge", func() { w.hear(0, 1, 2); w.hear(1, 0, 2); w.hear(2, 0, 1) },
				[3]string{"agent third", "customer third", "customer agent"}},
			{"complete", func() { w.room.Leave(w.all[1]); w.hear(0, 2); w.hear(2, 0) }, [3]string{"third", "nothing", "customer"}},
		} {
			step.do()
			got := w.listen()
			if have := [3]string{got["customer"], got["agent"], got["third"]}; have != step.want {
				t.Errorf("%s: heard %v, want %v", step.name, have, step.want)
			}
		}
	})
}

// Shut stops everything at once: not a byte of the agent reaches the other
// parties, a listener or the mix, the frames that waited to be mixed included.
func TestMouthShut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 3)
		defer w.room.Close()
		w.hear(0, 1, 2)
		w.hear(2, 1)
		tap := newParty("tap", 0)
		w.mouths[1].Tap(tap)
		for range 3 {
			w.all[1].Switch.WriteFrame(frame(0x10))
		}
		w.mouths[1].Shut(true)
		for _, p := range append(w.all, tap) {
			p.forget()
		}
		talk(time.Second, w.all[1])
		if got := len(tap.sound()) + len(w.all[2].sound()); got != 0 {
			t.Errorf("%d bytes passed a shut mouth", got)
		}
		if got := w.all[0].sound(); len(got) == 0 || len(bytes.Trim(got, "\xff")) != 0 {
			t.Errorf("the customer heard other than silence in %d bytes of the mix", len(got))
		}
		if passed, stopped := w.mouths[1].Bytes(); passed != 3*160 || stopped < 45*160 {
			t.Errorf("%d bytes passed, %d were stopped, want 480 and a second", passed, stopped)
		}
	})
}

// Asking for what is heard already changes nothing: the music goes on where it
// is, and what is only another voice does not start it anew.
func TestRoomMusicDoesNotRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 2)
		defer w.room.Close()
		made := 0
		song := func() media.Source { made++; return music() }
		for range 3 {
			w.hearWith(song, 0)
			time.Sleep(100 * time.Millisecond)
		}
		w.hearWith(song, 0, 1)
		if made != 1 {
			t.Errorf("music was started %d times, want once", made)
		}
		w.hearWith(func() media.Source { made++; return music() }, 0)
		if made != 2 {
			t.Errorf("other music was started %d times, want once", made-1)
		}
	})
}

// beats is a Source of so many frames of one byte.
type beats struct {
	b byte
	n int
}

func (s *beats) Next(frame []byte) bool {
	for i := range frame {
		frame[i] = s.b
	}
	s.n--
	return s.n >= 0
}

// What is played is heard alone and whole, then the conversation goes on.
func TestRoomPlay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 2)
		defer w.room.Close()
		w.hear(0, 1)
		done, _ := w.room.Play(w.all[0], &beats{0x21, 50})
		start := time.Now()
		talk(500*time.Millisecond, w.all[1])
		<-done
		if took := time.Since(start); took != time.Second {
			t.Errorf("playing a second took %v", took)
		}
		if got := w.all[0].sound(); !bytes.Equal(got, bytes.Repeat([]byte{0x21}, 50*160)) {
			t.Errorf("%d bytes were heard meanwhile, want the 8000 played and nothing else", len(got))
		}
		w.all[0].forget()
		talk(500*time.Millisecond, w.all[1])
		if got := w.recognise(w.all[0].sound()); got != "agent" {
			t.Errorf("afterwards %q is heard, want agent", got)
		}
	})
}

// Whatever ends a play closes done, once.
func TestRoomPlayEnds(t *testing.T) {
	for name, end := range map[string]func(w *world, stop func()){
		"stop":         func(_ *world, stop func()) { stop(); stop() },
		"another play": func(w *world, _ func()) { w.room.Play(w.all[0], &beats{0x22, 1}) },
		"leave":        func(w *world, _ func()) { w.room.Leave(w.all[0]) },
		"close":        func(w *world, _ func()) { w.room.Close() },
		"dead port":    func(w *world, _ func()) { close(w.all[0].gone) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, 1)
				defer w.room.Close()
				done, stop := w.room.Play(w.all[0], media.Silence())
				time.Sleep(100 * time.Millisecond)
				end(w, stop)
				<-done // a deadlock ends the test
			})
		})
	}
	r := media.NewRoom()
	done, stop := r.Play(newParty("stranger", 0), media.Silence())
	<-done
	stop()
	r.Close()
	r.Close()
}

// An agent's device is warm between calls and goes from room to room. In which
// order the two calls say so does not matter, and no frame of one room is heard
// in another, not even one that was half-way.
func TestRoomsDoNotLeak(t *testing.T) {
	const moves = 2000
	rooms := [2]*media.Room{media.NewRoom(), media.NewRoom()}
	customers := [2]*door{{say: 0x11}, {say: 0x22}}
	agent := &door{say: 0x33}
	for i, r := range rooms {
		r.Enter(customers[i])
	}
	stop := make(chan struct{})
	var wait sync.WaitGroup
	for _, d := range []*door{customers[0], customers[1], agent} {
		wait.Go(func() { d.talk(stop) })
	}
	join := func(i int) {
		agent.may.Store(int32(customers[i].say))
		customers[i].may.Store(0x33)
		rooms[i].Enter(agent)
		rooms[i].Hear(agent, []media.Port{customers[i]}, nil)
		rooms[i].Hear(customers[i], []media.Port{agent}, nil)
		for before := agent.right.Load(); rand.IntN(4) == 0 && agent.right.Load() == before; {
			runtime.Gosched() // a call of some length
		}
	}
	part := func(i int) {
		rooms[i].Leave(agent)
		customers[i].may.Store(0)
	}
	for n := range moves {
		i := n % 2
		if rand.IntN(2) == 0 {
			join(i)
			part(i)
			continue
		}
		rooms[i].Enter(agent) // the new call is quicker than the old one
		rooms[1-i].Leave(agent)
		customers[1-i].may.Store(0)
		join(i)
		part(i)
	}
	close(stop)
	wait.Wait()
	for _, r := range rooms {
		r.Close()
	}
	for _, d := range []*door{customers[0], customers[1], agent} {
		if n := d.wrong.Load(); n != 0 {
			t.Errorf("the one who says %#x heard %d frames of a room it is not in", d.say, n)
		}
		if d.right.Load() == 0 {
			t.Errorf("the one who says %#x heard nothing at all", d.say)
		}
	}
}

// door is a Port that says one byte and counts what it hears.
type door struct {
	media.Switch
	say          byte
	may          atomic.Int32 // the only one it may hear
	right, wrong atomic.Int64
}

func (*door) Done() <-chan struct{} { return nil }

func (d *door) WriteFrame(f media.Frame) {
	may := byte(d.may.Load())
	runtime.Gosched() // half-way is where a frame gets lost to another room
	if f.Data[0] == may && byte(d.may.Load()) == may {
		d.right.Add(1)
	} else {
		d.wrong.Add(1)
	}
}

func (d *door) talk(stop <-chan struct{}) {
	f := frame(d.say)
	for {
		select {
		case <-stop:
			return
		default:
			d.Switch.WriteFrame(f)
			runtime.Gosched()
		}
	}
}

// Numbered frames of several speakers arrive in order, each once, in a room whose
// order changes all the time.
func TestRoomKeepsOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 3)
		defer w.room.Close()
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		var wait sync.WaitGroup
		wait.Go(func() { _ = media.Play(ctx, &w.all[1].Switch, &numbered{}) })
		for ctx.Err() == nil {
			time.Sleep(170 * time.Millisecond)
			w.hear(0, 1)
			time.Sleep(170 * time.Millisecond)
			w.hear(0, 1, 2)
		}
		wait.Wait()
		var last uint32
		sound := w.all[0].sound()
		for ; len(sound) > 0; sound = sound[media.FrameBytes:] {
			if sound[10] != 1 { // silence
				continue
			}
			n := binary.BigEndian.Uint32(sound)
			if n <= last {
				t.Fatalf("frame %d came after %d", n, last)
			}
			last = n
		}
		if last < 900 {
			t.Errorf("the last frame heard is %d, want the thousandth or so", last)
		}
	})
}

// numbered is a Source whose frames carry their number, from 1.
type numbered struct{ n uint32 }

func (s *numbered) Next(frame []byte) bool {
	s.n++
	for i := range frame {
		frame[i] = 1
	}
	binary.BigEndian.PutUint32(frame, s.n)
	return true
}

// speech is a party who says words with pauses between, on a clock of its own.
// Spoken frames carry their number and when they were said.
type speech struct {
	media.Switch
	word, pause int           // frames
	step        time.Duration // of the party's clock
	n           int
}

func (s *speech) WriteFrame(media.Frame) {}
func (s *speech) Done() <-chan struct{}  { return nil }

const (
	spokenByte = 0x01
	pauseByte  = 0xFE // of a quiet room
)

func (s *speech) say() {
	b := byte(pauseByte)
	if s.n%(s.word+s.pause) < s.word {
		b = spokenByte
	}
	f := frame(b)
	if b == spokenByte {
		binary.BigEndian.PutUint32(f.Data, uint32(s.n))
		binary.BigEndian.PutUint64(f.Data[4:], uint64(time.Now().UnixNano()))
	}
	s.n++
	s.Switch.WriteFrame(f)
}

func (s *speech) talk(d time.Duration) {
	due := time.Now()
	for end := due.Add(d); due.Before(end); due = due.Add(s.step) {
		time.Sleep(time.Until(due))
		s.say()
	}
	synctest.Wait() // what the listener noted may be read
}

// listener hears a speech: how late it is, what is missing of it, and holes
// between two frames of a word.
type listener struct {
	media.Switch
	word        int
	late        time.Duration // the last spoken frame
	n           uint32
	at          time.Time
	lost, holes int
}

func (*listener) Done() <-chan struct{} { return nil }

func (l *listener) WriteFrame(f media.Frame) {
	if f.Data[20] != spokenByte {
		return
	}
	now, n := time.Now(), binary.BigEndian.Uint32(f.Data)
	l.late = now.Sub(time.Unix(0, int64(binary.BigEndian.Uint64(f.Data[4:]))))
	if n == l.n+1 && now.Sub(l.at) != media.FrameTime {
		l.holes++
	}
	if l.n > 0 && n != l.n+1 && int(n-l.n-1) < l.word {
		l.lost++
	}
	l.n, l.at = n, now
}

// lecture is a listener who hears a speech through the mixer.
func lecture(t *testing.T, s *speech) (l *listener, speaker *media.Mouth) {
	room, third := media.NewRoom(), newParty("third", 0)
	t.Cleanup(room.Close)
	l = &listener{word: s.pause}
	room.Enter(l)
	room.Enter(third)
	speaker = room.Enter(s)
	room.Hear(l, []media.Port{s, third}, nil)
	return l, speaker
}

// A speaker whose network stalls and delivers all at once is not heard late for
// ever: what is stale goes, the rest of the delay goes in the next pauses, and
// where there are none in the least loud moments.
func TestMixerForgetsBursts(t *testing.T) {
	for name, s := range map[string]*speech{
		"with pauses": {word: 60, pause: 10, step: media.FrameTime},
		"without":     {word: 1, pause: 0, step: media.FrameTime},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l, speaker := lecture(t, s)
				time.Sleep(7 * time.Millisecond)
				s.talk(2 * time.Second)
				if l.late > media.FrameTime {
					t.Errorf("before the burst sound is %v late", l.late)
				}
				for range 20 {
					s.say()
				}
				if dropped, _ := speaker.Slips(); dropped < 17 {
					t.Errorf("%d frames of the burst were dropped, want 17 or more", dropped)
				}
				s.talk(time.Second)
				if l.late < 40*time.Millisecond {
					t.Errorf("a second after the burst sound is %v late: the burst was none", l.late)
				}
				s.talk(12 * time.Second)
				if l.late > 25*time.Millisecond {
					t.Errorf("13 s after the burst sound is %v late", l.late)
				}
			})
		})
	}
}

// Clocks that are 500 ppm apart, either way, are put right in pauses: no spoken
// frame is lost and no hole opens within a word, and nothing grows late.
func TestMixerFollowsDrift(t *testing.T) {
	for _, step := range []time.Duration{media.FrameTime - 10*time.Microsecond, media.FrameTime + 10*time.Microsecond} {
		t.Run(step.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &speech{word: 150, pause: 25, step: step}
				l, speaker := lecture(t, s)
				time.Sleep(7 * time.Millisecond)
				s.talk(20 * time.Minute)
				if l.late > 30*time.Millisecond {
					t.Errorf("after 20 minutes sound is %v late", l.late)
				}
				if l.lost+l.holes > 0 {
					t.Errorf("%d spoken frames were lost, %d holes opened in words", l.lost, l.holes)
				}
				if dropped, missing := speaker.Slips(); dropped+missing < 28 || dropped+missing > 34 {
					t.Errorf("%d frames dropped, %d put in; 20 minutes of 500 ppm are 30", dropped, missing)
				}
			})
		})
	}
}

// Frames that come in pairs, or up to 15 ms early and late, open no holes once
// the mixer knows.
func TestMixerBearsJitter(t *testing.T) {
	for name, wait := range map[string]func(n int) time.Duration{
		"pairs":  func(n int) time.Duration { return time.Duration(n%2) * 2 * media.FrameTime },
		"jitter": func(int) time.Duration { return media.FrameTime + time.Duration(rand.IntN(9)-4)*time.Millisecond },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &speech{word: 100, pause: 10, step: media.FrameTime}
				l, _ := lecture(t, s)
				late := 0 * time.Second
				for n := range 3000 {
					if n == 1000 {
						l.holes, l.lost = 0, 0
					}
					// A walk that is pulled back: jitter is no drift.
					d := wait(n)
					if name == "jitter" {
						d -= late / 2
						late += d - media.FrameTime
					}
					time.Sleep(d)
					s.say()
					synctest.Wait()
				}
				if l.lost+l.holes > 2 {
					t.Errorf("%d spoken frames were lost, %d holes opened in words", l.lost, l.holes)
				}
			})
		})
	}
}

// Two who shout at once do not crack: the sum is turned down, not cut.
func TestMixerLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 3)
		defer w.room.Close()
		w.hear(0, 1, 2)
		var wait sync.WaitGroup
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		for _, p := range w.all[1:] {
			wait.Go(func() { _ = media.Play(ctx, &p.Switch, &sine{hz: 400, peak: 30000}) })
		}
		wait.Wait()
		sound := w.all[0].sound()[1600:6400]
		first := power(sound, 400)
		if first < 24000 {
			t.Errorf("two who shout are heard with %.0f, want them loud", first)
		}
		for n := 2; n < 10; n++ {
			if over := power(sound, float64(400*n)); over > first/50 {
				t.Errorf("the harmonic of %d Hz is %.0f of %.0f: it cracks", 400*n, over, first)
			}
		}
	})
}

func TestRoomPrintsItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 3)
		defer w.room.Close()
		w.hear(0, 1)
		w.hear(1, 0, 2)
		w.hearWith(music, 2)
		_, stop := w.room.Play(w.all[0], media.Silence())
		want := "customer -> gate(shut=false) -> tee(0) -> mixer; agent -> gate(shut=false) -> tee(0) -> customer; " +
			"third -> gate(shut=false) -> tee(0) -> mixer; play -> customer; mix(customer, third) -> agent; mix(music) -> third"
		if got := w.room.String(); got != want {
			t.Errorf("the room prints\n%s, want\n%s", got, want)
		}
		stop()
	})
}

// The clock rests when nobody needs it: a call of two costs no goroutine.
func TestRoomRests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 3)
		defer w.room.Close()
		before := runtime.NumGoroutine()
		w.hear(0, 1)
		w.hear(1, 0)
		if got := runtime.NumGoroutine(); got != before {
			t.Errorf("two who talk cost %d goroutines", got-before)
		}
		w.hear(0, 1, 2)
		if got := runtime.NumGoroutine(); got != before+1 {
			t.Errorf("three who talk cost %d goroutines, want one", got-before)
		}
		w.hear(0, 1)
		time.Sleep(time.Second)
		if got := runtime.NumGoroutine(); got != before {
			t.Errorf("two who are left cost %d goroutines", got-before)
		}
		w.hear(0, 1, 2)
		talk(100*time.Millisecond, w.all...)
		if len(w.all[0].sound()) == 0 {
			t.Error("the clock did not start again")
		}
	})
}

func TestRoomDoesNotAllocate(t *testing.T) {
	room := media.NewRoom()
	defer room.Close()
	customer, agent := &quiet{}, &quiet{}
	room.Enter(customer)
	defer room.Enter(agent).Tap(media.NewTap(4))()
	room.Hear(customer, []media.Port{agent}, nil)
	f := frame(7)
	if got := testing.AllocsPerRun(1000, func() { agent.Switch.WriteFrame(f) }); got != 0 {
		t.Errorf("a voice alone allocates %v times a frame, want 0", got)
	}
	room.Hear(agent, []media.Port{customer}, media.HoldMusic)
	if got := testing.AllocsPerRun(1000, func() { customer.Switch.WriteFrame(f) }); got != 0 {
		t.Errorf("a voice among others allocates %v times a frame, want 0", got)
	}
}

func BenchmarkRoomVoiceAlone(b *testing.B) {
	room := media.NewRoom()
	defer room.Close()
	customer, agent := &quiet{}, &quiet{}
	room.Enter(customer)
	defer room.Enter(agent).Tap(media.NewTap(50))()
	room.Hear(customer, []media.Port{agent}, nil)
	f := frame(7)
	b.ReportAllocs()
	for b.Loop() {
		agent.Switch.WriteFrame(f)
	}
}
