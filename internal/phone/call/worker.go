package call

import (
	"context"
	"errors"
	"sync"
	"time"
)

const (
	workMost   = 256 // pieces of work; beyond it the call refuses what it may
	storeTries = 6   // of one change: 3 s in all
	storePause = 100 * time.Millisecond
	workTime   = 15 * time.Second // of one request to the carrier
	hangTries  = 3
	lastTries  = 8 // rounds of storeTries for the last change: 50 s
)

// worker does a call's slow work one after the other: changes to the journal
// and requests to the carrier. It ends when finish was called and all is done.
type worker struct {
	call    *Call
	mu      sync.Mutex
	queue   []any // Change or Effect
	closing bool
	wake    chan struct{}
	idle    chan struct{} // closed at the end
	unsaved *Change       // could not be stored yet; goes with the next one
}

func newWorker(k *Call) *worker {
	return &worker{call: k, wake: make(chan struct{}, 1), idle: make(chan struct{})}
}

func (w *worker) add(piece any) {
	w.mu.Lock()
	w.queue = append(w.queue, piece)
	w.mu.Unlock()
	w.poke()
}

func (w *worker) full() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.queue) >= workMost
}

// finish waits until all work is done.
func (w *worker) finish() {
	w.mu.Lock()
	w.closing = true
	w.mu.Unlock()
	w.poke()
	<-w.idle
}

func (w *worker) poke() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

func (w *worker) run(ctx context.Context) {
	defer close(w.idle)
	for {
		piece, ok := w.take()
		if !ok {
			w.last(ctx)
			return
		}
		w.guard(ctx, piece)
	}
}

// take waits for the next piece; false means that no more will come.
func (w *worker) take() (any, bool) {
	for {
		w.mu.Lock()
		if len(w.queue) > 0 {
			piece := w.queue[0]
			w.queue = w.queue[1:]
			w.mu.Unlock()
			return piece, true
		}
		closing := w.closing
		w.mu.Unlock()
		if closing {
			return nil, false
		}
		<-w.wake
	}
}

func (w *worker) guard(ctx context.Context, piece any) {
	defer func() {
		if p := recover(); p != nil {
			w.call.cfg.Log.Error("call's worker crashed", "call", w.call.cfg.Record.ID, "panic", p)
			w.call.post(crashed{})
		}
	}()
	if c, ok := piece.(Change); ok {
		w.store(ctx, c)
		return
	}
	w.request(ctx, piece)
}

// store makes a change durable and publishes it. One that cannot be stored is
// kept and joined to the next: the numbers of events have no gap.
func (w *worker) store(ctx context.Context, c Change) {
	if w.unsaved != nil {
		c = join(*w.unsaved, c)
		w.unsaved = nil
	}
	err := w.tries(ctx, c)
	switch {
	case err == nil:
		w.call.publish(c)
	case errors.Is(err, ErrFenced):
		w.call.cfg.Log.Warn("call has a newer owner", "call", c.Call.ID)
		w.call.post(fenced{})
	default:
		w.call.cfg.Log.Error("call not stored", "call", c.Call.ID, "err", err)
		w.unsaved = &c
	}
}

// last does not give up soon on what could not be stored: nothing comes after
// it, and without it the agent would not be free.
func (w *worker) last(ctx context.Context) {
	for range lastTries {
		if w.unsaved == nil {
			return
		}
		c := *w.unsaved
		w.unsaved = nil
		w.guard(ctx, c)
	}
}

func (w *worker) tries(ctx context.Context, c Change) (err error) {
	pause := storePause
	for range storeTries {
		if err = w.call.cfg.Journal.Change(ctx, c); err == nil || errors.Is(err, ErrFenced) {
			return err
		}
		time.Sleep(pause)
		pause *= 2
	}
	return err
}

func join(a, b Change) Change {
	b.Events = append(a.Events, b.Events...)
	b.Inbox = append(a.Inbox, b.Inbox...)
	b.Lines = append(a.Lines, b.Lines...)
	b.Jobs = append(a.Jobs, b.Jobs...)
	b.Transcript = a.Transcript || b.Transcript
	if b.Claim == KeepAgent {
		b.Claim = a.Claim
	}
	return b
}

// request asks the carrier and hands the answer to the owner.
func (w *worker) request(ctx context.Context, piece any) {
	ctx, cancel := context.WithTimeout(ctx, workTime)
	defer cancel()
	k, carrier := w.call, w.call.cfg.Carrier
	switch e := piece.(type) {
	case dialLeg:
		w.dial(ctx)
	case cancelLeg:
		k.post(cancelled{carrier.Cancel(ctx, e.sid)})
	case hangLeg:
		k.post(hungUp{w.hang(ctx, e.sid)})
	case askLeg:
		fact, err := carrier.Ask(ctx, e.sid)
		k.post(asked{fact, err})
	case findLeg:
		k.post(w.find(ctx))
	}
}

// hang tries again soon: a leg that nobody owns any more is asked for by nobody.
func (w *worker) hang(ctx context.Context, sid string) (err error) {
	for range hangTries {
		if err = w.call.cfg.Carrier.Hangup(ctx, sid); err == nil {
			return nil
		}
		time.Sleep(storePause)
	}
	return err
}

// find looks for the leg among those that no other call has: somebody else of
// the desk may call the same number at the same time. Two that are left are none.
func (w *worker) find(ctx context.Context) found {
	cfg := w.call.cfg
	facts, err := cfg.Carrier.Find(ctx, Sought{Leg: cfg.Leg, From: cfg.Record.From, To: cfg.Record.To}, w.call.View().StartedAt)
	var free []Fact
	for _, f := range facts {
		taken, no := cfg.Journal.Taken(ctx, f.SID, cfg.Record.ID)
		if err = errors.Join(err, no); !taken {
			free = append(free, f)
		}
	}
	if err != nil || len(free) != 1 {
		return found{}
	}
	return found{free[0], true}
}

func (w *worker) dial(ctx context.Context) {
	sid, err := w.call.cfg.Carrier.Dial(ctx, w.call.order())
	if err != nil {
		w.call.post(dialRefused{refusalOf(err)})
		return
	}
	w.call.post(dialPlaced{sid})
}

// order is the order to dial.
func (k *Call) order() Dial {
	c := k.cfg
	return Dial{Call: c.Record.ID, Leg: c.Leg, Permit: c.Permit, Token: c.Token, Timeout: c.Ring}
}
