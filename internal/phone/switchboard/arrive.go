package switchboard

import (
	"context"
	"errors"

	"softphone/internal/phone/call"
	"softphone/internal/phone/tenant"
)

// Arrival is a call that comes in at the carrier.
type Arrival struct {
	SID      string
	From, To string // E.164, or what the carrier calls a caller without a number
}

// Arrive takes a call that comes in and offers a token for its sound. A carrier
// that asks twice gets the same call. ok is false for a caller who is not wanted.
func (l *Line) Arrive(ctx context.Context, a Arrival) (leg call.LegID, token string, ok bool, err error) {
	b := l.board
	b.arriving.Lock() // of two requests for one call, one makes it
	defer b.arriving.Unlock()
	if c, known := b.live.bySID(a.SID); known {
		leg = c.View().Parties[0].ID
		token, ok, err = l.offer(ctx, leg, a.SID)
		return leg, token, ok, err
	}
	in, err := b.ex.Directory.Integrations(ctx, b.Tenant.ID)
	if err != nil {
		return "", "", false, err
	}
	now := b.ex.Now()
	leg = call.LegID(b.ex.NewID(now))
	contact, err := b.store.ContactByPhone(ctx, a.From)
	if err != nil && !errors.Is(err, tenant.ErrNotFound) {
		return "", "", false, err
	}
	c := b.newCall(in, call.Config{
		Record: call.Record{
			ID: call.ID(b.ex.NewID(now)), CallSID: a.SID, Direction: call.Inbound, From: a.From, To: a.To, ContactID: contact.ID, Epoch: 1,
		},
		ContactName: contact.Name,
		Customer:    call.Caller(leg, a.From, contact.Name, longest),
	})
	if err := b.begin(ctx, c, leg); err != nil {
		return "", "", false, err
	}
	token, ok, err = l.offer(ctx, leg, a.SID)
	return leg, token, ok, err
}
