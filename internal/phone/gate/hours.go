package gate

import (
	"fmt"
	"slices"
	"time"
	_ "time/tzdata" // the program runs where no zones are installed

	"github.com/nyaruka/phonenumbers"
)

// Hours are when people may be called, by the clock of where they are.
type Hours struct {
	On    bool   `json:"on"`
	From  string `json:"from" maxLength:"5" doc:"15:04"`
	Until string `json:"until" maxLength:"5" doc:"15:04; later than from"`
	Days  []int  `json:"days" nullable:"false" maxItems:"7" doc:"1 Monday to 7 Sunday"`
}

// clockForm is how a time of day is written.
const clockForm = "15:04"

func (h Hours) check() error {
	from, err1 := time.Parse(clockForm, h.From)
	until, err2 := time.Parse(clockForm, h.Until)
	if err1 != nil || err2 != nil || !from.Before(until) {
		return fmt.Errorf("the hours are two times of a day like 08:00 and 21:00, the earlier one first")
	}
	if h.On && len(h.Days) == 0 {
		return fmt.Errorf("choose at least one day on which people may be called")
	}
	for _, d := range h.Days {
		if d < 1 || d > 7 {
			return fmt.Errorf("days are 1 for Monday to 7 for Sunday")
		}
	}
	return nil
}

// open reports whether it is a time to call where the clock shows local.
func (h Hours) open(local time.Time) bool {
	day := (int(local.Weekday())+6)%7 + 1
	clock := local.Format(clockForm)
	return slices.Contains(h.Days, day) && clock >= h.From && clock < h.Until
}

// refuse tells when nobody is to be called there. A number may be of several
// zones: all must be open, for the phone may ring in any.
func (h Hours) refuse(n Number, now time.Time) *Refusal {
	if !h.On || n.Type == TollFree {
		return nil
	}
	for _, local := range clocks(n, now) {
		if !h.open(local) {
			return refuse(OutsideHours, RuleHours, fmt.Sprintf("It is %s there now; this desk calls from %s to %s. Call later.", local.Format("Monday, 15:04"), h.From, h.Until))
		}
	}
	return nil
}

// clocks are the times that it is now where a number may be, from west to east.
// None for numbers of no place.
func clocks(n Number, now time.Time) []time.Time {
	names, err := phonenumbers.GetTimezonesForNumber(n.parsed)
	if err != nil || n.Type == TollFree {
		return nil
	}
	var out []time.Time
	for _, name := range names {
		if zone, err := time.LoadLocation(name); err == nil && name != phonenumbers.UNKNOWN_TIMEZONE {
			out = append(out, now.In(zone))
		}
	}
	slices.SortFunc(out, func(a, b time.Time) int { return offset(a) - offset(b) })
	return slices.CompactFunc(out, func(a, b time.Time) bool { return offset(a) == offset(b) })
}

func offset(t time.Time) int {
	_, seconds := t.Zone()
	return seconds
}
