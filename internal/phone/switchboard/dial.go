package switchboard

import (
	"context"
	"errors"
	"time"

	"softphone/internal/phone/call"
)

// longest is how long a call that was taken over may last: its permit is not
// known any more.
const longest = 4 * time.Hour

// Order is whom an agent wants to call.
type Order struct {
	To        string // any usual form
	From      string // a number of the desk; empty: by its rules
	ContactID string
}

// Dial places a call for the user of this seat.
func (s *Seat) Dial(ctx context.Context, o Order) (call.View, error) { return s.dial(ctx, o, nil) }

func (s *Seat) dial(ctx context.Context, o Order, once *call.Once) (call.View, error) {
	in, err := s.ex.Directory.Integrations(ctx, s.Tenant.ID)
	if err != nil {
		return call.View{}, err
	}
	if in.Twilio.AccountSid == "" || in.Twilio.Token() == "" {
		return call.View{}, refuse(NotConfigured, "This desk has no telephone line yet. An administrator enters it under Integrations.")
	}
	contact, err := s.contactName(ctx, o.ContactID)
	if err != nil {
		return call.View{}, err
	}
	now := s.ex.Now()
	leg := call.LegID(s.ex.NewID(now))
	permit, err := s.permit(ctx, in, leg, o.To, o.From)
	if err != nil {
		return call.View{}, err
	}
	c := s.attended(in, call.Config{
		Record: call.Record{ID: call.ID(s.ex.NewID(now)), From: permit.From(), To: permit.To(), UserID: call.UserID(s.User.ID), ContactID: o.ContactID, Epoch: 1},
		Permit: permit, Leg: leg, UserName: s.User.Name, ContactName: contact, Limit: permit.Limit(), Once: once,
		Carrier: s.ex.Carrier(s.Tenant, in), Journal: s.store,
		Publish: s.happened, PublishVolatile: s.passing, Log: s.log,
	})
	v, err := s.start(ctx, leg, c)
	if err != nil {
		s.release(ctx, permit)
	}
	return v, err
}

func (s *Seat) contactName(ctx context.Context, id string) (string, error) {
	if id == "" {
		return "", nil
	}
	c, err := s.Contact(ctx, id)
	return c.Name, err
}

func (s *Seat) happened(e call.Event) { s.hub.happened(call.UserID(s.User.ID), e) }

func (s *Seat) passing(v call.Volatile) { s.hub.passing(call.UserID(s.User.ID), v) }

// start begins a call with its agent's device. The call is kept before the
// device is looked for, so that one which connects meanwhile finds it.
func (b *Board) start(ctx context.Context, leg call.LegID, c *call.Call) (call.View, error) {
	if err := b.begin(ctx, leg, c); err != nil {
		return call.View{}, err
	}
	if d := b.devices.get(c.View().UserID); d != nil {
		_ = c.Do(ctx, call.DeviceUp{Port: d}) // a call that is over needs none
	}
	return c.View(), nil
}

// begin starts a call and keeps it until it is done.
func (b *Board) begin(ctx context.Context, leg call.LegID, c *call.Call) error {
	if !b.live.keep(leg, c) {
		return refuse(ShuttingDown, "The server is being stopped. Try again in a moment.")
	}
	if err := c.Start(ctx); err != nil {
		b.live.forget(leg)
		if errors.Is(err, call.ErrAgentBusy) {
			err = refuse(AgentBusy, "You are in a call already. End it first.")
		}
		return err
	}
	u := c.View().UserID
	go func() { // ends with the call
		b.roster.began(u)
		<-c.Done()
		b.live.forget(leg)
		b.roster.over(u, b.wrapUp(context.WithoutCancel(ctx)))
	}()
	return nil
}
