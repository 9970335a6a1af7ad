package assist

import (
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
}

// Heal closes the circuit: a model has answered, or the settings were changed.
func (c *Circuit) Heal() {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fault = nil
}

// enter returns the fault that forbids a try now, or nil. That fault is not fatal
// to who meets it here: the account may be mended while the call lasts.
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
		return &Fault{Reason: c.fault.Reason, Err: c.fault}
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
	c.fault, c.until = f, time.Now().Add(probeEvery)
}
