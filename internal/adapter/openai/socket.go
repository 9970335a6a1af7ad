package openai

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/coder/websocket"

	"softphone/internal/phone/assist"
	"softphone/internal/protocol/realtime"
)

const (
	readLimit = 16 << 20 // a session event with a long prompt passes the library's 32 KiB
	writeTime = 5 * time.Second
)

// socket is a confirmed session. One goroutine reads, another writes.
type socket struct {
	conn *websocket.Conn
	last *realtime.Error // the reader's: the newest error event
}

// open dials, configures and waits until the session has confirmed: sound sent
// earlier would be heard with the default settings. When the format of the sound
// is refused, the next of the sessions is tried; chosen tells which it was.
func (a *Account) open(ctx context.Context, query url.Values, sessions ...realtime.Session) (s *socket, chosen int, err error) {
	if a.cfg.Key == "" {
		return nil, 0, notConfigured()
	}
	conn, err := a.dial(ctx, query)
	if err != nil {
		return nil, 0, err
	}
	s = &socket{conn: conn}
	for chosen = range sessions {
		if err = s.configure(ctx, sessions[chosen]); err == nil {
			return s, chosen, nil
		}
		if refused, ok := errors.AsType[*realtime.Error](err); !ok || !aboutFormat(refused) {
			break
		}
	}
	s.Close()
	return nil, 0, err
}

func aboutFormat(e *realtime.Error) bool {
	return e.Param != nil && strings.Contains(*e.Param, "input.format") || strings.Contains(e.Message, "audio/pcmu")
}

func (a *Account) dial(ctx context.Context, query url.Values) (*websocket.Conn, error) {
	options := &websocket.DialOptions{HTTPClient: a.cfg.Client, HTTPHeader: a.header(), CompressionMode: websocket.CompressionDisabled}
	conn, response, err := websocket.Dial(ctx, a.socketURL(query), options) //nolint:bodyclose // Dial closes it
	if err != nil {
		status := 0
		if response != nil {
			status = response.StatusCode
		}
		return nil, faultOfStatus(status, err)
	}
	conn.SetReadLimit(readLimit)
	return conn, nil
}

func (s *socket) configure(ctx context.Context, session realtime.Session) error {
	// A refused session is closed by the server while this is written; what it
	// said is still there to read, and tells more than the write's error.
	_ = s.send(ctx, realtime.SessionUpdate{Header: realtime.Header{Type: realtime.SessionUpdateType, EventID: configID}, Session: session})
	for {
		kind, _, err := s.read(ctx)
		if err != nil {
			return err
		}
		switch {
		case kind == realtime.SessionUpdatedType:
			return nil
		case kind == realtime.ErrorType && !realtime.PermanentCode(s.last.CodeName()):
			return &assist.Fault{Reason: assist.Model, Fatal: true, Err: s.last} // these settings are refused every time
		}
	}
}

// configID names the session.update of this package.
const configID = "evt_cfg"

// read waits for the next event. A Read must always be pending, or the server's
// pings, one every 20 s, stay without an answer.
func (s *socket) read(ctx context.Context) (kind string, frame []byte, err error) {
	form, frame, err := s.conn.Read(ctx)
	if err != nil {
		return "", nil, faultOfRead(err, s.last)
	}
	if form != websocket.MessageText {
		return "", nil, &assist.Fault{Reason: assist.Unreachable, Err: errNoText}
	}
	kind, err = s.event(frame)
	return kind, frame, err
}

// event reads what an event is and keeps the newest error.
func (s *socket) event(frame []byte) (kind string, err error) {
	kind, err = realtime.Peek(frame)
	if err != nil {
		return "", &assist.Fault{Reason: assist.Unreachable, Err: err}
	}
	if kind == realtime.ErrorType {
		event, err := realtime.Read[realtime.ErrorEvent](frame)
		if err != nil {
			return "", &assist.Fault{Reason: assist.Unreachable, Err: err}
		}
		s.last = &event.Error
	}
	return kind, nil
}

// send writes an event.
func (s *socket) send(ctx context.Context, event any) error {
	frame, err := json.Marshal(event)
	if err != nil {
		return fmt.Errorf("write event: %w", err)
	}
	return s.write(ctx, frame)
}

// write has its own deadline: a server that reads nothing is as good as gone.
func (s *socket) write(ctx context.Context, frame []byte) error {
	ctx, cancel := context.WithTimeout(ctx, writeTime)
	defer cancel()
	if err := s.conn.Write(ctx, websocket.MessageText, frame); err != nil {
		return &assist.Fault{Reason: assist.Unreachable, Err: err}
	}
	return nil
}

// Close drops the socket; nobody waits for the other side.
func (s *socket) Close() { _ = s.conn.CloseNow() }
