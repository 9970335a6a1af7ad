package switchboard

import (
	"context"
	"errors"
	"fmt"
	"time"

	"softphone/internal/phone/call"
	"softphone/internal/phone/media"
	"softphone/internal/phone/tenant"
)

// tokenLife is how long an answered leg has to open its sound.
const tokenLife = time.Minute

// Line is a desk's line at its carrier: what callbacks and sound come in by.
type Line struct {
	board *Board
	token string
}

// Line returns the line of an account; a tenant that is named must own it.
func (e *Exchange) Line(ctx context.Context, slug, account string) (*Line, error) {
	t, err := e.Directory.TenantByAccount(ctx, account)
	if err != nil {
		return nil, err
	}
	if slug != "" && slug != t.Slug {
		return nil, fmt.Errorf("account of %s at the door of %s: %w", t.Slug, slug, tenant.ErrNotFound)
	}
	in, err := e.Directory.Integrations(ctx, t.ID)
	if err != nil {
		return nil, err
	}
	b, err := e.Board(ctx, t.ID)
	if err != nil {
		return nil, err
	}
	return &Line{board: b, token: in.Twilio.Token()}, nil
}

// Token is what the carrier signs with; empty closes the door.
func (l *Line) Token() string { return l.token }

// Receive stores what the carrier told and then hands it to the call, even if
// the carrier has lost patience meanwhile.
func (l *Line) Receive(ctx context.Context, f call.Fact, dedupe string, raw []byte) error {
	ctx = context.WithoutCancel(ctx)
	if f.Leg == "" { // of a call that came in: its number's address names no leg
		leg, err := l.board.store.LegBySID(ctx, f.SID)
		if err != nil && !errors.Is(err, tenant.ErrNotFound) {
			return err
		}
		f.Leg = leg
	}
	kept, fresh, err := l.board.store.Receive(ctx, f, dedupe, string(raw))
	if err != nil || !fresh {
		return err
	}
	c, ok := l.board.live.byLeg(f.Leg)
	if !ok {
		return nil
	}
	if err := c.Do(ctx, call.Told{Fact: kept}); err != nil && !errors.Is(err, call.ErrOver) {
		l.board.log.Warn("fact not taken by its call", "leg", f.Leg, "err", err)
	}
	return nil // it is stored, and that is what the carrier asks for
}

// Keep stores what the carrier told and we cannot understand; no call hears of it.
func (l *Line) Keep(ctx context.Context, dedupe string, raw []byte) error {
	return l.board.store.Keep(context.WithoutCancel(ctx), dedupe, string(raw))
}

// Answer offers an answered leg a token for its sound, good for this leg of the
// carrier's only; ok is false for a leg that nobody wants any more. That it asks
// is itself news: the callback that says so may be late or lost.
func (l *Line) Answer(ctx context.Context, f call.Fact) (token string, ok bool, err error) {
	c, ok := l.board.live.byLeg(f.Leg)
	if !ok {
		return "", false, nil
	}
	if err := c.Do(ctx, call.Told{Fact: f}); err != nil || !c.Takes(f.Leg, f.SID) {
		return "", false, ignoreOver(err)
	}
	return l.offer(ctx, f.Leg, f.SID)
}

// offer makes a token that opens the sound of a leg once.
func (l *Line) offer(ctx context.Context, leg call.LegID, sid string) (token string, ok bool, err error) {
	token = newSecret()
	err = l.board.store.OfferStream(ctx, leg, hashSecret(token+sid), l.board.ex.Now().Add(tokenLife))
	return token, err == nil, err
}

// Sound is a leg's port that can say how it ended.
type Sound interface {
	media.Port
	Lost() bool
}

// CallOf names the call that a leg is in; empty when it is over.
func (l *Line) CallOf(leg call.LegID) call.ID {
	c, ok := l.board.live.byLeg(leg)
	if !ok {
		return ""
	}
	return c.ID()
}

// Take joins a leg's sound to its call, if the token is the one that was
// offered to it. A stranger who tries does not use it up. It returns the keys' way into the call.
func (l *Line) Take(ctx context.Context, leg call.LegID, token, sid string, s Sound) (pressed func(digit string), err error) {
	if err := l.board.store.ClaimStream(ctx, leg, hashSecret(token+sid)); err != nil {
		return nil, fmt.Errorf("sound of leg %s: %w", leg, err)
	}
	c, ok := l.board.live.byLeg(leg)
	if !ok {
		return nil, fmt.Errorf("sound of leg %s: %w", leg, call.ErrOver)
	}
	if err := c.Do(ctx, call.StreamUp{Leg: leg, Port: s}); err != nil {
		return nil, err
	}
	still := context.WithoutCancel(ctx)
	go func() { // ends with the sound
		<-s.Done()
		_ = c.Do(still, call.StreamDown{Leg: leg, Port: s, Lost: s.Lost()})
	}()
	return func(digit string) { go func() { _ = c.Do(still, call.Heard{Leg: leg, Digit: digit}) }() }, nil
}
