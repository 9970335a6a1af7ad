package job_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"softphone/internal/phone/job"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// tray is a queue of one job.
type tray struct {
	mu   sync.Mutex
	j    *job.Job
	due  time.Time
	why  string
	dead bool
	down bool
}

func (q *tray) Lease(_ context.Context, _ []string, until time.Time) (job.Job, bool, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.down {
		return job.Job{}, false, errors.New("away")
	}
	if q.j == nil || q.dead || time.Now().Before(q.due) {
		return job.Job{}, false, nil
	}
	q.j.Attempts++
	q.j.Lease, q.due = until, until
	return *q.j, true, nil
}

func (q *tray) Done(context.Context, job.Job) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.j = nil
	return nil
}

func (q *tray) Later(_ context.Context, j job.Job, due time.Time, why string, dead bool) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.due, q.why, q.dead, q.j.Attempts = due, why, dead, j.Attempts
	return nil
}

func run(t *testing.T, q *tray, do func(context.Context, job.Job) error) *job.Runner {
	t.Helper()
	r := &job.Runner{Queue: q, Do: map[string]func(context.Context, job.Job) error{"k": do}, Log: slog.New(slog.DiscardHandler)}
	r.Start(t.Context())
	return r
}

func TestAJobIsTriedUntilItIsDoneAndLaterEachTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, start := &tray{j: &job.Job{Kind: "k", Key: "1"}}, time.Now()
		var at []time.Duration
		r := run(t, q, func(_ context.Context, j job.Job) error {
			at = append(at, time.Since(start))
			switch j.Attempts {
			case 1:
				return errors.New("no")
			case 2:
				panic("worse")
			case 3:
				return nil
			}
			t.Error("done a fourth time")
			return nil
		})
		time.Sleep(time.Hour)
		r.Stop()
		if len(at) != 3 || at[1]-at[0] < 5*time.Second || at[2]-at[1] < 10*time.Second || q.j != nil {
			t.Errorf("tried at %v, left %v", at, q.j)
		}
	})
}

func TestAJobThatNeverSucceedsDiesWithItsReason(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, n := &tray{j: &job.Job{Kind: "k", Key: "1"}}, 0
		r := run(t, q, func(context.Context, job.Job) error { n++; return errors.New("hopeless") })
		time.Sleep(48 * time.Hour)
		r.Stop()
		if n != 12 || !q.dead || q.why != "hopeless" {
			t.Errorf("tried %d times, dead %t, %q", n, q.dead, q.why)
		}
	})
}

func TestAJobThatIsTooEarlyWaitsAsLongAsItSays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, n := &tray{j: &job.Job{Kind: "k", Key: "1"}}, 0
		r := run(t, q, func(context.Context, job.Job) error {
			if n++; n <= 20 {
				return &job.Wait{For: time.Minute, Err: errors.New("not yet")}
			}
			return nil
		})
		time.Sleep(time.Hour)
		r.Stop()
		if n != 21 || q.j != nil || q.dead {
			t.Errorf("tried %d times, left %v, dead %t", n, q.j, q.dead)
		}
	})
}

func TestAPokeAndAQueueThatComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, done := &tray{down: true}, time.Time{}
		r := run(t, q, func(context.Context, job.Job) error { done = time.Now(); return nil })
		defer r.Stop()
		time.Sleep(time.Minute + time.Second)
		q.mu.Lock()
		q.down, q.j = false, &job.Job{Kind: "k", Key: "1"}
		q.mu.Unlock()
		ordered := time.Now()
		r.Poke()
		synctest.Wait()
		if done != ordered {
			t.Errorf("done %v after the poke, want at once", done.Sub(ordered))
		}
	})
}

func TestStoppingBreaksOffAndGivesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := &tray{j: &job.Job{Kind: "k", Key: "1"}}
		r := run(t, q, func(ctx context.Context, _ job.Job) error { <-ctx.Done(); return ctx.Err() })
		synctest.Wait()
		r.Stop()
		if q.dead || q.due.After(time.Now()) {
			t.Errorf("due %v from now, dead %t; want at once", time.Until(q.due), q.dead)
		}
	})
}
