package store_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"softphone/internal/adapter/store"
	"softphone/internal/phone/agent"
	"softphone/internal/phone/auth"
	"softphone/internal/phone/call"
	"softphone/internal/phone/gate"
	"softphone/internal/phone/tenant"
)

// at opens a gate over a desk's database at a moment that the test chooses.
func at(db *store.Tenant, now *time.Time) *gate.Gate {
	return &gate.Gate{Book: db, Now: func() time.Time { return *now }}
}

func orderOf(u auth.User, leg string) gate.Order {
	return gate.Order{By: u, Leg: leg, To: "+12015550123", Own: []string{"+12015550100"}}
}

func policy(t *testing.T, db *store.Tenant, change func(*gate.Policy)) {
	t.Helper()
	p := gate.Default()
	p.User, p.Desk = gate.Limits{}, gate.Limits{}
	change(&p)
	if err := db.SavePolicy(context.Background(), p, "U1"); err != nil {
		t.Fatal(err)
	}
}

func TestNoLimitIsPassedByOneOfAHundredAtOnce(t *testing.T) {
	on(t, func(t *testing.T, s *store.Control) {
		for name, c := range map[string]struct {
			set         func(*gate.Policy)
			most, tries int
			code        gate.Code
		}{
			"user, minute":  {func(p *gate.Policy) { p.User.PerMinute = 7 }, 7, 20, gate.TooManyCalls},
			"user, hour":    {func(p *gate.Policy) { p.User.PerHour = 19 }, 19, 20, gate.TooManyCalls},
			"desk, day":     {func(p *gate.Policy) { p.Desk.PerDay = 1 }, 1, 20, gate.TooManyCalls},
			"desk, at once": {func(p *gate.Policy) { p.Desk.AtOnce = 5 }, 5, 100, gate.TooManyAtOnce},
			"user, money":   {func(p *gate.Policy) { p.User.SpendPerDay, p.MaxMinutes = 1, 10 }, 5, 20, gate.SpendLimit},
			"desk, money":   {func(p *gate.Policy) { p.Desk.SpendPerDay, p.MaxMinutes = 3, 15 }, 10, 100, gate.SpendLimit},
		} {
			_, db := newTenant(t, s)
			u := newUser(t, db)
			policy(t, db, c.set)
			now := start
			passed, refused := orders(t, at(db, &now), u, c.code, c.tries)
			if passed != c.most || refused != c.tries-c.most {
				t.Errorf("%s: %d passed and %d were refused; want %d", name, passed, refused, c.most)
			}
		}
	})
}

// orders gives n orders at once.
func orders(t *testing.T, g *gate.Gate, u auth.User, code gate.Code, n int) (passed, refused int) {
	var mu sync.Mutex
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			_, err := g.Check(context.Background(), orderOf(u, fmt.Sprint("L", i)))
			mu.Lock()
			defer mu.Unlock()
			var no *gate.Refusal
			switch {
			case err == nil:
				passed++
			case errors.As(err, &no) && no.Code == code:
				refused++
			default:
				t.Error(err)
			}
		})
	}
	all.Wait()
	return passed, refused
}

func TestPaceBeginsAnewAndLinesDoNot(t *testing.T) {
	on(t, func(t *testing.T, s *store.Control) {
		_, db := newTenant(t, s)
		u := newUser(t, db)
		now := start
		g := at(db, &now)
		check := func(leg string, want gate.Code) {
			t.Helper()
			_, err := g.Check(t.Context(), orderOf(u, leg))
			var no *gate.Refusal
			if (want == "") != (err == nil) || err != nil && (!errors.As(err, &no) || no.Code != want) {
				t.Errorf("%s: %v, want %q", leg, err, want)
			}
		}
		policy(t, db, func(p *gate.Policy) { p.User.PerMinute, p.User.AtOnce = 1, 2 })
		check("L1", "")
		check("L2", gate.TooManyCalls)
		now = start.Add(time.Minute)
		check("L3", "")
		now = start.Add(2 * time.Minute)
		check("L4", gate.TooManyAtOnce)
		if err := db.Release(t.Context(), "L1"); err != nil {
			t.Fatal(err)
		}
		if err := db.Release(t.Context(), "L1"); err != nil { // once is enough
			t.Fatal(err)
		}
		check("L5", "")
		check("L6", gate.TooManyAtOnce)
		if err := db.Release(t.Context(), "L3"); err != nil {
			t.Fatal(err)
		}
		now = start // another process, whose clock is behind
		check("L7", gate.TooManyCalls)
	})
}

func TestALegThatIsGoneGivesBackWhatItDidNotUse(t *testing.T) {
	on(t, func(t *testing.T, s *store.Control) {
		ctx := t.Context()
		_, db := newTenant(t, s)
		u := newUser(t, db)
		now := start
		policy(t, db, func(p *gate.Policy) { p.MaxMinutes = 60 })
		if _, err := at(db, &now).Check(ctx, orderOf(u, "leg-c1")); err != nil {
			t.Fatal(err)
		}
		used := func() []int64 {
			t.Helper()
			n, err := db.Used(ctx, []gate.Count{{Name: gate.CountOf("desk", gate.AtOnce)}, {Name: gate.CountOf(gate.UserCounts(u.ID), gate.Spend), Period: start.Unix() / 86400}})
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		minute := int64(gate.Home.Rate())
		if d := cmp.Diff(used(), []int64{1, 60 * minute}); d != "" {
			t.Errorf("while it is dialled: %s", d)
		}
		if err := db.Change(ctx, change("c1", u, start)); err != nil {
			t.Fatal(err)
		}
		end := change("c1", u, start)
		end.Call.Status, end.Events = call.Completed, nil
		end.Legs[0].Phase, end.Legs[0].AnsweredAt, end.Legs[0].EndedAt = call.Gone, start.Add(time.Second), start.Add(90*time.Second)
		for range 2 { // a fact that comes late stores the leg again
			if err := db.Change(ctx, end); err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(used(), []int64{0, 2 * minute}); d != "" {
				t.Errorf("after 89 seconds of talk: %s", d)
			}
		}
	})
}

func TestAPermitThatNobodyUsesIsGivenBack(t *testing.T) {
	dir := t.TempDir()
	for name, c := range map[string]store.Config{"sqlite": {Dir: dir}, "mariadb": {MySQL: dsn}} {
		t.Run(name, func(t *testing.T) {
			now := start
			c.Now = func() time.Time { return now }
			s := openAt(t, c)
			_, db := newTenant(t, s)
			u := newUser(t, db)
			policy(t, db, func(p *gate.Policy) { p.Desk.AtOnce = 1 })
			g := at(db, &now)
			if _, err := g.Check(t.Context(), orderOf(u, "L1")); err != nil { // and then the process dies
				t.Fatal(err)
			}
			now = start.Add(time.Minute)
			if _, err := g.Check(t.Context(), orderOf(u, "L2")); err == nil {
				t.Error("a permit a minute old was taken away")
			}
			now = start.Add(3 * time.Minute)
			if _, err := g.Check(t.Context(), orderOf(u, "leg-c1")); err != nil {
				t.Errorf("after three minutes: %v", err)
			}
			if err := db.Change(t.Context(), change("c1", u, now)); err != nil {
				t.Fatal(err)
			}
			now = start.Add(20 * time.Minute)
			if _, err := g.Check(t.Context(), orderOf(u, "L3")); err == nil {
				t.Error("the line of a live leg was taken away")
			}
		})
	}
}

func TestTheListOfThoseWhoDoNotWantToBeCalled(t *testing.T) {
	on(t, func(t *testing.T, s *store.Control) {
		ctx := t.Context()
		_, db := newTenant(t, s)
		u := newUser(t, db)
		numbers := []string{"+12015550121", "+12015550122", "+12015550123"}
		for _, n := range append(numbers, numbers[0]) { // twice is no error
			if err := db.AddRefuser(ctx, gate.Refuser{Number: n, Reason: "asked on the phone", AddedBy: u.ID}); err != nil {
				t.Fatal(err)
			}
		}
		var no *gate.Refusal
		now := start
		if _, err := at(db, &now).Check(ctx, orderOf(u, "L1")); !errors.As(err, &no) || no.Code != gate.DoNotCall {
			t.Errorf("%v, want do_not_call", err)
		}
		var got []string
		var after gate.Refuser
		for {
			page, err := db.Refusers(ctx, "555", after, 2)
			if err != nil {
				t.Fatal(err)
			}
			if len(page) == 0 {
				break
			}
			for _, r := range page {
				got = append(got, r.Number)
			}
			after = page[len(page)-1]
			if after.AddedName != "Alex" || after.Reason != "asked on the phone" || !after.AddedAt.Equal(start) {
				t.Errorf("%+v", after)
			}
		}
		if d := cmp.Diff(got, numbers); d != "" {
			t.Error(d)
		}
		if err := db.RemoveRefuser(ctx, numbers[2], "", "somebody else", true); !errors.Is(err, tenant.ErrNotFound) {
			t.Errorf("somebody else's entry: %v", err)
		}
		if err := db.RemoveRefuser(ctx, numbers[2], "wrong number", "somebody else", false); err != nil {
			t.Fatal(err)
		}
		if err := db.RemoveRefuser(ctx, numbers[2], "", "somebody else", false); !errors.Is(err, tenant.ErrNotFound) {
			t.Errorf("a second time: %v", err)
		}
		if listed, err := db.Refuses(ctx, numbers[2]); err != nil || listed {
			t.Errorf("listed %v, %v", listed, err)
		}
		actions, err := db.Noted(ctx, numbers[2])
		slices.Sort(actions) // they were of one moment
		if d := cmp.Diff(actions, []string{"do_not_call.add", "do_not_call.remove"}); d != "" || err != nil {
			t.Errorf("audit: %s %v", d, err)
		}
	})
}

func TestAPolicyComesBack(t *testing.T) {
	on(t, func(t *testing.T, s *store.Control) {
		_, db := newTenant(t, s)
		if p, err := db.Policy(t.Context()); err != nil || cmp.Diff(p, gate.Default()) != "" {
			t.Errorf("of a new desk: %+v, %v", p, err)
		}
		want := gate.Default()
		want.Frozen, want.Countries, want.Hours.On = true, []string{"FR"}, true
		want.CallerIDs = []gate.CallerRule{{Country: "FR", Numbers: []string{"+33123456789"}}}
		if err := db.SavePolicy(t.Context(), want, "U1"); err != nil {
			t.Fatal(err)
		}
		got, err := db.Policy(t.Context())
		if d := cmp.Diff(got, want); d != "" || err != nil {
			t.Errorf("%s %v", d, err)
		}
		if actions, err := db.Noted(t.Context(), "calling"); err != nil || len(actions) != 1 {
			t.Errorf("audit: %v, %v", actions, err)
		}
	})
}

func TestAnAgentsStateIsChangedByOneAtATime(t *testing.T) {
	on(t, func(t *testing.T, s *store.Control) {
		ctx := t.Context()
		_, db := newTenant(t, s)
		u := newUser(t, db)
		find := func() agent.Person {
			t.Helper()
			all, err := db.Agents(ctx)
			if err != nil || len(all) != 1 {
				t.Fatalf("%v, %v", all, err)
			}
			return all[0]
		}
		if d := cmp.Diff(find(), agent.Person{ID: u.ID, Name: "Alex", Capacity: 1, State: agent.New(start)}); d != "" {
			t.Errorf("never seen: %s", d)
		}
		want := agent.State{Status: agent.WrapUp, Reason: "", Since: start, Until: start.Add(time.Minute), Back: agent.Away, BackReason: "lunch"}
		won := 0
		for round := range int64(2) { // the first makes the row, the second changes it
			won = 0
			var mu sync.Mutex
			var all sync.WaitGroup
			for range 8 {
				all.Go(func() {
					next, err := db.SaveAgent(context.Background(), call.UserID(u.ID), want, round, "")
					mu.Lock()
					defer mu.Unlock()
					switch {
					case err == nil && next == round+1:
						won++
					case !errors.Is(err, agent.ErrChanged):
						t.Error(next, err)
					}
				})
			}
			all.Wait()
			if won != 1 {
				t.Errorf("round %d: %d of 8 changed the same state", round, won)
			}
		}
		if d := cmp.Diff(find(), agent.Person{ID: u.ID, Name: "Alex", Capacity: 1, State: want, Seq: 2}); d != "" {
			t.Error(d)
		}
		if _, err := db.SaveAgent(ctx, call.UserID(u.ID), agent.New(start), 2, "wrap-up did not end"); err != nil {
			t.Fatal(err)
		}
		if actions, err := db.Noted(ctx, u.ID); err != nil || len(actions) != 1 {
			t.Errorf("audit: %v, %v", actions, err)
		}
	})
}

func TestALineThatNoCallHoldsIsFreed(t *testing.T) {
	on(t, func(t *testing.T, s *store.Control) {
		ctx := t.Context()
		_, db := newTenant(t, s)
		u := newUser(t, db)
		c := change("c1", u, start)
		c.Claim = call.TakeAgent
		if err := db.Change(ctx, c); err != nil {
			t.Fatal(err)
		}
		if mended, err := db.MendLoad(ctx, call.UserID(u.ID)); err != nil || mended {
			t.Errorf("in a live call: mended %v, %v", mended, err)
		}
		end := change("c1", u, start)
		end.Call.Status, end.Events = call.Completed, nil // and the release is lost
		if err := db.Change(ctx, end); err != nil {
			t.Fatal(err)
		}
		for _, want := range []bool{true, false} {
			if mended, err := db.MendLoad(ctx, call.UserID(u.ID)); err != nil || mended != want {
				t.Errorf("mended %v, %v; want %v", mended, err, want)
			}
		}
		if load, err := db.Load(ctx, u.ID); err != nil || load != 0 {
			t.Errorf("load %d, %v", load, err)
		}
	})
}
