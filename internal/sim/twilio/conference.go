package twilio

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"softphone/internal/protocol/twilioapi"
	"softphone/internal/protocol/twiml"
)

// conference is a room with a name. It begins when two are in and one of them
// may begin it, and ends with the last one or with one whose leaving ends it
// ("<Conference>").
type conference struct {
	outbox
	sid     string
	name    string
	created time.Time
	room    room

	mu       sync.Mutex
	status   string
	updated  time.Time
	reason   string
	ender    *participant
	sequence int
	callback string // the first participant's; later ones are ignored
	method   string
	events   []string
	people   []*participant
	take     *take
	record   *takeRules // from the start
}

// participant is a call in it.
type participant struct {
	conference *conference
	call       *call
	options    joining
	created    time.Time
	gone       chan struct{} // closed when it is sent away
	fired      sync.Once

	mu      sync.Mutex // of the flags
	m       *member
	muted   bool
	held    bool
	coaches string
	ends    bool // the conference ends when it leaves
	beeps   bool // when it leaves
	updated time.Time
	why     string // it left, as callbacks say it
	quietly context.CancelFunc
}

// joining says how somebody joins.
type joining struct {
	label      string
	muted      bool
	beep       string
	starts     bool
	ends       bool
	waitURL    *string
	waitMethod string
	most       int
	coaches    string
	callback   string
	method     string
	events     []string
	record     *takeRules
}

const maxParticipants = 250

// room returns the live conference of a name, or makes it.
func (a *account) conference(name string) *conference {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, c := range a.conferences {
		if c.name == name && !c.isOver() {
			return c
		}
	}
	now := time.Now()
	c := &conference{
		sid: a.sim.ids.next(twilioapi.KindConference), name: name, created: now, updated: now,
		status: twilioapi.ConferenceInit,
	}
	c.outbox = newOutbox(a, c.sid)
	c.room.hush(true)
	if len(a.conferences) == keptCalls {
		a.conferences = slices.Delete(a.conferences, 0, keptCalls/10)
	}
	a.conferences = append(a.conferences, c)
	return c
}

func (c *conference) isOver() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.status == twilioapi.ConferenceCompleted
}

// dialConference is <Dial><Conference>.
func (c *call) dialConference(ctx context.Context, p page, v twiml.Dial, noun twiml.Conference) outcome {
	if !c.pickUp() {
		return outcome{status: twilioapi.StatusCanceled}
	}
	j := joiningOf(p.base, noun)
	part := c.account.conference(noun.Name).expect(c, j)
	l := c.phone()
	star := make(chan struct{}, 1)
	if v.HangupOnStar == "true" {
		l.listenForKeys(func(key byte) {
			if key == '*' {
				select {
				case star <- struct{}{}:
				default:
				}
			}
		})
		defer l.listenForKeys(nil)
	}
	part.attend(ctx, p.base, star, secondsOr(v.TimeLimit, dialLimit))
	return outcome{status: "answered"}
}

func joiningOf(base string, n twiml.Conference) joining {
	j := joining{
		label: n.Label, muted: n.Muted == "true", beep: n.Beep, starts: n.StartOnEnter != "false", ends: n.EndOnExit == "true",
		waitURL: n.WaitURL, waitMethod: n.WaitMethod, most: n.MaxParticipants, coaches: n.Coach,
		method: n.StatusCallbackMethod, events: strings.Fields(n.StatusCallbackEvent),
	}
	if n.StatusCallback != "" {
		j.callback = absolute(base, n.StatusCallback)
	}
	if n.Record == "record-from-start" || n.Record == "true" {
		rules := rulesOf(base, twilioapi.SourceConference, twiml.RecordingRules{
			Trim: n.Trim, StatusCallback: n.RecordingStatusCallback, StatusCallbackMethod: n.RecordingStatusCallbackMethod,
			StatusCallbackEvent: n.RecordingStatusCallbackEvent,
		}, false, true)
		j.record = &rules
	}
	return j
}

// expect notes that a call is to join. What the first one says of callbacks
// counts for all.
func (c *conference) expect(leg *call, j joining) *participant {
	now := time.Now()
	p := &participant{
		conference: c, call: leg, options: j, created: now, updated: now, gone: make(chan struct{}),
		muted: j.muted, ends: j.ends, coaches: j.coaches, quietly: func() {},
		beeps: j.beep == "" || j.beep == "true" || j.beep == "onExit",
	}
	if j.most == 0 {
		p.options.most = maxParticipants
	}
	if len(j.events) == 0 {
		j.events = []string{"start", "end"}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.callback == "" && j.callback != "" && len(c.people) == 0 {
		c.callback, c.method, c.events = j.callback, orPost(j.method), j.events
	}
	if c.record == nil {
		c.record = j.record
	}
	c.people = append(c.people, p)
	return p
}

// attend is a participant's stay: from joining until they leave.
func (p *participant) attend(ctx context.Context, base string, star <-chan struct{}, most time.Duration) {
	c := p.conference
	if !p.enter() {
		return
	}
	limit := time.NewTimer(most)
	defer limit.Stop()
	p.await(ctx, base)
	why := "participant_hung_up"
	select {
	case <-p.gone:
		why = p.reasonLeft()
	case <-star:
	case <-limit.C:
	case <-ctx.Done():
		if !twilioapi.IsFinal(p.call.state()) {
			why = "participant_updated_via_api"
		}
	}
	p.quiet()
	c.leave(p, why)
}

func (p *participant) reasonLeft() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.why
}

// enter takes the seat; false when the room is full or over.
func (p *participant) enter() bool {
	c, flags := p.conference, p.flags()
	c.mu.Lock()
	in := c.presentLocked()
	if len(in) >= p.options.most || c.status == twilioapi.ConferenceCompleted {
		c.removeLocked(p)
		c.mu.Unlock()
		p.call.note(KindAlert, "the conference is full or over", nil)
		return false
	}
	m := c.room.enter(flags)
	p.mu.Lock()
	p.m = m
	p.mu.Unlock()
	in = append(in, p)
	c.mu.Unlock()
	if p.options.beep == "" || p.options.beep == "true" || p.options.beep == "onEnter" {
		beepTo(in)
	}
	c.note(KindRoom, "joined", map[string]any{"call": p.call.sid, "label": p.options.label})
	c.tellOf("join", "participant-join", p, nil)
	c.beginIfDue()
	return true
}

func beepTo(people []*participant) {
	for _, p := range people {
		p.call.phone().player.add(beep())
	}
}

// presentLocked are those whose call is connected.
func (c *conference) presentLocked() []*participant {
	var in []*participant
	for _, p := range c.people {
		if p.seat() != nil {
			in = append(in, p)
		}
	}
	return in
}

func (p *participant) seat() *member {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.m
}

// beginIfDue begins the conference: two are in and one of them may begin it.
func (c *conference) beginIfDue() {
	c.mu.Lock()
	in := c.presentLocked()
	starts := slices.ContainsFunc(in, func(p *participant) bool { return p.options.starts })
	if c.status != twilioapi.ConferenceInit || len(in) < 2 || !starts {
		going := c.status == twilioapi.ConferenceInProgress
		c.mu.Unlock()
		if going {
			stopWaiting(in)
		}
		return
	}
	c.status, c.updated = twilioapi.ConferenceInProgress, time.Now()
	record := c.record
	c.mu.Unlock()
	c.room.hush(false)
	stopWaiting(in)
	if record != nil {
		c.startTake(*record)
	}
	c.note(KindRoom, "began", nil)
	c.tell("start", "conference-start", nil)
}

func stopWaiting(people []*participant) {
	for _, p := range people {
		if !p.isHeld() {
			p.quiet()
		}
	}
}

func (p *participant) isHeld() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.held
}

// await lets a participant hear music, or what waitUrl gives, until the
// conference begins.
func (p *participant) await(ctx context.Context, base string) {
	c := p.conference
	c.mu.Lock()
	going := c.status == twilioapi.ConferenceInProgress
	c.mu.Unlock()
	if going {
		return
	}
	p.entertain(ctx, base, p.options.waitURL, p.options.waitMethod)
	c.mu.Lock()
	going = c.status == twilioapi.ConferenceInProgress
	c.mu.Unlock()
	if going { // it began meanwhile
		p.quiet()
	}
}

// entertain plays music, or what an address gives, until quiet.
func (p *participant) entertain(ctx context.Context, base string, address *string, method string) {
	p.quiet()
	stop := p.call.entertain(ctx, base, address, method, nil, nil)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.quietly = stop
}

func (p *participant) quiet() {
	p.mu.Lock()
	stop := p.quietly
	p.quietly = func() {}
	p.mu.Unlock()
	stop()
}

// sendAway makes a participant leave.
func (p *participant) sendAway(why string) {
	p.mu.Lock()
	p.why = why
	p.mu.Unlock()
	p.fired.Do(func() { close(p.gone) })
}

// flags returns what a participant is in the room.
func (p *participant) flags() *member {
	p.mu.Lock()
	defer p.mu.Unlock()
	m := &member{line: p.call.phone(), muted: p.muted, held: p.held}
	if p.coaches != "" {
		if c := p.call.account.call(p.coaches); c != nil {
			m.coaches = c.phone()
		}
	}
	return m
}

// apply carries the flags over to the room.
func (p *participant) apply() {
	now := p.flags()
	if m := p.seat(); m != nil {
		m.change(func(m *member) { m.muted, m.held, m.coaches = now.muted, now.held, now.coaches })
	}
}

func (c *conference) removeLocked(p *participant) {
	c.people = slices.DeleteFunc(c.people, func(other *participant) bool { return other == p })
}

// leave is the end of a stay, and of the conference when it was the last one or
// one that ends it.
func (c *conference) leave(p *participant, why string) {
	p.mu.Lock()
	m, ends, beeps := p.m, p.ends, p.beeps
	p.m = nil
	p.mu.Unlock()
	if m == nil {
		return
	}
	m.leave()
	c.mu.Lock()
	c.removeLocked(p)
	in := c.presentLocked()
	reason := ""
	kicked := why == "participant_updated_via_api"
	switch {
	case c.status == twilioapi.ConferenceCompleted:
	case ends && kicked:
		reason = twilioapi.EndedByKick
	case ends:
		reason = twilioapi.EndedByLeaving
	case len(in) == 0 && kicked:
		reason = twilioapi.EndedByLastKicked
	case len(in) == 0:
		reason = twilioapi.EndedByLastLeaving
	}
	c.mu.Unlock()
	if beeps && reason == "" {
		beepTo(in)
	}
	c.note(KindRoom, "left", map[string]any{"call": p.call.sid, "why": why})
	c.tellOf("leave", "participant-leave", p, url.Values{
		"ParticipantCallStatus": {p.call.state()}, "ReasonParticipantLeft": {why},
	})
	if reason != "" {
		c.endAs(reason, p)
	}
}

// endAs ends the conference and sends everybody away.
func (c *conference) endAs(reason string, by *participant) bool {
	c.mu.Lock()
	if c.status == twilioapi.ConferenceCompleted {
		c.mu.Unlock()
		return false
	}
	c.status, c.updated, c.reason, c.ender = twilioapi.ConferenceCompleted, time.Now(), reason, by
	in, take := slices.Clone(c.people), c.take
	c.mu.Unlock()
	if take != nil {
		take.stop()
	}
	extra := url.Values{"ReasonConferenceEnded": {reason}, "Reason": {reason}}
	if by != nil {
		extra.Set("CallSidEndingConference", by.call.sid)
		extra.Set("ParticipantLabelEndingConference", by.options.label)
	}
	c.note(KindRoom, "ended", map[string]any{"reason": reason})
	c.tell("end", "conference-end", extra)
	why := "moderator_ended_conference"
	if reason == twilioapi.EndedByAPI {
		why = "conference_ended_via_api"
	}
	for _, p := range in {
		if p.seat() == nil { // it rings still
			p.call.finish(lostRace)
		}
		p.sendAway(why)
	}
	return true
}

// tellOf tells news of a participant ("<Conference>", statusCallback).
func (c *conference) tellOf(event, name string, p *participant, extra url.Values) {
	p.mu.Lock()
	f := url.Values{
		"CallSid": {p.call.sid}, "Muted": {yes(p.muted)}, "Hold": {yes(p.held)}, "Coaching": {yes(p.coaches != "")},
		"EndConferenceOnExit": {yes(p.ends)}, "StartConferenceOnEnter": {yes(p.options.starts)},
	}
	p.mu.Unlock()
	if p.options.label != "" {
		f.Set("ParticipantLabel", p.options.label)
	}
	c.tell(event, name, with(f, extra))
}

func yes(b bool) string { return strconv.FormatBool(b) }

func (c *conference) tell(event, name string, extra url.Values) {
	c.mu.Lock()
	address, method, wanted := c.callback, c.method, slices.Contains(c.events, event)
	sequence := c.sequence
	if wanted {
		c.sequence++
	}
	c.mu.Unlock()
	if address == "" || !wanted {
		return
	}
	c.deliver(hook{
		account: c.account, call: c.sid, kind: KindCallback, what: name, address: address, method: method,
		form: with(url.Values{
			"AccountSid": {c.account.Sid}, "ConferenceSid": {c.sid}, "FriendlyName": {c.name},
			"SequenceNumber": {strconv.Itoa(sequence)}, "Timestamp": {twilioapi.FormatDate(time.Now())},
			"StatusCallbackEvent": {name},
		}, extra),
	})
}

// startTake records everybody; a coach is not in it.
func (c *conference) startTake(rules takeRules) *take {
	rules.dual, rules.track = false, "both"
	t := c.account.newTake(&c.outbox, rules)
	t.conference = c.sid
	c.mu.Lock()
	c.take = t
	c.mu.Unlock()
	c.room.listen(t)
	t.detach = func() { c.room.listen(nil) }
	t.announce(twilioapi.RecordingInProgress)
	return t
}
