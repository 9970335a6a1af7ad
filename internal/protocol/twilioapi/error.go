package twilioapi

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
)

// Codes of the API's errors ("Error and Warning Dictionary").
const (
	CodeInvalidParameter = 20001
	CodeCredentials      = 20003
	CodeTestCredentials  = 20008
	CodeNotFound         = 20404
	CodeTooManyRequests  = 20429
	CodeInternal         = 20500
	CodeNoTo             = 21201
	CodeAlreadyInitiated = 21204
	CodeBadURL           = 21205
	CodeFromNotOwned     = 21210
	CodeBadTo            = 21211
	CodeBadFrom          = 21212
	CodeNoFrom           = 21213
	CodeUnreachable      = 21214
	CodeNoPermission     = 21215
	CodeBlocked          = 21216
	CodeNotANumber       = 21217
	CodeBadApplication   = 21218
	CodeNotVerified      = 21219
	CodeCallState        = 21220
	CodeNotRecordable    = 21220 // the same as of calls: the state does not allow it
	CodeQueueFull        = 22005
	CodeQueueNotEmpty    = 22002
)

// Codes that reach a fallback address as ErrorCode, and the debugger.
const (
	CodeConcurrentCalls = 10004
	CodeRetrieval       = 11200 // HTTP retrieval failure
	CodeConnection      = 11205 // HTTP connection failure
)

// Codes of media streams ("Error and Warning Dictionary", 319xx).
const (
	CodeStreamTimeout   = 31901
	CodeStreamBroken    = 31903
	CodeStreamTLS       = 31910
	CodeStreamRefused   = 31920
	CodeStreamClosed    = 31921
	CodeStreamScheme    = 31922
	CodeStreamProtocol  = 31924
	CodeStreamMalformed = 31951
)

// Error is the body of every answer that is not a success.
type Error struct {
	Code     int    `json:"code"`
	Message  string `json:"message"`
	MoreInfo string `json:"more_info"`
	Status   int    `json:"status"`
}

func (e *Error) Error() string {
	return fmt.Sprintf("twilio error %d (HTTP %d): %s", e.Code, e.Status, e.Message)
}

// NewError returns an error with its link.
func NewError(status, code int, format string, args ...any) *Error {
	return &Error{
		Code: code, Status: status, Message: fmt.Sprintf(format, args...),
		MoreInfo: "https://www.twilio.com/docs/errors/" + strconv.Itoa(code),
	}
}

// ReadError reads the body of an answer that is not a success. A body that is
// not Twilio's (a proxy's page) gives an Error with the status alone.
func ReadError(status int, body []byte) *Error {
	e := new(Error)
	if err := json.Unmarshal(body, e); err != nil || e.Code == 0 && e.Message == "" {
		return &Error{Status: status, Message: http.StatusText(status)}
	}
	if e.Status == 0 {
		e.Status = status
	}
	return e
}
