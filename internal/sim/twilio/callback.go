package twilio

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"softphone/internal/protocol/twilioapi"
)

// form returns the parameters that every webhook of a call carries ("TwiML for
// Programmable Voice", request parameters). The places are there and empty, as
// they are for numbers Twilio knows nothing of.
func (c *call) form(status string) url.Values {
	f := url.Values{
		"AccountSid": {c.account.Sid}, "ApiVersion": {twilioapi.Version}, "CallSid": {c.sid},
		"CallStatus": {status}, "Direction": {c.direction},
		"From": {c.from}, "Caller": {c.from}, "To": {c.to}, "Called": {c.to},
	}
	for _, who := range []string{"From", "To", "Caller", "Called"} {
		for _, place := range []string{"City", "State", "Zip", "Country"} {
			f.Set(who+place, "")
		}
	}
	if c.parent != nil {
		f.Set("ParentCallSid", c.parent.sid)
	}
	return with(f, c.always)
}

// with adds parameters to a form.
func with(form, more url.Values) url.Values {
	maps.Copy(form, more)
	return form
}

// callBack sends a status callback if it was asked for: without
// StatusCallbackEvent only the last one is.
func (c *call) callBack(event, status string, extra url.Values) {
	order := c.given()
	address := order.Get("StatusCallback")
	events := twilioapi.List(order, "StatusCallbackEvent")
	if len(events) == 0 {
		events = []string{"completed"}
	}
	if address == "" || !slices.Contains(events, event) {
		return
	}
	form := with(c.form(status), extra)
	form.Set("Timestamp", twilioapi.FormatDate(time.Now()))
	form.Set("CallbackSource", twilioapi.CallbackSource)
	form.Set("SequenceNumber", strconv.Itoa(c.nextSequence()))
	c.deliver(hook{
		account: c.account, call: c.sid, kind: KindCallback, what: status,
		address: address, method: methodOf(order, "StatusCallbackMethod"), form: form,
	})
}

func (c *call) nextSequence() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sequence++
	return c.sequence - 1
}

// waitFor waits until done is closed; nil is not waited for.
func waitFor(ctx context.Context, done <-chan struct{}, most time.Duration) {
	if done == nil {
		return
	}
	t := time.NewTimer(most)
	defer t.Stop()
	select {
	case <-done:
	case <-t.C:
	case <-ctx.Done():
	}
}

func methodOf(form url.Values, name string) string {
	if form.Get(name) == http.MethodGet {
		return http.MethodGet
	}
	return http.MethodPost
}
