package switchboard

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"softphone/internal/phone/auth"
	"softphone/internal/phone/call"
	"softphone/internal/phone/crm"
	"softphone/internal/phone/gate"
	"softphone/internal/phone/tenant"
)

// Policies keeps what the gate goes by.
type Policies interface {
	gate.Book
	SavePolicy(ctx context.Context, p gate.Policy, by call.UserID) error
	AddRefuser(ctx context.Context, r gate.Refuser) error
	RemoveRefuser(ctx context.Context, number, reason string, by call.UserID, ownOnly bool) error
	Refusers(ctx context.Context, digits string, after gate.Refuser, limit int64) ([]gate.Refuser, error)
}

// gate is the desk's one way out: everything that can originate a call asks it
// for a permit, for each leg one.
func (b *Board) gate() *gate.Gate { return &gate.Gate{Book: b.store, Now: b.ex.Now} }

// permit asks for leave to place a leg for this user. A permit whose leg is not
// placed must be released.
func (s *Seat) permit(ctx context.Context, in tenant.Integrations, leg call.LegID, to, from string) (gate.Permit, error) {
	p, err := s.gate().Check(ctx, s.wish(in, leg, to, from))
	return p, refused(err)
}

func (s *Seat) wish(in tenant.Integrations, leg call.LegID, to, from string) gate.Order {
	return gate.Order{By: s.User, Leg: string(leg), To: to, From: from, Own: in.Twilio.PhoneNumbers}
}

// release gives back what a permit has reserved. A failure is told to the log
// only: the gate finds such permits by itself.
func (b *Board) release(ctx context.Context, p gate.Permit) {
	if err := b.gate().Release(ctx, p); err != nil {
		b.log.Warn("permit not given back", "leg", p.Leg(), "err", err)
	}
}

// refused puts the gate's no into the desk's words.
func refused(err error) error {
	var no *gate.Refusal
	if errors.As(err, &no) {
		return ruled(no)
	}
	return err
}

func ruled(no *gate.Refusal) *Refusal {
	return &Refusal{Code: Code(no.Code), Rule: string(no.Rule), Message: no.Message}
}

// Preview is what can be said of a number before it is called.
type Preview struct {
	gate.Preview
	Contact *crm.Contact // whose number it is, if known
	No      *Refusal     // nil: it may be called now
}

// Preview asks all rules about a call and makes none.
func (s *Seat) Preview(ctx context.Context, to, from string) (Preview, error) {
	in, err := s.ex.Directory.Integrations(ctx, s.Tenant.ID)
	if err != nil {
		return Preview{}, err
	}
	p, err := s.gate().Preview(ctx, s.wish(in, "", to, from))
	if err != nil {
		return Preview{}, err
	}
	out := Preview{Preview: p}
	if p.Refuse != nil {
		out.No = ruled(p.Refuse)
	}
	out.Contact, err = s.contactOf(ctx, p.To.E164)
	return out, err
}

// contactOf finds whose number it is, for those who may read the address book.
func (s *Seat) contactOf(ctx context.Context, e164 string) (*crm.Contact, error) {
	if e164 == "" || !s.User.Role.May(auth.ReadCRM) {
		return nil, nil
	}
	found, err := s.store.SearchContacts(ctx, e164, 5)
	if i := slices.IndexFunc(found, func(c crm.Contact) bool { return c.Phone == e164 }); i >= 0 {
		return &found[i], err
	}
	return nil, err
}

// Policy returns what the desk allows, and its own numbers.
func (s *Seat) Policy(ctx context.Context) (gate.Policy, []string, error) {
	in, err := s.ex.Directory.Integrations(ctx, s.Tenant.ID)
	if err != nil {
		return gate.Policy{}, nil, err
	}
	p, err := s.store.Policy(ctx)
	return p.Tidy(), in.Twilio.PhoneNumbers, err
}

// SavePolicy checks and saves what the desk allows. It holds from the next call
// on.
func (s *Seat) SavePolicy(ctx context.Context, p gate.Policy) (gate.Policy, []string, error) {
	if err := s.May(auth.ManageTenant); err != nil {
		return p, nil, err
	}
	in, err := s.ex.Directory.Integrations(ctx, s.Tenant.ID)
	if err != nil {
		return p, nil, err
	}
	p = p.Tidy()
	if err := p.Validate(in.Twilio.PhoneNumbers); err != nil {
		return p, nil, refuse(InvalidInput, err.Error())
	}
	return p, in.Twilio.PhoneNumbers, s.store.SavePolicy(ctx, p, call.UserID(s.User.ID))
}

// DoNotCall puts a number on the do-not-call list.
func (s *Seat) DoNotCall(ctx context.Context, typed, reason string) (string, error) {
	if !tenant.IsText(reason) {
		return "", refuse(InvalidInput, "A reason is text without control characters.")
	}
	n, err := s.read(ctx, typed)
	if err != nil {
		return "", err
	}
	return n, s.store.AddRefuser(ctx, gate.Refuser{Number: n, Reason: strings.TrimSpace(reason), AddedBy: s.User.ID})
}

// MayCall takes a number off the list again. Everybody may take back what they
// put there; the others' entries are an administrator's.
func (s *Seat) MayCall(ctx context.Context, typed, reason string) error {
	if !tenant.IsText(reason) {
		return refuse(InvalidInput, "A reason is text without control characters.")
	}
	n, err := s.read(ctx, typed)
	if err != nil {
		return err
	}
	own := !s.User.Role.May(auth.ManageTenant)
	err = s.store.RemoveRefuser(ctx, n, strings.TrimSpace(reason), call.UserID(s.User.ID), own)
	if errors.Is(err, tenant.ErrNotFound) && own {
		return refuse(NotFound, "The number is not on the list, or a colleague put it there: an administrator can take it off.")
	}
	return notFound(err)
}

// read understands a number as the gate does.
func (s *Seat) read(ctx context.Context, typed string) (string, error) {
	in, err := s.ex.Directory.Integrations(ctx, s.Tenant.ID)
	if err != nil {
		return "", err
	}
	home := ""
	if len(in.Twilio.PhoneNumbers) > 0 {
		home = in.Twilio.PhoneNumbers[0]
	}
	n, err := gate.Read(typed, home)
	return n.E164, refused(err)
}

// Refusers lists the do-not-call list, newest first.
func (s *Seat) Refusers(ctx context.Context, query string, after gate.Refuser, limit int) ([]gate.Refuser, error) {
	digits := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, query)
	return s.store.Refusers(ctx, digits, after, int64(limit))
}

// wrapUp is the time for notes; a desk whose policy cannot be read has the
// usual one.
func (b *Board) wrapUp(ctx context.Context) time.Duration {
	p, err := b.store.Policy(ctx)
	if err != nil {
		p = gate.Default()
	}
	return p.WrapUp()
}
