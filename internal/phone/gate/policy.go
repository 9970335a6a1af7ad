package gate

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/nyaruka/phonenumbers"
)

// Policy is what a desk allows. It is set by its administrators.
type Policy struct {
	Frozen        bool         `json:"frozen" doc:"no call leaves the desk"`
	Countries     []string     `json:"countries" nullable:"false" maxItems:"260" doc:"ISO 3166 codes that may be called; those of the desk's own numbers always may"`
	Ranges        []string     `json:"ranges" nullable:"false" maxItems:"100" doc:"high-risk ranges that are open, like +263; their country must be allowed too"`
	Types         []Type       `json:"types" nullable:"false" maxItems:"10" doc:"types that are open beside the ordinary ones: shared_cost, personal, pager, voicemail"`
	CallerIDs     []CallerRule `json:"callerIds" nullable:"false" maxItems:"260" doc:"which of the desk's numbers are shown in which country"`
	Hours         Hours        `json:"hours" doc:"the callee's local hours"`
	User          Limits       `json:"user" doc:"of one user"`
	Desk          Limits       `json:"desk" doc:"of the whole desk"`
	MaxMinutes    int          `json:"maxMinutes" doc:"the longest a call may last, 1 to 1440"`
	WrapUpSeconds int          `json:"wrapUpSeconds" doc:"the time for notes after a call, 0 to 3600"`
}

// CallerRule chooses the number that people of a country see.
type CallerRule struct {
	Country string   `json:"country" maxLength:"2"`
	Numbers []string `json:"numbers" nullable:"false" maxItems:"100" doc:"numbers of the desk; the same person always sees the same one"`
}

// Limits bound pace, lines and money; 0 is no limit.
type Limits struct {
	PerMinute   int `json:"perMinute"`
	PerHour     int `json:"perHour"`
	PerDay      int `json:"perDay"`
	AtOnce      int `json:"atOnce" doc:"calls at the same time"`
	SpendPerDay int `json:"spendPerDay" doc:"US dollars a day (UTC), counted by price class: the longest possible at the dial, what was talked at the end"`
}

// Usual are the countries that may be called unless a desk says otherwise: those
// whose ordinary numbers cost little and are rarely used for fraud.
var Usual = []string{"AT", "AU", "BE", "CA", "CH", "DE", "DK", "ES", "FI", "FR", "GB", "IE", "IS", "IT", "JP", "LU", "NL", "NO", "NZ", "PT", "SE", "US"}

// Default is the policy of a desk that has set none. Nobody dials twenty numbers
// a minute by hand; the desk's figures are what 50 busy people need. A stolen
// password costs 100 dollars a day, a stolen key 500.
func Default() Policy {
	return Policy{
		Countries: slices.Clone(Usual), Ranges: []string{}, Types: []Type{}, CallerIDs: []CallerRule{},
		Hours:      Hours{From: "08:00", Until: "21:00", Days: []int{1, 2, 3, 4, 5, 6, 7}},
		User:       Limits{PerMinute: 20, PerHour: 300, PerDay: 1500, AtOnce: 10, SpendPerDay: 100},
		Desk:       Limits{PerMinute: 300, PerHour: 6000, PerDay: 50000, AtOnce: 500, SpendPerDay: 500},
		MaxMinutes: 240, WrapUpSeconds: 30,
	}
}

// longest is the most a limit may be: beyond it, leave it at 0.
const longest = 1_000_000

var rangeForm = regexp.MustCompile(`^\+[1-9][0-9]{0,13}$`)

// Tidy brings lists into one form: sorted, once each, capital letters.
func (p Policy) Tidy() Policy {
	p.Countries = tidy(p.Countries)
	p.Ranges = tidy(p.Ranges)
	p.Types = append([]Type{}, p.Types...)
	slices.Sort(p.Types)
	p.Types = slices.Compact(p.Types)
	p.CallerIDs = append([]CallerRule{}, p.CallerIDs...)
	for i := range p.CallerIDs {
		p.CallerIDs[i].Country = strings.ToUpper(strings.TrimSpace(p.CallerIDs[i].Country))
		p.CallerIDs[i].Numbers = append([]string{}, p.CallerIDs[i].Numbers...)
	}
	p.Hours.Days = append([]int{}, p.Hours.Days...)
	slices.Sort(p.Hours.Days)
	p.Hours.Days = slices.Compact(p.Hours.Days)
	return p
}

func tidy(words []string) []string {
	out := []string{}
	for _, w := range words {
		if w = strings.ToUpper(strings.TrimSpace(w)); w != "" {
			out = append(out, w)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Validate returns the first thing wrong, in words for the administrator; own
// are the desk's numbers.
func (p Policy) Validate(own []string) error {
	known := phonenumbers.GetSupportedRegions()
	for _, c := range p.Countries {
		if !known[c] {
			return fmt.Errorf("%q is not a country: use two letters, like US or GB", c)
		}
	}
	for _, r := range p.Ranges {
		if !rangeForm.MatchString(r) {
			return fmt.Errorf("%q is not a range: write a plus and the first digits, like +263", r)
		}
	}
	for _, t := range p.Types {
		if !slices.Contains(Opening, t) {
			return fmt.Errorf("numbers of type %q cannot be opened", t)
		}
	}
	if err := p.checkCallerIDs(own, known); err != nil {
		return err
	}
	if err := p.Hours.check(); err != nil {
		return err
	}
	return p.checkNumbers()
}

func (p Policy) checkCallerIDs(own []string, known map[string]bool) error {
	seen := map[string]bool{}
	for _, rule := range p.CallerIDs {
		switch {
		case !known[rule.Country]:
			return fmt.Errorf("%q is not a country: use two letters, like US or GB", rule.Country)
		case seen[rule.Country]:
			return fmt.Errorf("there are two rules for %s: put their numbers together", rule.Country)
		case len(rule.Numbers) == 0:
			return fmt.Errorf("the rule for %s names no number", rule.Country)
		}
		seen[rule.Country] = true
		for _, n := range rule.Numbers {
			if !slices.Contains(own, n) {
				return fmt.Errorf("%s is not a number of this desk", n)
			}
		}
	}
	return nil
}

func (p Policy) checkNumbers() error {
	for _, l := range []Limits{p.User, p.Desk} {
		for _, n := range []int{l.PerMinute, l.PerHour, l.PerDay, l.AtOnce, l.SpendPerDay} {
			if n < 0 || n > longest {
				return fmt.Errorf("a limit is a whole number from 1 to %d, or 0 for none", longest)
			}
		}
	}
	switch {
	case p.MaxMinutes < 1 || p.MaxMinutes > 1440: // Twilio's TimeLimit ends at 24 hours
		return fmt.Errorf("the longest call is 1 to 1440 minutes")
	case p.WrapUpSeconds < 0 || p.WrapUpSeconds > 3600:
		return fmt.Errorf("the wrap-up time is 0 to 3600 seconds")
	}
	return nil
}

// Longest is the longest a call may last.
func (p Policy) Longest() time.Duration { return time.Duration(p.MaxMinutes) * time.Minute }

// WrapUp is the time for notes after a call.
func (p Policy) WrapUp() time.Duration { return time.Duration(p.WrapUpSeconds) * time.Second }

// Region is a country as a page offers it.
type Region struct {
	Code        string `json:"code"`
	CallingCode int    `json:"callingCode"`
	HighRisk    bool   `json:"highRisk" doc:"its range must be opened too"`
}

// Regions lists all countries that have a calling code.
func Regions() []Region {
	var out []Region
	for code := range phonenumbers.GetSupportedRegions() {
		cc := phonenumbers.GetCountryCodeForRegion(code)
		out = append(out, Region{Code: code, CallingCode: cc, HighRisk: slices.Contains(risky, fmt.Sprintf("+%d", cc))})
	}
	slices.SortFunc(out, func(a, b Region) int { return strings.Compare(a.Code, b.Code) })
	return out
}
