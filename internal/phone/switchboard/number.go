package switchboard

import (
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// number reads what a person typed, in any usual form, as a number of E.164.
// A national form is understood as one of the country of the desk's own number.
func number(typed, own string) (string, error) {
	region := "US"
	if n, err := phonenumbers.Parse(own, ""); err == nil {
		region = phonenumbers.GetRegionCodeForNumber(n)
	}
	typed = strings.TrimSpace(typed)
	if emergency(typed, region) {
		return "", refuse(EmergencyNumber, "Emergency numbers cannot be called from here. Use a telephone.")
	}
	n, err := phonenumbers.Parse(typed, region)
	if err != nil || !phonenumbers.IsValidNumber(n) {
		return "", refuse(InvalidNumber, "This is not a telephone number. Write it with its country, like +1 201 555 0123.")
	}
	return phonenumbers.Format(n, phonenumbers.E164), nil
}

// emergency reports whether the digits are an emergency number of the region.
// Such a call needs a place and a line that we cannot promise.
func emergency(typed, region string) bool {
	digits := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, typed)
	return len(digits) <= 6 && phonenumbers.IsEmergencyNumber(digits, region)
}
