package engine_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"softphone/internal/protocol/socketio/engine"
)

// The clauses are those of "Engine.IO Protocol", version 4.

// "Handshake": the open packet, its five keys, and what may be upgraded to.
func TestHandshake(t *testing.T) {
	for _, test := range []struct {
		transport string
		upgrades  []any
	}{
		{"polling", []any{"websocket"}},
		{"websocket", []any{}},
	} {
		t.Run(test.transport, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := open(t, engine.Config{})
				text := ""
				if test.transport == "polling" {
					text = d.Get(polling).Body
				} else {
					text = d.Open(websocket).Next()
				}
				got := map[string]any{}
				if err := json.Unmarshal([]byte(text[1:]), &got); err != nil || text[0] != '0' {
					t.Fatalf("open packet: got %q, %v", text, err)
				}
				if sid, _ := got["sid"].(string); len(sid) != 20 {
					t.Errorf("sid: got %v, want 20 characters", got["sid"])
				}
				delete(got, "sid")
				want := map[string]any{
					"upgrades": test.upgrades, "pingInterval": 25000.0, "pingTimeout": 20000.0, "maxPayload": 65536.0,
				}
				if diff := cmp.Diff(got, want); diff != "" {
					t.Errorf("open packet (-got +want):\n%s", diff)
				}
			})
		})
	}
}

// "Request path", "Query parameters": what must be answered 400.
func TestBadRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, quick)
		session := d.shake(t)
		for _, test := range []struct {
			name, method, query, body string
			status                    int
		}{
			{"no version", "GET", "transport=polling", "", 400},
			{"version 3", "GET", "EIO=3&transport=polling", "", 400},
			{"version that is no number", "GET", "EIO=abc&transport=polling", "", 400},
			{"no transport", "GET", "EIO=4", "", 400},
			{"unknown transport", "GET", "EIO=4&transport=pigeon", "", 400},
			{"handshake by POST", "POST", polling, "4hi", 400},
			{"handshake by PUT", "PUT", polling, "", 400},
			{"session by DELETE", "DELETE", session, "", 400},
			{"poll of an unknown session", "GET", polling + "&sid=nobody", "", 400},
			{"post to an unknown session", "POST", polling + "&sid=nobody", "4hi", 400},
			{"WebSocket without upgrade", "GET", websocket, "", 400},
		} {
			got := d.Do(test.method, test.query, test.body)
			if got.Status != test.status {
				t.Errorf("%s: got %d %s, want %d", test.name, got.Status, got.Body, test.status)
			}
			var refusal struct{ Message string }
			if err := json.Unmarshal([]byte(got.Body), &refusal); err != nil || refusal.Message == "" {
				t.Errorf("%s: got body %q, want a JSON object with a message", test.name, got.Body)
			}
		}
		if got := d.server.Stats().Refused; got != 11 {
			t.Errorf("refused requests counted: got %d, want 11", got)
		}
	})
}

// "WebSocket": "If a mandatory query parameter is missing, then the server MUST close the
// WebSocket connection."
func TestBadWebSockets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, quick)
		for _, query := range []string{
			"transport=websocket", "EIO=abc&transport=websocket", "EIO=4", "EIO=4&transport=pigeon", websocket + "&sid=nobody",
		} {
			if _, got, err := d.Dial(query); err == nil || got.Status != http.StatusBadRequest {
				t.Errorf("%s: got %d %v, want 400", query, got.Status, err)
			}
		}
	})
}

func TestOrigins(t *testing.T) {
	for _, test := range []struct {
		name, origin string
		allowed      []string
		status       int
		cors         string
	}{
		{"a program", "", nil, 200, ""},
		{"our own page", "http://desk.test", nil, 200, ""},
		{"our own page behind TLS", "https://desk.test", nil, 200, ""},
		{"our host on another port", "http://desk.test:8080", nil, 403, ""},
		{"a foreign page", "https://evil.test", nil, 403, ""},
		{"a page without origin", "null", nil, 403, ""},
		{"a host with ours inside", "https://desk.test.evil.test", nil, 403, ""},
		{"nonsense", "http://%zz", nil, 403, ""},
		{"a listed page", "https://app.test", []string{"https://app.test"}, 200, "https://app.test"},
		{"the listed page without TLS", "http://app.test", []string{"https://app.test"}, 403, ""},
		{"any page", "https://evil.test", []string{"*"}, 200, "*"},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				config := quick
				config.Origins = test.allowed
				d := open(t, config)
				got := d.Do("GET", polling, "", "Origin", test.origin)
				if got.Status != test.status {
					t.Errorf("polling: got %d, want %d", got.Status, test.status)
				}
				if cors := got.Header.Get("Access-Control-Allow-Origin"); cors != test.cors {
					t.Errorf("Access-Control-Allow-Origin: got %q, want %q", cors, test.cors)
				}
				if got := d.Do("OPTIONS", polling, "", "Origin", test.origin); got.Status/100 != test.status/100 {
					t.Errorf("preflight: got %d, want %d or alike", got.Status, test.status)
				}
				_, upgrade, _ := d.Dial(websocket, "Origin", test.origin)
				if (upgrade.Status == 101) != (test.status == 200) {
					t.Errorf("WebSocket: got %d, want it refused like polling", upgrade.Status)
				}
			})
		})
	}
}

func TestPreflight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		config := quick
		config.Origins = []string{"https://app.test"}
		got := open(t, config).Do("OPTIONS", polling, "", "Origin", "https://app.test", "Access-Control-Request-Headers", "content-type")
		for name, want := range map[string]string{
			"Access-Control-Allow-Origin": "https://app.test", "Access-Control-Allow-Methods": "GET, POST",
			"Access-Control-Allow-Headers": "content-type", "Vary": "Origin", "Access-Control-Allow-Credentials": "",
		} {
			if got := got.Header.Get(name); got != want {
				t.Errorf("%s: got %q, want %q", name, got, want)
			}
		}
	})
}

func TestFullServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		config := quick
		config.MaxSessions = 2
		d := open(t, config)
		d.shake(t)
		d.opened()
		if got := d.Get(polling).Status; got != 503 {
			t.Errorf("third polling session: got %d, want 503", got)
		}
		if _, got, _ := d.Dial(websocket); got.Status != 503 {
			t.Errorf("third WebSocket: got %d, want 503", got.Status)
		}
		time.Sleep(time.Second) // nobody answers the pings
		synctest.Wait()
		if got := d.Get(polling).Status; got != 200 {
			t.Errorf("after the others timed out: got %d, want 200", got)
		}
	})
}
