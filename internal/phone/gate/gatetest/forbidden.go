package gatetest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/nyaruka/phonenumbers"

	"softphone/internal/phone/gate"
)

// Forbidden are numbers that no desk may call unless it opens them: every
// premium, shared-cost, personal, pager, voicemail and numberless-country
// example that the numbering plans know, and known satellites and rescuers.
func Forbidden() []string {
	var out []string
	for region := range phonenumbers.GetSupportedRegions() {
		for _, kind := range []phonenumbers.PhoneNumberType{phonenumbers.PREMIUM_RATE, phonenumbers.SHARED_COST, phonenumbers.PERSONAL_NUMBER, phonenumbers.PAGER, phonenumbers.VOICEMAIL} {
			if n := phonenumbers.GetExampleNumberForType(region, kind); n != nil && phonenumbers.GetNumberType(n) == kind {
				out = append(out, phonenumbers.Format(n, phonenumbers.E164))
			}
		}
		for _, kind := range []phonenumbers.PhoneNumberType{phonenumbers.MOBILE, phonenumbers.FIXED_LINE} {
			// Some countries share their numbers with a neighbour.
			if n := phonenumbers.GetExampleNumberForType(region, kind); n != nil && !slices.Contains(gate.Usual, region) && phonenumbers.GetRegionCodeForNumber(n) == region {
				out = append(out, phonenumbers.Format(n, phonenumbers.E164))
			}
		}
	}
	for code := range phonenumbers.GetSupportedGlobalNetworkCallingCodes() {
		out = append(out, phonenumbers.Format(phonenumbers.GetExampleNumberForNonGeoEntity(code), phonenumbers.E164))
	}
	for i := range 40 {
		out = append(out, fmt.Sprintf("+88161%07d", i), fmt.Sprintf("+870773%06d", i), fmt.Sprintf("+1900555%04d", i), fmt.Sprintf("+1212976%04d", i))
	}
	out = append(out, "112", "911", "999", "000", "110", "119")
	slices.Sort(out) // maps have no order, and a failure must repeat
	return out
}

// Spellings are the ways in which a number may be written to slip through;
// beside is one that may be called.
func Spellings(e164, beside string) []string {
	digits := strings.TrimPrefix(e164, "+")
	arabic := strings.Map(func(r rune) rune { return r - '0' + '٠' }, digits)
	wide := strings.Map(func(r rune) rune { return r - '0' + '０' }, digits)
	return []string{
		e164, digits, "+" + digits, "00" + digits, "011" + digits, "011 " + digits, "0011" + digits, "++" + digits, "tel:" + e164, "TEL:+" + digits,
		"+" + arabic, "＋" + wide, "00" + arabic, "\u202a" + e164 + "\u202c", strings.Join(strings.Split(e164, ""), " "), strings.Join(strings.Split(e164, ""), "\u00ad"),
		e164 + ";ext=1", e164 + "x1", e164 + " ext 1", e164 + ",1", e164 + "#1", "sip:" + e164 + "@x.example", "sips:" + digits, "client:" + digits,
		"*67" + digits, "tel:" + digits + ";phone-context=+1", e164 + "\n" + beside, beside + "\n" + e164, beside + "," + e164, e164 + "\x00", "+1" + digits, "+ " + digits, "(" + e164 + ")",
	}
}
