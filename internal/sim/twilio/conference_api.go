package twilio

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"softphone/internal/protocol/twilioapi"
)

func (c *conference) resource() twilioapi.Conference {
	c.mu.Lock()
	defer c.mu.Unlock()
	base := twilioapi.AccountPath(c.account.Sid) + "/Conferences/" + c.sid
	r := twilioapi.Conference{
		Sid: c.sid, AccountSid: c.account.Sid, FriendlyName: twilioapi.Text(c.name), Status: c.status, Region: "us1",
		DateCreated: twilioapi.DateOf(c.created), DateUpdated: twilioapi.DateOf(c.updated),
		ReasonConferenceEnded: twilioapi.Text(c.reason), APIVersion: twilioapi.Version, URI: base + ".json",
		SubresourceURIs: map[string]string{"participants": base + "/Participants.json", "recordings": base + "/Recordings.json"},
	}
	if c.ender != nil {
		r.CallSidEndingConference = twilioapi.Text(c.ender.call.sid)
	}
	return r
}

func (p *participant) resource() twilioapi.Participant {
	c := p.conference
	p.mu.Lock()
	r := twilioapi.Participant{
		CallSid: p.call.sid, ConferenceSid: c.sid, AccountSid: c.account.Sid, Label: twilioapi.Text(p.options.label),
		Muted: p.muted, Hold: p.held, Coaching: p.coaches != "", CallSidToCoach: twilioapi.Text(p.coaches),
		StartConferenceOnEnter: p.options.starts, EndConferenceOnExit: p.ends,
		DateCreated: twilioapi.DateOf(p.created), DateUpdated: twilioapi.DateOf(p.updated),
		URI: twilioapi.AccountPath(c.account.Sid) + "/Conferences/" + c.sid + "/Participants/" + p.call.sid + ".json",
	}
	in := p.m != nil
	p.mu.Unlock()
	r.Status = participantStatus(p.call.state(), in)
	return r
}

func participantStatus(call string, in bool) string {
	switch {
	case in:
		return twilioapi.ParticipantConnected
	case call == twilioapi.StatusQueued:
		return twilioapi.ParticipantQueued
	case call == twilioapi.StatusRinging:
		return twilioapi.ParticipantRinging
	case call == twilioapi.StatusInProgress:
		return twilioapi.ParticipantConnecting
	case call == twilioapi.StatusCompleted:
		return twilioapi.ParticipantComplete
	}
	return twilioapi.ParticipantFailed
}

// askedConference returns the conference of a path, by sid.
func (a *account) askedConference(r *http.Request) (*conference, *twilioapi.Error) {
	sid := strings.TrimSuffix(r.PathValue("conference"), ".json")
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, c := range a.conferences {
		if c.sid == sid {
			return c, nil
		}
	}
	return nil, notFound(r)
}

func (a *account) listConferences() []*conference {
	a.mu.Lock()
	defer a.mu.Unlock()
	list := slices.Clone(a.conferences)
	slices.Reverse(list)
	return list
}

func listConferences(a *account, r *http.Request) (int, any) {
	created, no := dateFilter(r.Form, "DateCreated")
	if no != nil {
		return refuse(no)
	}
	updated, no := dateFilter(r.Form, "DateUpdated")
	if no != nil {
		return refuse(no)
	}
	found := []twilioapi.Conference{}
	for _, c := range a.listConferences() {
		res := c.resource()
		if is(r.Form.Get("FriendlyName"), string(res.FriendlyName)) && is(r.Form.Get("Status"), res.Status) &&
			created(res.DateCreated.Time) && updated(res.DateUpdated.Time) {
			found = append(found, res)
		}
	}
	page, from, to, no := paginate(r, len(found))
	if no != nil {
		return refuse(no)
	}
	return http.StatusOK, twilioapi.ConferenceList{Page: page, Conferences: slices.Clip(found[from:to])}
}

func getConference(a *account, r *http.Request) (int, any) {
	c, no := a.askedConference(r)
	if no != nil {
		return refuse(no)
	}
	return http.StatusOK, c.resource()
}

func updateConference(a *account, r *http.Request) (int, any) {
	c, no := a.askedConference(r)
	if no == nil {
		no = twilioapi.CheckUpdateConference(r.PostForm)
	}
	if no != nil {
		return refuse(no)
	}
	if address := r.PostForm.Get("AnnounceUrl"); address != "" {
		c.mu.Lock()
		in := c.presentLocked()
		c.mu.Unlock()
		c.announce(in, address, methodOf(r.PostForm, "AnnounceMethod"))
	}
	if r.PostForm.Get("Status") == twilioapi.ConferenceCompleted {
		c.endAs(twilioapi.EndedByAPI, nil)
	}
	return http.StatusOK, c.resource()
}

// announce plays what an address gives to some of those who are in.
func (c *conference) announce(to []*participant, address, method string) {
	for _, p := range to {
		c.sim.goes(func(ctx context.Context) {
			p.call.entertainOnce(ctx, &source{address: address, method: method}, nil)
			c.tellOf("announcement", "announcement-end", p, url.Values{"AnnounceUrl": {address}})
		})
	}
}

func listParticipants(a *account, r *http.Request) (int, any) {
	c, no := a.askedConference(r)
	if no != nil {
		return refuse(no)
	}
	c.mu.Lock()
	people := slices.Clone(c.people)
	c.mu.Unlock()
	found := []twilioapi.Participant{}
	for _, p := range people {
		res := p.resource()
		if !c.isOver() && isFlag(r.Form.Get("Muted"), res.Muted) && isFlag(r.Form.Get("Hold"), res.Hold) && isFlag(r.Form.Get("Coaching"), res.Coaching) {
			found = append(found, res)
		}
	}
	page, from, to, no := paginate(r, len(found))
	if no != nil {
		return refuse(no)
	}
	return http.StatusOK, twilioapi.ParticipantList{Page: page, Participants: slices.Clip(found[from:to])}
}

func isFlag(wanted string, value bool) bool { return wanted == "" || wanted == yes(value) }

// askedParticipant returns who is in, by call or by label.
func (a *account) askedParticipant(r *http.Request) (*participant, *twilioapi.Error) {
	c, no := a.askedConference(r)
	if no != nil {
		return nil, no
	}
	name := strings.TrimSuffix(r.PathValue("participant"), ".json")
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range c.people {
		if p.call.sid == name || p.options.label == name {
			return p, nil
		}
	}
	return nil, notFound(r)
}

func getParticipant(a *account, r *http.Request) (int, any) {
	p, no := a.askedParticipant(r)
	if no != nil {
		return refuse(no)
	}
	return http.StatusOK, p.resource()
}

func deleteParticipant(a *account, r *http.Request) (int, any) {
	p, no := a.askedParticipant(r)
	if no != nil {
		return refuse(no)
	}
	if p.seat() == nil {
		p.call.finish(canceled)
	}
	p.sendAway("participant_updated_via_api")
	return http.StatusNoContent, nil
}

// updateParticipant mutes, holds and coaches ("Participants resource", update).
func updateParticipant(a *account, r *http.Request) (int, any) {
	p, no := a.askedParticipant(r)
	if no == nil {
		no = twilioapi.CheckUpdateParticipant(r.PostForm)
	}
	if no != nil {
		return refuse(no)
	}
	f := r.PostForm
	for _, name := range []string{"Muted", "Hold", "Coaching", "EndConferenceOnExit", "BeepOnExit"} {
		if f.Has(name) {
			p.set(name, f.Get(name) == "true", f)
		}
	}
	if address := f.Get("AnnounceUrl"); address != "" {
		p.conference.announce([]*participant{p}, address, methodOf(f, "AnnounceMethod"))
	}
	return http.StatusOK, p.resource()
}

// set changes one flag and tells it.
func (p *participant) set(name string, on bool, f url.Values) {
	event, what := "modify", "participant-modify"
	p.mu.Lock()
	was := p.held
	p.updated = time.Now()
	switch name {
	case "Muted":
		p.muted = on
		event, what = "mute", map[bool]string{true: "participant-mute", false: "participant-unmute"}[on]
	case "Hold":
		p.held = on
		event, what = "hold", map[bool]string{true: "participant-hold", false: "participant-unhold"}[on]
	case "Coaching":
		p.coaches = ""
		if on {
			p.coaches = f.Get("CallSidToCoach")
		}
	case "EndConferenceOnExit":
		p.ends = on
	case "BeepOnExit":
		p.beeps = on
	}
	p.mu.Unlock()
	p.apply()
	if name == "Hold" && was != on {
		p.hold(on, f)
	}
	p.conference.note(KindRoom, what, map[string]any{"call": p.call.sid})
	p.conference.tellOf(event, what, p, nil)
}

// hold lets the held hear music, or what HoldUrl gives.
func (p *participant) hold(on bool, f url.Values) {
	if !on {
		p.quiet()
		return
	}
	var address *string
	if f.Get("HoldUrl") != "" {
		given := f.Get("HoldUrl")
		address = &given
	}
	p.entertain(p.call.life(), "", address, methodOrGet(f, "HoldMethod"))
}

// createParticipant calls somebody into a conference, which is named by sid or
// by friendly name and made when there is none ("Participants resource",
// create).
func createParticipant(a *account, r *http.Request) (int, any) {
	f := r.PostForm
	no := twilioapi.CheckCreateParticipant(f)
	if no == nil {
		no = a.mayCall(f)
	}
	if no != nil {
		return refuse(no)
	}
	c, no := a.askedConference(r)
	if no != nil && twilioapi.IsSid(twilioapi.KindConference, r.PathValue("conference")) || c != nil && c.isOver() {
		return refuse(notFound(r))
	}
	if c == nil {
		c = a.conference(r.PathValue("conference"))
	}
	leg := newCall(a, f)
	p := c.expect(leg, joiningFrom(f))
	leg.script = func(ctx context.Context) *source {
		p.attend(ctx, "", nil, dialLimit)
		return nil
	}
	res := p.resource()
	res.QueueTime = "0"
	if err := a.place(leg); err != nil {
		return refuse(faultError(http.StatusServiceUnavailable))
	}
	a.sim.goes(func(ctx context.Context) { c.forgetUnanswered(ctx, p) })
	return http.StatusCreated, res
}

// forgetUnanswered takes out a participant whose call came to nothing.
func (c *conference) forgetUnanswered(ctx context.Context, p *participant) {
	select {
	case <-p.call.ended:
	case <-ctx.Done():
		return
	}
	c.mu.Lock()
	known := slices.Contains(c.people, p)
	c.removeLocked(p)
	empty := len(c.people) == 0
	c.mu.Unlock()
	if !known {
		return
	}
	c.tellOf("leave", "participant-leave", p, url.Values{
		"ParticipantCallStatus": {p.call.state()}, "ReasonParticipantLeft": {"participant_add_failed"},
	})
	if empty {
		c.endAs(twilioapi.EndedByLastLeaving, p)
	}
}

func joiningFrom(f url.Values) joining {
	j := joining{
		label: f.Get("Label"), muted: f.Get("Muted") == "true", beep: f.Get("Beep"),
		starts: f.Get("StartConferenceOnEnter") != "false", ends: f.Get("EndConferenceOnExit") == "true",
		waitMethod: methodOf(f, "WaitMethod"), callback: f.Get("ConferenceStatusCallback"),
		method: methodOf(f, "ConferenceStatusCallbackMethod"), events: twilioapi.List(f, "ConferenceStatusCallbackEvent"),
	}
	j.most, _ = strconv.Atoi(f.Get("MaxParticipants")) // absent is the default
	if f.Has("WaitUrl") {
		given := f.Get("WaitUrl")
		j.waitURL = &given
	}
	if f.Get("Coaching") == "true" {
		j.coaches = f.Get("CallSidToCoach")
	}
	if record := f.Get("ConferenceRecord"); record == "true" || record == "record-from-start" {
		j.record = &takeRules{
			source: twilioapi.SourceConference, trim: f.Get("ConferenceTrim") != "do-not-trim",
			callback: f.Get("ConferenceRecordingStatusCallback"), method: methodOf(f, "ConferenceRecordingStatusCallbackMethod"),
			events: twilioapi.List(f, "ConferenceRecordingStatusCallbackEvent"),
		}
	}
	return j
}

// life is a context that ends with the call.
func (c *call) life() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	if !c.sim.goes(func(sim context.Context) {
		defer cancel()
		select {
		case <-c.ended:
		case <-sim.Done():
		}
	}) {
		cancel()
	}
	return ctx
}
