package twilio

import (
	"context"
	"errors"
	"net/url"
	"time"

	"softphone/internal/phone/call"
	"softphone/internal/protocol/twilioapi"
)

const (
	ringTime = 45 * time.Second // shorter than Twilio's 60 s: before most voicemails
	tries    = 3                // of an order answered with 429
	// clockSlack is how far Twilio's clock may be behind ours when a leg of
	// unknown outcome is looked for.
	clockSlack = 5 * time.Second
)

// Carrier places legs in one tenant's account.
type Carrier struct {
	Account Account
	Backend string // public address of this program, without a slash at the end
	Tenant  string // slug, for the addresses of callbacks
}

var _ call.Carrier = (*Carrier)(nil)

// Dial implements call.Carrier. Only a 429 is tried again: it says that nothing
// was done.
func (c *Carrier) Dial(ctx context.Context, d call.Dial) (string, error) {
	if !d.Allowed() {
		return "", &call.Refusal{Reason: call.NotPermitted, Err: errors.New("no permit for this leg")}
	}
	form := c.order(d).Form()
	for try := 1; ; try++ {
		if err := c.Account.Pacer.Wait(ctx); err != nil {
			return "", &call.Refusal{Reason: call.CarrierBusy, Err: err}
		}
		var leg twilioapi.Call
		err := c.Account.post(ctx, twilioapi.AccountPath(c.Account.SID)+"/Calls.json", form, &leg)
		if err == nil && twilioapi.IsSid(twilioapi.KindCall, leg.Sid) {
			return leg.Sid, nil
		}
		if err == nil {
			err = errors.New("answer names no call")
		}
		var busy *tooMany
		if !errors.As(err, &busy) || try == tries || pause(ctx, max(busy.after, time.Second)) != nil {
			return "", refusal(err)
		}
	}
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (c *Carrier) order(d call.Dial) twilioapi.CreateCall {
	ring := d.Timeout
	if ring == 0 {
		ring = ringTime
	}
	return twilioapi.CreateCall{
		To: d.Permit.To(), From: d.Permit.From(),
		URL:                  c.address("/api/voice/twiml/outbound", d.Leg),
		StatusCallback:       c.address("/api/voice/webhook/status", d.Leg),
		StatusCallbackEvents: []string{"initiated", "ringing", "answered", "completed"},
		Timeout:              ring, TimeLimit: d.Permit.Limit(),
	}
}

// address is of a door. Its fragment asks for five more tries whatever fails
// ("Webhooks, connection overrides"); it is not part of what is signed.
func (c *Carrier) address(path string, leg call.LegID) string {
	query := url.Values{"leg": {string(leg)}, "tenant": {c.Tenant}}
	return c.Backend + path + "?" + query.Encode() + "#rc=5&rp=all"
}

// Cancel implements call.Carrier: "canceled" leaves an answered call alone
// ("Call resource", update), which the answer's status tells.
func (c *Carrier) Cancel(ctx context.Context, sid string) error {
	leg, err := c.update(ctx, sid, twilioapi.StatusCanceled)
	if hasCode(err, twilioapi.CodeCallState) || err == nil && leg.Status == twilioapi.StatusInProgress {
		return call.ErrTooLate
	}
	return err
}

// Hangup implements call.Carrier.
func (c *Carrier) Hangup(ctx context.Context, sid string) error {
	_, err := c.update(ctx, sid, twilioapi.StatusCompleted)
	if hasCode(err, twilioapi.CodeNotFound) || hasCode(err, twilioapi.CodeCallState) {
		return nil // gone already
	}
	return err
}

func (c *Carrier) update(ctx context.Context, sid, status string) (leg twilioapi.Call, err error) {
	form := twilioapi.UpdateCall{Status: status}.Form()
	err = c.Account.post(ctx, twilioapi.CallPath(c.Account.SID, sid), form, &leg)
	if err != nil {
		return leg, refusal(err)
	}
	return leg, nil
}

// Ask implements call.Carrier.
func (c *Carrier) Ask(ctx context.Context, sid string) (call.Fact, error) {
	var leg twilioapi.Call
	if err := c.Account.get(ctx, twilioapi.CallPath(c.Account.SID, sid), &leg); err != nil {
		return call.Fact{}, refusal(err)
	}
	return factOf(leg), nil
}

// Find implements call.Carrier. The resource does not carry our leg's id, so
// the leg is known by its numbers and its time.
func (c *Carrier) Find(ctx context.Context, s call.Sought, since time.Time) ([]call.Fact, error) {
	query := url.Values{"To": {s.To}, "From": {s.From}, "PageSize": {"50"}}
	var list twilioapi.CallList
	if err := c.Account.get(ctx, twilioapi.AccountPath(c.Account.SID)+"/Calls.json?"+query.Encode(), &list); err != nil {
		return nil, refusal(err)
	}
	var fits []call.Fact
	for _, leg := range list.Calls {
		// A leg that was just placed may have no date yet (CreateCall, example).
		young := leg.DateCreated.IsZero() || leg.DateCreated.After(since.Add(-clockSlack))
		if young && leg.Direction == twilioapi.OutboundAPI {
			fact := factOf(leg)
			fact.Leg = s.Leg
			fits = append(fits, fact)
		}
	}
	return fits, nil
}

// factOf has the carrier's clock only where the resource tells the end: its
// other dates are not those of a change of status.
func factOf(leg twilioapi.Call) call.Fact {
	return call.Fact{
		SID: leg.Sid, Status: leg.Status, Seq: twilioapi.NoSequence,
		At: leg.EndTime.Time, Talk: leg.Talk(), Received: time.Now(),
	}
}
