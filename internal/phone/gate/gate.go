package gate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"softphone/internal/phone/auth"
)

// Order is whom somebody wants to call.
type Order struct {
	By    auth.User
	Leg   string   // ours, of the leg that is to be placed
	To    string   // any usual form
	From  string   // a number of the desk; empty: by its rules
	Own   []string // the desk's numbers
	Limit time.Duration
}

// Permit is leave to place one leg: from whom to whom and for how long at most.
// Only Check makes one that says anything; the zero value names no number.
type Permit struct {
	leg, from, to string
	limit         time.Duration
}

// Leg is the leg that may be placed.
func (p Permit) Leg() string { return p.leg }

// From is the number that the callee sees.
func (p Permit) From() string { return p.from }

// To is the number that may be called.
func (p Permit) To() string { return p.to }

// Limit is how long the leg may last.
func (p Permit) Limit() time.Duration { return p.limit }

// Given reports whether a gate made this permit.
func (p Permit) Given() bool { return p.to != "" }

// Gate is a desk's one way out.
type Gate struct {
	Book Book
	Now  func() time.Time
}

// Check lets an order pass or says which rule refuses it (*Refusal). What passes
// is counted: it is given back when its leg ends, or by Release when it was not
// placed.
func (g *Gate) Check(ctx context.Context, o Order) (Permit, error) {
	p, err := g.Book.Policy(ctx)
	if err != nil {
		return Permit{}, err
	}
	seen, err := g.rules(ctx, o, p)
	if err != nil {
		return Permit{}, err
	}
	limit, err := g.reserve(ctx, o, p, seen.class)
	if err != nil {
		return Permit{}, err
	}
	return Permit{leg: o.Leg, from: seen.from, to: seen.to.E164, limit: limit}, nil
}

// reserve counts a call of the longest duration that the money allows: a day's
// last dollars are for short calls.
func (g *Gate) reserve(ctx context.Context, o Order, p Policy, c PriceClass) (time.Duration, error) {
	now := g.Now()
	var none *Full
	for _, limit := range lengths(p, o.Limit) {
		r := Reservation{Leg: o.Leg, User: o.By.ID, At: now, Rate: c.Rate(), Limit: limit}
		r.Counts = counts(p, o.By.ID, cost(r.Rate, limit), now)
		err := g.Book.Reserve(ctx, r)
		if err == nil {
			return limit, nil
		}
		if !errors.As(err, &none) {
			return 0, fmt.Errorf("count a call: %w", err)
		}
		if none.Count.Kind != Spend {
			break
		}
	}
	return 0, full(none.Count)
}

// lengths are the durations to try, longest first: what was asked for, an hour,
// a quarter of one. A call that must be shorter than that is not worth beginning.
func lengths(p Policy, wanted time.Duration) []time.Duration {
	first := p.Longest()
	if wanted > 0 {
		first = min(first, wanted)
	}
	out := []time.Duration{first}
	for _, shorter := range []time.Duration{time.Hour, 15 * time.Minute} {
		if shorter < first {
			out = append(out, shorter)
		}
	}
	return out
}

// Release gives back what a permit has reserved: its leg was not placed.
func (g *Gate) Release(ctx context.Context, p Permit) error {
	return g.Book.Release(context.WithoutCancel(ctx), p.leg)
}

// order as the rules understood it.
type order struct {
	to    Number
	from  string
	class PriceClass
}

// rules asks everything but the counters. What is known of the order comes back
// with a refusal too, for a preview.
func (g *Gate) rules(ctx context.Context, o Order, p Policy) (order, error) {
	var out order
	if o.By.Disabled || !o.By.Role.May(auth.MakeCalls) {
		return out, refuse(Forbidden, RulePermission, "Your role does not allow calls. Ask an administrator of your desk.")
	}
	home := ""
	if len(o.Own) > 0 {
		home = o.Own[0]
	}
	if slices.Contains(o.Own, o.From) {
		home = o.From
	}
	var err error
	if out.to, err = Read(o.To, home); err != nil {
		return out, err
	}
	out.class = priceClass(out.to, Country(home))
	if slices.Contains(o.Own, out.to.E164) {
		return out, refuse(OwnNumber, RuleOwnNumber, "This is a number of your own desk: the call would come back to it. Choose a colleague from the list instead.")
	}
	if out.from, err = callerID(o.From, o.Own, out.to, p.CallerIDs); err != nil {
		return out, err
	}
	out.class = priceClass(out.to, Country(out.from))
	for _, rule := range []func() error{
		func() error { return destination(out.to, p, o.Own) },
		func() error { return g.willing(ctx, out.to) },
		func() error { return plain(p.Hours.refuse(out.to, g.Now())) },
		func() error { return frozen(p) },
	} {
		if err := rule(); err != nil {
			return out, err
		}
	}
	return out, nil
}

// plain keeps a nil refusal from becoming an error that is not nil.
func plain(r *Refusal) error {
	if r == nil {
		return nil
	}
	return r
}

// destination judges type, range and country: what is not known to be harmless
// is off.
func destination(n Number, p Policy, own []string) error {
	if !ordinary[n.Type] && !slices.Contains(p.Types, n.Type) {
		return refuse(RangeNotAllowed, RulePriceClass, fmt.Sprintf("%s are not called from this desk. Look for an ordinary number of theirs, or ask an administrator.", kinds[n.Type]))
	}
	if r := riskyRange(n.E164, p.Ranges); r != "" {
		return refuse(RangeNotAllowed, RuleHighRisk, "Numbers beginning with "+r+" are often used for fraud and are not called from this desk. An administrator can open the range.")
	}
	home := slices.ContainsFunc(own, func(mine string) bool { return Country(mine) == n.Country })
	if !home && !slices.Contains(p.Countries, n.Country) {
		return refuse(CountryNotAllowed, RuleCountry, "Calls to this country are not allowed at this desk. An administrator can allow it under Calling.")
	}
	return nil
}

var kinds = map[Type]string{
	Premium: "Premium numbers", SharedCost: "Numbers with shared cost", Personal: "Personal numbers", Pager: "Pagers",
	Voicemail: "Voicemail access numbers", Satellite: "Satellite telephones", UnknownType: "Numbers of an unknown kind",
}

func (g *Gate) willing(ctx context.Context, n Number) error {
	listed, err := g.Book.Refuses(ctx, n.E164)
	if err != nil {
		return fmt.Errorf("do-not-call list: %w", err)
	}
	if listed {
		return refuse(DoNotCall, RuleDoNotCall, "This person does not want to be called. An administrator can take the number off the list, with a reason.")
	}
	return nil
}

func frozen(p Policy) error {
	if p.Frozen {
		return refuse(Frozen, RuleFreeze, "Calls out of this desk are stopped at the moment. An administrator can allow them again under Calling.")
	}
	return nil
}
