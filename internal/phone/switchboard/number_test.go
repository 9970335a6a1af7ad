package switchboard

import (
	"errors"
	"testing"
)

func TestNumbersAreReadInAnyForm(t *testing.T) {
	for _, c := range []struct {
		typed, own, want string
		code             Code
	}{
		{"+1 201 555 0123", "+12015550100", "+12015550123", ""},
		{"(201) 555-0123", "+12015550100", "+12015550123", ""},
		{"020 7946 0123", "+442079460100", "+442079460123", ""},
		{"+44 20 7946 0123", "+12015550100", "+442079460123", ""},
		{"tel:+12015550123", "+12015550100", "+12015550123", ""},
		{"911", "+12015550100", "", EmergencyNumber},
		{"9-9-9", "+442079460100", "", EmergencyNumber},
		{"112", "+442079460100", "", EmergencyNumber},
		{"12", "+12015550100", "", InvalidNumber},
		{"", "+12015550100", "", InvalidNumber},
		{"+1 201", "+12015550100", "", InvalidNumber},
		{"<script>", "+12015550100", "", InvalidNumber},
	} {
		got, err := number(c.typed, c.own)
		var r *Refusal
		if errors.As(err, &r); got != c.want || (r == nil) != (c.code == "") || (r != nil && r.Code != c.code) {
			t.Errorf("%q at %s: %q, %v; want %q %s", c.typed, c.own, got, err, c.want, c.code)
		}
	}
}
