package twilio

import (
	"errors"
	"net"
	"net/http"
	"strconv"

	"softphone/internal/phone/call"
	"softphone/internal/protocol/twilioapi"
)

// reasons are the codes of "Error and Warning Dictionary" an agent can do
// something about.
var reasons = map[int]call.Reason{
	twilioapi.CodeCredentials:     call.BadCredentials,
	twilioapi.CodeTestCredentials: call.BadCredentials,
	twilioapi.CodeNotFound:        call.BadCredentials,
	twilioapi.CodeNoTo:            call.InvalidNumber,
	twilioapi.CodeBadTo:           call.InvalidNumber,
	twilioapi.CodeNotANumber:      call.InvalidNumber,
	twilioapi.CodeUnreachable:     call.NotReachable,
	twilioapi.CodeNoPermission:    call.NotPermitted,
	twilioapi.CodeBlocked:         call.NotPermitted,
	twilioapi.CodeNotVerified:     call.NotPermitted,
	twilioapi.CodeFromNotOwned:    call.CallerIDRefused,
	twilioapi.CodeBadFrom:         call.CallerIDRefused,
	twilioapi.CodeNoFrom:          call.CallerIDRefused,
	twilioapi.CodeTooManyRequests: call.CarrierBusy,
	twilioapi.CodeQueueFull:       call.CarrierBusy,
	twilioapi.CodeConcurrentCalls: call.CarrierBusy,
}

// refusal turns what went wrong with a request into what the call needs to know
// of it. Silence, and an error of Twilio's own, leave the outcome open.
func refusal(err error) *call.Refusal {
	var refused *twilioapi.Error
	if !errors.As(err, &refused) {
		return &call.Refusal{Reason: call.CarrierError, Unknown: !unsent(err), Retry: unsent(err), Err: err}
	}
	r := &call.Refusal{Reason: call.CarrierError, Code: code(refused), Err: err}
	switch {
	case refused.Status >= http.StatusInternalServerError:
		r.Unknown = true
	case refused.Status == http.StatusTooManyRequests:
		r.Reason, r.Retry = call.CarrierBusy, true
	case reasons[refused.Code] != "":
		r.Reason = reasons[refused.Code]
	case refused.Status == http.StatusUnauthorized:
		r.Reason = call.BadCredentials
	}
	return r
}

// unsent says that the request never left: nobody was there to take it.
func unsent(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

func code(e *twilioapi.Error) string {
	if e.Code != 0 {
		return strconv.Itoa(e.Code)
	}
	return strconv.Itoa(e.Status)
}

func hasCode(err error, want int) bool {
	var refused *twilioapi.Error
	return errors.As(err, &refused) && (refused.Code == want || refused.Status == http.StatusNotFound && want == twilioapi.CodeNotFound)
}
