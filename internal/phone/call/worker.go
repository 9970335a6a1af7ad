package call

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
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
	switch piece := piece.(type) {
	case Change:
		w.store(ctx, piece)
	case claiming:
		w.claim(ctx, piece)
	default:
		w.request(ctx, piece)
	}
}

// claiming is a change that is refused when an agent has no line free.
type claiming struct {
	change Change
	user   UserID
}

func (w *worker) claim(ctx context.Context, c claiming) {
	c.change.Claims = []Claim{{User: c.user, Take: true}}
	err := w.tries(ctx, c.change)
	if errors.Is(err, ErrFenced) {
		w.call.lost.Store(true)
		w.call.post(fenced{})
	}
	w.call.post(claimed{c.user, err})
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
		w.call.lost.Store(true)
		w.call.post(fenced{})
	case w.bare(ctx, c):
		w.call.cfg.Log.Error("call stored without the assistant's words", "call", c.Call.ID, "err", err)
	default:
		w.call.cfg.Log.Error("call not stored", "call", c.Call.ID, "err", err)
		w.unsaved = &c
	}
}

// bare stores what the call itself did when the whole cannot be stored: nothing
// that the assistant heard may keep a call from ending, or its agent from being
// free. Its events stay, for their numbers, and say nothing; of its lines those
// are stored that can be.
func (w *worker) bare(ctx context.Context, c Change) bool {
	own := c
	own.Lines, own.Transcript, own.Events = nil, false, slices.Clone(c.Events)
	said := len(c.Lines) > 0
	for i, e := range own.Events {
		if strings.HasPrefix(e.Type, "ai:") {
			own.Events[i].Body, said = json.RawMessage("{}"), true
		}
	}
	if !said || w.call.cfg.Journal.Change(ctx, own) != nil {
		return false
	}
	w.call.publish(own)
	extras := make([]Change, 0, len(c.Lines)+1)
	for _, l := range c.Lines {
		extras = append(extras, Change{Call: c.Call, Fence: c.Fence, Lines: []Line{l}})
	}
	if c.Transcript {
		extras = append(extras, Change{Call: c.Call, Fence: c.Fence, Transcript: true})
	}
	for _, extra := range extras {
		if err := w.call.cfg.Journal.Change(ctx, extra); err != nil {
			w.call.cfg.Log.Warn("words not stored", "call", c.Call.ID, "err", err)
		}
	}
	return true
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
		if err = w.call.cfg.Journal.Change(ctx, c); err == nil || errors.Is(err, ErrFenced) || errors.Is(err, ErrAgentBusy) {
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
	b.Claims = append(a.Claims, b.Claims...)
	b.Legs = append(a.Legs, b.Legs...)
	return b
}

// request asks the carrier and hands the answer to the owner.
func (w *worker) request(ctx context.Context, piece any) {
	ctx, cancel := context.WithTimeout(ctx, workTime)
	defer cancel()
	k, carrier := w.call, w.call.cfg.Carrier
	switch e := piece.(type) {
	case dialLeg:
		w.dial(ctx, e.leg)
	case cancelLeg:
		k.post(cancelled{e.leg, carrier.Cancel(ctx, e.sid)})
	case hangLeg:
		k.post(hungUp{e.leg, w.hang(ctx, e.sid)})
	case askLeg:
		fact, err := carrier.Ask(ctx, e.sid)
		fact.Leg = e.leg
		k.post(asked{e.leg, fact, err})
	case findLeg:
		k.post(w.find(ctx, e.leg))
	case resumeLeg:
		k.post(resumed{e.leg, carrier.Resume(ctx, e.sid, e.leg)})
	case seekAgents:
		agents, ring := k.cfg.Desk.Candidates(ctx, k.View(), e.tried)
		k.post(candidates{agents, ring})
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
func (w *worker) find(ctx context.Context, leg LegID) found {
	cfg := w.call.cfg
	facts, err := cfg.Carrier.Find(ctx, w.call.sought(leg), w.call.View().StartedAt)
	var free []Fact
	for _, f := range facts {
		taken, no := cfg.Journal.Taken(ctx, f.SID, cfg.Record.ID)
		if err = errors.Join(err, no); !taken {
			free = append(free, f)
		}
	}
	if err != nil || len(free) != 1 {
		return found{leg: leg}
	}
	return found{leg, free[0], true}
}

func (w *worker) dial(ctx context.Context, leg LegID) {
	sid, err := w.call.cfg.Carrier.Dial(ctx, w.call.order(leg))
	if err != nil {
		w.call.post(dialRefused{leg, refusalOf(err)})
		return
	}
	w.call.post(dialPlaced{leg, sid})
}

// order is the order to dial a leg.
func (k *Call) order(leg LegID) Dial {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.orders[leg]
}

// sought is what a leg looks like that may have been placed.
func (k *Call) sought(leg LegID) Sought {
	for _, p := range k.View().Parties {
		if p.ID == leg {
			return Sought{Leg: leg, From: k.View().From, To: p.Address}
		}
	}
	return Sought{Leg: leg}
}
