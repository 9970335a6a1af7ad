package switchboard

import (
	"context"

	"softphone/internal/phone/call"
)

// Accept takes a call that is offered to this user.
func (s *Seat) Accept(ctx context.Context, id call.ID) (call.View, error) {
	if err := s.Heard(); err != nil {
		return call.View{}, err
	}
	return s.tell(ctx, id, call.Accept{User: call.UserID(s.User.ID)})
}

// Reject declines a call that is offered to this user; others may take it.
func (s *Seat) Reject(ctx context.Context, id call.ID) (call.View, error) {
	return s.tell(ctx, id, call.Reject{User: call.UserID(s.User.ID)})
}

// Hold puts a call aside, or takes it up again; the user's other calls are put
// aside then.
func (s *Seat) Hold(ctx context.Context, id call.ID, on bool) (call.View, error) {
	return s.tell(ctx, id, call.Hold{User: call.UserID(s.User.ID), On: on})
}

// tell hands an input to a call that this user may steer.
func (s *Seat) tell(ctx context.Context, id call.ID, in call.Input) (call.View, error) {
	c, err := s.call(ctx, id)
	if err != nil {
		return call.View{}, err
	}
	err = c.Do(ctx, in)
	return c.View(), refusal(err)
}
