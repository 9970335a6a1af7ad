package switchboard

import (
	"context"
	"errors"

	"softphone/internal/phone/auth"
	"softphone/internal/phone/call"
)

// End hangs up a call of this user, or cancels it before the answer.
func (s *Seat) End(ctx context.Context, id call.ID) (call.View, error) {
	c, err := s.call(ctx, id)
	if err != nil {
		return call.View{}, err
	}
	err = c.Do(ctx, call.End{Verdict: call.Verdict{By: call.ByAgent, Reason: call.HungUp}})
	return c.View(), refusal(err)
}

// refusal puts a call's no into words for its agent.
func refusal(err error) error {
	switch {
	case errors.Is(err, call.ErrOver):
		return refuse(CallOver, "This call is over already.")
	case errors.Is(err, call.ErrNotNow):
		return refuse(NotNow, "The call is not connected. Wait until it is answered.")
	case errors.Is(err, call.ErrBadKeys):
		return refuse(BadKeys, "Keys are 0 to 9, * and #; at most 32 at a time.")
	case errors.Is(err, call.ErrOverloaded):
		return refuse(Overloaded, "This call cannot keep up. Try again in a moment.")
	}
	return err
}

// call returns a live call that this user may steer.
func (s *Seat) call(ctx context.Context, id call.ID) (*call.Call, error) {
	c, ok := s.live.byID(id)
	if ok && (c.View().UserID == call.UserID(s.User.ID) || s.User.Role.May(auth.HistoryAll)) {
		return c, nil
	}
	if _, err := s.Dossier(ctx, id); err != nil {
		return nil, err
	}
	return nil, refuse(CallOver, "This call is over already.")
}
