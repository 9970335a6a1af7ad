package twilioapi

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// MaxTwiml is the longest inline document in characters (CreateCall, Twiml).
const MaxTwiml = 4000

// rule says whether a value of a parameter is allowed.
type rule func(value string) bool

// createRules is the parameters of CreateCall as api.v2010 documents them.
// Those of numbers and addresses have codes of their own and are checked by
// CheckCreateCall itself.
var createRules = map[string]rule{
	"Method": method, "FallbackMethod": method, "StatusCallbackMethod": method,
	"RecordingStatusCallbackMethod": method, "AsyncAmdStatusCallbackMethod": method,
	"StatusCallbackEvent":          listOf("initiated", "ringing", "answered", "completed"),
	"RecordingStatusCallbackEvent": listOf("in-progress", "completed", "absent"),
	"Timeout":                      between(1, 600), "TimeLimit": between(1, 1<<31-1),
	"SendDigits":        matching(`^[0-9A-D#*wW]{0,32}$`),
	"Record":            boolean,
	"RecordingChannels": oneOf("mono", "dual"), "RecordingTrack": oneOf("inbound", "outbound", "both"),
	"Trim":                               oneOf("trim-silence", "do-not-trim"),
	"MachineDetection":                   oneOf("Enable", "DetectMessageEnd"),
	"MachineDetectionTimeout":            between(3, 59),
	"MachineDetectionSpeechThreshold":    between(1000, 6000),
	"MachineDetectionSpeechEndThreshold": between(500, 5000),
	"MachineDetectionSilenceTimeout":     between(2000, 10000),
	"AsyncAmd":                           boolean,
	"FallbackUrl":                        address, "StatusCallback": address,
	"RecordingStatusCallback": address, "AsyncAmdStatusCallback": address,
	"Twiml": func(v string) bool { return utf8.RuneCountInString(v) <= MaxTwiml },
}

// CheckCreateCall checks the parameters of POST /Calls.json that can be checked
// without knowing the account. Unknown parameters are ignored.
func CheckCreateCall(f url.Values) *Error {
	switch {
	case f.Get("To") == "":
		return badRequest(CodeNoTo, "No 'To' number is specified")
	case f.Get("From") == "":
		return badRequest(CodeNoFrom, "No 'From' number is specified")
	case f.Get("ApplicationSid") != "" && !IsSid(KindApplication, f.Get("ApplicationSid")):
		return badRequest(CodeBadApplication, "Invalid ApplicationSid: %s", f.Get("ApplicationSid"))
	case f.Get("Url") == "" && f.Get("Twiml") == "" && f.Get("ApplicationSid") == "":
		return badRequest(CodeBadURL, "Url parameter is required.")
	case f.Get("Url") != "" && !address(f.Get("Url")):
		return badRequest(CodeBadURL, "Url is not a valid URL: %s", f.Get("Url"))
	}
	return checkAll(f, createRules)
}

var updateRules = map[string]rule{
	"Status": oneOf(StatusCanceled, StatusCompleted),
	"Method": method, "FallbackMethod": method, "StatusCallbackMethod": method,
	"FallbackUrl": address, "StatusCallback": address,
	"TimeLimit": between(1, 1<<31-1), "Twiml": createRules["Twiml"],
}

// CheckUpdateCall checks the parameters of POST /Calls/{Sid}.json.
func CheckUpdateCall(f url.Values) *Error {
	if u := f.Get("Url"); u != "" && !address(u) {
		return badRequest(CodeBadURL, "Url is not a valid URL: %s", u)
	}
	if f.Get("Url") != "" && f.Get("Twiml") != "" {
		return badRequest(CodeInvalidParameter, "Url and Twiml are mutually exclusive.")
	}
	return checkAll(f, updateRules)
}

func checkAll(f url.Values, rules map[string]rule) *Error {
	for name, allowed := range rules {
		for _, value := range f[name] {
			if value != "" && !allowed(value) {
				return badRequest(CodeInvalidParameter, "Invalid %s: %s", name, value)
			}
		}
	}
	return nil
}

func badRequest(code int, format string, args ...any) *Error {
	return NewError(http.StatusBadRequest, code, format, args...)
}

// List reads a parameter that holds several words: the same key repeated, or
// one value with blanks between, both of which Twilio takes.
func List(f url.Values, name string) []string {
	return strings.Fields(strings.Join(f[name], " "))
}

// Seconds reads a parameter that holds a number of seconds.
func Seconds(f url.Values, name string, otherwise time.Duration) time.Duration {
	n, err := strconv.Atoi(f.Get(name))
	if err != nil {
		return otherwise
	}
	return time.Duration(n) * time.Second
}

func oneOf(words ...string) rule {
	return func(v string) bool { return slices.Contains(words, v) }
}

func listOf(words ...string) rule {
	return func(v string) bool {
		for _, w := range strings.Fields(v) {
			if !slices.Contains(words, w) {
				return false
			}
		}
		return true
	}
}

func between(least, most int) rule {
	return func(v string) bool {
		n, err := strconv.Atoi(v)
		return err == nil && n >= least && n <= most
	}
}

func matching(pattern string) rule { return regexp.MustCompile(pattern).MatchString }

var (
	method  = oneOf(http.MethodGet, http.MethodPost)
	boolean = oneOf("true", "false")
)

// address says whether a webhook can be sent there: an absolute http(s) URL
// whose host has no underscore (CreateCall, StatusCallback).
func address(v string) bool {
	u, err := url.Parse(v)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") &&
		u.Hostname() != "" && !strings.Contains(u.Hostname(), "_")
}
