package call

import (
	"context"
	"encoding/json"
	"log/slog"
	"sync"
	"time"

	"softphone/internal/phone/gate"
	"softphone/internal/phone/media"
)

// Config is what an outbound call is made of. All fields are required unless
// they say otherwise.
type Config struct {
	// Permit is leave to place the customer's leg: the numbers of Record are its.
	Permit gate.Permit
	// Record names the call: ID, From, To, UserID, ContactID and Epoch.
	Record      Record
	UserName    string // for the view; may be empty
	ContactName string // for the view; may be empty
	Leg         LegID  // of the customer
	Token       string // opens the leg's sound once
	Ring        time.Duration
	Limit       time.Duration // of the whole leg
	Carrier     Carrier
	Journal     Journal
	// Publish hands on an event after it was committed, in order. It must not wait.
	Publish         func(Event)
	PublishVolatile func(Volatile)
	// Once makes the order repeatable; optional.
	Once *Once
	// Listener hears the call. Optional.
	Listener Listener
	Log      *slog.Logger
}

// Listener hears a call and tells it with Remarks what it makes of it. The
// owner calls it, so it must not wait.
type Listener interface {
	// Joined says that customer and agent hear each other, again after a device
	// was lost: a new bridge each time.
	Joined(*media.Bridge)
	// Over says that no more sound will come. What was heard until now may still
	// be told; the Assist state "off" says that nothing more will.
	Over()
}

// Call is one telephone call and its owner.
type Call struct {
	cfg    Config
	inbox  chan message
	ended  chan struct{}
	silent chan struct{} // closed when not even a Remark is taken any more
	done   chan struct{}
	work   *worker
	sound  *sound
	timers map[timer]*clock

	heir  *LegRecord // the customer's leg of a call that a former owner left
	state State
	seq   int64

	mu     sync.Mutex
	view   View
	wanted bool
}

type message struct {
	in    Input
	reply chan error // nil: nobody waits
}

// NewCall returns an outbound call that is not started.
func NewCall(c Config) *Call {
	k := &Call{
		cfg: c, inbox: make(chan message, 16), timers: map[timer]*clock{},
		ended: make(chan struct{}), silent: make(chan struct{}), done: make(chan struct{}),
	}
	k.work = newWorker(k)
	k.sound = newSound(k)
	return k
}

// Start stores the call and claims its agent, then dials. An error says that
// nothing was begun: ErrAgentBusy, or the journal's. The call lives on when ctx
// ends; it is ended with End.
func (k *Call) Start(ctx context.Context) error {
	first, then := k.begin(time.Now())
	if err := k.cfg.Journal.Change(ctx, first); err != nil {
		close(k.ended) // whoever has found it already need not wait
		close(k.silent)
		close(k.done)
		return err
	}
	k.publish(first)
	go k.work.run(context.WithoutCancel(ctx))
	for _, e := range then {
		k.do(e)
	}
	go k.own()
	return nil
}

// begin makes the state to start from, its first change, and what follows.
func (k *Call) begin(now time.Time) (Change, []Effect) {
	if k.heir != nil {
		return k.inherit(now)
	}
	r := k.cfg.Record
	r.Direction, r.Status, r.StartedAt, r.CreatedAt = Outbound, Queued, now, now
	k.state = State{
		Call: r, Limit: k.cfg.Limit, now: now,
		Customer: LegRecord{ID: k.cfg.Leg, CallID: r.ID, Role: Customer, Phase: New, Address: r.To, DialledAt: now},
	}
	k.show()
	first := k.change([]Effect{tell{kind: "call:initiated"}})
	first.Claim, first.Once = TakeAgent, k.cfg.Once
	return first, []Effect{dialLeg{}, setTimer{grace, graceRinging}}
}

// inherit takes a call over. Its fence is below its own epoch: of two who take
// the same call, one is fenced.
func (k *Call) inherit(now time.Time) (Change, []Effect) {
	var then Effect
	k.state, then = takeOver(k.cfg.Record, *k.heir, k.cfg.Limit, now)
	k.show()
	first := k.change([]Effect{tell{kind: "call:update"}})
	first.Fence--
	return first, []Effect{then}
}

// Do hands an input to the call and waits for what the rules say of it, not
// for what follows from it.
func (k *Call) Do(ctx context.Context, in Input) error {
	reply, over := make(chan error, 1), k.ended
	if _, ok := in.(Remark); ok {
		over = k.silent
	}
	select {
	case k.inbox <- message{in, reply}:
	case <-over:
		return ErrOver
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-reply:
		return err
	case <-over:
		select {
		case err := <-reply:
			return err
		default:
			return ErrOver
		}
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Wanted says that the customer's leg has somebody to talk to: an answered leg
// of any other call is to be hung up.
func (k *Call) Wanted() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.wanted
}

// View returns the call as it is now.
func (k *Call) View() View {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.view
}

// Epoch is the count of owners that the call has had.
func (k *Call) Epoch() int { return k.cfg.Record.Epoch }

// Ended is closed when the call is over: it takes nothing but the last Remarks.
func (k *Call) Ended() <-chan struct{} { return k.ended }

// Done is closed when all that the call held is given back and its last change
// is stored.
func (k *Call) Done() <-chan struct{} { return k.done }

// own is the owner: it ends when the call does, and when whoever listened to it
// has said the last word.
func (k *Call) own() {
	defer close(k.done)
	k.serveUntil(func() bool { return k.state.Call.Status.Final() })
	close(k.ended)
	if k.cfg.Listener != nil {
		k.cfg.Listener.Over()
	}
	k.serveUntil(func() bool { return !k.state.awaited() })
	close(k.silent)
	for _, c := range k.timers {
		c.stop()
	}
	k.sound.stop()
	k.work.finish()
}

func (k *Call) serveUntil(over func() bool) {
	for !over() {
		m := <-k.inbox
		err := k.step(m.in)
		if m.reply != nil {
			m.reply <- err
		}
	}
}

// step lets the rules decide and starts what they order. A panic ends this call
// and no other.
func (k *Call) step(in Input) (err error) {
	defer func() {
		if p := recover(); p != nil {
			k.cfg.Log.Error("call crashed", "call", k.cfg.Record.ID, "panic", p)
			k.crash()
			err = ErrOver
		}
	}()
	if t, ok := in.(timedOut); ok && !k.due(t) {
		return nil
	}
	if k.work.full() && outside(in) {
		return ErrOverloaded
	}
	k.state.now = time.Now()
	state, effects, err := next(k.state, in)
	if err != nil {
		return err
	}
	k.state = state
	k.show()
	k.commit(effects)
	k.sound.follow(state)
	return nil
}

// outside tells inputs that may be refused from results that must be taken.
func outside(in Input) bool {
	switch in.(type) {
	case Press, Heard, Mute, Remark:
		return true
	}
	return false
}

func (k *Call) crash() {
	k.state.now = time.Now()
	state, effects, err := next(k.state, crashed{})
	if err != nil {
		return
	}
	k.state = state
	k.show()
	k.commit(effects)
}

// commit sends the change to the worker first: what is seen outside is stored
// before it happens.
func (k *Call) commit(effects []Effect) {
	if c := k.change(effects); len(c.Events)+len(c.Inbox)+len(c.Lines) > 0 || has[save](effects) || c.Transcript {
		k.work.add(c)
	}
	for _, e := range effects {
		k.do(e)
	}
}

func has[T Effect](effects []Effect) bool {
	for _, e := range effects {
		if _, ok := e.(T); ok {
			return true
		}
	}
	return false
}

// change gathers what effects want stored.
func (k *Call) change(effects []Effect) Change {
	k.state.Call.UpdatedAt = k.state.now
	c := Change{Call: k.state.stored(), Legs: []LegRecord{k.state.Customer}, Fence: k.state.Call.Epoch}
	for _, e := range effects {
		switch e := e.(type) {
		case tell:
			c.Events = append(c.Events, k.event(e))
		case folded:
			c.Inbox = append(c.Inbox, e.inbox)
		case keepLine:
			c.Lines = append(c.Lines, e.line)
		case writeOut:
			c.Transcript = true
		}
		if t, ok := e.(tell); ok && t.kind == "call:ended" {
			c.Claim = ReleaseAgent
		}
	}
	return c
}

func (k *Call) event(t tell) Event {
	k.seq++
	body := t.body
	if body == nil {
		body = viewBody(k.View())
	}
	return Event{
		Stream: "call:" + string(k.state.Call.ID), Epoch: k.state.Call.Epoch, Seq: k.seq,
		At: k.state.now, Type: t.kind, CallID: k.state.Call.ID, Body: body,
	}
}

func (k *Call) publish(c Change) {
	for _, e := range c.Events {
		k.cfg.Publish(e)
	}
}

// do starts an effect that is not a matter of the journal.
func (k *Call) do(e Effect) {
	switch e := e.(type) {
	case dialLeg, cancelLeg, hangLeg, askLeg, findLeg:
		k.work.add(e)
	case setTimer:
		k.set(e)
	case stopTimer:
		k.clear(e.timer)
	case playKeys:
		k.sound.press(k.state.customer, e.digits)
	case whisper:
		k.cfg.PublishVolatile(Volatile{CallID: k.state.Call.ID, At: k.state.now, Type: e.kind, Body: e.body})
	}
}

// post hands in a result from beside the owner; nobody waits for the answer.
func (k *Call) post(in Input) {
	select {
	case k.inbox <- message{in: in}:
	case <-k.silent:
	}
}

func (k *Call) show() {
	v := k.state.view()
	v.UserName, v.ContactName = k.cfg.UserName, k.cfg.ContactName
	k.mu.Lock()
	k.view, k.wanted = v, !k.state.Call.Status.Final() && !k.state.ending() && !k.state.taken
	k.mu.Unlock()
}

func viewBody(v View) json.RawMessage {
	b, err := json.Marshal(struct {
		Call View `json:"call"`
	}{v})
	if err != nil {
		panic(err) // a View is plain data
	}
	return b
}

func keysBody(digits, from string) json.RawMessage {
	b, err := json.Marshal(map[string]string{"digits": digits, "from": from})
	if err != nil {
		panic(err) // strings only
	}
	return b
}
