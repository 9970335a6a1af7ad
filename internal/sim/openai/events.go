package openai

import "softphone/internal/protocol/realtime"

func header(kind string) realtime.Header {
	return realtime.Header{Type: kind, EventID: newID("event_", 21)}
}

type settingsEvent struct {
	realtime.Header
	Session map[string]any `json:"session"`
}

func sessionEvent(kind string, settings map[string]any) settingsEvent {
	return settingsEvent{header(kind), settings}
}

func errorEvent(kind, code, message, param, cause string) realtime.ErrorEvent {
	return realtime.ErrorEvent{Header: header(realtime.ErrorType), Error: realtime.Error{
		Type: kind, Code: orNull(code), Message: message, Param: orNull(param), EventID: orNull(cause)}}
}

// orNull is nil for "": the wire says null where there is nothing.
func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
