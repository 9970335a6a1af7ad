package openai

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/coder/websocket"

	"softphone/internal/phone/assist"
	"softphone/internal/protocol/realtime"
)

var (
	errNoKey  = errors.New("no API key is set")
	errNoText = errors.New("frame is not text")
)

func notConfigured() *assist.Fault {
	return &assist.Fault{Reason: assist.NotConfigured, Fatal: true, Err: errNoKey}
}

// faultOfCode reads an error code of the API.
func faultOfCode(code string, err error) *assist.Fault {
	return &assist.Fault{Reason: reasonOf(code), Fatal: realtime.PermanentCode(code), Err: err}
}

func reasonOf(code string) string {
	switch code {
	case realtime.InvalidAPIKey, realtime.AccountDeactivated:
		return assist.BadKey
	case realtime.InsufficientQuota, realtime.BillingLimitReached:
		return assist.Quota
	case realtime.InvalidModel, realtime.MissingModel, realtime.ModelNotFound, realtime.BetaShapeDisabled:
		return assist.Model
	}
	if strings.HasSuffix(code, realtime.RateLimitExceeded) { // also inference_rate_limit_exceeded
		return assist.RateLimited
	}
	return assist.Unreachable
}

// faultOfRead reads why a socket ended. The close reason is "<type>.<code>" for
// 3000 and 4000; an error event that came just before says the same and more.
func faultOfRead(err error, last *realtime.Error) error {
	if errors.Is(err, context.Canceled) {
		return err
	}
	if last != nil && realtime.PermanentCode(last.CodeName()) {
		return faultOfCode(last.CodeName(), last)
	}
	closed, ok := errors.AsType[websocket.CloseError](err)
	if !ok || !realtime.PermanentClose(int(closed.Code)) {
		return &assist.Fault{Reason: assist.Unreachable, Err: err}
	}
	fault := faultOfCode(closed.Reason[strings.LastIndexByte(closed.Reason, '.')+1:], err)
	fault.Fatal = true
	if closed.Code == realtime.CloseKey {
		fault.Reason = assist.BadKey
	} else if fault.Reason == assist.Unreachable {
		fault.Reason = assist.Model
	}
	return fault
}

// faultOfStatus reads a refused upgrade or REST answer: gateways in front of the
// API do use statuses.
func faultOfStatus(status int, err error) *assist.Fault {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return &assist.Fault{Reason: assist.BadKey, Fatal: true, Err: err}
	case http.StatusNotFound:
		return &assist.Fault{Reason: assist.Model, Fatal: true, Err: err}
	case http.StatusTooManyRequests:
		return &assist.Fault{Reason: assist.RateLimited, Err: err}
	}
	return &assist.Fault{Reason: assist.Unreachable, Err: err}
}
