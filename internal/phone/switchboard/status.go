package switchboard

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"softphone/internal/phone/agent"
	"softphone/internal/phone/call"
)

// Statuses keeps who is on duty.
type Statuses interface {
	Agents(ctx context.Context) ([]agent.Person, error)
	Agent(ctx context.Context, u call.UserID) (agent.Person, error)
	// SaveAgent stores a state unless it changed since seq (agent.ErrChanged), and
	// returns the next seq; a note goes to the audit.
	SaveAgent(ctx context.Context, u call.UserID, s agent.State, seq int64, note string) (int64, error)
	MendLoad(ctx context.Context, u call.UserID) (mended bool, err error)
}

// AgentView is a colleague as pages see them.
type AgentView struct {
	ID     string       `json:"id"`
	Name   string       `json:"name"`
	Status agent.Status `json:"status" enum:"available,away,wrap-up,offline"`
	Reason string       `json:"reason,omitempty" doc:"of away, in their own words"`
	Since  time.Time    `json:"since"`
	Until  *time.Time   `json:"until,omitempty" doc:"when wrap-up ends by itself"`
	Busy   bool         `json:"busy" doc:"in a call"`
	Device bool         `json:"device" doc:"a microphone and an ear are connected"`
	Free   bool         `json:"free" doc:"a call may be offered or transferred: available, with a device, and a line to spare"`
}

const (
	// statusTime bounds what a change of a status may take.
	statusTime = 5 * time.Second
	// round is how often the watchdog looks for who is stuck.
	round = time.Minute
	// statusTries is of one change: who lost against another process reads again.
	statusTries = 4
)

// roster knows who has an open page and when a status ends by itself. States are
// rows; the roster changes one at a time, tells everybody, and keeps the clock.
type roster struct {
	board *Board
	wake  chan struct{}

	mu      sync.Mutex
	pages   map[call.UserID]int
	gone    map[call.UserID]time.Time // since when somebody who is not offline has no page
	ends    map[call.UserID]time.Time // of wrap-ups
	suspect map[call.UserID]bool      // in a call that this desk does not have, at the last round
	stop    chan struct{}             // nil: the keeper does not run
	done    chan struct{}
	closed  bool
}

func newRoster(b *Board) *roster {
	return &roster{
		board: b, wake: make(chan struct{}, 1),
		pages: map[call.UserID]int{}, gone: map[call.UserID]time.Time{}, ends: map[call.UserID]time.Time{}, suspect: map[call.UserID]bool{},
	}
}

// rule makes a new state of an old one.
type rule func(s agent.State, now time.Time) agent.State

func same(s agent.State, _ time.Time) agent.State { return s }

// change applies a rule to a person's state, stores it, and tells everybody when
// it differs or when they must hear of it anyway.
func (r *roster) change(u call.UserID, apply rule, anyway bool, note string) error {
	ctx, cancel := context.WithTimeout(context.Background(), statusTime)
	defer cancel()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil
	}
	return r.changeLocked(ctx, u, apply, anyway, note)
}

func (r *roster) changeLocked(ctx context.Context, u call.UserID, apply rule, anyway bool, note string) (err error) {
	for range statusTries {
		p, no := r.board.store.Agent(ctx, u)
		if no != nil {
			return no
		}
		old := p.State
		p.State = apply(old, r.board.ex.Now())
		if p.State != old || anyway {
			p.Seq, err = r.board.store.SaveAgent(ctx, u, p.State, p.Seq, note)
		}
		if errors.Is(err, agent.ErrChanged) {
			continue
		}
		if err == nil {
			r.watchLocked(u, p.State)
		}
		if err == nil && (p.State != old || anyway) {
			r.board.hub.everybody(r.board.statusEvent(p))
		}
		return err
	}
	return err
}

// watchLocked notes when a state ends by itself.
func (r *roster) watchLocked(u call.UserID, s agent.State) {
	delete(r.ends, u)
	if !s.Until.IsZero() {
		r.ends[u] = s.Until
	}
	switch {
	case s.Status == agent.Offline:
		delete(r.gone, u)
	case r.pages[u] == 0 && r.gone[u].IsZero():
		r.gone[u] = r.board.ex.Now()
	}
	r.keepLocked()
}

// came notes an open page; left is called when it is closed.
func (r *roster) came(u call.UserID) (left func()) {
	r.mu.Lock()
	r.pages[u]++
	first := r.pages[u] == 1
	delete(r.gone, u)
	r.keepLocked()
	r.mu.Unlock()
	if first {
		r.told(u, r.change(u, func(s agent.State, now time.Time) agent.State { return s.Came(now) }, false, ""))
	}
	return sync.OnceFunc(func() { r.left(u) })
}

func (r *roster) left(u call.UserID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.pages[u]--; r.pages[u] == 0 {
		delete(r.pages, u)
		r.gone[u] = r.board.ex.Now()
		r.keepLocked()
	}
}

func (r *roster) told(u call.UserID, err error) {
	if err != nil {
		r.board.log.Warn("status not changed", "user", u, "err", err)
	}
}

// began and over tell that a person is in one call more, or one less; shown,
// that something else about them changed.
func (r *roster) began(u call.UserID) {
	r.told(u, r.change(u, func(s agent.State, now time.Time) agent.State { return s.Began(now) }, true, ""))
}

func (r *roster) over(u call.UserID, wrapUp time.Duration) {
	r.told(u, r.change(u, func(s agent.State, now time.Time) agent.State { return s.Over(wrapUp, now) }, true, ""))
}

func (r *roster) shown(u call.UserID) { r.told(u, r.change(u, same, true, "")) }

// resume takes up the clock of a process that died: whoever was there has
// Absence to come back.
func (r *roster) resume(ctx context.Context) error {
	all, err := r.board.store.Agents(ctx)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, p := range all {
		if p.State.Status != agent.Offline {
			r.watchLocked(call.UserID(p.ID), p.State)
		}
	}
	return nil
}

// keepLocked starts the keeper, or tells it to look at its clock again. A desk
// where nobody has been needs none.
func (r *roster) keepLocked() {
	if r.closed || len(r.pages)+len(r.gone)+len(r.ends) == 0 {
		return
	}
	if r.stop == nil {
		r.stop, r.done = make(chan struct{}), make(chan struct{})
		go r.keep(r.stop, r.done) // ends with close
	}
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// keep is the desk's clock for people.
func (r *roster) keep(stop, done chan struct{}) {
	defer close(done)
	rounds := time.NewTicker(round)
	defer rounds.Stop()
	for {
		timer := time.NewTimer(r.next())
		select {
		case <-stop:
			timer.Stop()
			return
		case <-rounds.C:
			r.look()
		case <-timer.C:
			r.due()
		case <-r.wake:
		}
		timer.Stop()
	}
}

// next is how long nothing is due.
func (r *roster) next() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	now, wait := r.board.ex.Now(), round
	for _, end := range r.ends {
		wait = min(wait, end.Sub(now))
	}
	for _, since := range r.gone {
		wait = min(wait, since.Add(agent.Absence).Sub(now))
	}
	return max(wait, 10*time.Millisecond) // a change that fails is tried again, not at once
}

// due ends what has a time: wrap-ups, and the stay of those who closed their pages.
func (r *roster) due() {
	now := r.board.ex.Now()
	r.mu.Lock()
	var over, gone []call.UserID
	for u, end := range r.ends {
		if !now.Before(end) {
			over = append(over, u)
		}
	}
	for u, since := range r.gone {
		if now.Sub(since) >= agent.Absence {
			gone = append(gone, u)
		}
	}
	r.mu.Unlock()
	for _, u := range over {
		r.told(u, r.change(u, func(s agent.State, now time.Time) agent.State { return s.Due(now) }, false, ""))
	}
	for _, u := range gone {
		r.told(u, r.change(u, r.absent(u), false, ""))
	}
}

// absent is the rule for somebody whose page was closed, unless one is open again.
func (r *roster) absent(u call.UserID) rule {
	return func(s agent.State, now time.Time) agent.State {
		if r.pages[u] > 0 { // change holds the lock
			return s
		}
		return s.Left(now)
	}
}

// look is the watchdog: it mends and notes what no clock has ended.
func (r *roster) look() {
	ctx, cancel := context.WithTimeout(context.Background(), statusTime)
	defer cancel()
	all, err := r.board.store.Agents(ctx)
	if err != nil {
		r.board.log.Warn("watchdog cannot see the agents", "err", err)
		return
	}
	for _, p := range all {
		u := call.UserID(p.ID)
		if p.State.Stuck(r.board.ex.Now()) {
			r.told(u, r.change(u, func(s agent.State, now time.Time) agent.State { return s.Due(now) }, false, "wrap-up did not end"))
		}
		r.lookForLine(ctx, p)
	}
}

// lookForLine frees the line of somebody who seems to be in a call that this
// desk does not have, two rounds long.
func (r *roster) lookForLine(ctx context.Context, p agent.Person) {
	u := call.UserID(p.ID)
	r.mu.Lock()
	odd := p.Load > 0 && len(r.board.live.of(u)) == 0
	twice := odd && r.suspect[u]
	delete(r.suspect, u)
	if odd {
		r.suspect[u] = true
	}
	closed := r.closed
	r.mu.Unlock()
	if !twice || closed {
		return
	}
	mended, err := r.board.store.MendLoad(ctx, u)
	r.told(u, err)
	if mended {
		r.board.log.Warn("line of an agent freed: no call held it", "user", u)
		r.shown(u)
	}
}

// close ends the keeper; states stay as they are for the process that follows.
func (r *roster) close() {
	r.mu.Lock()
	r.closed = true
	stop, done := r.stop, r.done
	r.mu.Unlock()
	if stop != nil {
		close(stop)
		<-done
	}
}

// view is a person as the desk shows them.
func (b *Board) view(p agent.Person) AgentView {
	u := call.UserID(p.ID)
	calls, device := len(b.live.of(u)), b.devices.get(u) != nil
	v := AgentView{
		ID: p.ID, Name: p.Name, Status: p.State.Status, Reason: p.State.Reason, Since: p.State.Since.UTC().Truncate(time.Millisecond),
		Busy: calls > 0, Device: device, Free: p.Free(calls, device),
	}
	if !p.State.Until.IsZero() {
		until := p.State.Until.UTC().Truncate(time.Millisecond)
		v.Until = &until
	}
	return v
}

// statusEpoch is of all streams of agents: their numbers are in the database,
// whichever process counts.
const statusEpoch = 1

// statusEvent tells all of a person's status, so that the newest replaces the
// others.
func (b *Board) statusEvent(p agent.Person) call.Event {
	body, err := json.Marshal(struct {
		Agent AgentView `json:"agent"`
	}{b.view(p)})
	if err != nil {
		panic(err) // plain data
	}
	return call.Event{Stream: "agent:" + p.ID, Epoch: statusEpoch, Seq: p.Seq, At: b.ex.Now(), Type: "agent:status", Body: body}
}

// Agents lists the desk's people, for calling and transferring.
func (s *Seat) Agents(ctx context.Context) ([]AgentView, error) {
	all, err := s.store.Agents(ctx)
	out := make([]AgentView, len(all))
	for i, p := range all {
		out[i] = s.view(p)
	}
	return out, err
}

// Statuses tells everybody's status as events, for a page that has just come.
func (s *Seat) Statuses(ctx context.Context) ([]call.Event, error) {
	all, err := s.store.Agents(ctx)
	out := make([]call.Event, len(all))
	for i, p := range all {
		out[i] = s.statusEvent(p)
	}
	return out, err
}

// FreeAgents lists those to whom a call may be offered now.
func (b *Board) FreeAgents(ctx context.Context) ([]agent.Person, error) {
	all, err := b.store.Agents(ctx)
	if err != nil {
		return nil, err
	}
	var free []agent.Person
	for _, p := range all {
		if b.view(p).Free {
			free = append(free, p)
		}
	}
	return free, nil
}

// SetStatus takes the user's own word.
func (s *Seat) SetStatus(ctx context.Context, status agent.Status, reason string) (AgentView, error) {
	u := call.UserID(s.User.ID)
	var no error
	err := s.roster.change(u, func(old agent.State, now time.Time) agent.State {
		next, err := old.Choose(status, reason, now)
		no = err
		return next
	}, false, "")
	if no != nil {
		return AgentView{}, refuse(InvalidInput, no.Error())
	}
	if err != nil {
		return AgentView{}, err
	}
	p, err := s.store.Agent(ctx, u)
	return s.view(p), err
}
