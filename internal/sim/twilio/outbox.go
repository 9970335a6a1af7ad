package twilio

import (
	"context"
	"sync"
	"time"
)

// outbox sends the news of one thing, a call or a conference, beside it: news
// are best effort, and a slow server must not hold up the telephone.
type outbox struct {
	sim     *Sim
	account *account
	of      string // the sid that the ledger has it under

	told chan struct{} // closed when the first callback was delivered
	tell *sync.Once
	turn *turn
}

// turn lets a callback wait for the one that follows.
type turn struct {
	mu   sync.Mutex
	held chan struct{} // closed to release a callback that was held back
}

func newOutbox(a *account, of string) outbox {
	return outbox{sim: a.sim, account: a, of: of, told: make(chan struct{}), tell: new(sync.Once), turn: new(turn)}
}

func (o *outbox) note(kind, what string, detail map[string]any) {
	o.sim.ledger.add(Entry{Account: o.account.Sid, Call: o.of, Kind: kind, What: what, Detail: detail})
}

// deliver sends a callback. What was ordered to go wrong goes wrong here.
func (o *outbox) deliver(h hook) {
	plan := o.sim.faults.callback(h.account.Sid, h.call, h.what)
	if plan.note != "" {
		o.note(KindFault, plan.note, map[string]any{"callback": h.what})
	}
	if plan.drop {
		return
	}
	mine, before := o.turn.take(plan.swap)
	o.sim.goes(func(ctx context.Context) {
		waitFor(ctx, mine, maxHeld)
		if !sleep(ctx, plan.delay) {
			return
		}
		for i := range 1 + plan.copies {
			if i > 0 {
				h.token = o.sim.ids.next("")
			}
			_, _ = o.sim.send(ctx, h) // the ledger has it
		}
		o.tell.Do(func() { close(o.told) })
		if before != nil {
			close(before)
		}
	})
}

// maxHeld is how long a callback that should come after the next one waits for
// it.
const maxHeld = 10 * time.Second

// take makes the next callback the one that releases this one, if swap is set;
// before is the one that this callback releases.
func (t *turn) take(swap bool) (mine, before chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	before, t.held = t.held, nil
	if swap {
		mine = make(chan struct{})
		t.held = mine
	}
	return mine, before
}
