package api

import (
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"softphone/internal/phone/switchboard"
)

// Problem is an error answer: RFC 9457 with a stable code for programs.
type Problem struct {
	huma.ErrorModel
	Code    string               `json:"code" doc:"stable, for programs"`
	Rule    string               `json:"rule,omitempty" doc:"with a refused call: the rule, as the settings name it"`
	Tenants []switchboard.Choice `json:"tenants,omitempty" doc:"with choose_tenant: the desks to choose from"`
}

// codes of answers that the framework gives by itself.
var defaultCode = map[int]string{
	http.StatusBadRequest:            "bad_request",
	http.StatusUnauthorized:          "unauthorized",
	http.StatusForbidden:             "forbidden",
	http.StatusNotFound:              "not_found",
	http.StatusMethodNotAllowed:      "method_not_allowed",
	http.StatusRequestEntityTooLarge: "too_large",
	http.StatusUnsupportedMediaType:  "unsupported_media_type",
	http.StatusUnprocessableEntity:   "invalid_input",
	http.StatusTooManyRequests:       "too_many_requests",
	http.StatusInternalServerError:   "internal",
}

// statusOf gives the HTTP status of each refusal.
var statusOf = map[switchboard.Code]int{
	switchboard.BadCredentials:    http.StatusUnauthorized,
	switchboard.SessionEnded:      http.StatusUnauthorized,
	switchboard.Unauthorized:      http.StatusUnauthorized,
	switchboard.ChooseTenant:      http.StatusConflict,
	switchboard.AgentBusy:         http.StatusConflict,
	switchboard.CallOver:          http.StatusConflict,
	switchboard.KeyConflict:       http.StatusConflict,
	switchboard.NoDevice:          http.StatusConflict,
	switchboard.Stale:             http.StatusConflict,
	switchboard.TooManyAttempts:   http.StatusTooManyRequests,
	switchboard.Forbidden:         http.StatusForbidden,
	switchboard.NotFound:          http.StatusNotFound,
	switchboard.InvalidInput:      http.StatusUnprocessableEntity,
	switchboard.InvalidNumber:     http.StatusUnprocessableEntity,
	switchboard.CountryNotAllowed: http.StatusUnprocessableEntity,
	switchboard.EmergencyNumber:   http.StatusUnprocessableEntity,
	switchboard.NoNumber:          http.StatusUnprocessableEntity,
	switchboard.NotOurNumber:      http.StatusUnprocessableEntity,
	switchboard.OwnNumber:         http.StatusUnprocessableEntity,
	switchboard.RangeNotAllowed:   http.StatusUnprocessableEntity,
	switchboard.DoNotCall:         http.StatusUnprocessableEntity,
	switchboard.OutsideHours:      http.StatusUnprocessableEntity,
	switchboard.CallingFrozen:     http.StatusForbidden,
	switchboard.TooManyCalls:      http.StatusTooManyRequests,
	switchboard.TooManyAtOnce:     http.StatusTooManyRequests,
	switchboard.SpendLimit:        http.StatusTooManyRequests,
	switchboard.NotConfigured:     http.StatusServiceUnavailable,
	switchboard.ShuttingDown:      http.StatusServiceUnavailable,
}

func newProblem(status int, detail string, errs ...error) huma.StatusError {
	p := &Problem{Code: defaultCode[status]}
	p.Status, p.Title, p.Detail = status, http.StatusText(status), detail
	if p.Code == "" {
		p.Code = "error"
	}
	for _, err := range errs {
		p.Add(quiet(err))
	}
	return p
}

// quiet is what the framework found wrong without what was sent: that may be a
// secret, or all of the body.
func quiet(err error) error {
	d, ok := err.(huma.ErrorDetailer)
	if !ok {
		return &huma.ErrorDetail{Message: "cannot be read"}
	}
	told := d.ErrorDetail()
	if told.Value == nil {
		return told
	}
	return &huma.ErrorDetail{Message: told.Message, Location: told.Location}
}

// problem is the one place where errors of the desk become answers: a refusal
// keeps its code and sentence, everything else is logged whole and told as
// "internal".
func (a *API) problem(err error) huma.StatusError {
	var r *switchboard.Refusal
	if !errors.As(err, &r) {
		a.log.Error("request not served", "err", err)
		return newProblem(http.StatusInternalServerError, "Something went wrong on our side. It is logged; please try again.")
	}
	status, ok := statusOf[r.Code]
	if !ok {
		status = http.StatusConflict
	}
	p := &Problem{Code: string(r.Code), Rule: r.Rule, Tenants: r.Choices}
	p.Status, p.Title, p.Detail = status, http.StatusText(status), r.Message
	return p
}
