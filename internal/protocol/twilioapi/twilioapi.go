// Package twilioapi is Twilio's REST API for voice (version 2010-04-01) and its
// webhooks as they are on the wire: resources, parameters, errors, dates, the
// forms Twilio posts and their signature. It makes no request and keeps no
// state; a client and a simulated Twilio both speak through it.
//
// The one rule: Twilio mixes types (numbers as strings, null for empty) and
// adds fields without notice, so reading is lenient about both; what arrives
// from outside as a webhook is checked strictly, field by field.
package twilioapi

import "regexp"

// Version is the version of the API, a part of every path and every webhook.
const Version = "2010-04-01"

// Kinds of things, the first two letters of their ids ("Twilio, SIDs").
const (
	KindAccount     = "AC"
	KindCall        = "CA"
	KindStream      = "MZ"
	KindRecording   = "RE"
	KindConference  = "CF"
	KindQueue       = "QU"
	KindNumber      = "PN"
	KindKey         = "SK"
	KindApplication = "AP"
)

var sid = regexp.MustCompile(`^[A-Z]{2}[0-9a-fA-F]{32}$`)

// IsSid says whether s is the id of a thing of a kind: two letters and 32
// hexadecimal digits (api.v2010, pattern of every sid).
func IsSid(kind, s string) bool { return sid.MatchString(s) && s[:2] == kind }

var e164 = regexp.MustCompile(`^\+[1-9][0-9]{1,14}$`)

// IsNumber says whether s is a telephone number in E.164 form.
func IsNumber(s string) bool { return e164.MatchString(s) }

// AccountPath returns the path of an account, to which the paths of its
// resources are appended: "/Calls.json".
func AccountPath(accountSid string) string { return "/" + Version + "/Accounts/" + accountSid }

// CallPath returns the path of one call.
func CallPath(accountSid, callSid string) string {
	return AccountPath(accountSid) + "/Calls/" + callSid + ".json"
}
