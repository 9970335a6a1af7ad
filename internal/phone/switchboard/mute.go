package switchboard

import (
	"context"

	"softphone/internal/phone/call"
)

// Mute stops (true) or passes the agent's sound in the bridge.
func (s *Seat) Mute(ctx context.Context, id call.ID, on bool) (call.View, error) {
	c, err := s.call(ctx, id)
	if err != nil {
		return call.View{}, err
	}
	err = c.Do(ctx, call.Mute{On: on})
	return c.View(), refusal(err)
}
