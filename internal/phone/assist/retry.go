package assist

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"
)

// How often a lost session is tried again.
const (
	firstPause  = time.Second
	longest     = 30 * time.Second
	maxRetries  = 5 // a minute and call
	retryWindow = time.Minute
)

// pause is the wait before retry n (from 0): it doubles, and half of it is
// chance, so that calls cut off together do not come back together.
func pause(n int) time.Duration {
	d := min(firstPause<<min(n, 10), longest)
	return d/2 + rand.N(d/2)
}

// budget spreads one call's retries: at most maxRetries in any minute, over all
// its sessions.
type budget struct {
	mu   sync.Mutex
	past []time.Time
}

// wait blocks for retry n, or until ctx ends.
func (b *budget) wait(ctx context.Context, n int) error {
	timer := time.NewTimer(b.reserve(time.Now(), pause(n)))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// reserve books the next retry and returns how long to wait for it.
func (b *budget) reserve(now time.Time, wanted time.Duration) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	at := now.Add(wanted)
	if n := len(b.past); n >= maxRetries {
		if free := b.past[n-maxRetries].Add(retryWindow); at.Before(free) {
			at = free
		}
	}
	if n := len(b.past); n > 0 && at.Before(b.past[n-1]) {
		at = b.past[n-1]
	}
	b.past = append(b.past, at)
	if len(b.past) > maxRetries {
		b.past = b.past[len(b.past)-maxRetries:]
	}
	return at.Sub(now)
}
