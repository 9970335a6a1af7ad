package switchboard

import (
	"context"

	"softphone/internal/phone/call"
)

// Press sounds keys to the customer.
func (s *Seat) Press(ctx context.Context, id call.ID, digits string) error {
	c, err := s.call(ctx, id)
	if err != nil {
		return err
	}
	return refusal(c.Do(ctx, call.Press{Digits: digits}))
}
