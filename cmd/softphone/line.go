package main

import (
	"context"
	"errors"
	"sync"

	"softphone/internal/adapter/twilio"
	"softphone/internal/phone/call"
	"softphone/internal/phone/switchboard"
	"softphone/internal/phone/tenant"
)

// carriers makes the telephone network of each tenant; accounts share a pacer
// however often their settings are read.
type carriers struct {
	backend, base string

	mu     sync.Mutex
	pacers map[string]*twilio.Pacer // by account
}

func (c *carriers) of(t tenant.Tenant, in tenant.Integrations) call.Carrier {
	c.mu.Lock()
	defer c.mu.Unlock()
	p, ok := c.pacers[in.Twilio.AccountSid]
	if !ok {
		p = &twilio.Pacer{}
		c.pacers[in.Twilio.AccountSid] = p
	}
	return &twilio.Carrier{
		Account: twilio.Account{BaseURL: or(in.Twilio.BaseURL, c.base), SID: in.Twilio.AccountSid, User: in.Twilio.AccountSid, Secret: in.Twilio.Token(), Pacer: p},
		Backend: c.backend, Tenant: t.Slug,
	}
}

// lines lets Twilio's doors find a desk's line.
type lines struct{ ex *switchboard.Exchange }

func (l lines) Line(ctx context.Context, slug, account string) (twilio.Line, error) {
	found, err := l.ex.Line(ctx, slug, account)
	if errors.Is(err, tenant.ErrNotFound) {
		return nil, errors.Join(twilio.ErrNoLine, err)
	}
	if err != nil {
		return nil, err
	}
	return line{found}, nil
}

type line struct{ *switchboard.Line }

func (l line) Connect(ctx context.Context, leg call.LegID, token, sid string, s *twilio.Stream) error {
	s.Call = l.CallOf(leg)
	pressed, err := l.Take(ctx, leg, token, sid, s)
	s.Heard = pressed
	return err
}

func (l line) Arrive(ctx context.Context, sid, from, to string) (call.LegID, string, bool, error) {
	return l.Line.Arrive(ctx, switchboard.Arrival{SID: sid, From: from, To: to})
}
