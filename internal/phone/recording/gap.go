package recording

import (
	"cmp"
	"slices"
	"time"
)

// Reason is why a stretch is missing.
type Reason string

const (
	Paused    Reason = "paused"     // an agent, or a rule, for what must not be kept
	Held      Reason = "hold"       // holds are not recorded here
	Crashed   Reason = "crash"      // the process died before the piece was sealed
	Overload  Reason = "overload"   // the machine was too slow for its own sound
	NotStored Reason = "not_stored" // no room, or no database, for too long
	Missing   Reason = "missing"    // its file is gone
	Damaged   Reason = "damaged"    // its file was changed
)

// Side is one side of a call; empty is both.
type Side string

const (
	Customer Side = "customer"
	Agent    Side = "agent"
)

// Gap is a stretch of call time that a recording does not have.
type Gap struct {
	FromMs int64  `json:"fromMs" doc:"since the call was answered"`
	ToMs   int64  `json:"toMs"`
	Reason Reason `json:"reason" enum:"paused,hold,crash,overload,not_stored,missing,damaged"`
	Side   Side   `json:"side,omitempty" enum:"customer,agent" doc:"absent: both"`
}

func gapOf(from, to time.Duration, why Reason, side Side) Gap {
	return Gap{FromMs: from.Milliseconds(), ToMs: to.Milliseconds(), Reason: why, Side: side}
}

func (g Gap) from() time.Duration { return time.Duration(g.FromMs) * time.Millisecond }
func (g Gap) to() time.Duration   { return time.Duration(g.ToMs) * time.Millisecond }

// within lists what of gaps lies in a stretch.
func within(gaps []Gap, from, to time.Duration) []Gap {
	var out []Gap
	for _, g := range gaps {
		a, b := max(g.from(), from), min(g.to(), to)
		if a < b || g.FromMs == g.ToMs && a == g.from() && a < to {
			out = append(out, gapOf(a, b, g.Reason, g.Side))
		}
	}
	return out
}

// merged joins gaps that touch.
func merged(gaps []Gap) []Gap {
	gaps = slices.Clone(gaps)
	slices.SortStableFunc(gaps, func(a, b Gap) int {
		return cmp.Or(cmp.Compare(a.Reason, b.Reason), cmp.Compare(a.Side, b.Side), cmp.Compare(a.FromMs, b.FromMs))
	})
	var out []Gap
	for _, g := range gaps {
		if n := len(out) - 1; n >= 0 && out[n].Reason == g.Reason && out[n].Side == g.Side && g.FromMs <= out[n].ToMs {
			out[n].ToMs = max(out[n].ToMs, g.ToMs)
			continue
		}
		out = append(out, g)
	}
	slices.SortStableFunc(out, func(a, b Gap) int { return cmp.Compare(a.FromMs, b.FromMs) })
	return out
}

// uncovered lists the stretches up to end that no piece covers and that no gap
// on both sides explains.
func uncovered(pieces []Piece, known []Gap, end time.Duration) []Gap {
	type stretch struct{ from, to time.Duration }
	var covered []stretch
	for _, p := range pieces {
		covered = append(covered, stretch{p.From, p.End()})
	}
	for _, g := range known {
		if g.Side == "" {
			covered = append(covered, stretch{g.from(), g.to()})
		}
	}
	slices.SortFunc(covered, func(a, b stretch) int { return cmp.Compare(a.from, b.from) })
	var out []Gap
	at := time.Duration(0)
	for _, s := range append(covered, stretch{end, end}) {
		if from := min(s.from, end); from > at {
			out = append(out, gapOf(at, from, Crashed, ""))
		}
		at = max(at, s.to)
	}
	return out
}
