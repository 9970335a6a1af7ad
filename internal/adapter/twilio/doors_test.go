package twilio_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"softphone/internal/adapter/twilio"
	"softphone/internal/phone/call"
	"softphone/internal/protocol/mediastream"
	"softphone/internal/protocol/twilioapi"
)

const sid = "CA00000000000000000000000000000001"

func callback() url.Values {
	return url.Values{
		"AccountSid": {account}, "CallSid": {sid}, "CallStatus": {"ringing"}, "From": {ours}, "To": {quick},
		"Direction": {"outbound-api"}, "SequenceNumber": {"1"}, "ApiVersion": {"2010-04-01"},
	}
}

func post(t *testing.T, address, body, signature string) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set(twilioapi.SignatureHeader, signature)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if b, _ := io.ReadAll(answer.Body); answer.StatusCode == http.StatusForbidden && len(b) > 0 {
		t.Errorf("a refusal says %q", b)
	}
	return answer.StatusCode
}

// "Twilio, Webhooks security": what is not signed by this account is refused.
func TestStatusDoor(t *testing.T) {
	w := newWorld(t)
	good := w.server.URL + "/api/voice/webhook/status?leg=L1&tenant=acme"
	form := callback()
	foreign := callback()
	foreign.Set("AccountSid", "AC00000000000000000000000000000002")
	twice := form.Encode() + "&CallStatus=completed"
	tests := []struct {
		name, address, body, signature string
		want                           int
	}{
		{"good", good, form.Encode(), twilioapi.Sign(secret, good, form), 204},
		{"unsigned", good, form.Encode(), "", 403},
		{"other token", good, form.Encode(), twilioapi.Sign("other", good, form), 403},
		{"other leg", strings.Replace(good, "L1", "L2", 1), form.Encode(), twilioapi.Sign(secret, good, form), 403},
		{"other tenant", strings.Replace(good, "acme", "evil", 1), form.Encode(), twilioapi.Sign(secret, good, form), 403},
		{"foreign account", good, foreign.Encode(), twilioapi.Sign(secret, good, foreign), 403},
		{"repeated parameter", good, twice, twilioapi.Sign(secret, good, form), 403},
		{"too long", good, form.Encode() + "&X=" + strings.Repeat("x", 65<<10), "", 403},
	}
	for _, test := range tests {
		if got := post(t, test.address, test.body, test.signature); got != test.want {
			t.Errorf("%s: got %d, want %d", test.name, got, test.want)
		}
	}
	if got := len(w.facts); got != 1 {
		t.Errorf("%d facts taken", got)
	}
	w.broken = errors.New("database is away")
	if got := post(t, good, form.Encode(), twilioapi.Sign(secret, good, form)); got != 503 {
		t.Errorf("not stored: got %d", got)
	}
	w.token = ""
	if got := post(t, good, form.Encode(), twilioapi.Sign("", good, form)); got != 403 {
		t.Errorf("tenant without token: got %d", got)
	}
}

func TestMediaDoorWantsItsToken(t *testing.T) {
	w := newWorld(t)
	for _, token := range []string{"", "twice"} {
		conn := visit(t, w, token)
		_, _, err := conn.Read(t.Context())
		if got := websocket.CloseStatus(err); got != websocket.StatusPolicyViolation {
			t.Errorf("token %q: closed with %v", token, err)
		}
	}
	if len(w.streams) > 0 {
		t.Error("a stream came up")
	}
}

func visit(t *testing.T, w *world, token string) *websocket.Conn {
	t.Helper()
	conn, _, err := websocket.Dial(t.Context(), w.server.URL+"/api/voice/media", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.CloseNow() })
	start := mediastream.AppendStart(nil, 1, mediastream.Start{
		AccountSid: account, CallSid: sid, StreamSid: "MZ00000000000000000000000000000001",
		Tracks: []string{"inbound"}, Format: mediastream.PhoneFormat,
		Parameters: map[string]string{"token": token, "leg": "L1", "tenant": "acme"},
	})
	for _, message := range [][]byte{mediastream.AppendConnected(nil), start} {
		if err := conn.Write(t.Context(), websocket.MessageText, message); err != nil {
			t.Fatal(err)
		}
	}
	return conn
}

func TestBrokenStreamIsLost(t *testing.T) {
	w := newWorld(t)
	conn := visit(t, w, "once")
	s := receive(t, w.streams)
	_ = conn.CloseNow()
	receive(t, s.Done())
	if !s.Lost() {
		t.Error("a stream without stop is not lost")
	}
}

// "Twilio, Error and Warning Dictionary": each refusal as the call reads it.
func TestRefusals(t *testing.T) {
	tests := []struct {
		status int
		body   string
		want   call.Refusal
	}{
		{400, `{"code":21211,"status":400}`, call.Refusal{Reason: call.InvalidNumber, Code: "21211"}},
		{400, `{"code":21215,"status":400}`, call.Refusal{Reason: call.NotPermitted, Code: "21215"}},
		{400, `{"code":21210,"status":400}`, call.Refusal{Reason: call.CallerIDRefused, Code: "21210"}},
		{401, `{"code":20003,"status":401}`, call.Refusal{Reason: call.BadCredentials, Code: "20003"}},
		{500, `<html>`, call.Refusal{Reason: call.CarrierError, Code: "500", Unknown: true}},
		{201, `{}`, call.Refusal{Reason: call.CarrierError, Unknown: true}},
	}
	for _, test := range tests {
		var placed atomic.Int32
		api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			placed.Add(1)
			w.WriteHeader(test.status)
			_, _ = io.WriteString(w, test.body)
		}))
		c := twilio.Carrier{Tenant: "acme", Account: twilio.Account{BaseURL: api.URL, SID: account}}
		_, err := c.Dial(t.Context(), order(t, quick))
		api.Close()
		var got *call.Refusal
		if !errors.As(err, &got) {
			t.Fatalf("%d: %v", test.status, err)
		}
		got.Err = nil
		if *got != test.want || placed.Load() != 1 {
			t.Errorf("%d %s: got %+v after %d orders, want %+v", test.status, test.body, *got, placed.Load(), test.want)
		}
	}
}

func TestBusyCarrierIsAskedAgainAndSilenceIsNot(t *testing.T) {
	var placed atomic.Int32
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // else the server does not see that the client left
		if placed.Add(1) == 1 {
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		<-r.Context().Done()
	}))
	defer api.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	c := twilio.Carrier{Tenant: "acme", Account: twilio.Account{BaseURL: api.URL, SID: account}}
	_, err := c.Dial(ctx, order(t, quick))
	var got *call.Refusal
	if !errors.As(err, &got) || !got.Unknown || placed.Load() != 2 {
		t.Errorf("got %v after %d orders", err, placed.Load())
	}
}

func FuzzStatusDoor(f *testing.F) {
	f.Add(callback().Encode())
	f.Add("CallSid=" + sid + "&CallSid=x")
	f.Fuzz(func(t *testing.T, body string) {
		d := newDesk()
		mux := http.NewServeMux()
		(&twilio.Doors{Desk: d, Backend: "https://desk.example", Log: quiet}).Register(mux)
		r := httptest.NewRequest(http.MethodPost, "/api/voice/webhook/status?leg=L1&tenant=acme", strings.NewReader(body))
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		if w.Code != http.StatusForbidden || len(d.facts) > 0 {
			t.Errorf("unsigned %q: %d", body, w.Code)
		}
	})
}

// FuzzSignedDoors lets Twilio say anything at both doors: it is taken, refused
// as nonsense, or stored for later, and what is taken names a call.
func FuzzSignedDoors(f *testing.F) {
	f.Add(callback().Encode())
	f.Add("AccountSid=" + account + "&CallSid=" + sid + "&CallStatus=busy&SequenceNumber=99999999999999999999")
	f.Fuzz(func(t *testing.T, body string) {
		form, err := twilioapi.ParseForm([]byte(body))
		if err != nil {
			return
		}
		form.Set("AccountSid", account)
		for _, door := range []string{"/api/voice/webhook/status", "/api/voice/twiml/outbound"} {
			d := newDesk()
			mux := http.NewServeMux()
			(&twilio.Doors{Desk: d, Backend: "https://desk.example", Log: quiet}).Register(mux)
			r := httptest.NewRequest(http.MethodPost, door+"?leg=L1&tenant=acme", strings.NewReader(form.Encode()))
			r.Header.Set(twilioapi.SignatureHeader, twilioapi.Sign(secret, "https://desk.example"+door+"?leg=L1&tenant=acme", form))
			w := httptest.NewRecorder()
			mux.ServeHTTP(w, r)
			switch w.Code {
			case http.StatusBadRequest:
			case http.StatusOK, http.StatusNoContent:
				if got := form.Get("CallSid"); !twilioapi.IsSid(twilioapi.KindCall, got) {
					t.Errorf("%s took %q for a call", door, got)
				}
			default:
				t.Errorf("%s answered %d to %q", door, w.Code, body)
			}
		}
	})
}
