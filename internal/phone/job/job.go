// Package job does the work that must happen because of a change: it was stored
// with the change, so it survives whoever ordered it. A job is leased by one
// process, done, and removed; one that fails is tried again, later each time; one
// that fails too often lies there dead, with its error, until somebody looks.
//
// The one rule: a job may be done twice. Whoever does it makes that harmless.
package job

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// Job is work that was ordered.
type Job struct {
	Kind     string
	Key      string // at most one of a kind and key
	Body     json.RawMessage
	Attempts int       // this one included
	Lease    time.Time // until when it is ours: also what tells our lease from a later one
}

// Queue keeps jobs: the tenant's database.
type Queue interface {
	// Lease takes a job of one of these kinds that is due, until a time; ok is
	// false when there is none.
	Lease(ctx context.Context, kinds []string, until time.Time) (j Job, ok bool, err error)
	// Done removes a job, if the lease is still ours.
	Done(ctx context.Context, j Job) error
	// Later gives a job back until it is due, with its attempts as they are now, or
	// leaves it dead, with what was wrong.
	Later(ctx context.Context, j Job, due time.Time, why string, dead bool) error
}

// Times of a runner.
const (
	leaseTime = 10 * time.Minute // the longest job is to fetch four hours of sound
	lookEvery = 15 * time.Second // for jobs that nobody has told us of
	most      = 12               // attempts: with the waits between them, half a day
	waitFirst = 5 * time.Second
	waitMost  = 2 * time.Hour
)

// Wait is an error that says when to try again: nothing is wrong, it is too early.
// It does not count as an attempt: whoever does the job decides when to give up.
type Wait struct {
	For time.Duration
	Err error
}

func (w *Wait) Error() string { return fmt.Sprintf("not before %v: %v", w.For, w.Err) }
func (w *Wait) Unwrap() error { return w.Err }

// Runner does the jobs of one queue, one after the other.
type Runner struct {
	Queue Queue
	// Do says how a job of a kind is done.
	Do  map[string]func(context.Context, Job) error
	Log *slog.Logger

	wake chan struct{}
	done chan struct{}
	stop context.CancelFunc
}

// Start runs until Stop.
func (r *Runner) Start(ctx context.Context) {
	r.wake, r.done = make(chan struct{}, 1), make(chan struct{})
	ctx, r.stop = context.WithCancel(context.WithoutCancel(ctx))
	go r.run(ctx)
}

// Stop ends the runner. What it was doing is broken off and done again later.
func (r *Runner) Stop() {
	r.stop()
	<-r.done
}

// Poke says that there may be something to do.
func (r *Runner) Poke() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

func (r *Runner) run(ctx context.Context) {
	defer close(r.done)
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for {
		for r.one(ctx) {
		}
		select {
		case <-r.wake:
		case <-look.C:
		case <-ctx.Done():
			return
		}
	}
}

// one does the next job; false when there is none, or the queue does not answer.
func (r *Runner) one(ctx context.Context) bool {
	if ctx.Err() != nil {
		return false
	}
	var kinds []string
	for kind := range r.Do {
		kinds = append(kinds, kind)
	}
	j, ok, err := r.Queue.Lease(ctx, kinds, time.Now().Add(leaseTime))
	if err != nil && ctx.Err() == nil {
		r.Log.Error("jobs cannot be read", "err", err)
	}
	if err != nil || !ok {
		return false
	}
	r.settle(ctx, j, r.guarded(ctx, j))
	return true
}

// guarded does a job; one that panics has failed.
func (r *Runner) guarded(ctx context.Context, j Job) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	ctx, cancel := context.WithDeadline(ctx, j.Lease.Add(-time.Minute)) // before somebody else takes it
	defer cancel()
	return r.Do[j.Kind](ctx, j)
}

// settle notes what came of a job, also when we are being stopped.
func (r *Runner) settle(ctx context.Context, j Job, err error) {
	stopped := ctx.Err() != nil
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	var early *Wait
	switch {
	case err == nil:
		err = r.Queue.Done(ctx, j)
	case stopped:
		j.Attempts--
		err = r.Queue.Later(ctx, j, time.Now(), err.Error(), false)
	case errors.As(err, &early):
		j.Attempts--
		err = r.Queue.Later(ctx, j, time.Now().Add(early.For), err.Error(), false)
	default:
		dead := j.Attempts >= most
		r.Log.Error("job failed", "kind", j.Kind, "key", j.Key, "attempt", j.Attempts, "dead", dead, "err", err)
		err = r.Queue.Later(ctx, j, time.Now().Add(backOff(j.Attempts)), err.Error(), dead)
	}
	if err != nil {
		r.Log.Error("job not settled", "kind", j.Kind, "key", j.Key, "err", err)
	}
}

// backOff is how long to wait after an attempt: twice as long each time.
func backOff(attempts int) time.Duration {
	return min(waitFirst<<min(max(attempts-1, 0), 20), waitMost)
}
