package twilioapi

import (
	"strconv"
	"time"
)

// Statuses of a call (api.v2010, call_enum_status). StatusInitiated exists in
// callbacks only ("Call resource", StatusCallbackEvent).
const (
	StatusQueued     = "queued"
	StatusInitiated  = "initiated"
	StatusRinging    = "ringing"
	StatusInProgress = "in-progress"
	StatusCompleted  = "completed"
	StatusBusy       = "busy"
	StatusFailed     = "failed"
	StatusNoAnswer   = "no-answer"
	StatusCanceled   = "canceled"
)

// IsFinal says whether a call of this status is over.
func IsFinal(status string) bool {
	switch status {
	case StatusCompleted, StatusBusy, StatusFailed, StatusNoAnswer, StatusCanceled:
		return true
	}
	return false
}

// Directions of a call.
const (
	Inbound      = "inbound"
	OutboundAPI  = "outbound-api"
	OutboundDial = "outbound-dial"
)

// Call is the Call resource (api.v2010.account.call).
type Call struct {
	Sid             string            `json:"sid"`
	AccountSid      string            `json:"account_sid"`
	ParentCallSid   Text              `json:"parent_call_sid"`
	PhoneNumberSid  Text              `json:"phone_number_sid"`
	GroupSid        Text              `json:"group_sid"`
	TrunkSid        Text              `json:"trunk_sid"`
	Status          string            `json:"status"`
	Direction       string            `json:"direction"`
	To              string            `json:"to"`
	ToFormatted     string            `json:"to_formatted"`
	From            string            `json:"from"`
	FromFormatted   string            `json:"from_formatted"`
	DateCreated     Date              `json:"date_created"`
	DateUpdated     Date              `json:"date_updated"`
	StartTime       Date              `json:"start_time"`
	EndTime         Date              `json:"end_time"`
	Duration        Text              `json:"duration"`   // seconds; null unless completed
	QueueTime       Text              `json:"queue_time"` // milliseconds
	Price           Text              `json:"price"`
	PriceUnit       Text              `json:"price_unit"`
	AnsweredBy      Text              `json:"answered_by"`
	CallerName      Text              `json:"caller_name"`
	ForwardedFrom   Text              `json:"forwarded_from"`
	APIVersion      string            `json:"api_version"`
	URI             string            `json:"uri"`
	SubresourceURIs map[string]string `json:"subresource_uris"`
}

// Talk returns how long the call lasted, 0 while that is not known.
func (c Call) Talk() time.Duration {
	seconds, err := strconv.Atoi(string(c.Duration))
	if err != nil {
		return 0
	}
	return time.Duration(seconds) * time.Second
}

// SubresourcesOf returns the links of a call, as the resource lists them.
func SubresourcesOf(accountSid, callSid string) map[string]string {
	base := AccountPath(accountSid) + "/Calls/" + callSid
	return map[string]string{
		"notifications":                      base + "/Notifications.json",
		"recordings":                         base + "/Recordings.json",
		"payments":                           base + "/Payments.json",
		"events":                             base + "/Events.json",
		"siprec":                             base + "/Siprec.json",
		"streams":                            base + "/Streams.json",
		"transcriptions":                     base + "/Transcriptions.json",
		"user_defined_message_subscriptions": base + "/UserDefinedMessageSubscriptions.json",
		"user_defined_messages":              base + "/UserDefinedMessages.json",
	}
}

// FormatNumber writes a number as the *_formatted fields do: numbers of North
// America as (555) 123-0001, all others unchanged.
func FormatNumber(number string) string {
	if len(number) != 12 || number[:2] != "+1" || !IsNumber(number) {
		return number
	}
	return "(" + number[2:5] + ") " + number[5:8] + "-" + number[8:]
}

// Page is what every list has around its items ("Twilio, Paging").
type Page struct {
	Page            int    `json:"page"`
	PageSize        int    `json:"page_size"`
	Start           int    `json:"start"`
	End             int    `json:"end"`
	URI             string `json:"uri"`
	FirstPageURI    string `json:"first_page_uri"`
	PreviousPageURI Text   `json:"previous_page_uri"`
	NextPageURI     Text   `json:"next_page_uri"` // relative to the host
}

// Sizes of a page: the default, and the most one may ask for.
const (
	DefaultPageSize = 50
	MaxPageSize     = 1000
)

// CallList is a page of calls.
type CallList struct {
	Page
	Calls []Call `json:"calls"`
}
