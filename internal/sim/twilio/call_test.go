package twilio_test

import (
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"softphone/internal/protocol/mediastream"
	"softphone/internal/protocol/twilioapi"
	"softphone/internal/protocol/twiml"
	"softphone/internal/sim/twilio"

	"github.com/google/go-cmp/cmp"
)

// TestAnsweredCall follows "Twilio, Call resource, StatusCallback" and "Media
// Streams WebSocket messages" through one call that the server ends.
func TestAnsweredCall(t *testing.T) {
	d := newDesk(t, nil)
	got := make(chan *stream, 1)
	d.socket = func(s *stream) {
		for len(s.heard) < 5*160 && s.next() {
		}
		got <- s
		_ = s.conn.Close(1000, "")
	}
	d.answer(twiml.Connect{Stream: twiml.Stream{URL: "/media", Parameters: []twiml.Parameter{{Name: "token", Value: "t1"}}}}, twiml.Hangup{})
	made := d.dial(quick)
	if made.Status != "queued" {
		t.Errorf("status after creation = %q, want queued", made.Status)
	}
	if end := d.ended(made.Sid); end != "completed" {
		t.Errorf("the call ended as %q, want completed", end)
	}
	if diff := cmp.Diff(d.statuses(made.Sid), []string{"initiated", "ringing", "in-progress", "completed"}); diff != "" {
		t.Errorf("callbacks (-got +want):\n%s", diff)
	}
	checkLast(t, d.callback("completed"))
	d.mu.Lock()
	if got := d.voice[0].Get("CallStatus"); got != "in-progress" {
		t.Errorf("voice request has CallStatus %q, want in-progress", got)
	}
	d.mu.Unlock()
	s := receive(d, got)
	checkStream(t, s, made.Sid)
	if resource := d.call(made.Sid); resource.Status != "completed" || resource.Duration != "1" || resource.EndTime.IsZero() {
		t.Errorf("resource = %s %q %v, want a completed call of one second", resource.Status, resource.Duration, resource.EndTime)
	}
	d.noViolations()
}

func checkLast(t *testing.T, f url.Values) {
	t.Helper()
	for name, want := range map[string]string{
		"CallDuration": "1", "Duration": "1", "SipResponseCode": "200", "SequenceNumber": "3",
		"CallbackSource": "call-progress-events", "Direction": "outbound-api", "AccountSid": account,
		"From": ours, "Called": quick, "ApiVersion": "2010-04-01",
	} {
		if got := f.Get(name); got != want {
			t.Errorf("last callback has %s=%q, want %q", name, got, want)
		}
	}
	if _, err := time.Parse(time.RFC1123Z, f.Get("Timestamp")); err != nil {
		t.Error(err)
	}
}

func checkStream(t *testing.T, s *stream, call string) {
	t.Helper()
	if got := s.header.Get(twilioapi.SignatureHeader); twilioapi.Validate(token, "ws://"+s.desk.server.Listener.Addr().String()+"/media", nil, got) != nil {
		t.Errorf("the upgrade is signed with %q", got)
	}
	want := mediastream.Start{AccountSid: account, CallSid: call, StreamSid: s.start.StreamSid, Tracks: []string{"inbound"},
		Format: mediastream.PhoneFormat, Parameters: map[string]string{"token": "t1"}}
	if diff := cmp.Diff(s.start, want); diff != "" {
		t.Errorf("start (-got +want):\n%s", diff)
	}
	if diff := cmp.Diff(s.events[:3], []string{"connected", "start", "media"}); diff != "" {
		t.Errorf("first messages (-got +want):\n%s", diff)
	}
	for i, n := range s.seq {
		if n != int64(i+1) {
			t.Fatalf("sequence numbers %v, want 1, 2, 3 ...", s.seq)
		}
	}
}

func TestEndings(t *testing.T) {
	for name, c := range map[string]struct {
		to, timeout string
		statuses    []string
		sip         string
	}{
		"busy":        {twilio.NumberBusy, "10", []string{"initiated", "ringing", "busy"}, "486"},
		"declined":    {twilio.NumberRejects, "10", []string{"initiated", "ringing", "busy"}, "603"},
		"no answer":   {twilio.NumberNoAnswer, "1", []string{"initiated", "ringing", "no-answer"}, "487"},
		"unreachable": {twilio.NumberUnreachable, "10", []string{"initiated", "failed"}, "404"},
		"hangs up":    {twilio.NumberHangsUp, "10", []string{"initiated", "ringing", "in-progress", "completed"}, "200"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, nil)
			made := d.dial(c.to, "Timeout", c.timeout)
			end := d.ended(made.Sid)
			d.eventually("every callback", func() bool { return len(d.statuses(made.Sid)) >= len(c.statuses) })
			if diff := cmp.Diff(d.statuses(made.Sid), c.statuses); diff != "" {
				t.Errorf("callbacks (-got +want):\n%s", diff)
			}
			f := d.callback(end)
			if got := f.Get("SipResponseCode"); got != c.sip {
				t.Errorf("SipResponseCode = %q, want %q", got, c.sip)
			}
			if got, want := f.Has("CallDuration"), end == "completed"; got != want {
				t.Errorf("CallDuration in the last callback: %v, want %v", got, want)
			}
			if resource := d.call(made.Sid); resource.Status != end {
				t.Errorf("resource says %s, callback %s", resource.Status, end)
			}
			if end != "completed" && len(d.voice) != 0 {
				t.Errorf("%d voice requests for a call that nobody answered", len(d.voice))
			}
			d.noViolations()
		})
	}
}

func TestCancelWhileRinging(t *testing.T) {
	d := newDesk(t, nil)
	made := d.dial(twilio.NumberNoAnswer)
	d.eventually("ringing", func() bool { return d.call(made.Sid).Status == "ringing" })
	status, body := d.update(made.Sid, "Status", "canceled")
	if status != http.StatusOK || readCall(t, body).Status != "canceled" {
		t.Errorf("cancel: %d %s", status, body)
	}
	if end := d.ended(made.Sid); end != "canceled" {
		t.Errorf("ended as %q, want canceled", end)
	}
	if status, body := d.update(made.Sid, "Status", "completed"); status != http.StatusBadRequest || twilioapi.ReadError(status, body).Code != twilioapi.CodeCallState {
		t.Errorf("ending it again: %d %s, want 21220", status, body)
	}
}

func TestUpdatesOfAnAnsweredCall(t *testing.T) {
	d := newDesk(t, nil)
	stopped := make(chan []string, 4)
	d.socket = func(s *stream) {
		for s.next() {
		}
		stopped <- s.events
	}
	made := d.dial(quick)
	d.noted(made.Sid, twilio.KindStream, "started")
	if status, _ := d.update(made.Sid, "Status", "canceled"); status != http.StatusOK || d.call(made.Sid).Status != "in-progress" {
		t.Errorf("canceled on an answered call: %d, status %s, want it untouched", status, d.call(made.Sid).Status)
	}
	if status, body := d.update(made.Sid, "Twiml", "<Response><Pause length='30'/></Response>"); status != http.StatusOK {
		t.Errorf("redirect: %d %s", status, body)
	}
	if events := receive(d, stopped); !slices.Contains(events, "stop") {
		t.Errorf("the abandoned stream got %v, want a stop", events)
	}
	d.noted(made.Sid, twilio.KindVerb, "Pause")
	if status, body := d.update(made.Sid, "Url", d.server.URL+"/voice"); status != http.StatusOK {
		t.Errorf("redirect: %d %s", status, body)
	}
	d.eventually("a second stream", func() bool { return len(d.sim.Ledger(made.Sid, twilio.KindStream)) == 3 })
	if status, body := d.update(made.Sid, "Status", "completed"); status != http.StatusOK {
		t.Errorf("complete: %d %s", status, body)
	}
	if end := d.ended(made.Sid); end != "completed" {
		t.Errorf("ended as %q, want completed", end)
	}
	receive(d, stopped)
	d.noViolations()
}

func TestRedirectBeforeTheAnswer(t *testing.T) {
	d := newDesk(t, nil)
	made := d.dial(twilio.NumberNoAnswer)
	status, body := d.update(made.Sid, "Url", d.server.URL+"/voice")
	if status != http.StatusBadRequest || twilioapi.ReadError(status, body).Code != twilioapi.CodeCallState {
		t.Errorf("%d %s, want 21220", status, body)
	}
}

func TestTimeLimit(t *testing.T) {
	d := newDesk(t, nil)
	made := d.dial(quick, "TimeLimit", "1")
	if end := d.ended(made.Sid); end != "completed" {
		t.Errorf("ended as %q, want completed", end)
	}
	if e := d.noted(made.Sid, twilio.KindCall, "completed"); e.Detail["why"] != "the time limit passed" {
		t.Errorf("ended because %v, want the time limit", e.Detail["why"])
	}
}

// TestOneCallASecond says that more calls are queued, not refused.
func TestOneCallASecond(t *testing.T) {
	d := newDesk(t, func(c *twilio.Config) { c.Accounts[0].CallsPerSecond = 2 })
	first, second := d.dial(twilio.NumberNoAnswer), d.dial(twilio.NumberNoAnswer)
	d.eventually("the first to ring", func() bool { return d.call(first.Sid).Status == "ringing" })
	if got := d.call(second.Sid).Status; got != "queued" {
		t.Errorf("the second call is %s, want queued", got)
	}
	d.eventually("the second to ring", func() bool { return d.call(second.Sid).Status == "ringing" })
	if got := d.call(second.Sid).QueueTime; len(got) != 3 {
		t.Errorf("queue_time of the second = %q, want some hundred milliseconds", got)
	}
	if status, _ := d.update(second.Sid, "Status", "completed"); status != http.StatusOK {
		t.Errorf("complete while ringing: %d", status)
	}
	if end := d.ended(second.Sid); end != "canceled" {
		t.Errorf("completed while ringing ended as %q, want canceled", end)
	}
}

func TestVerbs(t *testing.T) {
	d := newDesk(t, nil)
	d.mu.Lock()
	d.document = func(form url.Values) []byte {
		if form.Get("round") == "" && len(d.voice) == 1 {
			return twiml.Response{Verbs: []twiml.Verb{
				twiml.Say{Text: "One moment"}, twiml.Play{Digits: "5"}, twiml.Pause{Length: 1},
				twiml.Play{URL: "/missing.wav"}, twiml.Redirect{URL: "/voice#rc=1"},
			}}.Bytes()
		}
		return twiml.Response{Verbs: []twiml.Verb{twiml.Hangup{}}}.Bytes()
	}
	d.mu.Unlock()
	made := d.dial(quick, "SendDigits", "w12")
	if end := d.ended(made.Sid); end != "completed" {
		t.Errorf("ended as %q, want completed", end)
	}
	var verbs, digits []string
	for _, e := range d.sim.Ledger(made.Sid, twilio.KindVerb) {
		verbs = append(verbs, e.What)
	}
	for _, e := range d.sim.Ledger(made.Sid, twilio.KindDigit) {
		digits = append(digits, e.Detail["digit"].(string))
	}
	if diff := cmp.Diff(verbs, []string{"Say", "Play", "Pause", "Play", "Redirect", "Hangup"}); diff != "" {
		t.Errorf("verbs (-got +want):\n%s", diff)
	}
	if diff := cmp.Diff(digits, []string{"1", "2", "5"}); diff != "" {
		t.Errorf("digits the person heard (-got +want):\n%s", diff)
	}
}

func TestFallback(t *testing.T) {
	for name, c := range map[string]struct {
		status   int
		document string
		code     string
		tries    int
	}{
		"server error": {500, "", "11200", 3}, // "#rc=2&rp=all" is two more tries
		"no document":  {200, "hello", "12200", 1},
		"bad verb":     {200, "<Response><Sing/></Response>", "12200", 1},
		"cut short":    {200, "<Response>", "12100", 1},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, nil)
			d.status = c.status
			d.document = func(url.Values) []byte { return []byte(c.document) }
			made := d.dial(quick, "FallbackUrl", d.server.URL+"/fallback")
			if end := d.ended(made.Sid); end != "completed" {
				t.Errorf("ended as %q, want completed", end)
			}
			if got := len(d.voice); got != c.tries+1 {
				t.Fatalf("%d requests, want %d and the fallback", got, c.tries)
			}
			last := d.voice[c.tries]
			if last.Get("ErrorCode") != c.code || last.Get("ErrorUrl") != d.server.URL+"/voice?leg=1" {
				t.Errorf("fallback was told %q %q, want %s and the address", last.Get("ErrorCode"), last.Get("ErrorUrl"), c.code)
			}
		})
	}
}

func TestOnlyTheLastCallbackByDefault(t *testing.T) {
	d := newDesk(t, nil)
	form := d.order(quick, "Method", "POST")
	form.Del("StatusCallbackEvent")
	form.Set("TimeLimit", "1")
	status, body := d.do(http.MethodPost, callsPath+".json", form)
	if status != http.StatusCreated {
		t.Fatalf("%d %s", status, body)
	}
	made := readCall(t, body)
	d.ended(made.Sid)
	if diff := cmp.Diff(d.statuses(made.Sid), []string{"completed"}); diff != "" {
		t.Errorf("callbacks (-got +want):\n%s", diff)
	}
}

// TestSecure is a call as Twilio makes it: https and wss only.
func TestSecure(t *testing.T) {
	d := newDesk(t, func(c *twilio.Config) { c.Insecure = false })
	got := make(chan string, 1)
	d.socket = func(s *stream) {
		s.untilStart()
		got <- s.header.Get(twilioapi.SignatureHeader)
		_ = s.conn.Close(1000, "")
	}
	made := d.dial(quick)
	signature := receive(d, got)
	if err := twilioapi.Validate(token, "wss://"+d.server.Listener.Addr().String()+"/media", nil, signature); err != nil {
		t.Errorf("upgrade: %v", err)
	}
	d.ended(made.Sid)
	d.noViolations()
	plain := d.order(quick, "Url", "http://"+d.server.Listener.Addr().String()+"/voice")
	_, body := d.do(http.MethodPost, callsPath+".json", plain)
	e := d.noted(readCall(t, body).Sid, twilio.KindAlert, "no document")
	if got := e.Detail["error"]; got != "11205: address is not https" {
		t.Errorf("http address: %v", got)
	}
}

// TestGet says that with GET the parameters are in the query, which is signed.
func TestGet(t *testing.T) {
	d := newDesk(t, nil)
	d.answer(twiml.Hangup{})
	made := d.dial(quick, "Method", "GET", "StatusCallbackMethod", "GET")
	d.ended(made.Sid)
	d.mu.Lock()
	defer d.mu.Unlock()
	if got := d.voice[0]; got.Get("CallSid") != made.Sid || got.Get("leg") != "1" {
		t.Errorf("voice request by GET: %v", got)
	}
}
