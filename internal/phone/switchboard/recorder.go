package switchboard

import (
	"context"
	"errors"
	"sync"
	"time"

	"softphone/internal/phone/call"
	"softphone/internal/phone/media"
	"softphone/internal/phone/recording"
)

// tape records one live call by the desk's rules, over as many bridges as there
// are. It also holds the valve that stops everything that listens.
type tape struct {
	tapes    *tapes
	config   call.Config
	settings recording.Rules

	orders sync.Mutex // one at a time

	mu       sync.Mutex
	call     *call.Call
	decision recording.Decision
	valve    *recording.Valve // from the first bridge on
	take     *recording.Take  // nil: nothing is recorded by us
	carrier  *carrierTape     // nil: nothing is recorded by the carrier
	guards   []*earlyGuard
	talk     call.Talk               // as the call told last
	ears     map[*media.Mouth]func() // that hear; each is left by its func
	over     bool
}

var _ call.Listener = (*tape)(nil)

// rulesTime is how long the rules may take to be read: somebody waits for a call.
const rulesTime = 5 * time.Second

// newTape decides by the rules whether a call is recorded. Trouble with the
// rules records nothing: it is not known whether that would be allowed. nil: this
// server does not record.
func (b *Board) newTape(ctx context.Context, c call.Config) *tape {
	if b.tapes == nil {
		return nil
	}
	p := &tape{tapes: b.tapes, config: c, decision: recording.Decision{Mode: recording.No, Why: "default"}}
	ctx, cancel := context.WithTimeout(ctx, rulesTime)
	defer cancel()
	var err error
	if p.settings, err = b.tapes.settings(ctx); err == nil {
		err = p.decide(ctx)
	}
	if err != nil {
		b.log.Error("rules of recording cannot be read: the call is not recorded", "call", c.Record.ID, "err", err)
	}
	return p
}

func (p *tape) decide(ctx context.Context) error {
	r := p.config.Record
	who := recording.Subject{Inbound: r.Direction == call.Inbound, Own: r.From, Other: r.To}
	if who.Inbound {
		who.Own, who.Other = r.To, r.From
	}
	if r.ContactID != "" {
		var err error
		if who.Consent, err = p.tapes.Ledger.Consent(ctx, r.ContactID); err != nil {
			return err
		}
	}
	p.decision = recording.Decide(p.settings, who)
	return nil
}

// of tells the tape whose it is, before the call starts.
func (p *tape) of(c *call.Call) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.call = c
}

// Follow implements call.Listener.
func (p *tape) Follow(t call.Talk) {
	p.mu.Lock()
	defer p.mu.Unlock()
	before := p.talk
	p.talk = t
	if len(t.Voices) == 0 {
		p.hearLocked()
		return
	}
	p.valveLocked()
	p.tapes.add(p.config.Record.ID, p)
	if t.Waiting != before.Waiting {
		p.holdLocked(t.Waiting)
	}
	switch {
	case p.take != nil:
		p.hearLocked()
	case p.carrier != nil:
	case t.Message: // that it is recorded is what a voicemail is
		p.startLocked(recording.Voicemail)
	case p.decision.Mode == recording.Yes:
		p.beginLocked()
	case len(before.Voices) == 0:
		p.tellLocked(p.valve.Now())
	}
}

// valveLocked makes the valve at the moment in which both heard each other first:
// zero of the call's time, which its talk is counted from.
func (p *tape) valveLocked() *recording.Valve {
	if p.valve == nil {
		began := time.Now()
		if at := p.call.View().AnsweredAt; at != nil {
			began = *at
		}
		p.valve = recording.NewValve(began)
		for _, g := range p.guards {
			g.Connect(p.valve.Guard(g.next))
		}
	}
	return p.valve
}

// beginLocked begins to record.
func (p *tape) beginLocked() {
	if p.settings.Carrier {
		p.carrier = p.startAtCarrier()
		p.tellLocked(p.valve.Now())
		return
	}
	p.startLocked(recording.OfCall)
}

// startLocked begins a take of our own.
func (p *tape) startLocked(kind recording.Kind) {
	now := p.tapes.board.ex.Now()
	p.take = recording.Start(context.Background(), recording.Config{ // ends with the call: Over
		Record: recording.Record{ID: recording.ID(p.tapes.board.ex.NewID(now)), CallID: string(p.config.Record.ID), Kind: kind, Source: recording.Bridge},
		Valve:  p.valve, Archive: p.tapes.Archive, Log: p.tapes.board.log,
	})
	p.hearLocked()
	p.tellLocked(p.valve.Now())
}

// hearLocked puts an ear on each voice, and takes it off who has left.
func (p *tape) hearLocked() {
	heard := map[*media.Mouth]bool{}
	for _, v := range p.talk.Voices {
		heard[v.Mouth] = true
		if p.take == nil || p.ears[v.Mouth] != nil {
			continue
		}
		side := recording.Agent
		if v.Role == call.Customer {
			side = recording.Customer
		}
		ear := p.take.Hear(side)
		untap := v.Mouth.Tap(ear)
		if p.ears == nil {
			p.ears = map[*media.Mouth]func(){}
		}
		p.ears[v.Mouth] = func() { untap(); ear.Close() }
	}
	for mouth, leave := range p.ears {
		if !heard[mouth] {
			leave()
			delete(p.ears, mouth)
		}
	}
}

// Over implements call.Listener.
func (p *tape) Over() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.over = true
	p.tapes.forget(p.config.Record.ID)
	if p.carrier != nil {
		p.carrier.over()
	}
	if p.take == nil {
		return
	}
	p.talk = call.Talk{}
	p.hearLocked()
	p.take.Close(p.talkLocked())
	p.tapes.wait.Go(func() { // ends when the last piece is stored, or was given up
		<-p.take.Done()
		p.tapes.runner.Poke()
	})
}

// talkLocked is how long the call was talked in.
func (p *tape) talkLocked() time.Duration {
	v := p.call.View()
	if v.AnsweredAt == nil || v.EndedAt == nil {
		return p.valve.Now()
	}
	return v.EndedAt.Sub(*v.AnsweredAt)
}

// Guard returns a Writer that is stopped together with the recording while it is
// paused: for whoever else listens to the call. It may be asked before the first
// bridge. A nil tape guards nothing.
func (p *tape) Guard(next media.Writer) media.Writer {
	if p == nil {
		return next
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.valve != nil {
		return p.valve.Guard(next)
	}
	g := &earlyGuard{next: next}
	g.Connect(next)
	p.guards = append(p.guards, g)
	return g
}

// earlyGuard becomes a guard when there is a valve.
type earlyGuard struct {
	media.Switch
	next media.Writer
}

// holdLocked says that the caller is put on hold, or talks again.
func (p *tape) holdLocked(on bool) {
	switch {
	case p.settings.Holds || p.valve == nil:
	case on:
		p.tellLocked(p.valve.Shut(recording.Held))
	default:
		p.tellLocked(p.valve.Open(recording.Held))
	}
}

// RecordState is what a page is told about the recording of a call.
type RecordState struct {
	State string `json:"state" enum:"off,ask,recording,paused,hold" doc:"ask: not before the other side agrees"`
	Why   string `json:"why" doc:"the rule that decided: default, direction, number, consent, all_parties"`
	AtMs  int64  `json:"atMs" doc:"since the call was answered, exact to 20 ms"`
}

func (p *tape) stateLocked(at time.Duration) RecordState {
	s := RecordState{State: "off", Why: p.decision.Why, AtMs: at.Milliseconds()}
	switch {
	case p.valve != nil && p.valve.IsShut(recording.Paused):
		s.State = "paused"
	case p.take == nil && p.carrier == nil:
		if p.decision.Mode == recording.Ask {
			s.State = "ask"
		}
	case p.valve.IsShut(recording.Held):
		s.State = "hold"
	default:
		s.State = "recording"
	}
	return s
}

// tellLocked tells the page. It must not wait: the call's owner may be asking.
func (p *tape) tellLocked(at time.Duration) {
	s, c := p.stateLocked(at), p.call
	if !p.over && s.State != "off" { // which is what a page thinks that was told nothing
		go desk{call: c}.keep(call.Remark{Type: "call:recording", Body: object(s)}) // ends with its answer
	}
}

// Record stops (false) or goes on with everything that listens to a call, or
// begins a recording that was waiting for the other side's consent, which the
// agent has heard. It tells from when on, exact to the frame.
func (s *Seat) Record(ctx context.Context, id call.ID, on bool) (RecordState, error) {
	if _, err := s.call(ctx, id); err != nil {
		return RecordState{}, err
	}
	var p *tape
	if s.tapes != nil {
		p = s.tapes.of(id)
	}
	if p == nil {
		return RecordState{}, refuse(NotNow, "This call is not recorded here.")
	}
	return p.set(ctx, s, on)
}

// set does one order at a time. The lock is not held while a network or a
// database is waited for: the call's owner needs it.
func (p *tape) set(ctx context.Context, s *Seat, on bool) (RecordState, error) {
	p.orders.Lock()
	defer p.orders.Unlock()
	p.mu.Lock()
	valve, waits := p.valve, p.take == nil && p.carrier == nil && p.decision.Mode != recording.Yes
	over := p.over || valve == nil
	p.mu.Unlock()
	switch {
	case over:
		return RecordState{}, refuse(NotNow, "The call is not connected. Wait until it is answered.")
	case !on:
		at := valve.Shut(recording.Paused) // here at once, then at the carrier
		p.tell(at)
		return p.state(at), p.atCarrier(ctx, true)
	case waits:
		if err := p.agreed(ctx, s); err != nil {
			return RecordState{}, err
		}
	}
	if err := p.atCarrier(ctx, false); err != nil {
		return p.state(valve.Now()), err
	}
	at := valve.Open(recording.Paused)
	p.tell(at)
	return p.state(at), nil
}

// agreed notes that the other side has agreed, if that is what is missing, and
// begins to record.
func (p *tape) agreed(ctx context.Context, s *Seat) error {
	p.mu.Lock()
	mode, at := p.decision.Mode, p.valve.Now()
	p.mu.Unlock()
	if mode != recording.Ask {
		return refuse(Forbidden, "The rules of this desk do not let this call be recorded.")
	}
	_, err := p.tapes.Ledger.Note(ctx, recording.Entry{User: s.User.ID, Action: "recording.consent", Call: string(p.config.Record.ID), From: at, To: at + media.FrameTime, Detail: "given to the agent"})
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.decision = (recording.Decision{Mode: recording.Yes, Why: "consent"}); !p.over {
		p.beginLocked()
	}
	return nil
}

// atCarrier pauses the carrier's recording too, or goes on with it.
func (p *tape) atCarrier(ctx context.Context, pause bool) error {
	p.mu.Lock()
	c := p.carrier
	p.mu.Unlock()
	if c == nil {
		return nil
	}
	if err := c.pause(ctx, pause); err != nil {
		p.tapes.board.log.Error("carrier's recording not paused or resumed", "call", p.config.Record.ID, "pause", pause, "err", err)
		return refuse(NotPaused, "The telephone network has not confirmed. Do not say or ask for anything that must not be recorded.")
	}
	return nil
}

func (p *tape) state(at time.Duration) RecordState {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stateLocked(at)
}

func (p *tape) tell(at time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tellLocked(at)
}

var errNoLeg = errors.New("the carrier has no leg yet")
