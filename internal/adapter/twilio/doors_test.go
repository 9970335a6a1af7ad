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
	// The signed text has no separators: the border between two parameters can be moved.
	shifted := callback()
	shifted.Set("From", ours+"SequenceNumber1")
	shifted.Del("SequenceNumber")
	with := func(name string, values ...string) url.Values {
		f := callback()
		f[name] = values
		return f
	}
	huge, odd, bytes := callback(), callback(), callback()
	huge.Set("SequenceNumber", "99999999999999999999")
	odd.Set("CallSid", "CA1")
	bytes.Set("CallerName", "\xff\xfe")
	extra := callback()
	extra.Set("NewParameter", "completed")
	tests := []struct {
		name, address, body, signature string
		want                           int
	}{
		{"signed for the other scheme", good, form.Encode(), twilioapi.Sign(secret, strings.Replace(good, "http:", "https:", 1), form), 403},
		{"signed for another path", good, form.Encode(), twilioapi.Sign(secret, strings.Replace(good, "status", "recording", 1), form), 403},
		{"signed without the query", good, form.Encode(), twilioapi.Sign(secret, strings.Split(good, "?")[0], form), 403},
		{"border moved", good, shifted.Encode(), twilioapi.Sign(secret, good, shifted), 403},
		{"huge number", good, huge.Encode(), twilioapi.Sign(secret, good, huge), 204},
		{"sid of another grammar", good, odd.Encode(), twilioapi.Sign(secret, good, odd), 204},
		{"not UTF-8", good, bytes.Encode(), twilioapi.Sign(secret, good, bytes), 204},
		{"bad escapes", good, "AccountSid=%zz", "", 403},
		{"no parameters", good, "", twilioapi.Sign(secret, good, nil), 403},
		{"signature of nothing", good, form.Encode(), "AAAA", 403},
		{"parameter we do not know", good, extra.Encode(), twilioapi.Sign(secret, good, extra), 204},
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
	for name, form := range map[string]url.Values{
		"unknown status": with("CallStatus", "teleported"), "odd duration": with("CallDuration", "5.5"), "no duration": with("CallDuration", ""),
		"odd code": with("ErrorCode", "abc"), "empty time": with("Timestamp", ""), "twice": with("CallStatus", "ringing", "completed"),
		"the same twice": with("CallStatus", "ringing", "ringing"), "no status": with("CallStatus", ""),
	} {
		if got := post(t, good, form.Encode(), twilioapi.Sign(secret, good, form)); got != 204 {
			t.Errorf("%s: got %d, want 204", name, got)
		}
		if got := post(t, good, form.Encode(), twilioapi.Sign("other", good, form)); got != 403 {
			t.Errorf("%s of somebody else: got %d, want 403", name, got)
		}
	}
	leg := w.server.URL + "/api/voice/webhook/status?leg=%00&tenant=acme"
	if got := post(t, leg, form.Encode(), twilioapi.Sign(secret, leg, form)); got != 204 {
		t.Errorf("leg that is no id: got %d, want 204", got)
	}
	if got := len(w.facts); got != 2 {
		t.Errorf("%d facts taken", got)
	}
	if got := len(w.kept); got != 3+8+1 {
		t.Errorf("%d kept: %v", got, w.kept)
	}
	if said := w.log.String(); !strings.Contains(said, "CallDuration has an odd value") || strings.Contains(said, "5.5") || strings.Contains(said, ours) {
		t.Errorf("log says %s", said)
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

const streamSid = "MZ00000000000000000000000000000001"

// opening is what a well-behaved visitor of leg L1 says first.
func opening(token string) mediastream.Start {
	return mediastream.Start{
		AccountSid: account, CallSid: sid, StreamSid: streamSid,
		Tracks: []string{"inbound"}, Format: mediastream.PhoneFormat,
		Parameters: map[string]string{"token": token, "leg": "L1", "tenant": "acme"},
	}
}

// knock opens a media socket and sends messages.
func knock(t *testing.T, w *world, signature string, messages ...[]byte) *websocket.Conn {
	t.Helper()
	header := http.Header{}
	if signature != "" {
		header.Set(twilioapi.SignatureHeader, signature)
	}
	conn, _, err := websocket.Dial(t.Context(), w.server.URL+"/api/voice/media", &websocket.DialOptions{HTTPHeader: header})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.CloseNow() })
	for _, message := range messages {
		if err := conn.Write(t.Context(), websocket.MessageText, message); err != nil {
			t.Fatal(err)
		}
	}
	return conn
}

func visit(t *testing.T, w *world, token string) *websocket.Conn {
	t.Helper()
	return knock(t, w, "", mediastream.AppendConnected(nil), mediastream.AppendStart(nil, 1, opening(token)))
}

// Who does not prove to be the stream of a leg is shown out, and no call hears
// of it.
func TestMediaDoorShowsStrangersOut(t *testing.T) {
	w := newWorld(t)
	hello := mediastream.AppendConnected(nil)
	start := func(change func(*mediastream.Start)) []byte {
		s := opening("once")
		change(&s)
		return mediastream.AppendStart(nil, 1, s)
	}
	sound := mediastream.AppendSound(nil, 2, streamSid, mediastream.Media{Track: mediastream.TrackInbound, Chunk: 1, Payload: make([]byte, 160)})
	media := "ws" + strings.TrimPrefix(w.server.URL, "http") + "/api/voice/media"
	right := start(func(*mediastream.Start) {})
	for _, c := range []struct {
		name      string
		signature string
		messages  [][]byte
		want      websocket.StatusCode
	}{
		{"no token", "", [][]byte{hello, start(func(s *mediastream.Start) { delete(s.Parameters, "token") })}, websocket.StatusPolicyViolation},
		{"wrong token", "", [][]byte{hello, start(func(s *mediastream.Start) { s.Parameters["token"] = "twice" })}, websocket.StatusPolicyViolation},
		{"another leg's token", "", [][]byte{hello, start(func(s *mediastream.Start) { s.Parameters["leg"] = "L2" })}, websocket.StatusPolicyViolation},
		{"another call", "", [][]byte{hello, start(func(s *mediastream.Start) { s.CallSid = "CA00000000000000000000000000000002" })}, websocket.StatusPolicyViolation},
		{"another tenant", "", [][]byte{hello, start(func(s *mediastream.Start) { s.Parameters["tenant"] = "evil" })}, websocket.StatusPolicyViolation},
		{"another account", "", [][]byte{hello, start(func(s *mediastream.Start) { s.AccountSid = "AC00000000000000000000000000000002" })}, websocket.StatusPolicyViolation},
		{"wrong signature", twilioapi.Sign("other", media, nil), [][]byte{hello, right}, websocket.StatusPolicyViolation},
		{"another sound", "", [][]byte{hello, start(func(s *mediastream.Start) { s.Format.SampleRate = 16000 })}, websocket.StatusPolicyViolation},
		{"sound before start", "", [][]byte{hello, sound}, websocket.StatusPolicyViolation},
		{"hello for ever", "", [][]byte{hello, hello}, websocket.StatusPolicyViolation},
		{"no message at all", "", [][]byte{[]byte("{}")}, websocket.StatusPolicyViolation},
		{"garbage", "", [][]byte{[]byte("\x00\xff{{{")}, websocket.StatusPolicyViolation},
		{"too long", "", [][]byte{[]byte(`{"event":"` + strings.Repeat("x", 65<<10))}, websocket.StatusMessageTooBig},
	} {
		_, _, err := knock(t, w, c.signature, c.messages...).Read(t.Context())
		if got := websocket.CloseStatus(err); got != c.want {
			t.Errorf("%s: closed with %v, %v; want %v", c.name, got, err, c.want)
		}
	}
	if len(w.streams) > 0 {
		t.Error("a stream came up")
	}
	conn := knock(t, w, twilioapi.Sign(secret, media, nil), hello, right)
	s := receive(t, w.streams)
	_ = conn.CloseNow()
	receive(t, s.Done())
	w.token = ""
	_, _, err := knock(t, w, "", hello, right).Read(t.Context())
	if got := websocket.CloseStatus(err); got != websocket.StatusPolicyViolation {
		t.Errorf("a tenant without a token: closed with %v", got)
	}
}

// A visitor who says nothing is shown out; the door's own five seconds pass in
// the meantime.
func TestMediaDoorDoesNotWaitForStrangers(t *testing.T) {
	w := newWorld(t)
	_, _, err := knock(t, w, "").Read(t.Context())
	if err == nil || len(w.streams) > 0 {
		t.Errorf("a silent visitor: %v, %d streams", err, len(w.streams))
	}
}

// A stream that stops being one is lost: its call asks what has become of it.
func TestStreamThatBreaksTheProtocolIsLost(t *testing.T) {
	for name, message := range map[string][]byte{
		"second start":   mediastream.AppendStart(nil, 2, opening("once")),
		"second hello":   mediastream.AppendConnected(nil),
		"another stream": mediastream.AppendSound(nil, 2, "MZ00000000000000000000000000000002", mediastream.Media{Track: mediastream.TrackInbound, Chunk: 1, Payload: make([]byte, 160)}),
		"garbage":        []byte("{{{"),
		"bad base64":     []byte(`{"event":"media","streamSid":"` + streamSid + `","media":{"payload":"!!"}}`),
	} {
		w := newWorld(t)
		conn := visit(t, w, "once")
		s := receive(t, w.streams)
		if err := conn.Write(t.Context(), websocket.MessageText, message); err != nil {
			t.Fatal(err)
		}
		receive(t, s.Done())
		if !s.Lost() {
			t.Errorf("%s: not lost", name)
		}
	}
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

// A stream's lines in the log say whose it is: the desk, the call and the leg.
func TestMediaDoorTellsWhoseStreamItIs(t *testing.T) {
	w := newWorld(t)
	conn := visit(t, w, "once")
	s := receive(t, w.streams)
	_ = conn.CloseNow()
	receive(t, s.Done())
	for range 100 {
		if strings.Contains(w.log.String(), "media stream ended") {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	for _, line := range []string{"media stream began", "media stream ended"} {
		if want := `msg="` + line + `" tenant=acme call=C1 leg=L1 stream=` + streamSid; !strings.Contains(w.log.String(), want) {
			t.Errorf("the log lacks %s:\n%s", want, w.log.String())
		}
	}
}
