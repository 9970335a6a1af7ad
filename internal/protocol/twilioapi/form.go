package twilioapi

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// ErrForm is wrapped by every refusal of a webhook's form.
var ErrForm = errors.New("form is not one of Twilio's")

// maxFields bounds the number of parameters; a real voice request has about
// forty.
const maxFields = 256

// FieldError says which parameter is odd, and not what it holds: that may be
// somebody's number.
type FieldError struct {
	Parameter string // cut off and quoted where it is no name
	Problem   string
	// Tampered says that no honest sender makes such a form, signed or not.
	Tampered bool
}

func (e *FieldError) Error() string {
	return ErrForm.Error() + ": " + e.Parameter + " " + e.Problem
}

func (e *FieldError) Unwrap() error { return ErrForm }

// ParseForm reads the body of a webhook and checks it with CheckForm. The
// caller bounds the size of the body.
func ParseForm(body []byte) (url.Values, error) {
	form, err := DecodeForm(body)
	if err != nil {
		return nil, err
	}
	return form, CheckForm(form)
}

// DecodeForm reads the body of a webhook so that its signature can be checked.
// Nothing in it may be used before CheckForm.
func DecodeForm(body []byte) (url.Values, error) {
	if strings.Count(string(body), "&") >= maxFields {
		return nil, fmt.Errorf("%w: more than %d parameters", ErrForm, maxFields)
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrForm, err)
	}
	return form, nil
}

// CheckForm refuses a form that a signature alone would let pass. The signed
// text has no separators, so somebody who has seen a signed request can move
// the border between a name and a value, or repeat a parameter, and the
// signature still fits. Therefore no parameter may be there twice, every
// parameter we use must have its grammar, and no value may hide the name of
// another one. Parameters we do not know are allowed and never used.
func CheckForm(form url.Values) error {
	var odd error
	for _, name := range slices.Sorted(maps.Keys(form)) {
		var wrong *FieldError
		if err := checkParameter(name, form[name]); errors.As(err, &wrong) && wrong.Tampered {
			return err
		} else if odd == nil {
			odd = err
		}
	}
	return odd
}

func checkParameter(name string, values []string) error {
	for _, value := range values {
		for _, hidden := range telling {
			if strings.Contains(value, hidden) {
				return &FieldError{Parameter: shown(name), Problem: "hides " + hidden, Tampered: true}
			}
		}
	}
	if len(values) != 1 {
		return &FieldError{Parameter: shown(name), Problem: fmt.Sprintf("is there %d times", len(values))}
	}
	if !parameterName(name) {
		return &FieldError{Parameter: shown(name), Problem: "is no name of a parameter"}
	}
	return checkField(name, values[0])
}

var parameterName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.\-]{0,63}$`).MatchString

// shown is a name for a log.
func shown(name string) string {
	if parameterName(name) {
		return name
	}
	return fmt.Sprintf("%.40q", name)
}

func checkField(name, value string) error {
	if grammar, known := formRules[name]; known && !grammar(value) {
		return &FieldError{Parameter: name, Problem: "has an odd value"}
	}
	if !utf8.ValidString(value) {
		return &FieldError{Parameter: name, Problem: "is not UTF-8"}
	}
	return nil
}

// telling are the names that decide something and that no honest value holds.
var telling = []string{
	"AccountSid", "ApiVersion", "CallDuration", "CallSid", "CallStatus", "CallbackSource",
	"ParentCallSid", "SequenceNumber", "SipResponseCode", "StreamEvent", "StreamSid", "Timestamp",
}

// formRules is the grammar of the parameters we use ("Call resource",
// StatusCallback; "TwiML for Programmable Voice", request parameters; <Stream>,
// status callback).
var formRules = map[string]rule{
	"AccountSid": sidOf(KindAccount), "CallSid": sidOf(KindCall), "ParentCallSid": empty(sidOf(KindCall)),
	"StreamSid": sidOf(KindStream), "ApplicationSid": empty(sidOf(KindApplication)),
	"ApiVersion": oneOf(Version),
	"CallStatus": oneOf(StatusQueued, StatusInitiated, StatusRinging, StatusInProgress, StatusCompleted,
		StatusBusy, StatusFailed, StatusNoAnswer, StatusCanceled, "cancelled"),
	"Direction":      oneOf(Inbound, OutboundAPI, OutboundDial),
	"CallbackSource": oneOf("call-progress-events"),
	"SequenceNumber": matching(`^[0-9]{1,6}$`), "CallDuration": matching(`^[0-9]{1,8}$`),
	"Duration": matching(`^[0-9]{1,6}$`), "SipResponseCode": empty(matching(`^[1-7][0-9]{2}$`)),
	"ErrorCode": empty(matching(`^[0-9]{1,6}$`)),
	"Timestamp": isDate,
	"From":      party, "To": party, "Caller": party, "Called": party, "ForwardedFrom": party,
	"AnsweredBy":  empty(matching(`^[a-z_]{1,32}$`)),
	"Digits":      matching(`^([0-9A-D#*]{0,64}|hangup)$`), // "<Record>": hangup is how it ended
	"DialCallSid": empty(sidOf(KindCall)), "ConferenceSid": empty(sidOf(KindConference)),
	"DialCallStatus": oneOf("completed", "answered", "busy", "no-answer", "failed", "canceled"),
	"RecordingSid":   empty(sidOf(KindRecording)),
	"RecordingStatus": oneOf(RecordingInProgress, RecordingPaused, RecordingStopped, RecordingProcessing,
		RecordingCompleted, RecordingAbsent, "failed"),
	"RecordingDuration": matching(`^(-1|[0-9]{0,8})$`), "RecordingChannels": matching(`^[12]?$`),
	"RecordingUrl": empty(address), "RecordingTrack": empty(oneOf("inbound", "outbound", "both")),
	"StreamEvent": oneOf("stream-started", "stream-stopped", "stream-error"),
}

func sidOf(kind string) rule {
	return func(v string) bool { return IsSid(kind, v) }
}

func empty(r rule) rule {
	return func(v string) bool { return v == "" || r(v) }
}

func isDate(v string) bool {
	_, err := ParseDate(v)
	return err == nil
}

// party is somebody who calls or is called: a number, a browser, a SIP address,
// or one of the words carriers send when the number is withheld.
func party(v string) bool {
	switch strings.ToLower(v) {
	case "", "anonymous", "restricted", "unavailable", "unknown", "private":
		return true
	}
	return IsNumber(v) || otherParty(v)
}

var otherParty = regexp.MustCompile(`^([0-9]{3,20}|client:[A-Za-z0-9_.\-+@]{1,256}|sips?:[A-Za-z0-9_.\-+@:;=%\[\]]{1,256})$`).MatchString
