package auth

import (
	"sync"
	"time"
)

// A minute's failures that are let through: enough for somebody who tries the
// passwords they remember, too few for somebody who tries all.
const (
	failuresAllowed = 10
	failureMemory   = time.Minute
	throttleSize    = 10_000 // pairs remembered; beyond it the oldest window is forgotten
)

// Throttle bounds failed log-ins per account and client address. The account
// alone never locks: a stranger cannot keep its owner out.
type Throttle struct {
	now func() time.Time

	mu       sync.Mutex
	failures map[[2]string][]time.Time
}

// NewThrottle takes a clock.
func NewThrottle(now func() time.Time) *Throttle {
	return &Throttle{now: now, failures: map[[2]string][]time.Time{}}
}

// Allow reports whether another attempt may be made now.
func (t *Throttle) Allow(account, address string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.recentLocked([2]string{account, address})) < failuresAllowed
}

// Failed counts a failed attempt.
func (t *Throttle) Failed(account, address string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.failures) >= throttleSize {
		t.sweepLocked()
	}
	k := [2]string{account, address}
	t.failures[k] = append(t.recentLocked(k), t.now())
}

func (t *Throttle) recentLocked(k [2]string) []time.Time {
	kept := t.failures[k][:0]
	for _, at := range t.failures[k] {
		if t.now().Sub(at) < failureMemory {
			kept = append(kept, at)
		}
	}
	return kept
}

func (t *Throttle) sweepLocked() {
	for k := range t.failures {
		if len(t.recentLocked(k)) == 0 {
			delete(t.failures, k)
		}
	}
	if len(t.failures) >= throttleSize {
		clear(t.failures)
	}
}
