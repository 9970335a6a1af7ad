package switchboard

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"softphone/internal/phone/agent"
	"softphone/internal/phone/auth"
	"softphone/internal/phone/call"
)

// duty keeps states in memory.
type duty struct {
	Store
	mu     sync.Mutex
	people map[call.UserID]agent.Person
	notes  []string
	fails  int // changes that somebody else is faster with
}

func (d *duty) Agents(context.Context) (all []agent.Person, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, p := range d.people {
		all = append(all, p)
	}
	return all, nil
}

func (d *duty) Agent(_ context.Context, u call.UserID) (agent.Person, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.people[u], nil
}

func (d *duty) SaveAgent(_ context.Context, u call.UserID, s agent.State, seq int64, note string) (int64, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.fails > 0 {
		d.fails--
		return 0, agent.ErrChanged
	}
	p := d.people[u]
	if p.Seq != seq {
		return 0, errors.New("not what was read")
	}
	p.State, p.Seq = s, seq+1
	d.people[u] = p
	if note != "" {
		d.notes = append(d.notes, note)
	}
	return p.Seq, nil
}

func (d *duty) MendLoad(_ context.Context, u call.UserID) (bool, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	p := d.people[u]
	p.Load = 0
	d.people[u] = p
	d.notes = append(d.notes, "line freed")
	return true, nil
}

// person returns what is stored, and how much was noted.
func (d *duty) person(u call.UserID) (agent.Person, int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.people[u], len(d.notes)
}

func (d *duty) status(u call.UserID) agent.Status {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.people[u].State.Status
}

// board makes a desk with one agent, in a bubble with a clock of its own.
func (d *duty) board() *Board {
	d.people = map[call.UserID]agent.Person{"U1": {ID: "U1", Name: "Alex", Capacity: 1, State: agent.New(time.Now())}}
	e := New(Config{Log: slog.New(slog.DiscardHandler), Now: time.Now})
	return &Board{store: d, ex: e, live: newLive(), hub: newHub(), devices: newDevices(), log: e.Log}
}

func bubble(t *testing.T, f func(t *testing.T, d *duty, s *Seat)) {
	synctest.Test(t, func(t *testing.T) {
		d := &duty{}
		b := d.board()
		b.roster = newRoster(b)
		f(t, d, &Seat{Board: b, User: auth.User{ID: "U1", Role: auth.Agent}})
		b.roster.close()
	})
}

// reader is a page that notes what it is told of people.
type reader struct {
	mu   sync.Mutex
	seen []agent.Status
	seq  int64
	t    *testing.T
}

func (r *reader) Happened(e call.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var body struct{ Agent AgentView }
	if err := json.Unmarshal(e.Body, &body); err != nil || e.Stream != "agent:U1" || e.Type != "agent:status" || e.Seq != r.seq+1 {
		r.t.Errorf("told %+v %s after number %d, %v", e, e.Body, r.seq, err)
	}
	r.seq = e.Seq
	r.seen = append(r.seen, body.Agent.Status)
}
func (r *reader) Passing(call.Volatile) {}
func (r *reader) Device(bool)           {}
func (r *reader) Dismiss()              {}

func after(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func TestTheServersClockEndsWhatHasATime(t *testing.T) {
	bubble(t, func(t *testing.T, d *duty, s *Seat) {
		page := &reader{t: t}
		leave := s.Follow(page)
		s.roster.began("U1")
		s.roster.over("U1", 30*time.Second)
		after(29 * time.Second)
		if got := d.status("U1"); got != agent.WrapUp {
			t.Errorf("after 29 s: %s", got)
		}
		after(2 * time.Second)
		if got := d.status("U1"); got != agent.Available {
			t.Errorf("after 31 s: %s", got)
		}
		leave()
		leave() // once is enough
		after(14 * time.Second)
		if got := d.status("U1"); got != agent.Available {
			t.Errorf("14 s after the page was closed: %s", got)
		}
		after(2 * time.Second)
		if got := d.status("U1"); got != agent.Offline {
			t.Errorf("16 s after the page was closed: %s", got)
		}
		want := []agent.Status{agent.Available, agent.Available, agent.WrapUp, agent.Available}
		if diff := cmp.Diff(page.seen, want); diff != "" {
			t.Errorf("the page was told %s", diff)
		}
	})
}

func TestAReloadChangesNothing(t *testing.T) {
	bubble(t, func(t *testing.T, d *duty, s *Seat) {
		leave := s.Follow(&reader{t: t})
		if _, err := s.SetStatus(t.Context(), agent.Away, "lunch"); err != nil {
			t.Fatal(err)
		}
		leave()
		after(10 * time.Second)
		again := s.Follow(&reader{t: t, seq: 2})
		after(time.Minute)
		if got := d.status("U1"); got != agent.Away {
			t.Errorf("after a reload: %s", got)
		}
		second := s.Follow(&reader{t: t, seq: 2})
		again() // one of two pages
		after(time.Minute)
		if got := d.status("U1"); got != agent.Away {
			t.Errorf("with one page left: %s", got)
		}
		second()
		after(time.Minute)
		third := s.Follow(&reader{t: t, seq: 3})
		if got, _ := d.person("U1"); got.State.Status != agent.Away || got.State.Reason != "lunch" {
			t.Errorf("back after a minute: %+v", got)
		}
		third()
	})
}

func TestAStatusThatWasChosenStays(t *testing.T) {
	bubble(t, func(t *testing.T, d *duty, s *Seat) {
		leave := s.Follow(&reader{t: t})
		d.fails = 2 // another process is faster, twice
		if v, err := s.SetStatus(t.Context(), agent.Offline, ""); err != nil || v.Status != agent.Offline {
			t.Fatal(v, err)
		}
		leave()
		after(time.Minute)
		defer s.Follow(&reader{t: t, seq: 2})()
		if got := d.status("U1"); got != agent.Offline {
			t.Errorf("somebody who said that they are offline is %s", got)
		}
		var no *Refusal
		if _, err := s.SetStatus(t.Context(), agent.WrapUp, ""); !errors.As(err, &no) || no.Code != InvalidInput {
			t.Errorf("wrap-up is not to be chosen: %v", err)
		}
	})
}

func TestTheWatchdogMendsWhoIsStuck(t *testing.T) {
	bubble(t, func(t *testing.T, d *duty, s *Seat) {
		defer s.Follow(&reader{t: t})()
		d.mu.Lock()
		p := d.people["U1"] // as a process that died left it
		p.State = agent.State{Status: agent.WrapUp, Since: time.Now().Add(-time.Hour), Until: time.Now().Add(-time.Minute), Back: agent.Available}
		p.Load = 1
		d.people["U1"] = p
		d.mu.Unlock()
		after(61 * time.Second)
		if got, noted := d.person("U1"); got.State.Status != agent.Available || noted != 1 {
			t.Errorf("after the first round: %+v, %d notes", got, noted)
		}
		after(60 * time.Second)
		if got, noted := d.person("U1"); got.Load != 0 || noted != 2 {
			t.Errorf("after the second round: %+v, %d notes", got, noted)
		}
	})
}

func TestWhoWasThereHasTimeToComeBackAfterARestart(t *testing.T) {
	bubble(t, func(t *testing.T, d *duty, s *Seat) {
		p := d.people["U1"]
		p.State = agent.State{Status: agent.Available, Since: time.Now()}
		d.people["U1"] = p
		if err := s.roster.resume(t.Context()); err != nil {
			t.Fatal(err)
		}
		after(14 * time.Second)
		if got := d.status("U1"); got != agent.Available {
			t.Errorf("after 14 s: %s", got)
		}
		after(2 * time.Second)
		if got := d.status("U1"); got != agent.Offline {
			t.Errorf("after 16 s: %s", got)
		}
	})
}

func TestOneAtATimeWithTheSameName(t *testing.T) {
	var turns turns
	var inside, most, n int
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			defer turns.take("one")()
			inside++ // no lock but the turn: the race detector judges
			most = max(most, inside)
			n++
			inside--
		})
	}
	all.Wait()
	if most != 1 || n != 50 || len(turns.of) != 0 {
		t.Errorf("%d at once, %d in all, %d kept", most, n, len(turns.of))
	}
}
