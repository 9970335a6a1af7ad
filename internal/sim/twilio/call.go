package twilio

import (
	"context"
	"net/url"
	"strconv"
	"sync"
	"time"

	"softphone/internal/protocol/twilioapi"
)

// verdict is how a call ends.
type verdict struct {
	status string
	sip    int
	why    string
}

var (
	hungUp    = verdict{twilioapi.StatusCompleted, 200, "the person hung up"}
	ranOut    = verdict{twilioapi.StatusCompleted, 200, "the document ended"}
	tooLong   = verdict{twilioapi.StatusCompleted, 200, "the time limit passed"}
	canceled  = verdict{twilioapi.StatusCanceled, 487, "canceled by request"}
	completed = verdict{twilioapi.StatusCompleted, 200, "completed by request"}
	unheard   = verdict{twilioapi.StatusNoAnswer, 487, "nobody answered in time"}
)

// setUp is how long the network takes before it rings.
const setUp = 50 * time.Millisecond

// defaultTimeout is how long it rings unless Timeout says otherwise ("CreateCall",
// Timeout).
const defaultTimeout = 60 * time.Second

// call is one leg. Its goroutine is run; requests and people change it through
// the methods that lock.
type call struct {
	sim     *Sim
	account *account
	sid     string
	to      string
	from    string
	order   url.Values // the parameters it was made with
	created time.Time

	mu       sync.Mutex
	status   string
	updated  time.Time
	started  time.Time // when dialled
	answered time.Time
	over     time.Time
	waited   time.Duration // in the queue
	sequence int           // of callbacks
	verdict  *verdict
	hang     context.CancelFunc // ends run
	abandon  context.CancelFunc // ends the document under way
	goOn     *source            // the document to go on with
	line     *line
	live     *stream
	held     chan struct{} // closed to release a callback that was held back
	told     chan struct{} // closed when the first callback was delivered
	tell     sync.Once
}

// source is where a document comes from.
type source struct {
	address string
	method  string
	inline  string
}

func newCall(a *account, form url.Values) *call {
	now := time.Now()
	return &call{
		sim: a.sim, account: a, sid: a.sim.ids.next(twilioapi.KindCall), order: form,
		to: form.Get("To"), from: form.Get("From"), created: now, updated: now, status: twilioapi.StatusQueued,
		hang: func() {}, abandon: func() {}, told: make(chan struct{}),
	}
}

// run is the life of the call.
func (c *call) run(ctx context.Context) {
	ctx, hang := context.WithCancel(ctx)
	defer hang()
	c.mu.Lock()
	c.hang = hang
	if c.verdict != nil { // canceled before it began
		hang()
	}
	c.mu.Unlock()
	if c.waitInQueue(ctx) && c.dial(ctx) {
		c.talk(ctx)
	}
	c.end()
}

func (c *call) waitInQueue(ctx context.Context) bool {
	start := c.account.slot()
	ok := sleep(ctx, time.Until(start))
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waited = time.Since(c.created)
	return ok
}

// dial rings until somebody answers; false when nobody did.
func (c *call) dial(ctx context.Context) bool {
	c.mu.Lock()
	c.started = time.Now()
	c.mu.Unlock()
	c.announce(twilioapi.StatusInitiated, nil)
	person := c.sim.people.at(c.to)
	seat := c.sim.people.seat(c.to)
	if !sleep(ctx, setUp) {
		return false
	}
	if seat == nil && person.When == Unreachable {
		c.finish(verdict{twilioapi.StatusFailed, 404, "the number cannot be reached"})
		return false
	}
	c.enter(twilioapi.StatusRinging)
	ctx, stop := context.WithTimeout(ctx, twilioapi.Seconds(c.order, "Timeout", defaultTimeout))
	defer stop()
	head, ok := c.ring(ctx, person, seat)
	if !ok {
		if ctx.Err() == context.DeadlineExceeded {
			c.finish(unheard)
		}
		return false
	}
	return c.answer(head)
}

// ring waits for the person, or for whoever sits at the page for them.
func (c *call) ring(ctx context.Context, person Person, seat *liveSeat) (talker, bool) {
	if seat != nil {
		return seat.ring(ctx, c)
	}
	if person.When == NoAnswer && person.AnswerAfter == nil {
		<-ctx.Done()
		return nil, false
	}
	delay := person.answerAfter() + c.sim.faults.answerDelay(c.account.Sid)
	if !sleep(ctx, delay) {
		return nil, false
	}
	switch person.When {
	case Busy:
		c.finish(verdict{twilioapi.StatusBusy, 486, "busy"})
		return nil, false
	case Rejects:
		c.finish(verdict{twilioapi.StatusBusy, 603, "declined"})
		return nil, false
	case NoAnswer:
		c.finish(verdict{twilioapi.StatusNoAnswer, 480, "the network gave up"})
		return nil, false
	}
	if person.HangUpAfter > 0 {
		time.AfterFunc(time.Duration(person.HangUpAfter), func() { c.finish(hungUp) })
	}
	return person.head(c.sim.voices), true
}

// answer connects the person; false when the call was ended meanwhile.
func (c *call) answer(head talker) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.verdict != nil {
		return false
	}
	c.status, c.answered = twilioapi.StatusInProgress, time.Now()
	c.updated = c.answered
	c.line = newLine(c, head)
	c.note(KindPerson, "answered", nil)
	return true
}

// talk is the call from answer to end.
func (c *call) talk(ctx context.Context) {
	c.announce(twilioapi.StatusInProgress, nil)
	if limit := twilioapi.Seconds(c.order, "TimeLimit", 0); limit > 0 {
		defer time.AfterFunc(limit, func() { c.finish(tooLong) }).Stop()
	}
	var sound sync.WaitGroup
	sound.Go(func() { c.line.run(ctx) })
	if digits := c.order.Get("SendDigits"); digits != "" {
		c.line.playOut(ctx, keyTones(digits))
	}
	c.followDocuments(ctx)
	c.finish(ranOut)
	sound.Wait()
	if page, ok := c.line.head.(*liveHead); ok {
		page.seat.free()
	}
}

// finish ends the call, once: the first reason counts.
func (c *call) finish(v verdict) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.verdict != nil {
		return false
	}
	c.verdict = &v
	c.hang()
	return true
}

// end is the last thing that happens. A call that the simulator's own end cut
// off says nothing.
func (c *call) end() {
	c.mu.Lock()
	v := c.verdict
	if v == nil {
		c.verdict = &verdict{twilioapi.StatusFailed, 0, "the simulator stopped"}
		c.mu.Unlock()
		return
	}
	if c.over.IsZero() {
		c.over = time.Now()
	}
	c.status, c.updated = v.status, c.over
	c.note(KindCall, v.status, map[string]any{"why": v.why, "sip": v.sip})
	extra := url.Values{"SipResponseCode": {strconv.Itoa(v.sip)}}
	if v.status == twilioapi.StatusCompleted {
		seconds := c.secondsLocked()
		extra.Set("CallDuration", strconv.Itoa(seconds))
		extra.Set("Duration", strconv.Itoa((seconds+59)/60))
	}
	c.mu.Unlock()
	c.callBack("completed", v.status, extra)
	c.account.forget(c)
}

// secondsLocked returns how long the call lasted, begun seconds counted whole.
func (c *call) secondsLocked() int {
	if c.answered.IsZero() {
		return 0
	}
	return int((c.over.Sub(c.answered) + time.Second - 1) / time.Second)
}

// enter changes the status and announces it.
func (c *call) enter(status string) {
	c.mu.Lock()
	c.status, c.updated = status, time.Now()
	c.mu.Unlock()
	c.announce(status, nil)
}

func (c *call) announce(status string, extra url.Values) {
	c.note(KindCall, status, nil)
	event := status
	if status == twilioapi.StatusInProgress {
		event = "answered"
	}
	c.callBack(event, status, extra)
}

func (c *call) note(kind, what string, detail map[string]any) {
	c.sim.ledger.add(Entry{Account: c.account.Sid, Call: c.sid, Kind: kind, What: what, Detail: detail})
}

// sleep waits; false when ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// dropSound lets go of what was kept of a call that is over.
func (c *call) dropSound() {
	c.mu.Lock()
	l := c.line
	c.mu.Unlock()
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.heard, l.said = nil, nil
}
