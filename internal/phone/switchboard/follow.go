package switchboard

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"softphone/internal/phone/call"
	"softphone/internal/phone/tenant"
)

// replayMost is the events that are replayed one by one; who missed more is
// better served with the whole.
const replayMost = 500

// Place is how far a page has followed a stream.
type Place struct {
	Epoch int
	Seq   int64
}

// Standing is a live call as far as it is committed: built from its events
// alone, so that it fits the place in the stream that it names.
type Standing struct {
	Call        call.View
	Stream      string
	Place       Place
	Lines       []json.RawMessage // bodies of ai:transcript
	Suggestions []json.RawMessage // bodies of ai:suggestion
	Actions     []json.RawMessage // bodies of ai:action, the newest of each
	Recording   json.RawMessage   // body of the newest call:recording; nil: none
}

// Follow makes f hear of this user's calls, and of everybody's status, until
// leave is called.
func (s *Seat) Follow(f Follower) (leave func()) {
	u := call.UserID(s.User.ID)
	unfollow := s.hub.follow(u, s.Session, f)
	left := s.roster.came(u)
	return func() {
		unfollow()
		left()
	}
}

// Standings lists this user's live calls.
func (s *Seat) Standings(ctx context.Context) ([]Standing, error) {
	var all []Standing
	for _, c := range s.live.of(call.UserID(s.User.ID)) {
		// What was said before a restart belongs to it: events of all its owners.
		events, err := s.store.EventsOf(ctx, c.ID(), "")
		if err != nil {
			return nil, err
		}
		if len(events) == 0 {
			continue // its first change is being stored
		}
		one, err := standing(events)
		if err != nil {
			return nil, err
		}
		if !one.Call.Status.Final() {
			all = append(all, one)
		}
	}
	slices.SortFunc(all, func(a, b Standing) int { return strings.Compare(string(a.Call.ID), string(b.Call.ID)) })
	return all, nil
}

// Missed lists what has happened in the streams since the given places, and
// whether that is all a page needs: false when a place is too old, of another
// owner or not this user's, or when there is a live call that the page does not
// know.
func (s *Seat) Missed(ctx context.Context, since map[string]Place) ([]call.Event, bool, error) {
	for _, c := range s.live.of(call.UserID(s.User.ID)) {
		if at, ok := since[streamOf(c.View().ID)]; !ok || at.Epoch != c.Epoch() {
			return nil, false, nil
		}
	}
	var missed []call.Event
	for stream, at := range since {
		id, ok := strings.CutPrefix(stream, "call:")
		if !ok {
			return nil, false, nil
		}
		if in, err := s.was(ctx, call.ID(id)); err != nil || !in {
			return nil, false, ignoreMissing(err)
		}
		heir, err := s.store.EventsSince(ctx, stream, at.Epoch+1, 0)
		if err != nil || len(heir) > 0 { // another owner ended it
			return nil, false, err
		}
		events, err := s.store.EventsSince(ctx, stream, at.Epoch, at.Seq)
		if err != nil {
			return nil, false, err
		}
		missed = append(missed, events...)
	}
	return missed, len(missed) <= replayMost, nil
}

// was reports whether this user is, or was last, the agent of a call.
func (s *Seat) was(ctx context.Context, id call.ID) (bool, error) {
	if c, ok := s.live.byID(id); ok {
		_, in := c.View().Part(call.UserID(s.User.ID))
		return in, nil
	}
	v, err := s.store.Call(ctx, id)
	return err == nil && v.UserID == call.UserID(s.User.ID), err
}

func ignoreMissing(err error) error {
	if errors.Is(err, tenant.ErrNotFound) {
		return nil
	}
	return err
}

func streamOf(id call.ID) string { return "call:" + string(id) }

// standing folds the events of a call.
func standing(events []call.Event) (Standing, error) {
	last := events[len(events)-1]
	out := Standing{Stream: last.Stream, Place: Place{last.Epoch, last.Seq}}
	for _, e := range events {
		switch e.Type {
		case "ai:transcript":
			out.Lines = append(out.Lines, e.Body)
		case "ai:suggestion":
			out.Suggestions = append(out.Suggestions, e.Body)
		case "ai:action":
			out.Actions = newest(out.Actions, e.Body)
		case "call:recording":
			out.Recording = e.Body
		default:
			var body struct{ Call *call.View }
			if err := json.Unmarshal(e.Body, &body); err != nil {
				return out, err
			}
			if body.Call != nil {
				out.Call = *body.Call
			}
		}
	}
	return out, nil
}

// newest adds an action, or puts it in the place of its earlier state.
func newest(actions []json.RawMessage, body json.RawMessage) []json.RawMessage {
	id := actionID(body)
	for i, old := range actions {
		if actionID(old) == id {
			actions[i] = body
			return actions
		}
	}
	return append(actions, body)
}

func actionID(body json.RawMessage) string {
	var a struct{ ActionID string }
	_ = json.Unmarshal(body, &a) // bodies are ours
	return a.ActionID
}
