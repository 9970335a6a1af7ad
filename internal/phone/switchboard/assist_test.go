package switchboard

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"softphone/internal/phone/assist"
	"softphone/internal/phone/auth"
	"softphone/internal/phone/call"
	"softphone/internal/phone/crm"
	"softphone/internal/phone/media"
	"softphone/internal/phone/tenant"
)

// room is a tenant's database and settings in a few lines.
type room struct {
	Store
	Directory
	mu      sync.Mutex
	changes []call.Change
	user    auth.User
	found   []string
	down    int // changes that fail
	faults  []string
}

func (r *room) Change(_ context.Context, c call.Change) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.changes) > 0 && r.down > 0 {
		r.down--
		return errors.New("database is away")
	}
	r.changes = append(r.changes, c)
	return nil
}

func (r *room) fault(reason string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.faults = append(r.faults, reason)
}

func (r *room) lines() (all []call.Line) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.changes {
		all = append(all, c.Lines...)
	}
	return all
}

func (r *room) User(context.Context, string) (auth.User, error) { return r.user, nil }

func (r *room) SearchContacts(_ context.Context, q string, _ int) ([]crm.Contact, error) {
	r.found = append(r.found, q)
	return []crm.Contact{{ID: "k1", Name: "Ana Dupont"}}, nil
}

func (r *room) Integrations(context.Context, string) (tenant.Integrations, error) {
	return tenant.Integrations{}, nil
}

func (r *room) Dial(context.Context, call.Dial) (string, error) { return "CA1", nil }
func (r *room) Cancel(context.Context, string) error            { return nil }
func (r *room) Hangup(context.Context, string) error            { return nil }
func (r *room) Ask(context.Context, string) (call.Fact, error) {
	return call.Fact{}, errors.New("no line")
}
func (r *room) Resume(context.Context, string, call.LegID) error { return nil }
func (r *room) Find(context.Context, call.Sought, time.Time) ([]call.Fact, error) {
	return nil, nil
}

// clerk hears and writes how many bytes an utterance had.
type clerk struct {
	news chan assist.Heard
	done chan struct{}
	once sync.Once
	n    int
}

func (c *clerk) Listen(context.Context, assist.Hints) (assist.Hearing, error) {
	return &clerk{news: make(chan assist.Heard, 64), done: make(chan struct{})}, nil
}
func (c *clerk) Append(context.Context, []byte) error { return nil }
func (c *clerk) Commit(context.Context) error {
	c.n++
	item := strings.Repeat("i", c.n)
	c.news <- assist.Heard{Kind: assist.Taken, Item: item}
	c.news <- assist.Heard{Kind: assist.Final, Item: item, Text: "words"}
	return nil
}

func (c *clerk) Next(ctx context.Context) (assist.Heard, error) {
	select {
	case h := <-c.news:
		return h, nil
	case <-c.done:
		return assist.Heard{}, errors.New("closed")
	case <-ctx.Done():
		return assist.Heard{}, ctx.Err()
	}
}
func (c *clerk) Close() { c.once.Do(func() { close(c.done) }) }

func (c *clerk) Think(ctx context.Context, _ assist.Brief) (assist.Mind, error) {
	return nil, &assist.Fault{Reason: assist.Model, Fatal: true, Err: errors.New("no model")}
}

// phone is a port that says what a test gives it, from its own time zero on.
type phone struct {
	out  media.Switch
	done chan struct{}
	at   time.Duration
}

func newPhone() *phone                    { return &phone{done: make(chan struct{})} }
func (p *phone) Connect(w media.Writer)   { p.out.Connect(w) }
func (p *phone) Done() <-chan struct{}    { return p.done }
func (p *phone) WriteFrame(f media.Frame) {}

// say makes sound in the time it takes: loud frames, then silent ones.
func (p *phone) say(loud, silent time.Duration) {
	for i := range (loud + silent) / media.FrameTime {
		data := make([]byte, media.FrameBytes)
		for k := range data {
			data[k] = 0xff
			if i < loud/media.FrameTime {
				data[k] = byte(0x10 + k%2*0x80)
			}
		}
		p.out.WriteFrame(media.Frame{At: p.at, Data: data})
		p.at += media.FrameTime
		time.Sleep(media.FrameTime)
	}
}

// helped is a call at a desk with an assistant.
func helped(t *testing.T, r *room, able bool) *call.Call {
	t.Helper()
	e := New(Config{Directory: r, Log: slog.New(slog.DiscardHandler), Now: time.Now, Fault: r.fault,
		Carrier: func(tenant.Tenant, tenant.Integrations) call.Carrier { return r },
		Assist: func(tenant.Tenant, tenant.Integrations, auth.User) (assist.Ear, assist.Brain) {
			if !able {
				return nil, nil
			}
			return &clerk{}, &clerk{}
		}})
	r.user = auth.User{ID: "u1", Name: "Alex", Role: auth.Agent}
	c := newBoard(e, tenant.Tenant{ID: "t1", Name: "Northlight"}, r).newCall(tenant.Integrations{}, call.Config{
		Record:   call.Record{ID: "C1", Direction: call.Outbound, UserID: "u1", Epoch: 2},
		Customer: call.Phone{Leg: "L1"}.Party(), Agent: call.Colleague("A1", "u1", "Alex"),
	})
	if err := c.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return c
}

func put(t *testing.T, c *call.Call, in call.Input) {
	t.Helper()
	if err := c.Do(t.Context(), in); err != nil {
		t.Fatalf("%T: %v", in, err)
	}
}

var completed = call.Told{Fact: call.Fact{Leg: "L1", SID: "CA1", Status: "completed"}}

// TestOneTranscriptOverTwoDevices: the agent's page is loaded anew in the middle
// of the call; ids go on and times count from the answer.
func TestOneTranscriptOverTwoDevices(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &room{}
		c := helped(t, r, true)
		first, second, customer := newPhone(), newPhone(), newPhone()
		customer.at = 7 * time.Minute // its leg is older than the conversation
		put(t, c, call.DeviceUp{User: "u1", Port: first})
		time.Sleep(5 * time.Second)
		put(t, c, call.StreamUp{Leg: "L1", Port: customer})
		customer.say(time.Second, time.Second)
		put(t, c, call.DeviceDown{User: "u1", Port: first})
		time.Sleep(8 * time.Second)
		put(t, c, call.DeviceUp{User: "u1", Port: second})
		second.say(time.Second, time.Second)
		r.mu.Lock()
		r.down = 3 // the database is away when the last line comes
		r.mu.Unlock()
		customer.say(time.Second, 0)
		put(t, c, completed)
		<-c.Done()
		want := []call.Line{
			{ID: "C1-2-caller-1", CallID: "C1", Speaker: "caller", Text: "words", Revision: 1, End: time.Second},
			{ID: "C1-2-agent-1", CallID: "C1", Speaker: "agent", Text: "words", Revision: 1, Start: 10 * time.Second, End: 11 * time.Second},
			{ID: "C1-2-caller-2", CallID: "C1", Speaker: "caller", Text: "words", Revision: 1, Start: 12 * time.Second, End: 13 * time.Second},
		}
		if diff := cmp.Diff(r.lines(), want); diff != "" {
			t.Errorf("lines (-got +want):\n%s", diff)
		}
		if last := r.changes[len(r.changes)-1]; !last.Transcript || c.View().Assist.State != "off" {
			t.Errorf("assistant %s at the end, transcript written %v", c.View().Assist.State, last.Transcript)
		}
	})
}

// TestFaultsOfTheAssistantAreCounted by their reason, whichever half has them.
func TestFaultsOfTheAssistantAreCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &room{}
		c := helped(t, r, true)
		customer := newPhone()
		put(t, c, call.DeviceUp{User: "u1", Port: newPhone()})
		put(t, c, call.StreamUp{Leg: "L1", Port: customer})
		customer.say(time.Second, time.Second)
		put(t, c, completed)
		<-c.Done()
		r.mu.Lock()
		defer r.mu.Unlock()
		if len(r.faults) == 0 || r.faults[0] != assist.Model {
			t.Errorf("counted %q", r.faults)
		}
	})
}

func TestADeskWithoutAnAccountIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &room{}
		c := helped(t, r, false)
		put(t, c, call.DeviceUp{User: "u1", Port: newPhone()})
		put(t, c, call.StreamUp{Leg: "L1", Port: newPhone()})
		synctest.Wait()
		if got, want := c.View().Assist, (&call.Assist{State: "off", Reason: "not_configured"}); !cmp.Equal(got, want) {
			t.Errorf("assistant %+v, want %+v", got, want)
		}
		put(t, c, completed)
		<-c.Ended()
		began := time.Now()
		<-c.Done()
		if took := time.Since(began); took > time.Second { // its sound is heard out
			t.Errorf("the end took %v", took)
		}
	})
}

// TestTheModelSeesWhatItsAgentMaySee reads the rights when they are used.
func TestTheModelSeesWhatItsAgentMaySee(t *testing.T) {
	r := &room{user: auth.User{ID: "u1", Role: auth.Agent}}
	board := newBoard(New(Config{Directory: r, Log: slog.New(slog.DiscardHandler)}), tenant.Tenant{}, r)
	tool := assist.SearchContact(addressBook{board, func() call.UserID { return "u1" }})
	out, err := tool.Run(t.Context(), json.RawMessage(`{"q":"Dupont"}`))
	if err != nil || !strings.Contains(string(out), "Ana Dupont") {
		t.Errorf("got %s, %v", out, err)
	}
	for _, u := range []auth.User{{ID: "u1", Role: "guest"}, {ID: "u1", Role: auth.Agent, Disabled: true}} {
		r.user = u
		if out, err := tool.Run(t.Context(), json.RawMessage(`{"q":"Dupont"}`)); !errors.Is(err, errNoRight) {
			t.Errorf("%+v: got %s, %v", u, out, err)
		}
	}
	if len(r.found) != 1 {
		t.Errorf("searched for %q", r.found)
	}
}

// TestTheEarpieceCostsTheCallNothing counts allocations on the frame path.
func TestTheEarpieceCostsTheCallNothing(t *testing.T) {
	e := &earpiece{tap: media.NewTap(earFrames), began: time.Now()}
	f := media.Frame{Data: make([]byte, media.FrameBytes)}
	if n := testing.AllocsPerRun(1000, func() { e.WriteFrame(f) }); n != 0 {
		t.Errorf("%v allocations a frame", n)
	}
	if e.tap.Dropped() < 900 {
		t.Errorf("a tap that nobody reads dropped %d frames, want all but %d", e.tap.Dropped(), earFrames)
	}
}
