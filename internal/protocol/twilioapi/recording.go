package twilioapi

import (
	"net/url"
	"time"
)

// Statuses of a recording (api.v2010, recording_enum_status).
const (
	RecordingInProgress = "in-progress"
	RecordingPaused     = "paused"
	RecordingStopped    = "stopped"
	RecordingProcessing = "processing"
	RecordingCompleted  = "completed"
	RecordingAbsent     = "absent"
	RecordingDeleted    = "deleted"
)

// Sources of a recording (api.v2010, recording_enum_source).
const (
	SourceDial          = "DialVerb"
	SourceConference    = "Conference"
	SourceOutboundAPI   = "OutboundAPI"
	SourceRecord        = "RecordVerb"
	SourceCallAPI       = "StartCallRecordingAPI"
	SourceConferenceAPI = "StartConferenceRecordingAPI"
)

// CurrentRecording stands for the sid of the recording that runs ("Call
// Recordings resource", update).
const CurrentRecording = "Twilio.CURRENT"

// Recording is a recording, as the account, a call or a conference lists it
// (api.v2010.account.recording and its two sisters, whose fields differ: Track
// is of calls only, MediaURL and SubresourceURIs of the account only).
type Recording struct {
	Sid               string            `json:"sid"`
	AccountSid        string            `json:"account_sid"`
	CallSid           Text              `json:"call_sid"`
	ConferenceSid     Text              `json:"conference_sid"`
	Status            string            `json:"status"`
	Source            string            `json:"source"`
	Channels          int               `json:"channels"`
	Track             *Text             `json:"track,omitempty"`
	Duration          Text              `json:"duration"` // seconds
	StartTime         Date              `json:"start_time"`
	DateCreated       Date              `json:"date_created"`
	DateUpdated       Date              `json:"date_updated"`
	Price             Text              `json:"price"`
	PriceUnit         Text              `json:"price_unit"`
	ErrorCode         *int              `json:"error_code"`
	EncryptionDetails map[string]string `json:"encryption_details"`
	APIVersion        string            `json:"api_version"`
	URI               string            `json:"uri"`
	MediaURL          Text              `json:"media_url,omitempty"`
	SubresourceURIs   map[string]string `json:"subresource_uris,omitempty"`
}

// RecordingList is a page of recordings.
type RecordingList struct {
	Page
	Recordings []Recording `json:"recordings"`
}

var recordingRules = map[string]rule{
	"RecordingStatusCallback": address, "RecordingStatusCallbackMethod": method,
	"RecordingStatusCallbackEvent": listOf("in-progress", "completed", "absent"),
	"Trim":                         createRules["Trim"],
	"RecordingChannels":            createRules["RecordingChannels"],
	"RecordingTrack":               createRules["RecordingTrack"],
}

// CheckCreateRecording checks the parameters of POST
// /Calls/{CallSid}/Recordings.json.
func CheckCreateRecording(f url.Values) *Error { return checkAll(f, recordingRules) }

var recordingUpdateRules = map[string]rule{
	"Status":        oneOf(RecordingPaused, RecordingInProgress, RecordingStopped),
	"PauseBehavior": oneOf("silence", "skip"),
}

// CheckUpdateRecording checks the parameters of POST
// /Calls/{CallSid}/Recordings/{Sid}.json and its sister of conferences.
func CheckUpdateRecording(f url.Values) *Error {
	if f.Get("Status") == "" {
		return badRequest(CodeInvalidParameter, "Status is required.")
	}
	return checkAll(f, recordingUpdateRules)
}

// RecordingCallback is news of a recording ("Call resource",
// RecordingStatusCallback). CallSid is always the parent leg's.
type RecordingCallback struct {
	AccountSid    string
	CallSid       string
	ConferenceSid string
	RecordingSid  string
	Status        string
	URL           string // without extension; a WAV as it is
	Duration      time.Duration
	Channels      int
	Source        string
	Track         string
	Start         time.Time // zero when absent
	ErrorCode     int
}

// ParseRecordingCallback reads a form that CheckForm let pass.
func ParseRecordingCallback(f url.Values) (RecordingCallback, error) {
	if err := require(f, "AccountSid", "RecordingSid", "RecordingStatus"); err != nil {
		return RecordingCallback{}, err
	}
	c := RecordingCallback{
		AccountSid: f.Get("AccountSid"), CallSid: f.Get("CallSid"), ConferenceSid: f.Get("ConferenceSid"),
		RecordingSid: f.Get("RecordingSid"), Status: f.Get("RecordingStatus"), URL: f.Get("RecordingUrl"),
		Duration: time.Duration(integer(f, "RecordingDuration")) * time.Second,
		Channels: integer(f, "RecordingChannels"), Source: f.Get("RecordingSource"), Track: f.Get("RecordingTrack"),
		ErrorCode: integer(f, "ErrorCode"),
	}
	c.Start, _ = ParseDate(f.Get("RecordingStartTime")) // absent is the zero time
	return c, nil
}
