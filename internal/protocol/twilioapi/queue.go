package twilioapi

import (
	"net/url"
	"unicode/utf8"
)

// MaxQueueSize is the most a queue can hold, DefaultQueueSize what it holds
// unless told ("Queue resource").
const (
	DefaultQueueSize = 1000
	MaxQueueSize     = 5000
)

// Queue is the Queue resource (api.v2010.account.queue).
type Queue struct {
	Sid             string `json:"sid"`
	AccountSid      string `json:"account_sid"`
	FriendlyName    string `json:"friendly_name"`
	CurrentSize     int    `json:"current_size"`
	MaxSize         int    `json:"max_size"`
	AverageWaitTime int    `json:"average_wait_time"` // seconds
	DateCreated     Date   `json:"date_created"`
	DateUpdated     Date   `json:"date_updated"`
	URI             string `json:"uri"`
}

// QueueList is a page of queues.
type QueueList struct {
	Page
	Queues []Queue `json:"queues"`
}

// Member is a call that waits in a queue (api.v2010.account.queue.member).
type Member struct {
	CallSid      string `json:"call_sid"`
	QueueSid     string `json:"queue_sid"`
	Position     int    `json:"position"`  // from 1
	WaitTime     int    `json:"wait_time"` // seconds
	DateEnqueued Date   `json:"date_enqueued"`
	URI          string `json:"uri"`
}

// MemberList is a page of those who wait.
type MemberList struct {
	Page
	Members []Member `json:"queue_members"`
}

// FrontMember stands for the sid of the call that waits longest ("Members
// resource").
const FrontMember = "Front"

// CheckQueue checks the parameters that make or change a queue.
func CheckQueue(f url.Values, create bool) *Error {
	if create && f.Get("FriendlyName") == "" {
		return badRequest(CodeInvalidParameter, "FriendlyName is required.")
	}
	return checkAll(f, map[string]rule{
		"FriendlyName": func(v string) bool { return utf8.RuneCountInString(v) <= 64 },
		"MaxSize":      between(1, MaxQueueSize),
	})
}

// CheckDequeue checks the parameters of POST
// /Queues/{QueueSid}/Members/{CallSid}.json.
func CheckDequeue(f url.Values) *Error {
	if !address(f.Get("Url")) {
		return badRequest(CodeBadURL, "Url parameter is required.")
	}
	return checkAll(f, map[string]rule{"Method": method})
}

// OutgoingCallerID is a verified number (api.v2010.account.outgoing_caller_id).
type OutgoingCallerID struct {
	Sid          string `json:"sid"`
	AccountSid   string `json:"account_sid"`
	FriendlyName string `json:"friendly_name"`
	PhoneNumber  string `json:"phone_number"`
	DateCreated  Date   `json:"date_created"`
	DateUpdated  Date   `json:"date_updated"`
	URI          string `json:"uri"`
}

// OutgoingCallerIDList is a page of verified numbers.
type OutgoingCallerIDList struct {
	Page
	CallerIDs []OutgoingCallerID `json:"outgoing_caller_ids"`
}
