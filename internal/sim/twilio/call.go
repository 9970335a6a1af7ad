package twilio

import (
	"context"
	"maps"
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
	gaveUp    = verdict{twilioapi.StatusNoAnswer, 487, "the caller hung up before the answer"}
	// Ending a call that came in without answering it is not described; no-answer
	// is what a caller finds who heard it ring.
	unanswered = verdict{twilioapi.StatusNoAnswer, 480, "the document ended before the answer"}
)

// setUp is how long the network takes before it rings.
const setUp = 50 * time.Millisecond

// defaultTimeout is how long it rings unless Timeout says otherwise ("CreateCall",
// Timeout).
const defaultTimeout = 60 * time.Second

// call is one leg. Its goroutine is run; requests and people change it through
// the methods that lock.
type call struct {
	outbox
	sid       string
	to        string
	from      string
	direction string
	parent    *call      // the leg whose document dialled this one
	number    string     // sid of the account's number that was called
	always    url.Values // parameters of every webhook: CallerName, ForwardedFrom
	extra     url.Values // parameters of voice requests: CallToken, StirVerstat
	created   time.Time
	// script is what the leg does first instead of running its own document: it
	// is connected by a Dial or joins a conference. It returns the document to
	// go on with.
	script func(ctx context.Context) *source

	mu       sync.Mutex
	order    url.Values // the parameters it was made with; replaced, never changed
	person   Person     // who holds the telephone
	status   string
	updated  time.Time
	started  time.Time // when dialled
	answered time.Time
	over     time.Time
	waited   time.Duration // in the queue
	sequence int           // of callbacks
	verdict  *verdict
	lift     func() bool        // answers a call that came in
	hang     context.CancelFunc // ends run
	abandon  context.CancelFunc // ends the document under way
	goOn     *source            // the document to go on with
	line     *line
	take     *take     // the recording of Record=true; set before talk
	seat     *liveSeat // of a page that holds the telephone; set before talk
	live     *stream
	timers   []*time.Timer
	limit    *time.Timer // ends the call when TimeLimit has passed
	sound    sync.WaitGroup
	ended    chan struct{} // closed after the last callback was handed over
}

// source is where a document comes from.
type source struct {
	address string
	method  string
	inline  string
	extra   url.Values // what the request says besides
}

// newLeg returns a call that is not under way yet.
func newLeg(a *account, direction, from, to string, order url.Values) *call {
	now := time.Now()
	c := &call{
		sid: a.sim.ids.next(twilioapi.KindCall), order: order, direction: direction,
		to: to, from: from, created: now, updated: now, status: twilioapi.StatusQueued,
		ended: make(chan struct{}), hang: func() {}, abandon: func() {}, lift: func() bool { return false },
	}
	c.outbox = newOutbox(a, c.sid)
	return c
}

func newCall(a *account, form url.Values) *call {
	return newLeg(a, twilioapi.OutboundAPI, form.Get("From"), form.Get("To"), form)
}

// given returns the parameters the call has now. They are not to be changed.
func (c *call) given() url.Values {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.order
}

// amend changes parameters of a call under way.
func (c *call) amend(form url.Values, names ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	order := maps.Clone(c.order)
	for _, name := range names {
		if form.Has(name) {
			order[name] = form[name]
		}
	}
	c.order = order
	if form.Get("TimeLimit") != "" && c.line != nil {
		c.limitLocked()
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
	if c.reach(ctx) {
		c.talk(ctx)
	}
	c.end()
}

// reach gets to the person: calls them, or is called by them. Calls of a Dial
// wait in no queue ("Call resource", calls per second).
func (c *call) reach(ctx context.Context) bool {
	switch c.direction {
	case twilioapi.Inbound:
		return c.arrive(ctx)
	case twilioapi.OutboundDial:
		return c.dial(ctx)
	}
	return c.waitInQueue(ctx) && c.dial(ctx)
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
	c.mu.Lock()
	c.person = person
	c.mu.Unlock()
	if !sleep(ctx, setUp) {
		return false
	}
	if seat == nil && person.When == Unreachable {
		c.finish(verdict{twilioapi.StatusFailed, 404, "the number cannot be reached"})
		return false
	}
	c.enter(twilioapi.StatusRinging)
	ringing, stop := context.WithTimeout(ctx, twilioapi.Seconds(c.given(), "Timeout", defaultTimeout))
	defer stop()
	head, ok := c.ring(ringing, person, seat)
	if page, is := head.(*liveHead); is {
		c.seat = page.seat
	}
	if !ok {
		if ringing.Err() == context.DeadlineExceeded {
			c.finish(unheard)
		}
		return false
	}
	if c.answer(ctx, head) {
		return true
	}
	if c.seat != nil {
		c.seat.free()
	}
	return false
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
	delay := person.answerAfter() + c.sim.faults.answerDelay(c.account.Sid, c.sid)
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
	return person.head(c.sim.voices), true
}

// answer connects the person; false when the call was ended meanwhile. ctx is
// the life of the call.
func (c *call) answer(ctx context.Context, head talker) bool {
	c.mu.Lock()
	if c.verdict != nil || c.line != nil {
		up := c.verdict == nil
		c.mu.Unlock()
		return up
	}
	c.status, c.answered = twilioapi.StatusInProgress, time.Now()
	c.updated = c.answered
	l := newLine(c, head)
	c.line = l
	c.limitLocked()
	if after := time.Duration(c.person.HangUpAfter); after > 0 {
		c.timers = append(c.timers, time.AfterFunc(after, func() { c.finish(hungUp) }))
	}
	c.note(KindPerson, "answered", nil)
	order := c.order
	c.mu.Unlock()
	c.announce(twilioapi.StatusInProgress, nil)
	if c.direction == twilioapi.OutboundAPI && order.Get("Record") == "true" {
		c.take = c.recordCall(rulesFrom(twilioapi.SourceOutboundAPI, order, true))
	}
	c.sound.Go(func() { l.run(ctx) })
	return true
}

// limitLocked ends the call when its TimeLimit, counted from the answer, has
// passed.
func (c *call) limitLocked() {
	if c.limit != nil {
		c.limit.Stop()
	}
	if limit := twilioapi.Seconds(c.order, "TimeLimit", 0); limit > 0 {
		c.limit = time.AfterFunc(time.Until(c.answered.Add(limit)), func() { c.finish(tooLong) })
		c.timers = append(c.timers, c.limit)
	}
}

// phone returns the sound of the leg, nil before the answer.
func (c *call) phone() *line {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.line
}

// pickUp answers a call that came in, if it is not up yet.
func (c *call) pickUp() bool {
	c.mu.Lock()
	up, lift := c.line != nil, c.lift
	c.mu.Unlock()
	return up || lift()
}

// talk is the call from answer, or from its arrival here, to its end.
func (c *call) talk(ctx context.Context) {
	if digits := c.given().Get("SendDigits"); digits != "" {
		c.line.playOut(ctx, keyTones(digits))
	}
	c.followDocuments(ctx)
	if c.phone() == nil {
		c.finish(unanswered)
	}
	c.finish(ranOut)
	c.sound.Wait()
	c.mu.Lock()
	for _, t := range c.timers {
		t.Stop()
	}
	l := c.line
	c.mu.Unlock()
	if c.seat != nil {
		c.seat.free()
	}
	if l != nil {
		l.stopTakes()
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
		close(c.ended)
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
	if c.take != nil {
		extra = with(extra, c.take.result())
	}
	c.callBack("completed", v.status, extra)
	c.account.forget(c)
	close(c.ended)
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
