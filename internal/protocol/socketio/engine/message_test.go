package engine_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"softphone/internal/protocol/socketio/engine"
)

// "Sending and receiving data", "HTTP long-polling" under "Packet encoding".
func TestPollingMessages(t *testing.T) {
	for name, body := range map[string]string{
		"one packet":       "4hello",
		"several packets":  "4one\x1e4two\x1e4three",
		"no data":          "4",
		"letters and euro": "4gr\u00fc\u00dfe \u20ac \U0001f4de",
		"text and binary":  "4hello\x1ebAQIDBA==",
		"binary only":      "bAQIDBA==",
		"ignored noop":     "4a\x1e4b",
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := open(t, quick)
				query := d.shake(t)
				if got := d.Post(query, body); got.Status != 200 || got.Body != "ok" {
					t.Errorf("POST: got %d %q, want 200 ok", got.Status, got.Body)
				}
				got := d.Get(query)
				if got.Status != 200 || got.Body != body {
					t.Errorf("GET: got %d %q, want 200 %q", got.Status, got.Body, body)
				}
				if kind := got.Header.Get("Content-Type"); kind != "text/plain; charset=UTF-8" {
					t.Errorf("Content-Type: got %q", kind)
				}
			})
		})
	}
}

// "The server MAY not respond right away if there are no packets buffered."
func TestPollWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, quick)
		query := d.shake(t)
		waiting := d.Later(query)
		synctest.Wait()
		if len(waiting) != 0 {
			t.Fatalf("poll without packets was answered %+v", <-waiting)
		}
		d.Post(query, "4hello")
		if got := <-waiting; got.Body != "4hello" {
			t.Errorf("poll: got %+v, want 4hello", got)
		}
	})
}

// "WebSocket" under "Packet encoding": binary as is, text with its type.
func TestWebSocketMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		line := open(t, quick).opened()
		line.Send("4hello", "4", "6")
		line.SendBytes(1, 2, 3, 4)
		line.SendBytes()
		line.Expect("4hello", "4")
		line.ExpectBytes(1, 2, 3, 4)
		line.ExpectBytes()
	})
}

// A session that gets what is no packet is closed, and its id is unknown from then on.
func TestBadPackets(t *testing.T) {
	for name, test := range map[string]struct{ text, reason string }{
		"unknown type":        {"abc", "unknown packet type"},
		"type above noop":     {"7", "unknown packet type"},
		"no UTF-8":            {"4\xff\xfe", "text packet is not UTF-8"},
		"ping from client":    {"2", "invalid heartbeat direction"},
		"open from client":    {"0{}", "unexpected packet type"},
		"upgrade out of turn": {"5", "unexpected packet type"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := open(t, quick)
				query := d.shake(t)
				if got := d.Post(query, test.text).Status; got != 400 {
					t.Errorf("POST: got %d, want 400", got)
				}
				if got := d.Get(query).Status; got != 400 {
					t.Errorf("poll after it: got %d, want 400", got)
				}
				line := d.opened()
				line.Send(test.text)
				if code, reason := line.Closed(); code != engine.ProtocolError || reason != test.reason {
					t.Errorf("WebSocket: got %d %q, want 1002 %q", code, reason, test.reason)
				}
				synctest.Wait()
				if got, want := d.closedBecause(), test.reason+", "+test.reason; got != want {
					t.Errorf("reasons: got %q, want %q", got, want)
				}
				if got := d.server.Stats().Breached; got != 2 {
					t.Errorf("breaches counted: got %d, want 2", got)
				}
			})
		})
	}
}

func TestBadPayloads(t *testing.T) {
	for name, body := range map[string]string{
		"empty":              "",
		"empty packet":       "4a\x1e\x1e4b",
		"separator at end":   "4a\x1e",
		"broken base64":      "4a\x1eb!!!",
		"unpadded base64":    "bAQIDBA",
		"two thousand parts": strings.Repeat("4\x1e", 2000) + "4",
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := open(t, quick)
				query := d.shake(t)
				if got := d.Post(query, body).Status; got != 400 {
					t.Errorf("POST: got %d, want 400", got)
				}
				if got := d.Get(query).Status; got != 400 {
					t.Errorf("poll after it: got %d, want 400", got)
				}
			})
		})
	}
}

// maxPayload holds on both transports, to the byte.
func TestPayloadLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		config := quick
		config.MaxPayload = 1000
		d := open(t, config)
		fits, tooLong := "4"+strings.Repeat("x", 999), "4"+strings.Repeat("x", 1000)

		query := d.shake(t)
		d.Post(query, fits)
		if got := d.Get(query).Body; got != fits {
			t.Errorf("polling, 1000 bytes: got %d bytes back", len(got))
		}
		if got := d.Post(query, tooLong).Status; got != http.StatusRequestEntityTooLarge {
			t.Errorf("polling, 1001 bytes: got %d, want 413", got)
		}

		line := d.opened()
		line.Send(fits)
		line.Expect(fits)
		_ = line.Try(tooLong) // the server may close before it has read all
		if code, _ := line.Closed(); code != 1009 {
			t.Errorf("WebSocket, 1001 bytes: got status %d, want 1009", code)
		}
		synctest.Wait()
		if got := d.closedBecause(); got != "payload too large, payload too large" {
			t.Errorf("reasons: got %q", got)
		}
	})
}

// "Receiving data": "a client MUST NOT have more than one active GET request. Should it happen,
// the server MUST return an HTTP 400 error status and close the session."
func TestTwoPolls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, quick)
		query := d.shake(t)
		first := d.Later(query)
		synctest.Wait()
		if got := d.Get(query).Status; got != 400 {
			t.Errorf("second poll: got %d, want 400", got)
		}
		if got := <-first; got.Status != 200 || got.Body != "1" {
			t.Errorf("first poll: got %d %q, want 200 and a close packet", got.Status, got.Body)
		}
		if got := d.Get(query).Status; got != 400 {
			t.Errorf("poll after it: got %d, want 400", got)
		}
	})
}

// "Sending data": the same for POST.
func TestTwoPosts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, quick)
		query := d.shake(t)
		body := &slowBody{turn: make(chan struct{})}
		r, err := http.NewRequest("POST", d.URL(query), body)
		if err != nil {
			t.Fatal(err)
		}
		statuses := make(chan int, 1)
		go func() {
			response, err := d.Client.Do(r)
			if err != nil {
				statuses <- -1
				return
			}
			response.Body.Close()
			statuses <- response.StatusCode
		}()
		synctest.Wait()
		if got := d.Post(query, "4second").Status; got != 400 {
			t.Errorf("second POST: got %d, want 400", got)
		}
		close(body.turn)
		<-statuses
		if got := d.Get(query).Status; got != 400 {
			t.Errorf("poll after it: got %d, want 400", got)
		}
		synctest.Wait()
		if got := d.closedBecause(); got != "two POST requests at once" {
			t.Errorf("reason: got %q", got)
		}
	})
}

// slowBody is a request body that comes when it is told to.
type slowBody struct{ turn chan struct{} }

func (b *slowBody) Read(p []byte) (int, error) {
	<-b.turn
	return copy(p, "4first"), fmt.Errorf("that was all")
}

// A body that does not arrive must not hold the session for ever.
func TestStalledBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, engine.Config{BodyTimeout: time.Second})
		query := d.shake(t)
		body := &slowBody{turn: make(chan struct{})}
		defer close(body.turn)
		r, err := http.NewRequestWithContext(t.Context(), "POST", d.URL(query), body)
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			if response, err := d.Client.Do(r); err == nil {
				response.Body.Close()
			}
		}()
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if got := d.closedBecause(); got != "transport close" {
			t.Errorf("reason: got %q, want transport close", got)
		}
	})
}

// A poll whose client went away ends the session, as nobody can say what it received.
func TestPollAbandoned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, quick)
		query := d.shake(t)
		ctx, cancel := context.WithCancel(t.Context())
		gone := make(chan struct{})
		go func() {
			defer close(gone)
			_, _ = d.Request(ctx, "GET", query, "") // cancelled below
		}()
		synctest.Wait()
		cancel()
		<-gone
		synctest.Wait()
		if got := d.closedBecause(); got != "transport close" {
			t.Errorf("reason: got %q, want transport close", got)
		}
	})
}
