package call_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"softphone/internal/phone/call"
	"softphone/internal/phone/media"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// line is a carrier and a journal in a few lines.
type line struct {
	mu      sync.Mutex
	orders  []string
	changes []call.Change
	events  []call.Event
	dial    error
	asked   call.Fact
	fits    []call.Fact // what looks like the leg
	away    error
	busy    error
	broken  int                     // changes that fail before one is stored
	refuses func(call.Change) error // nil: nothing
	agents  []call.Candidate
}

func (l *line) note(s string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.orders = append(l.orders, s)
}

func (l *line) Dial(context.Context, call.Dial) (string, error)  { l.note("dial"); return "CA1", l.dial }
func (l *line) Cancel(context.Context, string) error             { l.note("cancel"); return nil }
func (l *line) Hangup(context.Context, string) error             { l.note("hangup"); return nil }
func (l *line) Ask(context.Context, string) (call.Fact, error)   { l.note("ask"); return l.asked, l.away }
func (l *line) Resume(context.Context, string, call.LegID) error { l.note("resume"); return nil }
func (l *line) Find(context.Context, call.Sought, time.Time) ([]call.Fact, error) {
	l.note("find")
	return l.fits, nil
}

func (l *line) Taken(_ context.Context, sid string, _ call.ID) (bool, error) {
	return sid == "CAother", nil
}

func (l *line) Change(_ context.Context, c call.Change) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.busy != nil {
		return l.busy
	}
	if len(l.changes) > 0 && l.broken > 0 {
		l.broken--
		return errors.New("database is away")
	}
	if l.refuses != nil {
		if err := l.refuses(c); err != nil {
			return err
		}
	}
	l.changes = append(l.changes, c)
	return nil
}

func (l *line) publish(e call.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events = append(l.events, e)
}

func (l *line) config() call.Config {
	return call.Config{
		Record:   call.Record{ID: "C1", Direction: call.Outbound, From: "+12015550100", To: "+12015550101", UserID: "U1"},
		Customer: call.Phone{Leg: "L1", Token: "t"}.Party(),
		Agent:    call.Colleague("A1", "U1", "Alex"), Carrier: l, Journal: l, Desk: l,
		Publish: l.publish, PublishVolatile: func(call.Volatile, []call.UserID) {}, Log: slog.New(slog.DiscardHandler),
	}
}

// Candidates, Lend and MissedOffer make the line a desk as well.
func (l *line) Candidates(_ context.Context, _ call.View, tried []call.UserID) ([]call.Candidate, time.Duration) {
	l.note("seek")
	var free []call.Candidate
	for _, c := range l.agents {
		if !slices.Contains(tried, c.User) {
			free = append(free, c)
		}
	}
	return free, 20 * time.Second
}

func (l *line) Lend(u call.UserID)        { l.note("lend " + string(u)) }
func (l *line) Took(u call.UserID)        { l.note("took " + string(u)) }
func (l *line) Left(call.UserID)          {}
func (l *line) MissedOffer(u call.UserID) { l.note("missed " + string(u)) }

type port struct {
	done   chan struct{}
	mu     sync.Mutex
	frames int
}

func newPort() *port                  { return &port{done: make(chan struct{})} }
func (*port) Connect(media.Writer)    {}
func (p *port) Done() <-chan struct{} { return p.done }
func (p *port) WriteFrame(media.Frame) {
	p.mu.Lock()
	p.frames++
	p.mu.Unlock()
}

func (p *port) heard() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.frames
}

func do(t *testing.T, c *call.Call, in call.Input) {
	t.Helper()
	if err := c.Do(t.Context(), in); err != nil {
		t.Fatalf("%T: %v", in, err)
	}
	synctest.Wait()
}

func started(t *testing.T, l *line) *call.Call {
	t.Helper()
	c := call.NewCall(l.config())
	if err := c.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	synctest.Wait()
	return c
}

var hangUp = call.End{Verdict: call.Verdict{By: call.ByAgent, Reason: call.HungUp}}

func told(status string) call.Told {
	return call.Told{Fact: call.Fact{Leg: "L1", SID: "CA1", Status: status}}
}

// numbered checks that every event was published once, in order, after commit.
func (l *line) numbered(t *testing.T) {
	t.Helper()
	var stored []call.Event
	for _, c := range l.changes {
		stored = append(stored, c.Events...)
	}
	if diff := cmp.Diff(l.events, stored); diff != "" {
		t.Errorf("published (-) is not what was stored (+):\n%s", diff)
	}
	for i, e := range l.events {
		if e.Seq != int64(i+1) {
			t.Errorf("event %d has number %d", i+1, e.Seq)
		}
	}
}

func TestConversation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &line{broken: 2}
		c := started(t, l)
		agent, customer := newPort(), newPort()
		do(t, c, call.DeviceUp{User: "U1", Port: agent})
		do(t, c, told("ringing"))
		time.Sleep(time.Second)
		if agent.heard() < 45 {
			t.Errorf("agent heard %d frames of ringback in a second", agent.heard())
		}
		do(t, c, told("in-progress"))
		do(t, c, call.StreamUp{Leg: "L1", Port: customer})
		time.Sleep(10 * time.Second)
		do(t, c, hangUp)
		do(t, c, told("completed"))
		<-c.Done()
		l.numbered(t)
		v := c.View()
		if v.Status != call.Completed || v.DurationSeconds == nil || *v.DurationSeconds != 10 || v.Verdict.Reason != call.HungUp {
			t.Errorf("view %+v", v)
		}
		if last := l.changes[len(l.changes)-1]; !slices.Contains(last.Claims, call.Claim{User: "U1"}) {
			t.Errorf("agent not released: %v", last.Claims)
		}
		if diff := cmp.Diff(l.orders, []string{"dial", "hangup"}); diff != "" {
			t.Error(diff)
		}
		if err := c.Do(t.Context(), hangUp); !errors.Is(err, call.ErrOver) {
			t.Errorf("after the end: %v", err)
		}
	})
}

func TestBusyAgentDialsNobody(t *testing.T) {
	l := &line{busy: call.ErrAgentBusy}
	if err := call.NewCall(l.config()).Start(t.Context()); !errors.Is(err, call.ErrAgentBusy) {
		t.Errorf("got %v", err)
	}
	if len(l.orders) != 0 {
		t.Errorf("orders %v", l.orders)
	}
}

func TestUnknownOutcomeEndsAfterHalfAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &line{dial: &call.Refusal{Unknown: true}}
		began := time.Now()
		c := started(t, l)
		do(t, c, call.DeviceUp{User: "U1", Port: newPort()})
		<-c.Done()
		if took := time.Since(began); took < 30*time.Second || took > 33*time.Second {
			t.Errorf("took %v", took)
		}
		if got := c.View().Verdict.Reason; got != call.OutcomeUnknown {
			t.Errorf("got %s", got)
		}
	})
}

func TestLostStreamIsConfirmedByAsking(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &line{asked: call.Fact{Leg: "L1", SID: "CA1", Status: "completed"}}
		c := started(t, l)
		customer := newPort()
		do(t, c, call.DeviceUp{User: "U1", Port: newPort()})
		do(t, c, call.StreamUp{Leg: "L1", Port: customer})
		do(t, c, call.StreamDown{Leg: "L1", Port: customer})
		<-c.Done()
		if got := c.View().Verdict; got.By != call.ByCustomer || got.Reason != call.HungUp {
			t.Errorf("got %+v", got)
		}
	})
}

func TestLostDeviceEndsAfterAMinuteOfHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &line{asked: call.Fact{Leg: "L1", SID: "CA1", Status: "completed"}}
		c := started(t, l)
		agent, customer := newPort(), newPort()
		do(t, c, call.DeviceUp{User: "U1", Port: agent})
		do(t, c, call.StreamUp{Leg: "L1", Port: customer})
		do(t, c, call.DeviceDown{User: "U1", Port: agent})
		time.Sleep(59 * time.Second)
		if c.View().Status != call.InProgress || customer.heard() < 2900 {
			t.Errorf("status %s, %d frames of hold", c.View().Status, customer.heard())
		}
		<-c.Done()
		if got := c.View().Verdict.Reason; got != call.NoDevice {
			t.Errorf("got %s", got)
		}
	})
}

type panics struct{ *line }

func (p panics) Hangup(context.Context, string) error { panic("hang up") }

func TestPanicEndsOneCallWithAVerdict(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &line{}
		config := l.config()
		config.Carrier = panics{l}
		c := call.NewCall(config)
		if err := c.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		do(t, c, told("in-progress"))
		if err := c.Do(t.Context(), hangUp); err != nil {
			t.Fatal(err)
		}
		<-c.Done()
		if got := c.View().Verdict.Reason; got != call.Crashed {
			t.Errorf("got %s", got)
		}
	})
}
