// Package agent is who is on duty: each person's status with its reason and its
// time, as pure rules. Whoever keeps the rows and the clock asks them.
//
// The one rule: the server's clock owns every time; a page shows it.
package agent

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Status is what a person is doing, by their own word or by the rules.
type Status string

const (
	Available Status = "available"
	Away      Status = "away"
	WrapUp    Status = "wrap-up" // notes after a call
	Offline   Status = "offline"
)

// Absence is how long somebody without an open page is still there: a reload
// takes seconds.
const Absence = 15 * time.Second

// longestReason bounds the word for a break.
const longestReason = 60

// State is a person's status. It is a value: rules return a new one.
type State struct {
	Status Status
	Reason string    // of away: lunch, training, ...
	Since  time.Time // when it began
	Until  time.Time // when wrap-up ends by itself; zero for the others
	// Back is what follows: after wrap-up, and when somebody comes back whose
	// page was closed. Empty after an offline that was chosen.
	Back       Status
	BackReason string
}

// New is somebody who has not been here yet: the first page makes them available.
func New(now time.Time) State { return State{Status: Offline, Since: now, Back: Available} }

// ErrChanged says that somebody else changed a state meanwhile.
var ErrChanged = errors.New("status was changed by somebody else meanwhile")

// ErrStatus says that a status cannot be chosen.
var ErrStatus = errors.New("a status is available, away or offline")

// Choose takes a person's own word.
func (s State) Choose(status Status, reason string, now time.Time) (State, error) {
	reason = strings.TrimSpace(reason)
	switch {
	case status != Available && status != Away && status != Offline:
		return s, ErrStatus
	case status != Away && reason != "":
		return s, errors.New("only being away has a reason")
	case len([]rune(reason)) > longestReason || strings.ContainsFunc(reason, control):
		return s, fmt.Errorf("a reason has at most %d characters on one line", longestReason)
	case s.Status == status && s.Reason == reason:
		return s, nil
	}
	return State{Status: status, Reason: reason, Since: now}, nil
}

func control(r rune) bool { return r < ' ' || r == 0x7f }

// Began is a call that begins: who takes one has finished the notes.
func (s State) Began(now time.Time) State {
	if s.Status == WrapUp {
		return s.back(now)
	}
	return s
}

// Over is a call that ended: who was available gets time for notes. Somebody who
// said during the call that they go away is away.
func (s State) Over(wrapUp time.Duration, now time.Time) State {
	if s.Status != Available && s.Status != WrapUp || wrapUp <= 0 {
		return s
	}
	return State{Status: WrapUp, Since: now, Until: now.Add(wrapUp), Back: Available}
}

// Left is a person without an open page for Absence.
func (s State) Left(now time.Time) State {
	switch s.Status {
	case Offline:
		return s
	case WrapUp:
		s = s.back(now)
	}
	return State{Status: Offline, Since: now, Back: s.Status, BackReason: s.Reason}
}

// Came is a person who opens a page.
func (s State) Came(now time.Time) State {
	if s.Status == Offline && s.Back != "" {
		return s.back(now)
	}
	return s
}

// Due ends what has a time.
func (s State) Due(now time.Time) State {
	if s.Status == WrapUp && !now.Before(s.Until) {
		return s.back(now)
	}
	return s
}

// Stuck reports whether a wrap-up should have ended long ago: whoever owned its
// timer is gone.
func (s State) Stuck(now time.Time) bool {
	return s.Status == WrapUp && now.Sub(s.Until) > 5*time.Second
}

func (s State) back(now time.Time) State {
	return State{Status: s.Back, Reason: s.BackReason, Since: now}
}

// Person is somebody at the desk as their colleagues see them.
type Person struct {
	ID       string
	Name     string
	Capacity int // calls at the same time
	Load     int // calls now, as stored
	State    State
	Seq      int64 // of the state's changes: a higher one is newer
}

// Free reports whether a call may be offered to a person who is in that many
// calls, with or without a device.
func (p Person) Free(calls int, device bool) bool {
	return p.State.Status == Available && device && calls < p.Capacity
}
