package store_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"softphone/internal/adapter/store"
	"softphone/internal/phone/call"
	"softphone/internal/phone/recording"
)

// talked stores a call that is over after some talk.
func talked(t *testing.T, db *store.Tenant, id call.ID, talk time.Duration) {
	t.Helper()
	r := call.Record{ID: id, Direction: call.Outbound, From: "+12015550100", To: "+12015550123", Status: call.InProgress, StartedAt: start, CreatedAt: start, UpdatedAt: start, Epoch: 1}
	if talk > 0 {
		r.Status, r.AnsweredAt, r.EndedAt, r.Talk = call.Completed, start, start.Add(talk), talk
	}
	if err := db.Change(t.Context(), call.Change{Call: r, Fence: 1}); err != nil {
		t.Fatal(err)
	}
}

func TestARecordingLivesInItsRows(t *testing.T) {
	on(t, func(t *testing.T, s *store.Control) {
		ctx := t.Context()
		_, db := newTenant(t, s)
		talked(t, db, "c1", 12345*time.Millisecond)
		b := db.Recordings()
		first, err := b.Begin(ctx, recording.Record{ID: "r1", CallID: "c1", Kind: recording.OfCall, Source: recording.Bridge})
		if err != nil || first.Epoch != 1 || first.Status != recording.Running || first.Ended >= 0 {
			t.Fatalf("begun %+v, %v", first, err)
		}
		heir, err := b.Begin(ctx, recording.Record{ID: "r2", CallID: "c1", Kind: recording.OfCall, Source: recording.Bridge})
		if err != nil || heir.ID != "r1" || heir.Epoch != 2 {
			t.Errorf("the heir has %s, epoch %d, %v; want r1, 2", heir.ID, heir.Epoch, err)
		}
		gaps := []recording.Gap{{FromMs: 1, ToMs: 2, Reason: recording.Paused, Side: recording.Agent}}
		p := recording.Piece{Recording: "r1", Epoch: 2, N: 1, From: 20 * time.Millisecond, Len: 8 * time.Second, File: "r1/x", KeyID: "k", Size: 9, Checksum: "h", Gaps: gaps}
		for range 2 {
			if err := b.KeepPiece(ctx, p); err != nil {
				t.Fatal(err)
			}
		}
		pieces, err := b.Pieces(ctx, "r1")
		if d := cmp.Diff(pieces, []recording.Piece{p}); d != "" || err != nil {
			t.Error(err, d)
		}
		if talk, over, err := b.Talk(ctx, "c1"); talk != 12345*time.Millisecond || !over || err != nil {
			t.Errorf("talked %v, %t, %v", talk, over, err)
		}
		left, err := b.Left(ctx, start.Add(time.Hour))
		if err != nil || len(left) != 1 {
			t.Errorf("left %v, %v; want the one whose call is over", left, err)
		}
		if left, err = b.Left(ctx, start.Add(12*time.Second)); err != nil || len(left) != 0 {
			t.Errorf("left %v, %v; its call was not over by then", left, err)
		}
		if err := b.Close(ctx, "r1", 12340*time.Millisecond, gaps); err != nil {
			t.Fatal(err)
		}
		j, ok, err := db.Jobs().Lease(ctx, []string{store.FinishRecording}, start.Add(time.Minute))
		if err != nil || !ok || j.Key != "r1" {
			t.Errorf("closing ordered %+v, %t, %v", j, ok, err)
		}
		want := recording.Record{
			ID: "r1", CallID: "c1", Kind: recording.OfCall, Source: recording.Bridge, Status: recording.Ready, Channels: 2, Epoch: 2,
			Ended: 12340 * time.Millisecond, Duration: 12340 * time.Millisecond, Size: 77, Checksum: "sum", Peaks: [][]int{{1, 2}, {3, 4}}, Gaps: gaps,
			CreatedAt: start, UpdatedAt: start,
		}
		if err := b.Finish(ctx, want); err != nil {
			t.Fatal(err)
		}
		got, err := b.RecordsOf(ctx, "c1")
		if d := cmp.Diff(got, []recording.Record{want}); d != "" || err != nil {
			t.Error(err, d)
		}
		again, err := b.Begin(ctx, recording.Record{ID: "r3", CallID: "c1", Kind: recording.OfCall, Source: recording.Bridge})
		if err != nil || again.ID != "r3" {
			t.Errorf("a second recording of the call is %s, %v", again.ID, err)
		}
		if err := b.RemoveNoted(ctx, "r1", recording.Entry{User: "u1", Action: "recording.delete", Call: "c1", Subject: "r1"}); err != nil {
			t.Fatal(err)
		}
		gone, err := b.Record(ctx, "r1")
		if err != nil || gone.Status != recording.Deleted || gone.Peaks != nil {
			t.Errorf("deleted: %+v, %v", gone, err)
		}
		if pieces, err = b.Pieces(ctx, "r1"); err != nil || len(pieces) != 0 {
			t.Errorf("%d pieces left, %v", len(pieces), err)
		}
		if err := b.Finish(ctx, want); err != nil {
			t.Fatal(err)
		}
		if gone, _ = b.Record(ctx, "r1"); gone.Status != recording.Deleted {
			t.Errorf("a late finishing made the deleted one %s", gone.Status)
		}
		if _, err := b.Record(ctx, "nobody"); !errors.Is(err, recording.ErrNoRecord) {
			t.Errorf("unknown: %v", err)
		}
	})
}

func TestTheAuditTellsWhoHeardWhat(t *testing.T) {
	on(t, func(t *testing.T, s *store.Control) {
		ctx := t.Context()
		_, db := newTenant(t, s)
		b := db.Recordings()
		id, err := b.Note(ctx, recording.Entry{User: "u1", Action: "recording.play", Call: "c1", Subject: "r1"})
		if err != nil {
			t.Fatal(err)
		}
		if err := b.NoteSpan(ctx, id, time.Second, 3*time.Second); err != nil {
			t.Fatal(err)
		}
		got, err := b.Entries(ctx, "c1")
		want := []recording.Entry{{At: start, User: "u1", Action: "recording.play", Call: "c1", Subject: "r1", From: time.Second, To: 3 * time.Second}}
		if d := cmp.Diff(got, want); d != "" || err != nil {
			t.Error(err, d)
		}
	})
}

func TestWhatTheCarrierToldIsKeptOnceAndOrdersTheFetch(t *testing.T) {
	on(t, func(t *testing.T, s *store.Control) {
		ctx := t.Context()
		_, db := newTenant(t, s)
		talked(t, db, "c1", time.Second)
		b := db.Recordings()
		if _, err := b.Begin(ctx, recording.Record{ID: "r1", CallID: "c1", Source: recording.AtCarrier}); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := b.ReceiveRecording(ctx, "r1", "RE1/completed", "raw"); err != nil {
				t.Fatal(err)
			}
		}
		if err := b.ReceiveRecording(ctx, "stranger", "RE2/completed", "raw"); err != nil {
			t.Fatal(err)
		}
		kinds := []string{store.FetchRecording}
		j, ok, err := db.Jobs().Lease(ctx, kinds, start.Add(time.Minute))
		if err != nil || !ok || j.Key != "r1" {
			t.Fatalf("leased %+v, %t, %v", j, ok, err)
		}
		if err := db.Jobs().Done(ctx, j); err != nil {
			t.Fatal(err)
		}
		if j, ok, _ := db.Jobs().Lease(ctx, kinds, start.Add(time.Minute)); ok {
			t.Errorf("another job: %+v", j)
		}
	})
}

func TestAJobIsLeasedByOneAndComesBack(t *testing.T) {
	on(t, func(t *testing.T, s *store.Control) {
		ctx := t.Context()
		_, db := newTenant(t, s)
		q := db.Jobs()
		order := call.Job{Kind: "k", Key: "1", Body: json.RawMessage(`{"a":1}`), Due: start.Add(time.Hour)}
		if err := q.Order(ctx, order); err != nil {
			t.Fatal(err)
		}
		if _, ok, err := q.Lease(ctx, []string{"k"}, start.Add(time.Minute)); ok || err != nil {
			t.Fatalf("leased before it is due: %v", err)
		}
		order.Due = start // sooner
		if err := q.Order(ctx, order); err != nil {
			t.Fatal(err)
		}
		won := make(chan string, 8)
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() {
				j, ok, err := q.Lease(ctx, []string{"k"}, start.Add(time.Duration(i+1)*time.Minute))
				if err != nil {
					t.Error(err)
				}
				if ok {
					won <- fmt.Sprintf("%d %s", j.Attempts, j.Body)
				}
			})
		}
		all.Wait()
		if n := len(won); n != 1 {
			t.Fatalf("%d leases of one job", n)
		}
		if got := <-won; got != `1 {"a":1}` {
			t.Errorf("leased %s", got)
		}
	})
}

func TestAJobThatFailedIsVisible(t *testing.T) {
	on(t, func(t *testing.T, s *store.Control) {
		ctx := t.Context()
		_, db := newTenant(t, s)
		q := db.Jobs()
		if err := q.Order(ctx, call.Job{Kind: "k", Key: "1", Body: json.RawMessage("{}"), Due: start}); err != nil {
			t.Fatal(err)
		}
		j, ok, err := q.Lease(ctx, []string{"k"}, start.Add(time.Minute))
		if err != nil || !ok {
			t.Fatal(ok, err)
		}
		stale := j
		stale.Lease = stale.Lease.Add(time.Second)
		if err := q.Done(ctx, stale); err != nil { // not our lease
			t.Fatal(err)
		}
		if err := q.Later(ctx, j, start, "the disk is gone", true); err != nil {
			t.Fatal(err)
		}
		failed, err := q.Failed(ctx)
		if d := cmp.Diff(failed, []store.FailedJob{{Kind: "k", Key: "1", Attempts: 1, Error: "the disk is gone"}}); d != "" || err != nil {
			t.Error(err, d)
		}
		if err := q.Order(ctx, call.Job{Kind: "k", Key: "1", Due: start}); err != nil {
			t.Fatal(err)
		}
		if _, ok, err := q.Lease(ctx, []string{"k"}, start.Add(time.Minute)); !ok || err != nil {
			t.Errorf("ordered again: %t, %v", ok, err)
		}
	})
}
