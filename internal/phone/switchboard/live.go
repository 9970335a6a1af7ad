package switchboard

import (
	"context"
	"sync"

	"softphone/internal/phone/call"
)

// live are the calls of a desk that are not over, by the leg of the customer.
type live struct {
	mu     sync.Mutex
	calls  map[call.LegID]*call.Call
	closed bool
	empty  chan struct{} // closed when closed and no call is left
}

func newLive() *live { return &live{calls: map[call.LegID]*call.Call{}, empty: make(chan struct{})} }

// keep adds a call; false: the desk takes no more.
func (l *live) keep(leg call.LegID, c *call.Call) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return false
	}
	l.calls[leg] = c
	return true
}

func (l *live) forget(leg call.LegID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, ok := l.calls[leg]; !ok {
		return
	}
	delete(l.calls, leg)
	l.settleLocked()
}

func (l *live) settleLocked() {
	if l.closed && len(l.calls) == 0 {
		close(l.empty)
	}
}

func (l *live) byLeg(leg call.LegID) (*call.Call, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c, ok := l.calls[leg]
	return c, ok
}

func (l *live) byID(id call.ID) (*call.Call, bool) {
	for _, c := range l.all() {
		if c.View().ID == id {
			return c, true
		}
	}
	return nil, false
}

// of lists the calls of a user.
func (l *live) of(u call.UserID) []*call.Call {
	var own []*call.Call
	for _, c := range l.all() {
		if c.View().UserID == u {
			own = append(own, c)
		}
	}
	return own
}

func (l *live) all() []*call.Call {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make([]*call.Call, 0, len(l.calls))
	for _, c := range l.calls {
		out = append(out, c)
	}
	return out
}

// shut takes no more calls.
func (l *live) shut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.closed {
		l.closed = true
		l.settleLocked()
	}
}

// close takes no more calls and waits for those under way until ctx ends; what
// is left then is hung up.
func (l *live) close(ctx context.Context) {
	l.shut()
	select {
	case <-l.empty:
		return
	case <-ctx.Done():
	}
	for _, c := range l.all() {
		_ = c.Do(context.WithoutCancel(ctx), call.End{Verdict: call.Verdict{By: call.ByDesk, Reason: call.Shutdown}})
	}
	<-l.empty
}
