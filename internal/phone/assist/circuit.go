package assist

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"
)

// probeEvery is how often an open circuit lets one session try.
const probeEvery = time.Minute

// Circuit remembers what is wrong with one tenant's account for all its calls, so
// that a bad key is tried once a minute and not three times a call. The zero
// value is closed; nil never opens.
type Circuit struct {
	mu    sync.Mutex
	fault *Fault
	until time.Time
	news  chan struct{} // closed when the account may work again; nil: nobody waits
}

// Heal closes the circuit and lets all who wait try at once: the settings were
// changed.
func (c *Circuit) Heal() {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.healLocked()
}

func (c *Circuit) healLocked() {
	c.fault = nil
	if c.news != nil {
		close(c.news)
		c.news = nil
	}
}

// opened notes that a session has opened. That disproves all but an empty
// account, which lets sessions open and then answers nothing.
func (c *Circuit) opened() { c.disprove(func(reason string) bool { return reason != Quota }) }

// answered notes that a model has given words.
func (c *Circuit) answered() { c.disprove(func(string) bool { return true }) }

func (c *Circuit) disprove(wrong func(reason string) bool) {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.fault != nil && wrong(c.fault.Reason) {
		c.healLocked()
	}
}

// enter returns the fault that forbids a try now, or nil.
func (c *Circuit) enter() *Fault {
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	if c.fault == nil {
		return nil
	}
	if now.Before(c.until) {
		return c.fault
	}
	c.until = now.Add(probeEvery)
	return nil
}

// trip opens the circuit for faults of the account. A model that is not there is
// no such fault: the ears may hear while the brain cannot think.
func (c *Circuit) trip(f *Fault) {
	if c == nil || !f.Fatal || f.Reason == Model {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.fault != f { // not the one that enter returned
		c.fault, c.until = f, time.Now().Add(probeEvery)
	}
}

// healing is closed when the account may work again.
func (c *Circuit) healing() <-chan struct{} {
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.news == nil {
		c.news = make(chan struct{})
	}
	return c.news
}

// rest waits until a session that met a fault may be tried again: a while that
// grows, or, when somebody has to mend the account first, until that was done or
// may have been. Its error says that the call has ended.
func rest(ctx context.Context, f *Fault, try int, b *budget, c *Circuit) error {
	if !f.Fatal {
		return b.wait(ctx, try)
	}
	healing := c.healing()
	c.trip(f)
	timer := time.NewTimer(probeEvery + rand.N(probeEvery/10))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-healing:
		return b.wait(ctx, 0)
	case <-ctx.Done():
		return ctx.Err()
	}
}
