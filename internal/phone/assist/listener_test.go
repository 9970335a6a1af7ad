package assist_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"softphone/internal/phone/assist"
	"softphone/internal/phone/crm"
	"softphone/internal/phone/media"
)

// tape plays a strip at the pace of a call.
type tape struct {
	frames [][]byte
	at     time.Duration
}

func (t *tape) Read(ctx context.Context) (media.Frame, error) {
	if len(t.frames) == 0 {
		return media.Frame{}, io.EOF
	}
	select {
	case <-time.After(media.FrameTime):
	case <-ctx.Done():
		return media.Frame{}, ctx.Err()
	}
	f := media.Frame{At: t.at, Data: t.frames[0]}
	t.frames, t.at = t.frames[1:], t.at+media.FrameTime
	return f, nil
}

func play(s *strip) *tape { return &tape{frames: s.frames} }

// desk notes what is posted.
type desk struct {
	mu       sync.Mutex
	partials []assist.Line
	lines    []assist.Line
	tips     []assist.Suggestion
	actions  []assist.Action
	states   []assist.State
}

func note[T any](d *desk, to *[]T, v T) {
	d.mu.Lock()
	defer d.mu.Unlock()
	*to = append(*to, v)
}

func (d *desk) Partial(l assist.Line)       { note(d, &d.partials, l) }
func (d *desk) Line(l assist.Line)          { note(d, &d.lines, l) }
func (d *desk) Suggest(s assist.Suggestion) { note(d, &d.tips, s) }
func (d *desk) Act(a assist.Action)         { note(d, &d.actions, a) }
func (d *desk) State(s assist.State)        { note(d, &d.states, s) }

// ear opens sessions that write "word N" for utterance N. The script says what
// each attempt meets; attempts past its end succeed.
type ear struct {
	only   assist.Speaker // whose attempts the script is for; empty: both
	mu     sync.Mutex
	script []func() (*session, error)
	tries  []time.Time
	lags   time.Duration // before every attempt's answer
	mended time.Time     // until then the key is bad
}

func (e *ear) Listen(ctx context.Context, hints assist.Hints) (assist.Hearing, error) {
	if e.only != "" && e.only != hints.Speaker {
		return newSession(), nil
	}
	e.mu.Lock()
	e.tries = append(e.tries, time.Now())
	n := len(e.tries)
	e.mu.Unlock()
	select {
	case <-time.After(e.lags):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if time.Now().Before(e.mended) {
		return nil, &assist.Fault{Reason: assist.BadKey, Fatal: true, Err: errors.New("incorrect key")}
	}
	if n <= len(e.script) {
		s, err := e.script[n-1]()
		if err != nil {
			return nil, err
		}
		return s, nil
	}
	return newSession(), nil
}

type session struct {
	news   chan assist.Heard
	closed chan struct{}
	once   sync.Once
	said   int
	sound  int
	mute   bool // never finishes a line
	diesAt int  // bytes after which it is lost
}

func newSession() *session {
	return &session{news: make(chan assist.Heard, 64), closed: make(chan struct{})}
}

func (s *session) Append(_ context.Context, pcmu []byte) error {
	if s.sound == 0 {
		s.news <- assist.Heard{Kind: assist.Partial, Item: s.item("early"), Text: "wo"}
	}
	s.sound += len(pcmu)
	if s.diesAt > 0 && s.sound >= s.diesAt {
		return errors.New("socket is gone")
	}
	return nil
}

func (s *session) item(kind string) string { return fmt.Sprint(kind, s.said) }

func (s *session) Commit(context.Context) error {
	s.sound = 0
	s.news <- assist.Heard{Kind: assist.Taken, Item: s.item("late")} // another id than the partial's
	if !s.mute {
		s.news <- assist.Heard{Kind: assist.Final, Item: s.item("late"), Text: fmt.Sprint("word ", s.said)}
	}
	s.said++
	return nil
}

func (s *session) Next(ctx context.Context) (assist.Heard, error) {
	select {
	case h := <-s.news:
		return h, nil
	case <-s.closed:
		return assist.Heard{}, errors.New("socket is closed")
	case <-ctx.Done():
		return assist.Heard{}, ctx.Err()
	}
}

func (s *session) Close() { s.once.Do(func() { close(s.closed) }) }

func quiet() *strip { return new(strip).noise(100*ms, 0) }

func oneWord() *strip { return new(strip).noise(400*ms, 20).voice(600*ms).noise(600*ms, 20) }

func TestListenerWritesDownBothParties(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &desk{}
		agent := new(strip).noise(3*time.Second, 20).voice(500*ms).noise(600*ms, 20)
		l := assist.Start(t.Context(), assist.Config{Ear: &ear{}, Desk: d, Caller: play(oneWord()), Agent: play(agent)})
		<-l.Done()
		want := []assist.Line{
			{ID: "caller-1", Revision: 2, Speaker: assist.Caller, Text: "word 0", Start: 400 * ms, End: 1000 * ms},
			{ID: "agent-1", Revision: 2, Speaker: assist.Agent, Text: "word 0", Start: 3000 * ms, End: 3500 * ms},
		}
		if diff := cmp.Diff(d.lines, want); diff != "" {
			t.Errorf("lines (-got +want):\n%s", diff)
		}
		if len(d.partials) != 2 || d.partials[0].ID != "caller-1" || d.partials[0].Text != "wo" {
			t.Errorf("got partials %v, want one of each line", d.partials)
		}
		states := []assist.State{{Phase: assist.Connecting}, {Phase: assist.Listening}, {Phase: assist.Off}}
		if diff := cmp.Diff(d.states, states); diff != "" {
			t.Errorf("states (-got +want):\n%s", diff)
		}
	})
}

func TestListenerHoldsSoundUntilTheSessionIsReady(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &desk{}
		l := assist.Start(t.Context(), assist.Config{Ear: &ear{lags: 3 * time.Second}, Desk: d, Caller: play(oneWord()), Agent: play(quiet())})
		<-l.Done()
		if len(d.lines) != 1 || d.lines[0].Text != "word 0" || d.lines[0].Gap != "" {
			t.Errorf("got %v, want the whole line", d.lines)
		}
	})
}

func TestListenerDropsTheOldestOfTooMuchSound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &desk{}
		talk := oneWord()
		for range 7 {
			talk.voice(600*ms).noise(600*ms, 20)
		}
		l := assist.Start(t.Context(), assist.Config{Ear: &ear{lags: 9 * time.Second}, Desk: d, Caller: play(talk), Agent: play(quiet())})
		<-l.Done()
		gaps, words := 0, 0
		for _, at := range d.lines {
			if at.Gap != "" {
				gaps++
			}
			if at.Text != "" {
				words++
			}
		}
		if len(d.lines) != 8 || gaps < 3 || words < 3 {
			t.Errorf("got %d lines, %d with gaps, %d with words; want 8, at least 3, at least 3", len(d.lines), gaps, words)
		}
	})
}

func TestListenerGoesOnAfterALoss(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &desk{}
		dying := newSession()
		dying.diesAt = 3200
		lost := func() (*session, error) { return dying, nil }
		talk := oneWord().noise(5*time.Second, 20).voice(600*ms).noise(600*ms, 20)
		l := assist.Start(t.Context(), assist.Config{Ear: &ear{script: []func() (*session, error){lost, lost}},
			Desk: d, Caller: play(talk), Agent: play(new(strip).noise(9*time.Second, 0))})
		<-l.Done()
		if len(d.lines) != 2 {
			t.Fatalf("got %d lines, want 2: %v", len(d.lines), d.lines)
		}
		if d.lines[0].Gap != assist.Unreachable || d.lines[1].Gap != "" || d.lines[1].Text == "" {
			t.Errorf("got %v, want a gap and then a line", d.lines)
		}
	})
}

func TestABadKeyIsTriedOnceAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, circuit, e := &desk{}, &assist.Circuit{}, &ear{mended: time.Now().Add(time.Hour)}
		talk := func() *tape { return play(oneWord().noise(5*time.Minute, 20)) }
		cfg := assist.Config{Ear: e, Desk: d, Caller: talk(), Agent: talk(), Circuit: circuit}
		<-assist.Start(t.Context(), cfg).Done()
		if got := len(e.tries); got < 4 || got > 7 {
			t.Errorf("got %d tries in five minutes, want one a minute and one a leg at first", got)
		}
		if got, want := d.states[1], (assist.State{Phase: assist.Gone, Reason: assist.BadKey}); got != want {
			t.Errorf("got state %v, want %v", got, want)
		}
		if len(d.lines) != 0 {
			t.Errorf("got %v: a desk without an account has no gaps in its transcripts", d.lines)
		}
	})
}

func TestMendedSettingsAreTriedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, circuit, e := &desk{}, &assist.Circuit{}, &ear{mended: time.Now().Add(5 * time.Second)}
		talk := func() *tape { return play(new(strip).noise(10*time.Second, 20).voice(600*ms).noise(time.Second, 20)) }
		l := assist.Start(t.Context(), assist.Config{Ear: e, Desk: d, Caller: talk(), Agent: talk(), Circuit: circuit})
		time.Sleep(5 * time.Second)
		circuit.Heal()
		<-l.Done()
		if len(d.lines) != 2 || d.lines[0].Text == "" || d.lines[1].Text == "" {
			t.Errorf("got %v, want what was said after the key was mended", d.lines)
		}
		states := []assist.State{{Phase: assist.Connecting}, {Phase: assist.Gone, Reason: assist.BadKey}, {Phase: assist.Listening}, {Phase: assist.Off}}
		// One leg may be back a moment before the other.
		d.states = slices.DeleteFunc(d.states, func(s assist.State) bool { return s.Phase == assist.Listening && s.Reason == assist.BadKey })
		if diff := cmp.Diff(d.states, states); diff != "" {
			t.Errorf("states (-got +want):\n%s", diff)
		}
	})
}

// TestSilenceOfALegThatSendsNothing: an agent who mutes in the middle of a word
// ends the sentence with it.
func TestSilenceOfALegThatSendsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &desk{}
		tap := media.NewTap(1000)
		talk := new(strip).noise(400*ms, 20).voice(600 * ms)
		for i, f := range talk.frames {
			tap.WriteFrame(media.Frame{At: time.Duration(i) * media.FrameTime, Data: f})
		}
		l := assist.Start(t.Context(), assist.Config{Ear: &ear{}, Desk: d, Caller: play(quiet()), Agent: ring{tap, make([]byte, media.FrameBytes)}})
		time.Sleep(time.Second)
		synctest.Wait()
		if len(d.lines) != 1 || d.lines[0].End != time.Second {
			t.Errorf("after a second of nothing: %v, want the line", d.lines)
		}
		tap.Close()
		<-l.Done()
	})
}

// ring is a tap with a place for its frames.
type ring struct {
	*media.Tap
	buf []byte
}

func (r ring) Read(ctx context.Context) (media.Frame, error) { return r.Tap.Read(ctx, r.buf) }

// TestAnOldSessionIsReplacedBetweenLines: the vendor ends it after an hour.
func TestAnOldSessionIsReplacedBetweenLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, e := &desk{}, &ear{only: assist.Caller}
		talk := new(strip)
		for range 70 {
			talk.noise(59*time.Second, 20).voice(600*ms).noise(600*ms, 20)
		}
		<-assist.Start(t.Context(), assist.Config{Ear: e, Desk: d, Caller: play(talk), Agent: play(quiet())}).Done()
		if len(e.tries) != 2 || e.tries[1].Sub(e.tries[0]) > 55*time.Minute {
			t.Errorf("sessions opened at %v, want a second one before the hour", e.tries)
		}
		for _, at := range d.lines {
			if at.Gap != "" || at.Text == "" {
				t.Errorf("line %v lost words", at)
			}
		}
		if len(d.lines) != 70 {
			t.Errorf("got %d lines, want 70", len(d.lines))
		}
		if len(d.states) != 3 {
			t.Errorf("the agent was told of it: %v", d.states)
		}
	})
}

func TestABrainThatIsGoneIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &desk{}
		l := assist.Start(t.Context(), assist.Config{Ear: &ear{}, Brain: noBrain{}, Desk: d, Caller: play(oneWord()), Agent: play(quiet())})
		<-l.Done()
		want := assist.State{Phase: assist.Listening, Reason: assist.Quota}
		if !slices.Contains(d.states, want) || len(d.lines) != 1 {
			t.Errorf("states %v, %d lines; want %v and the line", d.states, len(d.lines), want)
		}
	})
}

type noBrain struct{}

func (noBrain) Think(context.Context, assist.Brief) (assist.Mind, error) {
	return nil, &assist.Fault{Reason: assist.Quota, Fatal: true, Err: errors.New("account is empty")}
}

// TestWhatReachedNobodyIsAGap: the call ends while the vendor is away.
func TestWhatReachedNobodyIsAGap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &desk{}
		e := &ear{lags: time.Hour}
		began := time.Now()
		<-assist.Start(t.Context(), assist.Config{Ear: e, Desk: d, Caller: play(oneWord()), Agent: play(quiet()), Name: "C1-1"}).Done()
		if len(d.lines) != 1 || d.lines[0].ID != "C1-1-caller-1" || d.lines[0].Gap != assist.Unreachable {
			t.Errorf("got %v, want one gap", d.lines)
		}
		if took := time.Since(began); took > 7*time.Second {
			t.Errorf("took %v, want at most 4.5 s after the sound", took)
		}
	})
}

func TestCircuitLetsOneProbeAMinuteThrough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &desk{}
		e, circuit := &ear{mended: time.Now().Add(5 * time.Second)}, &assist.Circuit{}
		short := func() *tape { return play(quiet()) }
		<-assist.Start(t.Context(), assist.Config{Ear: e, Desk: &desk{}, Caller: short(), Agent: short(), Circuit: circuit}).Done()
		mended := len(e.tries)
		time.Sleep(5 * time.Second)
		talk := new(strip).noise(4*time.Minute, 20).voice(600*ms).noise(600*ms, 20)
		began := time.Now()
		<-assist.Start(t.Context(), assist.Config{Ear: e, Desk: d, Caller: play(talk), Agent: short(), Circuit: circuit}).Done()
		if len(e.tries) == mended || e.tries[mended].Sub(began) < 25*time.Second {
			t.Errorf("got tries %v after %v, want a probe late in the minute", e.tries[mended:], began)
		}
		if len(d.lines) != 1 || d.lines[0].Text == "" {
			t.Errorf("got %v, want the line said after the account was mended", d.lines)
		}
	})
}

func TestListenerLeavesASessionThatGivesNoWords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, mute := &desk{}, newSession()
		mute.mute = true
		once := func() (*session, error) { return mute, nil }
		talk := oneWord().noise(20*time.Second, 20).voice(600*ms).noise(600*ms, 20)
		e := &ear{only: assist.Caller, script: []func() (*session, error){once}}
		<-assist.Start(t.Context(), assist.Config{Ear: e, Desk: d, Caller: play(talk), Agent: &tape{}}).Done()
		if len(d.lines) != 2 || d.lines[0].Gap != assist.Unreachable || d.lines[1].Gap != "" || d.lines[1].Text == "" {
			t.Errorf("got %v, want a gap and then a whole line", d.lines)
		}
	})
}

func TestListenerSpreadsRetries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		down := func() (*session, error) { return nil, errors.New("connection refused") }
		e := &ear{}
		for range 1000 {
			e.script = append(e.script, down)
		}
		long := func() *tape { return play(new(strip).noise(5*time.Minute, 20)) }
		l := assist.Start(t.Context(), assist.Config{Ear: e, Desk: &desk{}, Caller: long(), Agent: long()})
		<-l.Done()
		retries := e.tries[2:] // the first of each leg is no retry
		if len(retries) < 10 {
			t.Fatalf("got %d retries in five minutes, want some", len(retries))
		}
		for i := 5; i < len(retries); i++ {
			if gap := retries[i].Sub(retries[i-5]); gap < time.Minute {
				t.Errorf("retries %d to %d within %v, want five a minute at most", i-5, i, gap)
			}
		}
	})
}

func TestListenerStopsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		long := func() *tape { return play(new(strip).noise(5*time.Minute, 20)) }
		l := assist.Start(t.Context(), assist.Config{Ear: &ear{}, Desk: &desk{}, Caller: long(), Agent: long()})
		time.Sleep(time.Second)
		l.Stop()
		<-l.Done()
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("took %v to stop", took)
		}
	})
}

// brain records what it is told and answers by a script.
type brain struct {
	mu    sync.Mutex
	told  []string
	ideas chan assist.Idea
	onAsk func(b *brain, turn string, n int)
	asks  int
}

func (b *brain) Think(context.Context, assist.Brief) (assist.Mind, error) { return b, nil }

func (b *brain) tell(s string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.told = append(b.told, s)
}

func (b *brain) Add(_ context.Context, turn string) error { b.tell(turn); return nil }

func (b *brain) Ask(_ context.Context, turn string) error {
	b.tell("ask " + turn)
	b.asks++
	b.onAsk(b, turn, b.asks)
	return nil
}

func (b *brain) Consider(context.Context) error { b.tell("consider"); return nil }

func (b *brain) Answer(_ context.Context, id, out string) error {
	b.tell("answer " + id + " " + out)
	return nil
}

func (b *brain) Next(ctx context.Context) (assist.Idea, error) {
	select {
	case i := <-b.ideas:
		return i, nil
	case <-ctx.Done():
		return assist.Idea{}, ctx.Err()
	}
}

func (b *brain) Close() {}

type book struct{ limits []int }

func (b *book) Search(_ context.Context, q string, limit int) ([]crm.Contact, error) {
	b.limits = append(b.limits, limit)
	return []crm.Contact{{ID: "c1", Name: "Ana " + q, Notes: "private"}}, nil
}

func TestListenerSuggests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &desk{}
		b := &brain{ideas: make(chan assist.Idea, 8), onAsk: func(b *brain, turn string, n int) {
			b.ideas <- assist.Idea{Kind: assist.Advice, Turn: "caller-0", Text: "stale"}
			b.ideas <- assist.Idea{Kind: assist.Advice, Turn: turn, Text: `{"suggestions":[{"text":"Say sorry.","reason":"angry"},"Refund."]}`}
		}}
		talk := oneWord().noise(2*time.Second, 20)
		<-assist.Start(t.Context(), assist.Config{Ear: &ear{}, Brain: b, Desk: d, Caller: play(talk), Agent: play(oneWord().noise(2*time.Second, 20))}).Done()
		want := []assist.Suggestion{
			{ID: "caller-1-s1", Text: "Say sorry.", Reason: "angry", LineID: "caller-1"},
			{ID: "caller-1-s2", Text: "Refund.", LineID: "caller-1"},
		}
		if diff := cmp.Diff(d.tips, want); diff != "" {
			t.Errorf("suggestions (-got +want):\n%s", diff)
		}
		told := strings.Join(b.told, "|")
		if !strings.Contains(told, "CALLER: word 0") || !strings.Contains(told, "AGENT: word 0") || b.asks != 1 {
			t.Errorf("told %q, asked %d times; want both lines and one question", told, b.asks)
		}
	})
}

func TestListenerRunsTools(t *testing.T) {
	call := func(id, tool, arguments string) assist.Idea {
		return assist.Idea{Kind: assist.UseTool, CallID: id, Tool: tool, Arguments: json.RawMessage(arguments)}
	}
	tests := map[string]struct {
		ideas []assist.Idea
		want  string // states of the actions
		reply string
	}{
		"search":             {[]assist.Idea{call("1", "search_contact", `{"q":"Dupont"}`)}, "running done", `answer 1 {"contacts":[{"id":"c1","name":"Ana Dupont"}]}`},
		"the same id twice":  {[]assist.Idea{call("1", "search_contact", `{"q":"x"}`), call("1", "search_contact", `{"q":"x"}`)}, "running done", "answer 1"},
		"bad arguments":      {[]assist.Idea{call("1", "search_contact", `{"q":"","sql":1}`)}, "refused", `answer 1 {"error"`},
		"no JSON at all":     {[]assist.Idea{call("1", "search_contact", `{"q`)}, "refused", `answer 1 {"error"`},
		"unknown tool":       {[]assist.Idea{call("1", "drop_table", `{}`)}, "refused", `answer 1 {"error"`},
		"a tool that writes": {[]assist.Idea{call("1", "create_task", `{}`)}, "proposed", "answer 1"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d, contacts := &desk{}, &book{}
				b := &brain{ideas: make(chan assist.Idea, 8), onAsk: func(b *brain, _ string, n int) {
					if n == 1 {
						for _, i := range test.ideas {
							b.ideas <- i
						}
					}
				}}
				writes := assist.Tool{Spec: assist.ToolSpec{Name: "create_task"}, Check: func(json.RawMessage) error { return nil }}
				<-assist.Start(t.Context(), assist.Config{Ear: &ear{}, Brain: b, Desk: d, Tools: []assist.Tool{assist.SearchContact(contacts), writes},
					Caller: play(oneWord().noise(2*time.Second, 20)), Agent: play(quiet())}).Done()
				var got []string
				for _, a := range d.actions {
					got = append(got, string(a.State))
				}
				if diff := cmp.Diff(strings.Join(got, " "), test.want); diff != "" {
					t.Errorf("actions (-got +want):\n%s", diff)
				}
				if told := strings.Join(b.told, "|"); !strings.Contains(told, test.reply) {
					t.Errorf("told %q, want %q in it", told, test.reply)
				}
			})
		})
	}
}
