package twilio

import (
	"context"
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
		"CallStatus": {status}, "Direction": {twilioapi.OutboundAPI},
		"From": {c.from}, "Caller": {c.from}, "To": {c.to}, "Called": {c.to},
	}
	for _, who := range []string{"From", "To", "Caller", "Called"} {
		for _, place := range []string{"City", "State", "Zip", "Country"} {
			f.Set(who+place, "")
		}
	}
	return f
}

// callBack sends a status callback if it was asked for: without
// StatusCallbackEvent only the last one is.
func (c *call) callBack(event, status string, extra url.Values) {
	address := c.order.Get("StatusCallback")
	events := twilioapi.List(c.order, "StatusCallbackEvent")
	if len(events) == 0 {
		events = []string{"completed"}
	}
	if address == "" || !slices.Contains(events, event) {
		return
	}
	form := c.form(status)
	for name, values := range extra {
		form[name] = values
	}
	form.Set("Timestamp", twilioapi.FormatDate(time.Now()))
	form.Set("CallbackSource", twilioapi.CallbackSource)
	form.Set("SequenceNumber", strconv.Itoa(c.nextSequence()))
	c.deliver(hook{
		account: c.account, call: c.sid, kind: KindCallback, what: status,
		address: address, method: methodOf(c.order, "StatusCallbackMethod"), form: form,
	})
}

func (c *call) nextSequence() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sequence++
	return c.sequence - 1
}

// deliver sends a callback beside the call, which does not wait for it: news
// are best effort, and a slow server must not hold up the telephone. What was
// ordered to go wrong goes wrong here.
func (c *call) deliver(h hook) {
	plan := c.sim.faults.callback(h.account.Sid, h.what)
	if plan.note != "" {
		c.note(KindFault, plan.note, map[string]any{"callback": h.what})
	}
	if plan.drop {
		return
	}
	mine, before := c.takeTurns(plan.swap)
	c.sim.goes(func(ctx context.Context) {
		waitFor(ctx, mine, maxHeld)
		if !sleep(ctx, plan.delay) {
			return
		}
		for i := range 1 + plan.copies {
			if i > 0 {
				h.token = c.sim.ids.next("")
			}
			_, _ = c.sim.send(ctx, h) // the ledger has it
		}
		c.tell.Do(func() { close(c.told) })
		if before != nil {
			close(before)
		}
	})
}

// maxHeld is how long a callback that should come after the next one waits for
// it.
const maxHeld = 10 * time.Second

// takeTurns makes the next callback the one that releases this one, if swap is
// set; before is the one that this callback releases.
func (c *call) takeTurns(swap bool) (mine, before chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	before, c.held = c.held, nil
	if swap {
		mine = make(chan struct{})
		c.held = mine
	}
	return mine, before
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
