package openai

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/coder/websocket"

	"softphone/internal/protocol/realtime"
	"softphone/internal/protocol/realtime/contract"
)

var clientEvents = []string{realtime.SessionUpdateType, realtime.AudioAppendType, realtime.AudioCommitType, realtime.AudioClearType,
	realtime.ItemCreateType, realtime.ItemRetrieveType, realtime.ItemTruncateType, realtime.ItemDeleteType,
	realtime.ResponseCreateType, realtime.ResponseCancelType}

// receive answers a frame. Mistakes are answered and never close the socket.
func (s *session) receive(ctx context.Context, kind websocket.MessageType, frame []byte) {
	if kind != websocket.MessageText {
		s.complain(ctx, &mistake{realtime.InvalidEvent, "Invalid event: binary frames are not supported.", ""}, "")
		return
	}
	object, err := decode(frame)
	if err != nil {
		s.complain(ctx, &mistake{realtime.InvalidJSON, "Invalid event: failed to parse JSON value.", ""}, "")
		return
	}
	name, cause := text(object, "type"), text(object, "event_id")
	if name == "" {
		s.complain(ctx, &mistake{realtime.InvalidEvent, "Invalid event: the 'type' field is missing.", "type"}, cause)
		return
	}
	s.note(name, object)
	if m := s.obey(ctx, name, frame, object); m != nil {
		s.complain(ctx, m, cause)
	}
}

func (s *session) obey(ctx context.Context, name string, frame []byte, object map[string]any) *mistake {
	switch name {
	case realtime.SessionUpdateType:
		return s.update(ctx, frame, object)
	case realtime.AudioAppendType:
		return s.listen(ctx, text(object, "audio"))
	case realtime.AudioCommitType:
		if m := described(frame); m != nil {
			return m
		}
		return s.commit(ctx)
	case realtime.AudioClearType:
		if m := described(frame); m != nil {
			return m
		}
		s.ear.forget()
		s.send(ctx, header(realtime.AudioClearedType))
		return nil
	case realtime.ItemCreateType:
		return s.createItem(ctx, frame)
	case realtime.ItemRetrieveType, realtime.ItemDeleteType, realtime.ItemTruncateType:
		return s.touchItem(ctx, name, frame)
	case realtime.ResponseCreateType:
		return s.createResponse(ctx, frame)
	case realtime.ResponseCancelType:
		if m := described(frame); m != nil {
			return m
		}
		return s.cancelResponse(ctx, text(object, "response_id"))
	}
	return invalid("type", name, clientEvents...)
}

// described refuses what the vendor's own description does not know: the live
// service takes no parameter that it does not know. Sound is not looked at, its
// one parameter is read anyhow.
func described(frame []byte) *mistake {
	d, ok := errors.AsType[*contract.Difference](contract.FromClient(frame))
	switch {
	case !ok:
		return nil
	case d.Kind == contract.Unknown:
		return &mistake{realtime.UnknownParameter, fmt.Sprintf("Unknown parameter: '%s'.", d.At), d.At}
	case d.Kind == contract.Missing:
		return missing(d.At)
	}
	return &mistake{realtime.InvalidValue, fmt.Sprintf("Invalid value for '%s'.", d.At), d.At}
}

// describedSession holds a session to what session.update may carry.
func describedSession(settings map[string]any) *mistake {
	frame, err := json.Marshal(map[string]any{"type": realtime.SessionUpdateType, "session": settings})
	if err != nil {
		panic(err) // it was JSON
	}
	return described(frame)
}

func (s *session) complain(ctx context.Context, m *mistake, cause string) {
	s.send(ctx, errorEvent(realtime.InvalidRequest, m.code, m.message, m.param, cause))
}

// note writes an event of the client into the ledger; sound is only counted.
func (s *session) note(name string, object map[string]any) {
	var detail any = object
	if name == realtime.AudioAppendType {
		detail = map[string]any{"bytes": base64.StdEncoding.DecodedLen(len(text(object, "audio")))}
	}
	s.sim.ledger.add(entry{Session: s.id, Kind: "event", Way: "in", Type: name, Detail: detail})
}

func (s *session) update(ctx context.Context, frame []byte, object map[string]any) *mistake {
	change, ok := object["session"].(map[string]any)
	if !ok {
		return missing("session")
	}
	next, m := s.updated(change)
	if m == nil {
		m = described(frame)
	}
	if m != nil {
		return m
	}
	s.settings = next
	s.send(ctx, sessionEvent(realtime.SessionUpdatedType, next))
	return nil
}

// listen takes sound: MaxAppend at most, base64.
func (s *session) listen(ctx context.Context, coded string) *mistake {
	sound, err := base64.StdEncoding.DecodeString(coded)
	if err != nil || len(sound) > realtime.MaxAppend {
		return &mistake{realtime.InvalidValue, fmt.Sprintf("Invalid 'audio'. Expected base64-encoded audio of at most %d bytes.", realtime.MaxAppend), "audio"}
	}
	s.hear(ctx, samples(sound, text(s.settings, "audio", "input", "format", "type")))
	return nil
}
