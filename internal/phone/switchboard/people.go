package switchboard

import (
	"context"
	"time"

	"softphone/internal/phone/auth"
	"softphone/internal/phone/call"
)

// offerRing is how long a call rings at those it is offered to before it is
// offered to others: five rings.
const offerRing = 20 * time.Second

// people are the agents of a desk as one of its calls sees them.
type people struct {
	board *Board
	call  *call.Call
}

var _ call.Desk = (*people)(nil)

// Candidates implements call.Desk: all who may take calls, are heard and have no
// other call, at once.
func (p *people) Candidates(ctx context.Context, _ call.View, tried []call.UserID) ([]call.Candidate, time.Duration) {
	var free []call.Candidate
	now := p.board.ex.Now()
	for _, u := range p.board.hub.users() {
		if contains(tried, u) || !p.board.ready(u) {
			continue
		}
		user, err := p.board.store.User(ctx, string(u))
		if err != nil || user.Disabled || !user.Role.May(auth.ReceiveCalls) {
			continue
		}
		free = append(free, call.Candidate{User: u, Name: user.Name, Leg: call.LegID(p.board.ex.NewID(now))})
	}
	return free, offerRing
}

func contains(list []call.UserID, u call.UserID) bool {
	for _, one := range list {
		if one == u {
			return true
		}
	}
	return false
}

// ready reports whether an agent could answer now.
func (b *Board) ready(u call.UserID) bool {
	d := b.devices.get(u)
	return d != nil && b.ex.Now().Sub(d.LastHeard()) <= quietEar && len(b.live.of(u)) == 0
}

// Lend implements call.Desk.
func (p *people) Lend(u call.UserID) {
	go p.board.focus(p.call, u) // ends with the call's answers
}

// MissedOffer implements call.Desk.
func (p *people) MissedOffer(u call.UserID) {
	p.board.log.Info("call was not taken", "user", u)
}

// Took implements call.Desk.
func (p *people) Took(u call.UserID) { go p.board.roster.began(u) } // ends with the row

// Left implements call.Desk.
func (p *people) Left(u call.UserID) { // ends with the row
	go p.board.roster.over(u, p.board.wrapUp(context.Background()))
}

// putAside puts the other calls of an agent on hold: there is one device.
func (b *Board) putAside(ctx context.Context, u call.UserID, but call.ID) {
	for _, c := range b.live.of(u) {
		if part, ok := c.View().Part(u); ok && part.Sits() && !part.Held && c.ID() != but {
			_ = c.Do(ctx, call.Hold{User: u, On: true}) // a call that is over needs none
		}
	}
}

// focus gives an agent's device to one of the agent's calls.
func (b *Board) focus(c *call.Call, u call.UserID) {
	ctx := context.Background()
	b.putAside(ctx, u, c.ID())
	if d := b.devices.get(u); d != nil {
		_ = c.Do(ctx, call.DeviceUp{User: u, Port: d})
	}
}
