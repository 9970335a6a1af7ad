package call

import "softphone/internal/phone/media"

// keysMost is how many digits come at a time: 6 s of tones.
const keysMost = 32

// press sounds keys to the customer, or to whom the agent speaks aside.
func (s *State) press(in Press) ([]Effect, error) {
	p, err := s.sitting(in.User)
	if err != nil {
		return nil, err
	}
	ear := s.keyed(p)
	if ear == nil || s.keys != "" && s.keys != in.User {
		return nil, ErrNotNow
	}
	if _, ok := media.Keys(in.Digits); !ok || in.Digits == "" || len(in.Digits) > keysMost {
		return nil, ErrBadKeys
	}
	told := tell{kind: "call:dtmf", body: keysBody(in.Digits, "agent")}
	if s.keys != "" { // a keypad is faster than its tones
		if len(s.waiting)+len(in.Digits) > keysMost {
			return nil, ErrNotNow
		}
		s.waiting += in.Digits
		return []Effect{told}, nil
	}
	s.keys = in.User
	return []Effect{playKeys{ear.Leg.ID, in.Digits}, told}, nil
}

// keyed is the telephone that hears an agent's keys.
func (s *State) keyed(agent *Party) *Party {
	for _, p := range s.who(func(p *Party) bool { return p.phone() && p.talks() && p.Room == agent.Room }) {
		return p
	}
	return nil
}

// pressed goes on with the keys that were pressed meanwhile.
func (s *State) pressed() []Effect {
	p := s.seat(s.keys)
	if s.waiting == "" || p == nil || s.keyed(p) == nil {
		s.keys, s.waiting = "", ""
		return nil
	}
	next := playKeys{s.keyed(p).Leg.ID, s.waiting}
	s.waiting = ""
	return []Effect{next}
}

func (s *State) heard(p *Party, in Heard) ([]Effect, error) {
	if s.final() {
		return nil, ErrOver
	}
	return []Effect{tell{kind: "call:dtmf", body: keysBody(in.Digit, "caller")}}, nil
}
