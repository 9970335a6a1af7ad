package twilioapi

import "net/url"

// Statuses of a conference (api.v2010, conference_enum_status).
const (
	ConferenceInit       = "init"
	ConferenceInProgress = "in-progress"
	ConferenceCompleted  = "completed"
)

// Reasons why a conference ended (api.v2010,
// conference_enum_reason_conference_ended).
const (
	EndedByAPI         = "conference-ended-via-api"
	EndedByLeaving     = "participant-with-end-conference-on-exit-left"
	EndedByKick        = "participant-with-end-conference-on-exit-kicked"
	EndedByLastKicked  = "last-participant-kicked"
	EndedByLastLeaving = "last-participant-left"
)

// Statuses of a participant (api.v2010, participant_enum_status).
const (
	ParticipantQueued     = "queued"
	ParticipantConnecting = "connecting"
	ParticipantRinging    = "ringing"
	ParticipantConnected  = "connected"
	ParticipantComplete   = "complete"
	ParticipantFailed     = "failed"
)

// Conference is the Conference resource (api.v2010.account.conference).
type Conference struct {
	Sid                     string            `json:"sid"`
	AccountSid              string            `json:"account_sid"`
	FriendlyName            Text              `json:"friendly_name"`
	Status                  string            `json:"status"`
	Region                  string            `json:"region"`
	DateCreated             Date              `json:"date_created"`
	DateUpdated             Date              `json:"date_updated"`
	ReasonConferenceEnded   Text              `json:"reason_conference_ended"`
	CallSidEndingConference Text              `json:"call_sid_ending_conference"`
	APIVersion              string            `json:"api_version"`
	URI                     string            `json:"uri"`
	SubresourceURIs         map[string]string `json:"subresource_uris"`
}

// ConferenceList is a page of conferences.
type ConferenceList struct {
	Page
	Conferences []Conference `json:"conferences"`
}

// Participant is a call in a conference
// (api.v2010.account.conference.participant).
type Participant struct {
	CallSid                string `json:"call_sid"`
	ConferenceSid          string `json:"conference_sid"`
	AccountSid             string `json:"account_sid"`
	Label                  Text   `json:"label"`
	Muted                  bool   `json:"muted"`
	Hold                   bool   `json:"hold"`
	Coaching               bool   `json:"coaching"`
	CallSidToCoach         Text   `json:"call_sid_to_coach"`
	StartConferenceOnEnter bool   `json:"start_conference_on_enter"`
	EndConferenceOnExit    bool   `json:"end_conference_on_exit"`
	Status                 string `json:"status"`
	QueueTime              Text   `json:"queue_time,omitempty"` // milliseconds; only of one that was just made
	DateCreated            Date   `json:"date_created"`
	DateUpdated            Date   `json:"date_updated"`
	URI                    string `json:"uri"`
}

// ParticipantList is a page of participants.
type ParticipantList struct {
	Page
	Participants []Participant `json:"participants"`
}

var participantRules = map[string]rule{
	"Timeout": between(5, 600), "TimeLimit": between(1, 1<<31-1),
	"StatusCallback": address, "StatusCallbackMethod": method,
	"StatusCallbackEvent": createRules["StatusCallbackEvent"],
	"Muted":               boolean, "Coaching": boolean, "EarlyMedia": boolean, "Record": boolean,
	"StartConferenceOnEnter": boolean, "EndConferenceOnExit": boolean,
	"Beep":    oneOf("true", "false", "onEnter", "onExit"),
	"WaitUrl": address, "WaitMethod": method, "MaxParticipants": between(2, 250),
	"JitterBufferSize":  oneOf("off", "small", "medium", "large"),
	"RecordingChannels": createRules["RecordingChannels"], "RecordingTrack": createRules["RecordingTrack"],
	"RecordingStatusCallback": address, "RecordingStatusCallbackMethod": method,
	"ConferenceRecord":         oneOf("true", "false", "record-from-start", "do-not-record"),
	"ConferenceStatusCallback": address, "ConferenceStatusCallbackMethod": method,
	"ConferenceStatusCallbackEvent":     listOf("start", "end", "join", "leave", "mute", "hold", "modify", "speaker", "announcement"),
	"ConferenceRecordingStatusCallback": address, "ConferenceRecordingStatusCallbackMethod": method,
	"Trim": createRules["Trim"], "ConferenceTrim": createRules["Trim"],
}

// CheckCreateParticipant checks the parameters of POST
// /Conferences/{ConferenceSid}/Participants.json.
func CheckCreateParticipant(f url.Values) *Error {
	switch {
	case f.Get("To") == "":
		return badRequest(CodeNoTo, "No 'To' number is specified")
	case f.Get("From") == "":
		return badRequest(CodeNoFrom, "No 'From' number is specified")
	}
	return checkAll(f, participantRules)
}

var participantUpdateRules = map[string]rule{
	"Hold": boolean, "HoldUrl": address, "HoldMethod": method,
	"AnnounceUrl": address, "AnnounceMethod": method, "WaitUrl": address, "WaitMethod": method,
	"BeepOnExit": boolean, "EndConferenceOnExit": boolean, "Coaching": boolean,
}

// CheckUpdateParticipant checks the parameters of POST
// /Conferences/{ConferenceSid}/Participants/{CallSid}.json. Any value of Muted
// is taken; what is not true counts as false.
func CheckUpdateParticipant(f url.Values) *Error { return checkAll(f, participantUpdateRules) }

var conferenceUpdateRules = map[string]rule{
	"Status": oneOf(ConferenceCompleted), "AnnounceUrl": address, "AnnounceMethod": method,
}

// CheckUpdateConference checks the parameters of POST /Conferences/{Sid}.json.
func CheckUpdateConference(f url.Values) *Error { return checkAll(f, conferenceUpdateRules) }
