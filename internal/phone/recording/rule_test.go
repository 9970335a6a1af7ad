package recording_test

import (
	"testing"

	"softphone/internal/phone/recording"
)

func TestTheRuleThatIsNearestDecides(t *testing.T) {
	const no, ask, yes = recording.No, recording.Ask, recording.Yes
	own, other := "+12015550100", "+14155550123"
	numbers := []recording.NumberRule{{Number: own, Mode: yes}}
	for name, c := range map[string]struct {
		s       recording.Rules
		in      bool
		consent recording.Consent
		other   string
		want    recording.Decision
	}{
		"nothing set":                {want: recording.Decision{Mode: no, Why: "default"}},
		"default":                    {s: recording.Rules{Default: yes}, want: recording.Decision{Mode: yes, Why: "default"}},
		"direction over default":     {s: recording.Rules{Default: yes, Inbound: no}, in: true, want: recording.Decision{Mode: no, Why: "direction"}},
		"the other direction":        {s: recording.Rules{Default: yes, Inbound: no}, want: recording.Decision{Mode: yes, Why: "default"}},
		"number over direction":      {s: recording.Rules{Outbound: no, Numbers: numbers}, want: recording.Decision{Mode: yes, Why: "number"}},
		"refusal over everything":    {s: recording.Rules{Default: yes, Numbers: numbers}, consent: recording.Refused, want: recording.Decision{Mode: no, Why: "consent"}},
		"ask":                        {s: recording.Rules{Default: ask}, want: recording.Decision{Mode: ask, Why: "default"}},
		"ask, agreed":                {s: recording.Rules{Default: ask}, consent: recording.Given, want: recording.Decision{Mode: yes, Why: "consent"}},
		"no, agreed":                 {s: recording.Rules{Default: no}, consent: recording.Given, want: recording.Decision{Mode: no, Why: "default"}},
		"all must agree":             {s: recording.Rules{Default: yes, AllParties: []string{"+1415"}}, want: recording.Decision{Mode: ask, Why: "all_parties"}},
		"all must agree, number too": {s: recording.Rules{Numbers: numbers, AllParties: []string{"+"}}, want: recording.Decision{Mode: ask, Why: "all_parties"}},
		"all agreed":                 {s: recording.Rules{Default: yes, AllParties: []string{"+1415"}}, consent: recording.Given, want: recording.Decision{Mode: yes, Why: "default"}},
		"elsewhere":                  {s: recording.Rules{Default: yes, AllParties: []string{"+49"}}, want: recording.Decision{Mode: yes, Why: "default"}},
		"hidden number":              {s: recording.Rules{Default: yes, AllParties: []string{"+49"}}, other: "anonymous", want: recording.Decision{Mode: ask, Why: "all_parties"}},
	} {
		if c.other == "" {
			c.other = other
		}
		got := recording.Decide(c.s, recording.Subject{Inbound: c.in, Own: own, Other: c.other, Consent: c.consent})
		if got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestRulesThatCannotBeMeantAreRefused(t *testing.T) {
	for name, s := range map[string]recording.Rules{
		"mode":        {Default: "maybe"},
		"number":      {Numbers: []recording.NumberRule{{Number: "0123", Mode: recording.Yes}}},
		"no mode":     {Numbers: []recording.NumberRule{{Number: "+123"}}},
		"region":      {AllParties: []string{"1415"}},
		"region text": {AllParties: []string{"+1a"}},
	} {
		if s.Check() == nil {
			t.Errorf("%s: %+v accepted", name, s)
		}
	}
	good := recording.Rules{Default: recording.Ask, AllParties: []string{"+", "+1415"}, Numbers: []recording.NumberRule{{Number: "+12015550100", Mode: recording.No}}}
	if err := good.Check(); err != nil {
		t.Error(err)
	}
}
