package gate

import (
	"slices"
	"strings"
	"unicode"

	"github.com/nyaruka/phonenumbers"
)

// Number is a telephone number as the gate understood it.
type Number struct {
	E164     string
	National string // as people of its country write it
	Country  string // ISO 3166; "001" for numbers of no country
	Type     Type
	parsed   *phonenumbers.PhoneNumber
}

// Type is what kind of line a number leads to.
type Type string

const (
	Fixed         Type = "fixed"
	Mobile        Type = "mobile"
	FixedOrMobile Type = "fixed_or_mobile" // its numbering plan does not tell
	TollFree      Type = "toll_free"
	VoIP          Type = "voip"
	Corporate     Type = "corporate" // reached from everywhere in its country alike
	SharedCost    Type = "shared_cost"
	Personal      Type = "personal"
	Premium       Type = "premium"
	Pager         Type = "pager"
	Voicemail     Type = "voicemail"
	Satellite     Type = "satellite"
	UnknownType   Type = "unknown"
)

var types = map[phonenumbers.PhoneNumberType]Type{
	phonenumbers.FIXED_LINE: Fixed, phonenumbers.MOBILE: Mobile, phonenumbers.FIXED_LINE_OR_MOBILE: FixedOrMobile,
	phonenumbers.TOLL_FREE: TollFree, phonenumbers.VOIP: VoIP, phonenumbers.UAN: Corporate,
	phonenumbers.SHARED_COST: SharedCost, phonenumbers.PERSONAL_NUMBER: Personal, phonenumbers.PREMIUM_RATE: Premium,
	phonenumbers.PAGER: Pager, phonenumbers.VOICEMAIL: Voicemail,
}

const notANumber = "This is not a telephone number. Write it with its country, like +1 201 555 0123."

// longestTyped is more than any number of E.164 (15 digits) with its spaces.
const longestTyped = 64

// Read understands what a person typed, in any usual form. A national form is
// one of the country of the desk's own number.
func Read(typed, own string) (Number, error) {
	region := Country(own)
	if len(typed) > longestTyped {
		return Number{}, refuse(InvalidNumber, RuleNumber, notANumber)
	}
	plain, fault := simplify(typed)
	if emergency(digitsOf(plain), region) {
		return Number{}, urgent
	}
	if fault != "" {
		return Number{}, refuse(InvalidNumber, RuleNumber, fault)
	}
	return understand(plain, region)
}

// urgent is never silent: somebody may be in need.
var urgent = refuse(EmergencyNumber, RuleEmergency, "Emergency numbers cannot be called from here: the rescuers would not learn where you are. Use a telephone now.")

// Country is the country of a number of E.164; that of the United States when
// it is none.
func Country(e164 string) string {
	if n, err := phonenumbers.Parse(e164, ""); err == nil {
		if region := phonenumbers.GetRegionCodeForNumber(n); region != "" {
			return region
		}
	}
	return "US"
}

// understand tries a plain text as it stands and, when it is no number, as one
// that was written with the international prefix of another country.
func understand(plain, region string) (Number, error) {
	n, err := phonenumbers.Parse(plain, region)
	if err != nil || !phonenumbers.IsValidNumber(n) {
		for _, prefix := range []string{"00", "011"} {
			rest, ok := strings.CutPrefix(digitsOf(plain), prefix)
			if abroad, no := phonenumbers.Parse("+"+rest, ""); ok && no == nil && phonenumbers.IsValidNumber(abroad) {
				return number(abroad)
			}
		}
	}
	switch {
	case err != nil:
		return Number{}, refuse(InvalidNumber, RuleNumber, notANumber)
	case rescue(n):
		return Number{}, urgent
	case phonenumbers.IsValidNumber(n):
		return number(n)
	case phonenumbers.IsValidShortNumberForRegion(n, region):
		return Number{}, refuse(InvalidNumber, RuleNumber, "Short numbers work only inside one telephone network. Look for a full number, with its country.")
	}
	return Number{}, refuse(InvalidNumber, RuleNumber, notANumber)
}

func number(n *phonenumbers.PhoneNumber) (Number, error) {
	if n.GetExtension() != "" {
		return Number{}, refuse(InvalidNumber, RuleNumber, "Call the number without its extension, and press the extension's keys when somebody answers.")
	}
	out := Number{
		E164: phonenumbers.Format(n, phonenumbers.E164), National: phonenumbers.Format(n, phonenumbers.NATIONAL),
		Country: phonenumbers.GetRegionCodeForNumber(n), Type: UnknownType, parsed: n,
	}
	if t, ok := types[phonenumbers.GetNumberType(n)]; ok {
		out.Type = t
	}
	if satellite(out.E164) {
		out.Type = Satellite
	}
	return out, nil
}

// simplify leaves digits, a leading plus and the letters of a number in words.
// What is more than a telephone number (an extension's dialling pause, a
// service code, an address, a parameter) is a fault with its sentence.
func simplify(typed string) (plain, fault string) {
	typed = strings.TrimSpace(typed)
	if rest, ok := cutFold(typed, "tel:"); ok {
		typed = rest
	}
	var b strings.Builder
	for _, r := range typed {
		switch {
		case unicode.IsDigit(r):
			b.WriteByte(digit(r))
		case r == '+' || r == '＋':
			b.WriteByte('+')
		case r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z':
			b.WriteRune(r)
		case r == '(' || r == ')' || r == '[' || r == ']' || r == '.' || r == '/' || unicode.Is(unicode.Pd, r) || r == '−':
			b.WriteByte(' ')
		case unicode.Is(unicode.Zs, r):
			b.WriteByte(' ')
		case unicode.Is(unicode.Cf, r): // marks of writing direction come along when a number is copied
		case r == '*' || r == '#':
			fault = "Codes with * or # belong to a telephone's own network and cannot be called from here."
		default:
			fault = notANumber
		}
	}
	plain = strings.TrimSpace(b.String())
	switch letters := strings.ContainsFunc(plain, unicode.IsLetter); {
	case fault != "":
	case strings.LastIndexByte(plain, '+') > 0, digitsOf(plain) == "":
		fault = notANumber
	case letters && !phonenumbers.IsAlphaNumber(plain) && !extended(plain):
		fault = notANumber
	}
	return plain, fault
}

// extended reports whether the letters are those of an extension, for which
// there is better advice than for words.
func extended(plain string) bool {
	_, extension := phonenumbers.MaybeSeparateExtensionFromPhone(plain)
	return extension != ""
}

func cutFold(s, prefix string) (string, bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return s, false
	}
	return s[len(prefix):], true
}

// digit is the value of a digit of any script: Unicode keeps the ten of each
// script together, in order (The Unicode Standard, section 4.6).
func digit(r rune) byte {
	first := r
	for unicode.IsDigit(first - 1) {
		first--
	}
	return byte('0' + (r-first)%10)
}

func digitsOf(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, s)
}

// rescuers are numbers that people know from elsewhere: whoever dials one is
// told what to do, not that it is no number.
var rescuers = []string{"000", "110", "111", "112", "119", "911", "999"}

// emergency reports whether digits are an emergency number where the desk is,
// or one of those known everywhere.
func emergency(digits, region string) bool {
	return len(digits) >= 2 && len(digits) <= 6 && (slices.Contains(rescuers, digits) || phonenumbers.IsEmergencyNumber(digits, region))
}

// rescue reports whether a country's emergency number was written after its code.
func rescue(n *phonenumbers.PhoneNumber) bool {
	short := phonenumbers.GetNationalSignificantNumber(n)
	return slices.ContainsFunc(phonenumbers.GetRegionCodesForCountryCode(int(n.GetCountryCode())), func(region string) bool { return emergency(short, region) })
}
