package twilio

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"time"

	"softphone/internal/protocol/twilioapi"
	"softphone/internal/protocol/twiml"
)

// queue holds calls in the order they came ("Queue resource", "<Enqueue>").
type queue struct {
	account *account
	sid     string
	created time.Time

	mu      sync.Mutex
	name    string
	most    int
	updated time.Time
	waiting []*waiter
	waited  time.Duration // of all who have left
	served  int
	come    chan struct{} // closed when somebody comes, then made anew
}

// waiter is a call in a queue.
type waiter struct {
	queue *queue
	call  *call
	since time.Time
	taken chan taking
}

// taking is how somebody is taken out of a queue: to be connected, or to be led
// to a document.
type taking struct {
	to   *source
	room *room
	by   *call
	verb twiml.Queue
	base string
	over <-chan struct{} // whoever took them has left
	gone chan struct{}   // closed when they have left
}

func (a *account) queueNamed(name string) *queue {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, q := range a.queues {
		if q.friendlyName() == name {
			return q
		}
	}
	return a.makeQueueLocked(name, twilioapi.DefaultQueueSize)
}

func (a *account) makeQueueLocked(name string, most int) *queue {
	now := time.Now()
	q := &queue{
		account: a, sid: a.sim.ids.next(twilioapi.KindQueue), name: name, most: most, created: now, updated: now,
		come: make(chan struct{}),
	}
	a.queues = append(a.queues, q)
	return q
}

func (q *queue) friendlyName() string {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.name
}

// enter puts a call at the end; nil when the queue is full.
func (q *queue) enter(c *call, most int) *waiter {
	q.mu.Lock()
	defer q.mu.Unlock()
	if most == 0 {
		most = q.most
	}
	if len(q.waiting) >= min(most, q.most) {
		return nil
	}
	w := &waiter{queue: q, call: c, since: time.Now(), taken: make(chan taking, 1)}
	q.waiting = append(q.waiting, w)
	close(q.come)
	q.come = make(chan struct{})
	return w
}

// leave takes a waiter out; false when somebody has done so.
func (q *queue) leave(w *waiter) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.leaveLocked(w)
}

func (q *queue) leaveLocked(w *waiter) bool {
	i := slices.Index(q.waiting, w)
	if i < 0 {
		return false
	}
	q.waiting = slices.Delete(q.waiting, i, i+1)
	q.waited += time.Since(w.since)
	q.served++
	return true
}

// take takes the call of a sid, or the front, out of the queue.
func (q *queue) take(sid string, t taking) *waiter {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, w := range q.waiting {
		if sid == twilioapi.FrontMember || w.call.sid == sid {
			q.leaveLocked(w)
			w.taken <- t
			return w
		}
	}
	return nil
}

// places returns what a waiting room's address is told.
func (w *waiter) places() url.Values {
	q := w.queue
	q.mu.Lock()
	defer q.mu.Unlock()
	return url.Values{
		"QueueSid": {q.sid}, "QueuePosition": {strconv.Itoa(slices.Index(q.waiting, w) + 1)},
		"QueueTime": {strconv.Itoa(int(time.Since(w.since) / time.Second))}, "AvgQueueTime": {strconv.Itoa(q.averageLocked())},
		"CurrentQueueSize": {strconv.Itoa(len(q.waiting))}, "MaxQueueSize": {strconv.Itoa(q.most)},
	}
}

func (q *queue) averageLocked() int {
	if q.served == 0 {
		return 0
	}
	return int(q.waited / time.Duration(q.served) / time.Second)
}

// enqueue is the verb <Enqueue>: the call waits until it is taken, leaves or
// hangs up. With an action that says how to go on, without one the next verb
// runs.
func (c *call) enqueue(ctx context.Context, p page, v twiml.Enqueue) (*source, bool) {
	c.verb("Enqueue", "queue", v.Name)
	q := c.account.queueNamed(v.Name)
	result := url.Values{"QueueResult": {"queue-full"}}
	w := q.enter(c, v.MaxQueueSize)
	var to *source
	if w != nil {
		c.note(KindRoom, "waits", map[string]any{"queue": v.Name})
		how := ""
		how, to = w.wait(ctx, p, v)
		result = url.Values{"QueueResult": {how}, "QueueSid": {q.sid}, "QueueTime": {strconv.Itoa(int(time.Since(w.since) / time.Second))}}
	}
	c.note(KindRoom, "waited", map[string]any{"queue": v.Name, "result": result.Get("QueueResult")})
	if v.Action == "" {
		return to, to != nil || ctx.Err() != nil
	}
	if to != nil { // the address that took the call decides; the action only learns of it
		c.sim.goes(func(ctx context.Context) {
			_, _ = c.sim.send(ctx, hook{account: c.account, call: c.sid, kind: KindVoice, what: "action",
				address: absolute(p.base, v.Action), method: orPost(v.Method), form: with(c.form(c.state()), result)})
		})
		return to, true
	}
	return c.act(ctx, p.base, v.Action, v.Method, result)
}

// wait returns how the waiting ended, as QueueResult says it.
func (w *waiter) wait(ctx context.Context, p page, v twiml.Enqueue) (how string, to *source) {
	left := make(chan struct{})
	stop := w.call.entertain(ctx, p.base, v.WaitURL, v.WaitURLMethod, w.places, sync.OnceFunc(func() { close(left) }))
	defer stop()
	select {
	case t := <-w.taken:
		stop()
		return w.follow(ctx, t)
	case <-left:
		how = "leave"
	case <-ctx.Done():
		if how = "redirected"; twilioapi.IsFinal(w.call.state()) {
			how = "hangup"
		}
	}
	if !w.queue.leave(w) { // taken at the same moment
		return w.follow(ctx, <-w.taken)
	}
	return how, nil
}

// follow goes where the waiter is taken.
func (w *waiter) follow(ctx context.Context, t taking) (string, *source) {
	if t.to != nil {
		return "redirected", t.to
	}
	defer close(t.gone)
	if t.verb.URL != "" {
		w.call.whisper(ctx, source{
			address: absolute(t.base, t.verb.URL), method: orPost(t.verb.Method),
			extra: url.Values{"QueueSid": {w.queue.sid}, "QueueTime": {strconv.Itoa(int(time.Since(w.since) / time.Second))}, "DequeingCallSid": {t.by.sid}},
		})
	}
	m := t.room.join(w.call.phone())
	defer m.leave()
	select {
	case <-t.over:
	case <-ctx.Done():
		if !twilioapi.IsFinal(w.call.state()) {
			return "redirected-from-bridged", nil
		}
	}
	return "bridged", nil
}

// dialQueue is <Dial><Queue>: whoever waits longest is connected. An empty queue
// is waited at until the timeout.
func (c *call) dialQueue(ctx context.Context, p page, v twiml.Dial, noun twiml.Queue) outcome {
	q, l := c.account.queueNamed(noun.Name), c.phone()
	if l == nil && !c.pickUp() {
		return outcome{status: twilioapi.StatusCanceled}
	}
	l = c.phone()
	over := make(chan struct{})
	defer close(over)
	t := taking{room: &room{}, by: c, verb: noun, base: p.base, over: over, gone: make(chan struct{})}
	w := q.takeWithin(ctx, t, secondsOr(v.Timeout, dialTimeout))
	if w == nil {
		return outcome{status: twilioapi.StatusNoAnswer}
	}
	m := t.room.join(l)
	defer m.leave()
	began := time.Now()
	c.note(KindRoom, "connected", map[string]any{"with": w.call.sid})
	limit := time.NewTimer(secondsOr(v.TimeLimit, dialLimit))
	defer limit.Stop()
	select {
	case <-t.gone:
	case <-limit.C:
	case <-ctx.Done():
	}
	c.note(KindRoom, "disconnected", map[string]any{"from": w.call.sid})
	return outcome{status: twilioapi.StatusCompleted, sid: w.call.sid, talk: time.Since(began), bridged: true}
}

func (q *queue) takeWithin(ctx context.Context, t taking, d time.Duration) *waiter {
	limit := time.NewTimer(d)
	defer limit.Stop()
	for {
		q.mu.Lock()
		come := q.come
		q.mu.Unlock()
		if w := q.take(twilioapi.FrontMember, t); w != nil {
			return w
		}
		select {
		case <-come:
		case <-limit.C:
			return nil
		case <-ctx.Done():
			return nil
		}
	}
}
