package gate

import (
	"context"
	"errors"
	"time"
)

// Preview is what can be said of a number before it is called.
type Preview struct {
	To     Number // empty when it could not be read
	From   string // the number that would be shown
	Class  PriceClass
	Local  []time.Time // what time it is there: several when the number does not tell where
	Refuse *Refusal    // nil: it may be called now
}

// Preview asks all rules and counts nothing.
func (g *Gate) Preview(ctx context.Context, o Order) (Preview, error) {
	p, err := g.Book.Policy(ctx)
	if err != nil {
		return Preview{}, err
	}
	seen, err := g.rules(ctx, o, p)
	out := Preview{To: seen.to, From: seen.from, Class: seen.class}
	if seen.to.parsed != nil {
		out.Local = clocks(seen.to, g.Now())
	}
	if err == nil {
		err = g.room(ctx, o, p, seen.class)
	}
	if err != nil && !errors.As(err, &out.Refuse) {
		return Preview{}, err
	}
	return out, nil
}

// room reads whether the counters would let the call pass.
func (g *Gate) room(ctx context.Context, o Order, p Policy, c PriceClass) error {
	tries := lengths(p, o.Limit)
	wanted := counts(p, o.By.ID, cost(c.Rate(), tries[len(tries)-1]), g.Now())
	used, err := g.Book.Used(ctx, wanted)
	if err != nil {
		return err
	}
	for i, c := range wanted {
		if used[i]+c.Add > c.Most {
			return full(c)
		}
	}
	return nil
}
