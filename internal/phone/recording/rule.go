package recording

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Mode is what a rule says of a call.
type Mode string

const (
	No  Mode = "no"
	Ask Mode = "ask" // record when the other side has agreed
	Yes Mode = "record"
)

// Consent is what a contact has said to being recorded.
type Consent string

const (
	Unasked Consent = ""
	Given   Consent = "given"
	Refused Consent = "refused"
)

// Rules are a tenant's rules of recording. The zero value records nothing.
type Rules struct {
	Default  Mode         `json:"default" enum:"no,ask,record" doc:"what no other rule decides"`
	Inbound  Mode         `json:"inbound,omitempty" enum:"no,ask,record" doc:"absent: the default"`
	Outbound Mode         `json:"outbound,omitempty" enum:"no,ask,record" doc:"absent: the default"`
	Numbers  []NumberRule `json:"numbers" nullable:"false" maxItems:"100" doc:"rules of the desk's own numbers; they win over direction and default"`
	// AllParties are beginnings of numbers where everybody on the line must agree:
	// there "record" means "ask". "+" is everywhere.
	AllParties []string `json:"allParties" nullable:"false" maxItems:"500" doc:"beginnings of the other side's number where everybody must agree, such as +1415; + is everywhere"`
	Holds      bool     `json:"holds" doc:"record what is said while the caller is on hold"`
	// Carrier lets the telephone network record instead of us.
	Carrier    bool `json:"carrier" doc:"the carrier records instead of this server; needs its storage"`
	KeepCopies bool `json:"keepCopies" doc:"leave the carrier's copy there after it was fetched and checked"`
}

// NumberRule is the rule of one of the desk's numbers.
type NumberRule struct {
	Number string `json:"number" maxLength:"16" doc:"E.164"`
	Mode   Mode   `json:"mode" enum:"no,ask,record"`
}

// Check returns the first thing wrong, in words for the admin.
func (s Rules) Check() error {
	modes := []Mode{s.Default, s.Inbound, s.Outbound}
	for _, r := range s.Numbers {
		if !numberLike(r.Number) {
			return fmt.Errorf("%q is not a number like +12015550100", r.Number)
		}
		if r.Mode == "" {
			return errors.New("the rule of a number needs a mode")
		}
		modes = append(modes, r.Mode)
	}
	for _, m := range modes {
		if m != "" && !slices.Contains([]Mode{No, Ask, Yes}, m) {
			return fmt.Errorf("a mode is no, ask or record, not %q", m)
		}
	}
	for _, p := range s.AllParties {
		if p != "+" && !numberLike(p) {
			return fmt.Errorf("%q is not the beginning of a number like +1415", p)
		}
	}
	return nil
}

func numberLike(s string) bool {
	digits, ok := strings.CutPrefix(s, "+")
	return ok && len(digits) >= 1 && len(digits) <= 15 && strings.Trim(digits, "0123456789") == ""
}

// Subject is the call that is asked about.
type Subject struct {
	Inbound bool
	Own     string // the desk's number
	Other   string // the other side's
	Consent Consent
}

// Decision is what the rules say of a call, and which of them said it.
type Decision struct {
	Mode Mode
	Why  string // "default", "direction", "number", "consent", "all_parties"
}

// Decide applies the rules: who has refused is never recorded, the rule of a
// number wins over that of a direction, and that over the default. Where
// everybody must agree, and where the rule says ask, it is consent that counts.
func Decide(s Rules, c Subject) Decision {
	if c.Consent == Refused {
		return Decision{No, "consent"}
	}
	d := s.base(c)
	switch {
	case d.Mode == Ask && c.Consent == Given:
		return Decision{Yes, "consent"}
	case d.Mode == Yes && c.Consent != Given && s.everybody(c.Other):
		return Decision{Ask, "all_parties"}
	}
	return d
}

func (s Rules) base(c Subject) Decision {
	for _, r := range s.Numbers {
		if r.Number == c.Own {
			return Decision{r.Mode, "number"}
		}
	}
	direction := s.Outbound
	if c.Inbound {
		direction = s.Inbound
	}
	switch {
	case direction != "":
		return Decision{direction, "direction"}
	case s.Default != "":
		return Decision{s.Default, "default"}
	}
	return Decision{No, "default"}
}

// everybody reports whether everybody must agree at this number. One that is
// hidden may be anywhere.
func (s Rules) everybody(number string) bool {
	if !numberLike(number) {
		return len(s.AllParties) > 0
	}
	return slices.ContainsFunc(s.AllParties, func(p string) bool { return strings.HasPrefix(number, p) })
}
