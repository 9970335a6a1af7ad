package openai_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/coder/websocket"

	"softphone/internal/protocol/realtime"
	"softphone/internal/protocol/realtime/contract"
)

// wire lies between the adapter and the simulator and holds every event of
// either side against the vendor's own description.
type wire struct {
	t    *testing.T
	to   string // the simulator's address
	mu   sync.Mutex
	seen map[string]int // types
}

func (w *wire) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	to := w.to + strings.TrimPrefix(r.URL.Path, "/sim/openai") + "?" + r.URL.RawQuery
	up, res, err := websocket.Dial(ctx, strings.Replace(to, "http", "ws", 1), &websocket.DialOptions{HTTPHeader: http.Header{
		"Authorization": r.Header.Values("Authorization"), "Openai-Beta": r.Header.Values("OpenAI-Beta")}})
	if err != nil {
		status := http.StatusBadGateway
		if res != nil {
			status = res.StatusCode
		}
		http.Error(out, "no upgrade", status)
		return
	}
	down, err := websocket.Accept(out, r, nil)
	if err != nil {
		up.CloseNow()
		return
	}
	up.SetReadLimit(-1)
	down.SetReadLimit(-1)
	var both sync.WaitGroup
	both.Go(func() { w.carry(ctx, up, down, "the simulator", contract.FromServer) })
	both.Go(func() { w.carry(ctx, down, up, "the adapter", contract.FromClient) })
	both.Wait()
}

// carry copies frames until one side ends, and then ends the other as it did.
func (w *wire) carry(ctx context.Context, from, to *websocket.Conn, who string, check func([]byte) error) {
	for {
		kind, frame, err := from.Read(ctx)
		if err != nil {
			if closed, ok := errors.AsType[websocket.CloseError](err); ok {
				_ = to.Close(closed.Code, closed.Reason)
			}
			_ = to.CloseNow()
			_ = from.CloseNow()
			return
		}
		w.note(who, frame, check)
		if to.Write(ctx, kind, frame) != nil {
			_ = from.CloseNow()
			return
		}
	}
}

func (w *wire) note(who string, frame []byte, check func([]byte) error) {
	name, err := realtime.Peek(frame)
	if err != nil || name == "session.mood.updated" { // faults that a test has asked for
		return
	}
	if err := check(frame); err != nil {
		w.t.Errorf("%s sent %.300s\n%v", who, frame, err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen[name]++
}
