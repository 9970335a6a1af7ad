package gate

import "strings"

// satellites are the country codes and national ranges of satellite networks
// (ITU-T E.164, list of assigned codes: 870 Inmarsat, 881 GMSS, 882 and 883
// international networks; Australia's numbering plan: 0145 and 0147).
var satellites = []string{"+870", "+881", "+882", "+883", "+61145", "+61147"}

func satellite(e164 string) bool { return begins(e164, satellites) != "" }

// risky are ranges that are off whatever their country and type: part of the
// price goes to whoever receives the call, so stolen accounts are used to call
// them. A desk with a customer there opens the range by name. Premium and
// shared-cost ranges of ordinary countries need no entry: their type says it.
var risky = []string{
	"+808", "+878", "+888", "+979", // of no country: shared cost, personal, disaster relief, premium (E.164)
	"+1456", "+1700", // carriers' own services (North American Numbering Plan)
	"+4912", "+49137", // Germany: trial services, votes by telephone
	// Islands and small networks.
	"+246", "+247", "+290", "+500", "+508", "+670", "+672", "+674", "+675", "+676", "+677", "+678", "+679",
	"+680", "+681", "+682", "+683", "+685", "+686", "+687", "+688", "+689", "+690", "+691", "+692", "+850",
	// Networks named most in carriers' reports of revenue share fraud.
	"+53", "+216", "+220", "+222", "+224", "+226", "+228", "+231", "+232", "+235", "+236", "+239", "+240", "+243",
	"+245", "+252", "+257", "+261", "+263", "+269", "+960", "+992",
}

// riskyRange is the risky range of a number that the desk has not opened; empty
// when there is none.
func riskyRange(e164 string, open []string) string {
	found := begins(e164, risky)
	// Exchange 976 of every North American area is premium ("976 services").
	if found == "" && strings.HasPrefix(e164, "+1") && len(e164) == len("+12019760123") && e164[5:8] == "976" {
		found = e164[:8]
	}
	if found == "" || begins(e164, open) != "" {
		return ""
	}
	return found
}

// begins returns the longest prefix of the list that the number begins with.
func begins(e164 string, prefixes []string) string {
	longest := ""
	for _, p := range prefixes {
		if len(p) > len(longest) && strings.HasPrefix(e164, p) {
			longest = p
		}
	}
	return longest
}
