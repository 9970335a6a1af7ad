package engine_test

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"softphone/internal/protocol/socketio/engine"
	"softphone/internal/protocol/socketio/internal/linetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	polling   = "EIO=4&transport=polling"
	websocket = "EIO=4&transport=websocket"
)

// quick are the settings the tests run with unless they say otherwise.
var quick = engine.Config{PingInterval: 300 * time.Millisecond, PingTimeout: 200 * time.Millisecond}

// desk is a server whose sessions echo, and what the test wants to know of it.
type desk struct {
	*linetest.Place
	server *engine.Server

	mu       sync.Mutex
	sessions []*engine.Session
	reasons  []string
}

// open starts a desk and closes it with the test.
func open(t *testing.T, config engine.Config) *desk {
	t.Helper()
	d := &desk{}
	d.server = engine.NewServer(config, func(s *engine.Session) engine.Handler {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.sessions = append(d.sessions, s)
		return &echo{desk: d, session: s}
	})
	d.Place = linetest.Serve(t, "/engine.io/", d.server)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := d.server.Close(ctx); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return d
}

func (d *desk) session() *engine.Session {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.sessions[len(d.sessions)-1]
}

// closedBecause returns the reasons sessions were closed with, in order.
func (d *desk) closedBecause() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return strings.Join(d.reasons, ", ")
}

// shake opens a polling session and returns the query of its further requests.
func (d *desk) shake(t *testing.T) string {
	t.Helper()
	answer := d.Get(polling)
	var greeting struct{ SID string }
	if len(answer.Body) == 0 || json.Unmarshal([]byte(answer.Body[1:]), &greeting) != nil {
		t.Fatalf("handshake: got %d %q", answer.Status, answer.Body)
	}
	return polling + "&sid=" + greeting.SID
}

// upgraded opens a polling session and moves it to a WebSocket.
func (d *desk) upgraded(t *testing.T) (string, *linetest.Line) {
	t.Helper()
	query := d.shake(t)
	line := d.Open(overWebSocket(query))
	line.Send("2probe")
	line.Expect("3probe")
	line.Send("5")
	return query, line
}

// overWebSocket turns the query of a polling session into that of its upgrade.
func overWebSocket(query string) string { return strings.Replace(query, "polling", "websocket", 1) }

// opened opens a session over a WebSocket and takes the open packet.
func (d *desk) opened() *linetest.Line {
	line := d.Open(websocket)
	line.Next()
	return line
}

type echo struct {
	desk    *desk
	session *engine.Session
}

func (e *echo) Receive(data []byte, binary bool) {
	frame := engine.TextFrame(engine.Message, string(data))
	if binary {
		frame = engine.BinaryFrame(data)
	}
	_ = e.session.Send(frame) // fails only when the session has closed, which the test sees
}

func (e *echo) Closed(reason string) {
	e.desk.mu.Lock()
	defer e.desk.mu.Unlock()
	e.desk.reasons = append(e.desk.reasons, reason)
}
