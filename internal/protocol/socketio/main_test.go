package socketio_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"softphone/internal/protocol/socketio"
	"softphone/internal/protocol/socketio/internal/linetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	polling   = "EIO=4&transport=polling"
	websocket = "EIO=4&transport=websocket"
)

// place is a server and its address.
type place struct {
	*linetest.Place
	server *socketio.Server
}

// open starts a server and closes it with the test.
func open(t testing.TB, config socketio.Config) *place {
	t.Helper()
	server := socketio.NewServer(config)
	p := &place{Place: linetest.Serve(t, "/socket.io/", server), server: server}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := server.Close(ctx); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return p
}

// line opens a WebSocket and takes the open packet of the engine.
func (p *place) line() *linetest.Line {
	line := p.Open(websocket)
	line.Next()
	return line
}

// joined opens a WebSocket and joins the main namespace.
func (p *place) joined(t testing.TB) *linetest.Line {
	t.Helper()
	line := p.line()
	line.Send("40")
	sidOf(t, line.NextSpoken(), "40")
	return line
}

// sidOf takes the socket's id out of the text of a CONNECT packet.
func sidOf(t testing.TB, text, prefix string) string {
	t.Helper()
	var data map[string]string
	rest, found := strings.CutPrefix(text, prefix)
	if err := json.Unmarshal([]byte(rest), &data); !found || err != nil || len(data) != 1 || data["sid"] == "" {
		t.Fatalf("admission: got %q, want %s and an object with a sid only", text, prefix)
	}
	return data["sid"]
}
