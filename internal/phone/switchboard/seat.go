package switchboard

import (
	"context"
	"strings"

	"softphone/internal/phone/auth"
)

// Seat is a user at a desk: what a valid token stands for. The role is read
// when the seat is taken, never from the token.
type Seat struct {
	*Board
	User    auth.User
	Session string // id of the session the token belongs to
}

// Admit turns an access token into a seat. It is the only door for REST and
// for the socket, so both refuse the same tokens with the same words.
func (e *Exchange) Admit(ctx context.Context, token string) (*Seat, error) {
	claims, err := e.Signer.Verify(strings.TrimSpace(token))
	if err != nil {
		return nil, refuse(Unauthorized, "Please log in again.")
	}
	b, err := e.Board(ctx, claims.Tenant)
	if err != nil {
		return nil, err
	}
	return b.seat(ctx, claims.Subject, claims.Session)
}

func (b *Board) seat(ctx context.Context, userID, session string) (*Seat, error) {
	alive, err := b.store.SessionAlive(ctx, session)
	if err != nil {
		return nil, err
	}
	u, err := b.store.User(ctx, userID)
	if err != nil {
		return nil, err
	}
	if !alive || u.Disabled {
		return nil, refuse(Unauthorized, "Please log in again.")
	}
	return &Seat{Board: b, User: u, Session: session}, nil
}

// Again takes the same seat anew: refused when its session has ended, and with
// the role as it is now. Whoever keeps a seat asks before each use.
func (s *Seat) Again(ctx context.Context) (*Seat, error) {
	return s.seat(ctx, s.User.ID, s.Session)
}

// May refuses unless the user's role has the permission.
func (s *Seat) May(p auth.Permission) error {
	if s.User.Role.May(p) {
		return nil
	}
	return refuse(Forbidden, "Your role does not allow this. Ask an administrator of your desk.")
}
