package switchboard

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"softphone/internal/phone/call"
	"softphone/internal/phone/tenant"
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
	user := call.UserID(s.User.ID)
	c := s.newCall(in, call.Config{
		Record:      call.Record{ID: call.ID(s.ex.NewID(now)), Direction: call.Outbound, From: permit.From(), To: permit.To(), UserID: user, ContactID: o.ContactID, Epoch: 1},
		ContactName: contact, Once: once,
		Customer: call.Phone{Leg: leg, Permit: permit, Name: contact}.Party(),
		Agent:    call.Colleague(call.LegID(s.ex.NewID(now)), user, s.User.Name),
	})
	s.putAside(ctx, user, "")
	if err := s.begin(ctx, c, leg); err != nil {
		s.release(ctx, permit)
		return call.View{}, err
	}
	s.focus(c, user)
	return c.View(), nil
}

func (s *Seat) contactName(ctx context.Context, id string) (string, error) {
	if id == "" {
		return "", nil
	}
	c, err := s.Contact(ctx, id)
	return c.Name, err
}

// newCall makes a call of this desk.
func (b *Board) newCall(in tenant.Integrations, c call.Config) *call.Call {
	return b.made(in, c, call.NewCall)
}

// heir makes the call that takes over what a former process left.
func (b *Board) heir(in tenant.Integrations, l call.Left) *call.Call {
	return b.made(in, call.Config{Record: l.Call, ContactName: l.ContactName}, func(c call.Config) *call.Call { return call.Resume(c, l) })
}

func (b *Board) made(in tenant.Integrations, c call.Config, make func(call.Config) *call.Call) *call.Call {
	c.Carrier, c.Journal, c.Log = b.ex.Carrier(b.Tenant, in), b.store, b.log
	c.Publish, c.PublishVolatile = b.hub.happened, b.hub.passing
	people := &people{board: b}
	c.Desk = people
	told := b.listen(in, &c)
	made := make(c)
	people.call = made
	told(made)
	return made
}

// begin starts a call and keeps it until it is done.
func (b *Board) begin(ctx context.Context, c *call.Call, legs ...call.LegID) error {
	id := c.ID()
	if !b.live.keep(id, c, legs...) {
		return refuse(ShuttingDown, "The server is being stopped. Try again in a moment.")
	}
	if err := c.Start(ctx); err != nil {
		b.live.forget(id)
		if errors.Is(err, call.ErrAgentBusy) {
			err = refuse(AgentBusy, "You have as many calls as you can have. End one first.")
		}
		return err
	}
	v := c.View()
	if v.UserID != "" {
		go b.roster.began(v.UserID)
	}
	log := b.log.With("call", id, "leg", v.Parties[0].ID)
	log.Info("call began", "direction", v.Direction)
	go func() { // ends with the call
		<-c.Ended()
		if !c.Lost() {
			b.told(c.View(), log)
		}
		<-c.Done()
		b.live.forget(id)
	}()
	return nil
}

// told notes how a call ended.
func (b *Board) told(v call.View, log *slog.Logger) {
	if v.Verdict == nil {
		return
	}
	talk := 0
	if v.DurationSeconds != nil {
		talk = *v.DurationSeconds
	}
	log.Info("call ended", "status", v.Status, "by", v.Verdict.By, "reason", v.Verdict.Reason, "talk", talk)
	if b.ex.Ended != nil {
		b.ex.Ended(v.Status, *v.Verdict)
	}
}
