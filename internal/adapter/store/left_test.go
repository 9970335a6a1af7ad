package store_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"softphone/internal/adapter/store"
	"softphone/internal/phone/call"
)

// A call that was left comes back as it was stored, is taken once, and one that
// is over stays so.
func TestWhatWasLeftIsTakenOnce(t *testing.T) {
	on(t, func(t *testing.T, s *store.Control) {
		ctx := t.Context()
		_, db := newTenant(t, s)
		u := newUser(t, db)
		live, over := change("c1", u, start), change("c2", u, start.Add(time.Second))
		live.Claim = call.TakeAgent
		live.Call.CallSID, live.Legs[0].CarrierSID, live.Legs[0].Phase = "CA1", "CA1", call.Up
		live.Call.Status, live.Call.AnsweredAt = call.InProgress, start.Add(5*time.Second)
		live.Legs[0].DialledAt, live.Legs[0].AnsweredAt = start, start.Add(5*time.Second)
		live.Call.Verdict = call.Verdict{By: call.ByAgent, Reason: call.HungUp}
		over.Call.Status, over.Call.EndedAt, over.Call.Verdict = call.Busy, start, call.Verdict{By: call.ByCustomer, Reason: call.BusyLine}
		for _, c := range []call.Change{live, over} {
			if err := db.Change(ctx, c); err != nil {
				t.Fatal(err)
			}
		}
		left, err := db.Left(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(left, []call.Left{{Call: live.Call, Legs: live.Legs, UserName: u.Name}}); diff != "" {
			t.Error(diff)
		}
		if v, err := db.Call(ctx, "c1"); err != nil || v.Verdict != nil {
			t.Errorf("a live call shows the verdict it is coming to: %+v %v", v.Verdict, err)
		}
		for _, c := range []struct {
			sid  string
			but  call.ID
			want bool
		}{{"CA1", "c1", false}, {"CA1", "c2", true}, {"CA2", "c1", false}} {
			if got, err := db.Taken(ctx, c.sid, c.but); err != nil || got != c.want {
				t.Errorf("%s taken by others than %s: %v %v", c.sid, c.but, got, err)
			}
		}
		heir := live
		heir.Call.Epoch, heir.Fence, heir.Claim, heir.Events = 2, 1, call.KeepAgent, nil
		if err := db.Change(ctx, heir); err != nil {
			t.Errorf("the heir: %v", err)
		}
		if err := db.Change(ctx, heir); !errors.Is(err, call.ErrFenced) {
			t.Errorf("a second heir: %v", err)
		}
		heir.Fence, heir.Call.Status, heir.Call.EndedAt, heir.Claim = 2, call.Completed, start.Add(time.Minute), call.ReleaseAgent
		if err := db.Change(ctx, heir); err != nil {
			t.Error(err)
		}
		heir.Call.Status, heir.Call.Epoch, heir.Fence, heir.Claim = call.InProgress, 3, 3, call.KeepAgent
		if err := db.Change(ctx, heir); !errors.Is(err, call.ErrFenced) {
			t.Errorf("a call that is over lives again: %v", err)
		}
		if left, err := db.Left(ctx); err != nil || len(left) > 0 {
			t.Errorf("still left: %v %v", left, err)
		}
		if load, err := db.Load(ctx, u.ID); err != nil || load != 0 {
			t.Errorf("load %d %v", load, err)
		}
	})
}

// Of many who give the same order together, one makes a call.
func TestAnOrderIsGivenOnce(t *testing.T) {
	on(t, func(t *testing.T, s *store.Control) {
		ctx := t.Context()
		_, db := newTenant(t, s)
		u := newUser(t, db)
		order := func(id call.ID, key, hash string, at time.Time) call.Change {
			c := change(id, u, at)
			c.Once = &call.Once{Key: key, Hash: hash, Expires: at.Add(24 * time.Hour)}
			return c
		}
		var wg sync.WaitGroup
		won := make(chan call.ID, 8)
		for i := range cap(won) {
			id := call.ID("c" + string(rune('a'+i)))
			wg.Go(func() {
				switch err := db.Change(context.WithoutCancel(ctx), order(id, "k", "h1", start)); {
				case err == nil:
					won <- id
				case !errors.Is(err, call.ErrRepeated):
					t.Errorf("%s: %v", id, err)
				}
			})
		}
		wg.Wait()
		close(won)
		if len(won) != 1 {
			t.Fatalf("%d calls of one order", len(won))
		}
		first := <-won
		id, hash, ok, err := db.Repeated(ctx, call.UserID(u.ID), "k")
		if id != first || hash != "h1" || !ok || err != nil {
			t.Errorf("repeated: %s %s %v %v, want %s", id, hash, ok, err, first)
		}
		for _, c := range []struct{ user, key string }{{u.ID, "other"}, {"other", "k"}} {
			if _, _, ok, err := db.Repeated(ctx, call.UserID(c.user), c.key); ok || err != nil {
				t.Errorf("%s %s: %v %v", c.user, c.key, ok, err)
			}
		}
		if calls, err := db.Calls(ctx, call.Search{Limit: 50}); err != nil || len(calls) != 1 {
			t.Errorf("%d calls, %v", len(calls), err)
		}
		// A day later the key is free again.
		if err := db.Change(ctx, order("late", "k", "h2", start.Add(24*time.Hour))); err != nil {
			t.Errorf("after a day: %v", err)
		}
		if id, hash, ok, err := db.Repeated(ctx, call.UserID(u.ID), "k"); id != "late" || hash != "h2" || !ok || err != nil {
			t.Errorf("after a day: %s %s %v %v", id, hash, ok, err)
		}
	})
}
