package twilio

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"softphone/internal/protocol/twilioapi"
	"softphone/internal/protocol/twiml"
)

// Defaults of <Dial>.
const (
	dialTimeout = 30 * time.Second
	dialLimit   = 4 * time.Hour
)

// dialling is one <Dial> of numbers and clients under way.
type dialling struct {
	caller *call
	page   page
	verb   twiml.Dial
	room   room
	legs   []*ringing
	ready  chan *ringing // answered, and through with the document of their own
	over   chan struct{} // closed when whoever is connected is let go
}

// ringing is one leg of it.
type ringing struct {
	leg  *call
	whom twiml.Leg
	took chan struct{} // closed when this leg is the one
	left chan struct{} // closed when the leg is no longer connected
}

// outcome is what the action address is told of a <Dial>.
type outcome struct {
	status  string
	sid     string
	talk    time.Duration
	bridged bool
	take    *take
}

// parameters of the action ("<Dial>", action). A conference tells no leg.
func (o outcome) parameters() url.Values {
	f := url.Values{"DialCallStatus": {o.status}}
	if o.sid != "" {
		f.Set("DialCallSid", o.sid)
		f.Set("DialBridged", strconv.FormatBool(o.bridged))
	}
	if o.bridged {
		f.Set("DialCallDuration", strconv.Itoa(int((o.talk+time.Second-1)/time.Second)))
	}
	if o.take != nil {
		f.Set("RecordingUrl", o.take.address())
	}
	return f
}

// executeDial runs <Dial>. With an action the verbs that follow it are never
// reached; without one the next verb runs.
func (c *call) executeDial(ctx context.Context, p page, v twiml.Dial) (*source, bool) {
	c.verb("Dial", "nouns", describe(v))
	var o outcome
	switch noun := v.Nouns[0].(type) {
	case twiml.Conference:
		o = c.dialConference(ctx, p, v, noun)
	case twiml.Queue:
		o = c.dialQueue(ctx, p, v, noun)
	default:
		o = c.dialLegs(ctx, p, v)
	}
	if ctx.Err() == nil && c.phone() == nil { // answerOnBridge, and nobody answered
		if v.Action == "" {
			return nil, false
		}
	}
	if v.Action == "" {
		return nil, ctx.Err() != nil
	}
	return c.act(ctx, p.base, v.Action, v.Method, o.parameters())
}

func describe(v twiml.Dial) string {
	var names []string
	for _, n := range v.Nouns {
		switch n := n.(type) {
		case twiml.Number:
			names = append(names, n.Number)
		case twiml.Client:
			names = append(names, "client:"+n.Identity)
		case twiml.Conference:
			names = append(names, "conference:"+n.Name)
		case twiml.Queue:
			names = append(names, "queue:"+n.Name)
		}
	}
	return strings.Join(names, " ")
}

// dialLegs rings the numbers and clients and connects who answers first.
func (c *call) dialLegs(ctx context.Context, p page, v twiml.Dial) outcome {
	d := &dialling{caller: c, page: p, verb: v, ready: make(chan *ringing, len(v.Nouns)), over: make(chan struct{})}
	from, no := c.presents(v)
	if no != nil {
		c.note(KindViolation, no.why, map[string]any{"code": no.code})
		return outcome{status: twilioapi.StatusFailed}
	}
	if l := c.phone(); l != nil {
		l.overAndOver(ringback())
		defer l.overAndOver(nil)
	}
	defer close(d.over)
	var early *take
	if strings.HasPrefix(v.Record, "record-from-ringing") && c.phone() != nil {
		early = d.record()
	}
	groups := [][]twiml.Noun{v.Nouns}
	if v.Sequential == "true" {
		groups = slices.Collect(slices.Chunk(v.Nouns, 1))
	}
	var o outcome
	for _, nouns := range groups {
		won := d.ring(ctx, from, nouns)
		if won != nil {
			return d.connect(ctx, won, early)
		}
		o = d.failure(ctx)
		if ctx.Err() != nil {
			break
		}
	}
	if early != nil {
		early.stop()
	}
	return o
}

// presents returns the number that the called side sees: that of the caller, of
// whom they called, one of the account's, or the one named ("<Dial>", callerId;
// error 13214).
func (c *call) presents(v twiml.Dial) (string, *refusal) {
	from := v.CallerID
	if from == "" {
		from = c.from
	}
	toClient := true
	for _, n := range v.Nouns {
		if _, is := n.(twiml.Client); !is {
			toClient = false
		}
	}
	if from == c.from && twilioapi.IsNumber(from) || from == c.to || c.account.owns(from) || toClient {
		return from, nil
	}
	return "", &refusal{codeCallerID, "callerId is neither of this call nor of the account"}
}

const codeCallerID = 13214

// ring rings everybody and returns who was ready first, nil when nobody was.
func (d *dialling) ring(ctx context.Context, from string, nouns []twiml.Noun) *ringing {
	var group []*ringing
	for _, n := range nouns {
		if r := d.start(from, n); r != nil {
			group = append(group, r)
		}
	}
	d.legs = append(d.legs, group...)
	gone := make(chan struct{})
	d.caller.sim.goes(func(ctx context.Context) {
		defer close(gone)
		for _, r := range group {
			select {
			case <-r.leg.ended:
			case <-d.over:
				return
			case <-ctx.Done():
				return
			}
		}
	})
	var won *ringing
	select {
	case won = <-d.ready:
	case <-gone:
	case <-ctx.Done():
	}
	for _, r := range group {
		if r != won {
			r.leg.finish(lostRace)
		}
	}
	return won
}

var (
	lostRace = verdict{twilioapi.StatusCanceled, 487, "the dialling ended, or somebody else answered"}
	letGo    = verdict{twilioapi.StatusCompleted, 200, "the other side left"}
)

// start makes the leg of a noun and lets it ring.
func (d *dialling) start(from string, n twiml.Noun) *ringing {
	r := &ringing{took: make(chan struct{}), left: make(chan struct{})}
	order := url.Values{"Timeout": {strconv.Itoa(int(secondsOr(d.verb.Timeout, dialTimeout) / time.Second))}}
	to := ""
	switch n := n.(type) {
	case twiml.Number:
		to, r.whom = n.Number, n.Leg
		order.Set("SendDigits", n.SendDigits)
	case twiml.Client:
		to, r.whom = "client:"+n.Identity, n.Leg
	}
	if r.whom.StatusCallback != "" {
		order.Set("StatusCallback", absolute(d.page.base, r.whom.StatusCallback))
		order.Set("StatusCallbackMethod", r.whom.StatusCallbackMethod)
		order["StatusCallbackEvent"] = strings.Fields(r.whom.StatusCallbackEvent)
	}
	r.leg = newLeg(d.caller.account, twilioapi.OutboundDial, from, to, order)
	r.leg.parent = d.caller
	r.leg.script = func(ctx context.Context) *source { return d.answered(ctx, r) }
	if d.caller.account.place(r.leg) != nil {
		return nil
	}
	return r
}

// answered is the script of a leg: the document of its own, then the talk until
// one side leaves. A leg that is led elsewhere by a request returns from here.
func (d *dialling) answered(ctx context.Context, r *ringing) *source {
	defer close(r.left)
	if r.whom.URL != "" {
		r.leg.whisper(ctx, source{address: absolute(d.page.base, r.whom.URL), method: orPost(r.whom.Method)})
	}
	if ctx.Err() != nil {
		return nil
	}
	d.ready <- r
	select {
	case <-r.took:
	case <-ctx.Done():
		return nil
	}
	m := d.room.join(r.leg.phone())
	defer m.leave()
	select {
	case <-d.over:
		r.leg.finish(letGo)
	case <-ctx.Done():
	}
	return nil
}

// whisper runs a document on the called side before it is connected; a Hangup
// there refuses the call, a Dial is an error (13201).
func (c *call) whisper(ctx context.Context, from source) {
	p, err := c.load(ctx, &from)
	if err != nil {
		c.note(KindAlert, "no document", map[string]any{"error": err.Error()})
		return
	}
	for _, verb := range p.response.Verbs {
		switch verb.(type) {
		case twiml.Say, twiml.Play, twiml.Pause, twiml.Hangup, twiml.Redirect:
			if next, _ := c.execute(ctx, p, verb); next != nil {
				c.whisper(ctx, *next)
				return
			}
		default:
			c.note(KindViolation, "a verb that must not run before the legs are connected", map[string]any{"code": 13201})
			return
		}
		if ctx.Err() != nil {
			return
		}
	}
}

// connect lets the two talk until one leaves, the time is up, or the caller
// presses * where that is asked for.
func (d *dialling) connect(ctx context.Context, won *ringing, early *take) outcome {
	c := d.caller
	o := outcome{status: twilioapi.StatusCompleted, sid: won.leg.sid, bridged: true, take: early}
	if !c.pickUp() {
		won.leg.finish(letGo)
		return outcome{status: twilioapi.StatusCanceled, sid: won.leg.sid}
	}
	l := c.phone()
	l.overAndOver(nil)
	if early == nil && recordsDial(d.verb.Record) {
		o.take = d.record()
	}
	m := d.room.join(l)
	began := time.Now()
	close(won.took)
	c.note(KindRoom, "connected", map[string]any{"with": won.leg.sid})
	star := make(chan struct{}, 1)
	if d.verb.HangupOnStar == "true" {
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
	limit := time.NewTimer(secondsOr(d.verb.TimeLimit, dialLimit))
	defer limit.Stop()
	select {
	case <-won.left:
	case <-star:
	case <-limit.C:
		won.leg.finish(tooLong)
	case <-ctx.Done():
	}
	m.leave()
	o.talk = time.Since(began)
	c.note(KindRoom, "disconnected", map[string]any{"from": won.leg.sid})
	if o.take != nil {
		o.take.stop()
	}
	return o
}

func recordsDial(value string) bool {
	return value != "" && value != "do-not-record" && value != "false"
}

func (d *dialling) record() *take {
	dual := strings.HasSuffix(d.verb.Record, "-dual")
	return d.caller.recordCall(rulesOf(d.page.base, twilioapi.SourceDial, d.verb.RecordingRules, dual, false))
}

// failure is the outcome when nobody was connected: that of the last leg. Of a
// caller who hung up meanwhile it is canceled.
func (d *dialling) failure(ctx context.Context) outcome {
	if len(d.legs) == 0 {
		return outcome{status: twilioapi.StatusFailed}
	}
	last := d.legs[len(d.legs)-1]
	status := last.leg.state()
	switch {
	case ctx.Err() != nil:
		status = twilioapi.StatusCanceled
	case status == twilioapi.StatusCompleted: // answered, and refused to be connected
		status = twilioapi.StatusNoAnswer
	}
	return outcome{status: status, sid: last.leg.sid}
}
