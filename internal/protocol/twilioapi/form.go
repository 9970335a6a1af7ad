package twilioapi

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"unicode/utf8"
)

// ErrForm is wrapped by every refusal of a webhook's form.
var ErrForm = errors.New("form is not one of Twilio's")

// maxFields bounds the number of parameters; a real voice request has about
// forty.
const maxFields = 256

// ParseForm reads the body of a webhook and checks it with CheckForm. The
// caller bounds the size of the body.
func ParseForm(body []byte) (url.Values, error) {
	if strings.Count(string(body), "&") >= maxFields {
		return nil, fmt.Errorf("%w: more than %d parameters", ErrForm, maxFields)
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrForm, err)
	}
	return form, CheckForm(form)
}

// CheckForm refuses a form that a signature alone would let pass. The signed
// text has no separators, so somebody who has seen a signed request can move
// the border between a name and a value, or repeat a parameter, and the
// signature still fits. Therefore no parameter may be there twice, every
// parameter we use must have its grammar, and no value may hide the name of
// another one. Parameters we do not know are allowed and never used.
func CheckForm(form url.Values) error {
	for name, values := range form {
		if len(values) != 1 {
			return fmt.Errorf("%w: %.40q is there %d times", ErrForm, name, len(values))
		}
		if !parameterName(name) {
			return fmt.Errorf("%w: parameter name %.40q", ErrForm, name)
		}
		if err := checkField(name, values[0]); err != nil {
			return err
		}
	}
	return nil
}

var parameterName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.\-]{0,63}$`).MatchString

func checkField(name, value string) error {
	if grammar, known := formRules[name]; known && !grammar(value) {
		return fmt.Errorf("%w: %s has the value %.40q", ErrForm, name, value)
	}
	if !utf8.ValidString(value) {
		return fmt.Errorf("%w: %s is not UTF-8", ErrForm, name)
	}
	for _, hidden := range telling {
		if strings.Contains(value, hidden) {
			return fmt.Errorf("%w: %s hides %s", ErrForm, name, hidden)
		}
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
