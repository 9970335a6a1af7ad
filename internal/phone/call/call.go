package call

import (
	"context"
	"encoding/json"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"softphone/internal/phone/gate"
	"softphone/internal/phone/media"
)

// Config is what a call is made of. All fields are required unless they say
// otherwise.
type Config struct {
	// Record names the call: ID, Direction, From, To, UserID, ContactID and Epoch.
	Record      Record
	ContactName string // for the view; may be empty
	// Customer is whom the call is about: a Phone, or a Colleague.
	Customer Party
	// Agent is who dials: of an outbound call.
	Agent   Party
	Carrier Carrier
	Journal Journal
	Desk    Desk
	// Publish hands on an event after it was committed, in order. It must not wait.
	Publish         func(Event)
	PublishVolatile func(Volatile, []UserID)
	// Once makes the order repeatable; optional.
	Once *Once
	// Listeners hear the call. Optional.
	Listeners []Listener
	Log       *slog.Logger
}

// Phone is a telephone that is to be dialled: whom, as which number and for how
// long at most is in the permit.
type Phone struct {
	Leg    LegID
	Permit gate.Permit
	Token  string // opens its sound once
	Name   string // may be empty
}

// Party makes it one.
func (p Phone) Party() Party {
	return Party{
		Leg: LegRecord{ID: p.Leg, Role: Customer, Phase: New, Address: p.Permit.To()}, Name: p.Name,
		permit: p.Permit, from: p.Permit.From(), token: p.Token, limit: p.Permit.Limit(),
	}
}

// Caller is a telephone that came in.
func Caller(leg LegID, address, name string, limit time.Duration) Party {
	return Party{Leg: LegRecord{ID: leg, Role: Customer, Phase: New, Address: address}, Name: name, limit: limit}
}

// Colleague is an agent as a party.
func Colleague(leg LegID, user UserID, name string) Party {
	return Party{Leg: LegRecord{ID: leg, Role: Agent, Phase: Answered, Address: "user:" + string(user)}, User: user, Name: name}
}

// Desk is the people's side of a call.
type Desk interface {
	// Candidates finds the agents to whom the call may be offered next, and how
	// long it rings at them. None: the machine takes the call.
	Candidates(ctx context.Context, v View, tried []UserID) ([]Candidate, time.Duration)
	// Lend brings an agent's device to the call with DeviceUp, if there is one.
	// It must not wait.
	Lend(u UserID)
	// MissedOffer says that an agent did not react, Took, that one has taken the
	// call, Left, that one has left it. They must not wait.
	MissedOffer(u UserID)
	Took(u UserID)
	Left(u UserID)
}

// Listener hears a call and may tell it with Remarks what it makes of it. The
// owner calls it, so it must not wait.
type Listener interface {
	// Follow says who is in conversation with the customer from now on.
	Follow(Talk)
	// Over says that no more sound will come. What was heard until now may still
	// be told; the Assist state "off" says that nothing more will.
	Over()
}

// Talk is the customer's conversation as listeners may hear it.
type Talk struct {
	Since   time.Time // when customer and agent heard each other first; zero before
	Message bool      // the customer speaks to the machine
	Waiting bool      // the customer is alone and hears music
	Voices  []Voice
}

// Voice is one who speaks in it.
type Voice struct {
	Leg   LegID
	Role  Role
	User  UserID
	Mouth *media.Mouth
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
	timers map[timerOf]*clock

	lost  atomic.Bool // a newer owner has it
	heir  *Left       // what a former owner left
	state State
	seq   int64
	saved map[LegID]LegRecord // as they were stored last

	mu     sync.Mutex
	view   View
	legs   map[LegID]string // telephones that have somebody to talk to, and the carrier's ids of them
	orders map[LegID]Dial
}

type message struct {
	in    Input
	reply chan error // nil: nobody waits
}

// NewCall returns a call that is not started.
func NewCall(c Config) *Call {
	k := &Call{
		cfg: c, inbox: make(chan message, 16), timers: map[timerOf]*clock{}, saved: map[LegID]LegRecord{},
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

// LinesMost is how many calls an agent may have at a time: one is spoken in, the
// others wait.
const LinesMost = 4

// begin makes the state to start from, its first change, and what follows.
func (k *Call) begin(now time.Time) (Change, []Effect) {
	if k.heir != nil {
		return k.inherit(now)
	}
	r := k.cfg.Record
	r.Status, r.StartedAt, r.CreatedAt = Queued, now, now
	k.state = State{Call: r, now: now, Parties: []Party{k.cfg.Customer}}
	c := k.state.customer()
	c.Leg.CallID, c.Leg.DialledAt, c.Leg.Role = r.ID, now, Customer
	if r.Direction == Inbound {
		return k.arrive(c)
	}
	a := k.cfg.Agent
	a.Leg.CallID, a.Leg.DialledAt, a.claimed = r.ID, now, true
	k.state.Parties = append(k.state.Parties, a)
	var then []Effect // a device is wanted when somebody answers, and not before
	if c = k.state.customer(); c.phone() {
		then = append(then, dialLeg{c.Leg.ID})
	} else {
		c.Leg.Phase, k.state.Call.Status = Rings, Ringing
		then = append(then, setTimer{ringing, c.Leg.ID, askRing})
	}
	k.show()
	all := k.state.members()
	tells := []Effect{tell{kind: "call:initiated", to: []UserID{a.User}}}
	if !c.phone() {
		tells = append(tells, tell{kind: "call:incoming", to: all})
	}
	first := k.change(tells)
	first.Claims, first.Once = []Claim{{User: a.User, Take: true, Most: LinesMost}}, k.cfg.Once
	return first, then
}

// arrive is the start of a call that came in.
func (k *Call) arrive(c *Party) (Change, []Effect) {
	k.state.Call.Status, k.state.Stage = Ringing, Arriving
	c.Leg.Phase, c.line.answered = Answered, true
	c.Leg.CarrierSID, k.state.Call.CallSID = k.cfg.Record.CallSID, k.cfg.Record.CallSID
	k.show()
	return k.change([]Effect{save{}}), []Effect{c.timer(watch, answerWait)}
}

// inherit takes a call over. Its fence is below its own epoch: of two who take
// the same call, one is fenced.
func (k *Call) inherit(now time.Time) (Change, []Effect) {
	var then []Effect
	k.state, then = takeOver(k.cfg.Record, *k.heir, now)
	k.show()
	first := k.change([]Effect{tell{kind: "call:update", to: k.state.members()}})
	first.Fence--
	return first, then
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

// Takes says that the carrier's leg has somebody to talk to: any other that is
// answered is to be hung up.
func (k *Call) Takes(leg LegID, sid string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	known, ok := k.legs[leg]
	return ok && known == sid
}

// View returns the call as it is now.
func (k *Call) View() View {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.view
}

// ID names the call.
func (k *Call) ID() ID { return k.cfg.Record.ID }

// Epoch is the count of owners that the call has had.
func (k *Call) Epoch() int { return k.cfg.Record.Epoch }

// Lost says, after Ended, that the call goes on at a newer owner.
func (k *Call) Lost() bool { return k.lost.Load() }

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
	k.sound.over()
	k.serveUntil(func() bool { return !k.state.awaited() && !k.state.lively() })
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
	if k.stale(in) {
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
	case Press, Heard, Mute, Hold, Bring, Steer, Remove, Remark:
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
	if c := k.change(effects); len(c.Events)+len(c.Inbox)+len(c.Lines)+len(c.Legs)+len(c.Claims) > 0 || has[save](effects) || c.Transcript {
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
	c := Change{Call: k.state.stored(), Legs: k.changedLegs(), Fence: k.state.Call.Epoch}
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
		case release:
			c.Claims = append(c.Claims, Claim{User: e.user})
		}
	}
	return c
}

// changedLegs are the legs that are not stored as they are.
func (k *Call) changedLegs() []LegRecord {
	var legs []LegRecord
	for i := range k.state.Parties {
		if leg := k.state.Parties[i].Leg; k.saved[leg.ID] != leg {
			k.saved[leg.ID] = leg
			legs = append(legs, leg)
		}
	}
	return legs
}

func (k *Call) event(t tell) Event {
	k.seq++
	body := t.body
	if body == nil {
		body = viewBody(k.View(), t.more)
	}
	return Event{
		Stream: "call:" + string(k.state.Call.ID), Epoch: k.state.Call.Epoch, Seq: k.seq,
		At: k.state.now, Type: t.kind, CallID: k.state.Call.ID, Body: body, To: t.to,
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
	case dialLeg, cancelLeg, hangLeg, askLeg, findLeg, resumeLeg, seekAgents:
		k.work.add(e)
	case claim:
		k.work.add(claiming{k.change(nil), e.user})
	case setTimer:
		k.set(e)
	case stopTimer:
		k.clear(timerOf(e))
	case playKeys:
		k.sound.press(e)
	case play:
		k.sound.announce(e)
	case stopPlaying:
		k.sound.hush(e.leg)
	case takeMessage:
		k.sound.message = true
	case lend:
		k.cfg.Desk.Lend(e.user)
	case after:
		k.sound.later(e.in)
	case missedOffer:
		k.cfg.Desk.MissedOffer(e.user)
	case took:
		k.cfg.Desk.Took(e.user)
	case release:
		k.cfg.Desk.Left(e.user)
	case whisper:
		k.cfg.PublishVolatile(Volatile{CallID: k.state.Call.ID, At: k.state.now, Type: e.kind, Body: e.body}, k.state.members())
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
	v := k.state.view().inMillis()
	v.ContactName = k.cfg.ContactName
	legs, orders := map[LegID]string{}, map[LegID]Dial{}
	for _, p := range k.state.who(func(p *Party) bool { return p.phone() && !p.gone() && !p.ending() }) {
		if !k.state.final() {
			legs[p.Leg.ID] = p.Leg.CarrierSID
		}
		orders[p.Leg.ID] = Dial{Call: k.state.Call.ID, Leg: p.Leg.ID, Permit: p.permit, Token: p.token}
	}
	k.mu.Lock()
	k.view, k.legs, k.orders = v, legs, orders
	k.mu.Unlock()
}

// viewBody is the call as it is now, and more.
func viewBody(v View, more json.RawMessage) json.RawMessage {
	b := object(struct {
		Call View `json:"call"`
	}{v})
	if len(more) > len("{}") {
		b[len(b)-1] = ','
		b = append(b, more[1:]...)
	}
	return b
}

func keysBody(digits, from string) json.RawMessage {
	return object(map[string]string{"digits": digits, "from": from})
}

func userBody(u UserID, reason string) json.RawMessage {
	return object(map[string]string{"userId": string(u), "reason": reason})
}

func acceptedBody(p *Party) json.RawMessage {
	return object(map[string]string{"userId": string(p.User), "name": p.Name})
}

func transferBody(m Move, state, reason string) json.RawMessage {
	return object(map[string]string{"by": string(m.By), "target": string(m.Target), "mode": string(m.Mode), "state": state, "reason": reason})
}

func object(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // plain data
	}
	return b
}
