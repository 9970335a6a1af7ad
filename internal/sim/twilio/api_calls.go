package twilio

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"softphone/internal/protocol/twilioapi"
)

// createCall is POST /Calls.json, with the trouble that was ordered for it.
func createCall(a *account, r *http.Request) (int, any) {
	fault, struck := a.sim.faults.creation(a.Sid)
	switch fault.Kind {
	case FaultStatus:
		a.noteFault(fault, "")
		return refuse(faultError(fault.Status))
	case FaultDrop:
		a.noteFault(fault, "")
		panic(http.ErrAbortHandler) // how a handler of net/http drops the connection
	}
	c, no := a.create(r.PostForm)
	if no != nil {
		return refuse(no)
	}
	if struck {
		a.noteFault(fault, c.sid)
	}
	body := c.resource() // as it was made, whatever happens meanwhile
	if err := a.place(c); err != nil {
		return refuse(faultError(http.StatusServiceUnavailable))
	}
	return c.afterCreation(r, fault, body)
}

func (a *account) noteFault(f Fault, call string) {
	detail := map[string]any{}
	if f.Status != 0 {
		detail["status"] = f.Status
	}
	a.sim.record(Entry{Account: a.Sid, Call: call, Kind: KindFault, What: f.Kind, Detail: detail})
}

func faultError(status int) *twilioapi.Error {
	code := map[int]int{
		http.StatusUnauthorized: twilioapi.CodeCredentials, http.StatusTooManyRequests: twilioapi.CodeTooManyRequests,
		http.StatusForbidden: twilioapi.CodeTestCredentials, http.StatusNotFound: twilioapi.CodeNotFound,
	}[status]
	if code == 0 {
		code = twilioapi.CodeInternal
	}
	return twilioapi.NewError(status, code, "%s", http.StatusText(status))
}

// afterCreation answers, or does what went wrong once the call was made.
func (c *call) afterCreation(r *http.Request, f Fault, body twilioapi.Call) (int, any) {
	switch f.Kind {
	case FaultCreateThenDrop:
		panic(http.ErrAbortHandler)
	case FaultCreateThenHang:
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	case FaultCreateThenError:
		return refuse(faultError(http.StatusInternalServerError))
	case FaultSlow:
		sleep(r.Context(), time.Duration(f.Delay))
	case FaultCallbackFirst:
		waitFor(r.Context(), c.told, maxHeld)
	}
	return http.StatusCreated, body
}

// create checks what only the account and the network know.
func (a *account) create(form url.Values) (*call, *twilioapi.Error) {
	if no := twilioapi.CheckCreateCall(form); no != nil {
		return nil, no
	}
	if no := a.mayCall(form); no != nil {
		return nil, no
	}
	if form.Get("Url") == "" && form.Get("Twiml") == "" {
		return nil, badCall(twilioapi.CodeBadApplication, "There is no application %s", form.Get("ApplicationSid"))
	}
	return newCall(a, form), nil
}

// mayCall checks who calls whom: the caller's number must be the account's own,
// a verified one, or that of a caller whose CallToken comes with it; browsers are
// called by anybody ("Call resource", From, CallToken).
func (a *account) mayCall(form url.Values) *twilioapi.Error {
	to, from := form.Get("To"), form.Get("From")
	switch {
	case isClient(to):
		return nil
	case !twilioapi.IsNumber(to):
		return badCall(twilioapi.CodeBadTo, "The phone number you are attempting to call, %s, is not valid.", to)
	case !twilioapi.IsNumber(from):
		return badCall(twilioapi.CodeBadFrom, "The source phone number provided, %s, is not valid.", from)
	case !a.owns(from) && !a.lent(from, form.Get("CallToken")):
		return badCall(twilioapi.CodeFromNotOwned, "The source phone number provided, %s, is not yet verified for your account. You may only make calls from phone numbers that you've verified or purchased from Twilio.", from)
	case a.queueFull():
		return twilioapi.NewError(http.StatusTooManyRequests, twilioapi.CodeQueueFull, "More than 24 hours of calls are queued")
	}
	switch a.sim.people.at(to).When {
	case Invalid:
		return badCall(twilioapi.CodeBadTo, "The phone number you are attempting to call, %s, is not valid.", to)
	case Unverified:
		return badCall(twilioapi.CodeNotVerified, "The number %s is unverified. Trial accounts may only make calls to verified numbers.", to)
	}
	return nil
}

func badCall(code int, format string, args ...any) *twilioapi.Error {
	return twilioapi.NewError(http.StatusBadRequest, code, format, args...)
}

// isClient says whether somebody called is a browser with Twilio's SDK.
func isClient(party string) bool { return strings.HasPrefix(party, "client:") }

// resource is the call as the API shows it.
func (c *call) resource() twilioapi.Call {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := twilioapi.Call{
		Sid: c.sid, AccountSid: c.account.Sid, Status: c.status, Direction: c.direction, PhoneNumberSid: twilioapi.Text(c.number),
		CallerName: twilioapi.Text(c.always.Get("CallerName")), ForwardedFrom: twilioapi.Text(c.always.Get("ForwardedFrom")),
		To: c.to, ToFormatted: twilioapi.FormatNumber(c.to), From: c.from, FromFormatted: twilioapi.FormatNumber(c.from),
		DateCreated: twilioapi.DateOf(c.created), DateUpdated: twilioapi.DateOf(c.updated),
		QueueTime: twilioapi.Text(strconv.FormatInt(c.waited.Milliseconds(), 10)), PriceUnit: "USD",
		APIVersion: twilioapi.Version, URI: twilioapi.CallPath(c.account.Sid, c.sid),
		SubresourceURIs: twilioapi.SubresourcesOf(c.account.Sid, c.sid),
	}
	if c.parent != nil {
		r.ParentCallSid = twilioapi.Text(c.parent.sid)
	}
	if !c.started.IsZero() {
		r.StartTime = twilioapi.DateOf(c.started)
	}
	if !c.over.IsZero() {
		r.EndTime = twilioapi.DateOf(c.over)
	}
	if c.status == twilioapi.StatusCompleted {
		r.Duration = twilioapi.Text(strconv.Itoa(c.secondsLocked()))
	}
	return r
}

func (a *account) asked(r *http.Request) (*call, *twilioapi.Error) {
	c := a.call(strings.TrimSuffix(r.PathValue("sid"), ".json"))
	if c == nil || !strings.HasSuffix(r.PathValue("sid"), ".json") {
		return nil, notFound(r)
	}
	return c, nil
}

// struck returns the answer that was ordered instead of the true one.
func (a *account) struck(r *http.Request, kind string) *twilioapi.Error {
	sid := strings.TrimSuffix(r.PathValue("sid"), ".json")
	f, ok := a.sim.faults.take(a.Sid, sid, "", kind)
	if !ok {
		return nil
	}
	a.noteFault(f, sid)
	return faultError(f.Status)
}

func getCall(a *account, r *http.Request) (int, any) {
	if no := a.struck(r, FaultRead); no != nil {
		return refuse(no)
	}
	c, no := a.asked(r)
	if no != nil {
		return refuse(no)
	}
	return http.StatusOK, c.resource()
}

func deleteCall(a *account, r *http.Request) (int, any) {
	c, no := a.asked(r)
	if no != nil {
		return refuse(no)
	}
	if !twilioapi.IsFinal(c.resource().Status) {
		return refuse(twilioapi.NewError(http.StatusBadRequest, twilioapi.CodeCallState, "Call %s is still under way", c.sid))
	}
	a.remove(c)
	return http.StatusNoContent, nil
}

func updateCall(a *account, r *http.Request) (int, any) {
	if no := a.struck(r, FaultUpdate); no != nil {
		return refuse(no)
	}
	c, no := a.asked(r)
	if no == nil {
		no = twilioapi.CheckUpdateCall(r.PostForm)
	}
	if no == nil {
		no = c.update(r.PostForm)
	}
	if no != nil {
		return refuse(no)
	}
	if f, ok := a.sim.faults.take(a.Sid, c.sid, "", FaultUpdateThenDrop); ok {
		a.noteFault(f, c.sid)
		panic(http.ErrAbortHandler)
	}
	return http.StatusOK, c.resource()
}

// update ends a call or leads it to another document. Status=canceled ends what
// is not answered and leaves the rest alone; completed ends everything ("Call
// resource", update).
func (c *call) update(form url.Values) *twilioapi.Error {
	status := c.state()
	if !twilioapi.IsFinal(status) {
		c.amend(form, "FallbackUrl", "FallbackMethod", "StatusCallback", "StatusCallbackMethod", "TimeLimit")
	}
	address, document := form.Get("Url"), form.Get("Twiml")
	switch {
	case twilioapi.IsFinal(status):
		return c.wrongState()
	case form.Get("Status") == twilioapi.StatusCompleted && status == twilioapi.StatusInProgress:
		c.endNow(completed)
	case form.Get("Status") == twilioapi.StatusCompleted:
		c.endNow(canceled) // what was never answered has not completed
	case form.Get("Status") == twilioapi.StatusCanceled && status != twilioapi.StatusInProgress:
		c.endNow(canceled)
	case address == "" && document == "":
	case status != twilioapi.StatusInProgress:
		return c.wrongState()
	case address != "":
		c.redirect(source{address: address, method: methodOf(form, "Method")})
	default:
		c.redirect(source{inline: document})
	}
	return nil
}

func (c *call) wrongState() *twilioapi.Error {
	return twilioapi.NewError(http.StatusBadRequest, twilioapi.CodeCallState, "Call is not in-progress. Cannot redirect.")
}

// state is the status with the verdict that has been spoken but not carried
// out yet.
func (c *call) state() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.verdict != nil {
		return c.verdict.status
	}
	return c.status
}

// endNow ends the call and shows it at once.
func (c *call) endNow(v verdict) {
	if !c.finish(v) {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.status, c.updated = v.status, time.Now()
	if c.over.IsZero() {
		c.over = c.updated
	}
}
