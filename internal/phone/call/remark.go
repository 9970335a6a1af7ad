package call

import (
	"fmt"
	"strings"
	"time"
)

// lastWords is how long a call that is over waits for what its listener still
// has to say: 3 s for the transcriber and what a slow machine adds.
const lastWords = 5 * time.Second

// assistOff is the state of an assistant that will say nothing more.
const assistOff = "off"

// awaited reports whether the listener may still have something to say.
func (s *State) awaited() bool { return s.Assist != nil && s.Assist.State != assistOff }

// remark takes news of the assistant, also for a while after the end: the last
// sentence of a call is written down after it was said, and call:ended does not
// wait for that.
func (s *State) remark(in Remark) ([]Effect, error) {
	if s.final() && !s.awaited() {
		return nil, ErrOver
	}
	in = in.cleaned()
	if in.Volatile {
		return []Effect{whisper{in.Type, in.Body}}, nil
	}
	var effects []Effect
	if in.Line != nil {
		effects = append(effects, keepLine{*in.Line})
	}
	if in.Assist != nil {
		s.Assist = in.Assist
	}
	told := tell{kind: in.Type, body: in.Body}
	if s.final() { // those who were there hear the last words
		told.to = []UserID{s.Call.UserID}
	}
	effects = append(effects, told)
	if s.final() && !s.awaited() {
		effects = append(effects, stopTimer{words, ""}, writeOut{})
	}
	return effects, nil
}

// afterwards takes the results that come when the call is over. Only the end of
// the wait for last words means anything then, and the loss of the call to a
// newer owner, who has the transcript now.
func (s *State) afterwards(in Input) ([]Effect, error) {
	switch in := in.(type) {
	case timedOut:
		if in.timer == words && s.awaited() {
			s.Assist = &Assist{State: assistOff}
			return []Effect{tell{kind: "call:update", to: []UserID{s.Call.UserID}}, writeOut{}}, nil
		}
	case claimed:
		if in.err == nil {
			return []Effect{release{in.user}}, nil
		}
	case fenced:
		s.Assist = nil
		for _, p := range s.who(func(p *Party) bool { return !p.gone() }) {
			p.leave("", s.now)
		}
		return nil, nil
	}
	return nil, ErrOver
}

// Transcript is the text of lines in the order they were said, a row each. A
// stretch whose words are missing says so.
func Transcript(lines []Line) string {
	var b strings.Builder
	for _, l := range lines {
		said := l.Text
		if l.Gap != "" {
			said = strings.TrimSpace(said + " [words missing]")
		}
		fmt.Fprintf(&b, "%s: %s\n", speakers[l.Speaker], said)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

var speakers = map[string]string{"caller": "Caller", "agent": "Agent"}
