package switchboard

import (
	"context"

	"softphone/internal/phone/auth"
	"softphone/internal/phone/call"
)

// Target is whom an agent brings into a call: a colleague, or a number.
type Target struct {
	UserID string
	To     string
	From   string
}

// Bring asks somebody into a call: to hand it over, to ask first, or to talk
// together.
func (s *Seat) Bring(ctx context.Context, id call.ID, mode call.Mode, t Target) (call.View, error) {
	c, err := s.call(ctx, id)
	if err != nil {
		return call.View{}, err
	}
	p, err := s.party(ctx, t)
	if err != nil {
		return call.View{}, err
	}
	if p.User == "" {
		s.live.join(p.Leg.ID, c)
	}
	err = c.Do(ctx, call.Bring{By: call.UserID(s.User.ID), Mode: mode, Party: p})
	return c.View(), refusal(err)
}

func (s *Seat) party(ctx context.Context, t Target) (call.Party, error) {
	leg := call.LegID(s.ex.NewID(s.ex.Now()))
	if t.UserID != "" {
		return s.colleague(ctx, leg, t.UserID)
	}
	in, err := s.ex.Directory.Integrations(ctx, s.Tenant.ID)
	if err != nil {
		return call.Party{}, err
	}
	permit, err := s.permit(ctx, in, leg, t.To, t.From)
	if err != nil {
		return call.Party{}, err
	}
	return call.Phone{Leg: leg, Permit: permit}.Party(), nil
}

// colleague is another agent of the desk who could answer now.
func (s *Seat) colleague(ctx context.Context, leg call.LegID, id string) (call.Party, error) {
	u, err := s.store.User(ctx, id)
	if err != nil {
		return call.Party{}, notFound(err)
	}
	switch {
	case u.ID == s.User.ID:
		return call.Party{}, refuse(InvalidInput, "You cannot call yourself.")
	case u.Disabled || !u.Role.May(auth.ReceiveCalls):
		return call.Party{}, refuse(NotNow, u.Name+" does not take calls.")
	case s.devices.get(call.UserID(u.ID)) == nil:
		return call.Party{}, refuse(NotNow, u.Name+" is not at the desk.")
	case len(s.live.of(call.UserID(u.ID))) > 0:
		return call.Party{}, refuse(NotNow, u.Name+" is in a call.")
	}
	return call.Colleague(leg, call.UserID(u.ID), u.Name), nil
}

// Steer is what this user does with a call in which there is somebody more.
func (s *Seat) Steer(ctx context.Context, id call.ID, do call.Action) (call.View, error) {
	return s.tell(ctx, id, call.Steer{By: call.UserID(s.User.ID), Do: do})
}

// Remove sends a party away.
func (s *Seat) Remove(ctx context.Context, id call.ID, leg call.LegID) (call.View, error) {
	return s.tell(ctx, id, call.Remove{By: call.UserID(s.User.ID), Leg: leg})
}

// CallColleague calls another agent of the desk.
func (s *Seat) CallColleague(ctx context.Context, id string) (call.View, error) {
	now := s.ex.Now()
	other, err := s.colleague(ctx, call.LegID(s.ex.NewID(now)), id)
	if err != nil {
		return call.View{}, err
	}
	in, err := s.ex.Directory.Integrations(ctx, s.Tenant.ID)
	if err != nil {
		return call.View{}, err
	}
	user := call.UserID(s.User.ID)
	c := s.newCall(in, call.Config{
		Record:   call.Record{ID: call.ID(s.ex.NewID(now)), Direction: call.Outbound, From: "user:" + s.User.ID, To: "user:" + id, UserID: user, Epoch: 1},
		Customer: other, Agent: call.Colleague(call.LegID(s.ex.NewID(now)), user, s.User.Name),
	})
	s.putAside(ctx, user, "")
	if err := s.begin(ctx, c); err != nil {
		return call.View{}, err
	}
	s.focus(c, user)
	return c.View(), nil
}
