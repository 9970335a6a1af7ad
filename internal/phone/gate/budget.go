package gate

import (
	"context"
	"fmt"
	"math"
	"time"
)

// Book is where a desk's gate keeps its policy, its list of people who do not
// want to be called, and its counts.
type Book interface {
	Policy(ctx context.Context) (Policy, error)
	// Refuses tells whether a number is on the do-not-call list.
	Refuses(ctx context.Context, e164 string) (bool, error)
	// Reserve counts a call everywhere or nowhere. Of many at once none goes
	// beyond a limit: the first count that is full comes back as *Full.
	Reserve(ctx context.Context, r Reservation) error
	// Release gives back what a leg has reserved and was not used.
	Release(ctx context.Context, leg string) error
	// Used reads counts for a preview, without changing them.
	Used(ctx context.Context, counts []Count) ([]int64, error)
}

// Reservation is what a leg takes from the counts. Lines and money come back
// when the leg ends.
type Reservation struct {
	Leg    string
	User   string
	At     time.Time
	Rate   Money // a minute
	Limit  time.Duration
	Counts []Count
}

// Count is one counter: what is added and what it may become.
type Count struct {
	Name   string // desk/minute, user:ID/spend, ...
	Kind   Kind
	Period int64 // of which the count is; a later one starts from nothing
	Add    int64
	Most   int64
}

// Kind is what a counter counts.
type Kind string

const (
	Minute Kind = "minute"
	Hour   Kind = "hour"
	Day    Kind = "day"
	AtOnce Kind = "at_once"
	Spend  Kind = "spend"
)

// Full says which counter has no room.
type Full struct{ Count Count }

func (f *Full) Error() string { return "counter " + f.Count.Name + " is full" }

// CountOf is the name of a counter of whom: "desk" or "user:ID".
func CountOf(whom string, k Kind) string { return whom + "/" + string(k) }

// DeskCounts and UserCounts name whose counters they are.
const DeskCounts = "desk"

// UserCounts is whose counters a user's are.
func UserCounts(id string) string { return "user:" + id }

// counts are all that a call is counted in, in the one order in which they are
// locked.
func counts(p Policy, user string, amount Money, now time.Time) []Count {
	return append(p.Desk.counts(DeskCounts, amount, now), p.User.counts(UserCounts(user), amount, now)...)
}

func (l Limits) counts(whom string, amount Money, now time.Time) []Count {
	seconds := now.Unix()
	day := seconds / 86400
	return []Count{
		{CountOf(whom, AtOnce), AtOnce, 0, 1, most(l.AtOnce, 1)},
		{CountOf(whom, Day), Day, day, 1, most(l.PerDay, 1)},
		{CountOf(whom, Hour), Hour, seconds / 3600, 1, most(l.PerHour, 1)},
		{CountOf(whom, Minute), Minute, seconds / 60, 1, most(l.PerMinute, 1)},
		{CountOf(whom, Spend), Spend, day, int64(amount), most(l.SpendPerDay, int64(Dollar))},
	}
}

// most is a limit in the unit of its counter; none is more than can be counted.
func most(limit int, unit int64) int64 {
	if limit == 0 {
		return math.MaxInt64 / 2 // room to add without overflow
	}
	return int64(limit) * unit
}

// Back is what comes back of the money of a leg that has ended: what was
// reserved and not talked.
func Back(rate Money, limit, talk time.Duration) Money {
	return max(cost(rate, limit)-cost(rate, talk), 0)
}

// full words a full counter for the person who wanted to call.
func full(c Count) *Refusal {
	whose, who := "you", "You have"
	if c.Name == CountOf(DeskCounts, c.Kind) {
		whose, who = "this desk", "This desk has"
	}
	switch c.Kind {
	case AtOnce:
		return refuse(TooManyAtOnce, RuleAtOnce, fmt.Sprintf("%s %d calls at the same time, which is the limit. End one first.", who, c.Most))
	case Spend:
		return refuse(SpendLimit, RuleSpend, fmt.Sprintf("This call could cost more than is left of the %d dollars a day for %s. Wait for calls to end, or ask an administrator.", c.Most/int64(Dollar), whose))
	}
	return refuse(TooManyCalls, RulePace, fmt.Sprintf("%s made %d calls within this %s, which is the limit. Wait, or ask an administrator.", who, c.Most, c.Kind))
}

// Refuser is a number on the do-not-call list.
type Refuser struct {
	Number    string // E.164
	Reason    string
	AddedBy   string // user id
	AddedName string
	AddedAt   time.Time
}
