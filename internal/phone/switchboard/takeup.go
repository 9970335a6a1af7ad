package switchboard

import (
	"context"
	"errors"

	"softphone/internal/phone/call"
)

// takeUp makes this process the owner of the calls that a former one left when
// it died: none stays live for ever, none keeps its agent's line. A call that
// cannot be taken is left to the next start; it does not close the desk.
func (b *Board) takeUp(ctx context.Context) error {
	left, err := b.store.Left(ctx)
	if err != nil || len(left) == 0 {
		return err
	}
	in, err := b.ex.Directory.Integrations(ctx, b.Tenant.ID)
	if err != nil { // the carrier will refuse, and the calls end with an unknown outcome
		b.log.Error("calls were left, and the carrier cannot be asked", "err", err)
	}
	carrier := b.ex.Carrier(b.Tenant, in)
	for _, l := range left {
		if err := b.inherit(ctx, l, carrier); err != nil && !errors.Is(err, call.ErrFenced) {
			b.log.Error("call not taken up", "call", l.Call.ID, "err", err)
		}
	}
	return nil
}

// inherit starts the heir of a call and tells it what came while nobody owned it.
func (b *Board) inherit(ctx context.Context, l call.Left, carrier call.Carrier) error {
	user, leg := l.Call.UserID, l.Customer().ID
	c := call.Resume(call.Config{
		Limit: longest, Carrier: carrier, Journal: b.store, Log: b.log,
		Publish:         func(e call.Event) { b.hub.happened(user, e) },
		PublishVolatile: func(v call.Volatile) { b.hub.passing(user, v) },
	}, l)
	if err := b.begin(ctx, leg, c); err != nil {
		return err
	}
	b.log.Info("call taken up", "call", l.Call.ID, "status", l.Call.Status)
	pending, err := b.store.Pending(ctx, leg)
	if err != nil {
		return err
	}
	for _, f := range pending {
		if err := c.Do(ctx, call.Told{Fact: f}); err != nil {
			return ignoreOver(err)
		}
	}
	return nil
}

func ignoreOver(err error) error {
	if errors.Is(err, call.ErrOver) {
		return nil
	}
	return err
}
