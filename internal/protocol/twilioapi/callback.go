package twilioapi

import (
	"net/url"
	"strconv"
	"time"
)

// NoSequence is the Sequence of a callback that carries none.
const NoSequence = -1

// CallbackSource is what every status callback says of itself.
const CallbackSource = "call-progress-events"

// StatusCallback is news of a call ("Call resource", StatusCallback). It may
// come late, twice, and before what happened earlier; Sequence is the order.
type StatusCallback struct {
	AccountSid      string
	CallSid         string
	ParentCallSid   string
	From            string
	To              string
	Direction       string
	Status          string
	Sequence        int       // from 0; NoSequence when absent
	At              time.Time // zero when absent
	CallDuration    int       // seconds, of a completed call
	SipResponseCode int       // 0 when absent
	AnsweredBy      string
	ErrorCode       int // 0 when absent
}

// ParseStatusCallback reads a form that CheckForm let pass.
func ParseStatusCallback(f url.Values) (StatusCallback, error) {
	if err := require(f, "AccountSid", "CallSid", "CallStatus"); err != nil {
		return StatusCallback{}, err
	}
	c := StatusCallback{
		AccountSid: f.Get("AccountSid"), CallSid: f.Get("CallSid"), ParentCallSid: f.Get("ParentCallSid"),
		From: f.Get("From"), To: f.Get("To"), Direction: f.Get("Direction"),
		Status: status(f.Get("CallStatus")), Sequence: NoSequence, AnsweredBy: f.Get("AnsweredBy"),
		CallDuration: integer(f, "CallDuration"), SipResponseCode: integer(f, "SipResponseCode"),
		ErrorCode: integer(f, "ErrorCode"),
	}
	if f.Has("SequenceNumber") {
		c.Sequence = integer(f, "SequenceNumber")
	}
	c.At, _ = ParseDate(f.Get("Timestamp")) // absent is the zero time
	return c, nil
}

// VoiceRequest asks for a document: the call was answered, came in, or went on
// to a Redirect ("TwiML for Programmable Voice", request parameters).
type VoiceRequest struct {
	AccountSid    string
	CallSid       string
	ParentCallSid string
	From          string
	To            string
	Direction     string
	Status        string
	Digits        string
	CallerName    string // where the number has caller id lookup
	ForwardedFrom string // what the carrier says of a diversion
	StirVerstat   string // how far the caller's number is to be trusted
	CallToken     string // lets another call carry this caller's number
	ErrorCode     int    // at a fallback address: what went wrong
	ErrorURL      string // at a fallback address: where
}

// ParseVoiceRequest reads a form that CheckForm let pass.
func ParseVoiceRequest(f url.Values) (VoiceRequest, error) {
	if err := require(f, "AccountSid", "CallSid", "CallStatus"); err != nil {
		return VoiceRequest{}, err
	}
	return VoiceRequest{
		AccountSid: f.Get("AccountSid"), CallSid: f.Get("CallSid"), ParentCallSid: f.Get("ParentCallSid"),
		From: f.Get("From"), To: f.Get("To"), Direction: f.Get("Direction"), Status: status(f.Get("CallStatus")),
		CallerName: f.Get("CallerName"), ForwardedFrom: f.Get("ForwardedFrom"),
		StirVerstat: f.Get("StirVerstat"), CallToken: f.Get("CallToken"),
		Digits: f.Get("Digits"), ErrorCode: integer(f, "ErrorCode"), ErrorURL: f.Get("ErrorUrl"),
	}, nil
}

func require(f url.Values, names ...string) error {
	for _, name := range names {
		if f.Get(name) == "" {
			return &FieldError{Parameter: name, Problem: "is missing"}
		}
	}
	return nil
}

// status mends the one spelling in which the vendor's page and enum differ.
func status(s string) string {
	if s == "cancelled" {
		return StatusCanceled
	}
	return s
}

// integer reads a parameter whose digits CheckForm has counted.
func integer(f url.Values, name string) int {
	n, _ := strconv.Atoi(f.Get(name)) // absent is 0
	return n
}
