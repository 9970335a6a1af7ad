package twilio_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"softphone/internal/protocol/twilioapi"
	"softphone/internal/protocol/twiml"
	"softphone/internal/sim/twilio"

	"github.com/google/go-cmp/cmp"
)

// Rules of the vendor's pages that are small and easily forgotten; the large
// ones have tests of their own: credentials and errors (api_test), order of
// callbacks and pacing (call_test), streams (stream_test), faults (fault_test).

// TestListParameters takes a list as repeated keys and as one value with
// blanks, and ignores parameters it does not know.
func TestListParameters(t *testing.T) {
	d := newDesk(t, nil)
	made := d.dial(twilio.NumberBusy, "StatusCallbackEvent", "ringing completed", "NewParameter", "x")
	d.ended(made.Sid)
	if diff := cmp.Diff(d.statuses(made.Sid), []string{"ringing", "busy"}); diff != "" {
		t.Errorf("callbacks (-got +want):\n%s", diff)
	}
}

// TestSlowVoiceServer says that the read timeout ends a try, that overrides
// shorten it, and that the fallback address is next ("Webhooks, connection
// overrides").
func TestSlowVoiceServer(t *testing.T) {
	d := newDesk(t, nil)
	slow := make(chan struct{})
	defer close(slow)
	d.mu.Lock()
	d.server.Config.Handler.(*http.ServeMux).HandleFunc("/slow", func(_ http.ResponseWriter, r *http.Request) {
		_ = d.signed(r)
		select {
		case <-r.Context().Done():
		case <-slow:
		}
	})
	d.mu.Unlock()
	made := d.dial(quick, "Url", d.server.URL+"/slow#ct=100&rt=100&rc=1&rp=rt", "FallbackUrl", d.server.URL+"/fallback")
	d.ended(made.Sid)
	tries := 0
	for _, e := range d.sim.Ledger(made.Sid, twilio.KindVoice) {
		if strings.Contains(e.Detail["url"].(string), "/slow") {
			tries++
		}
	}
	if tries != 2 {
		t.Errorf("%d tries, want two", tries)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.voice) != 1 || d.voice[0].Get("ErrorCode") != "11200" {
		t.Errorf("fallback got %v, want ErrorCode 11200", d.voice)
	}
}

// TestNobodyThere says that a connection that fails is tried once more, and
// that without a fallback address the call ends.
func TestNobodyThere(t *testing.T) {
	d := newDesk(t, nil)
	made := d.dial(quick, "Url", "http://127.0.0.1:1/voice")
	if end := d.ended(made.Sid); end != "completed" {
		t.Errorf("ended as %q, want completed", end)
	}
	if tries := d.sim.Ledger(made.Sid, twilio.KindVoice); len(tries) != 2 {
		t.Errorf("%d tries, want two: only a failed connection is repeated by default", len(tries))
	}
}

// TestInlineDocument says that Twiml is used when there is no Url, and ignored
// when there is one.
func TestInlineDocument(t *testing.T) {
	d := newDesk(t, nil)
	d.answer(twiml.Hangup{})
	form := d.order(quick, "Twiml", `<Response><Say>inline</Say></Response>`)
	for _, want := range []int{0, 1} {
		_, body := d.do(http.MethodPost, callsPath+".json", form)
		made := readCall(t, body)
		d.ended(made.Sid)
		said := 0
		for _, e := range d.sim.Ledger(made.Sid, twilio.KindVerb) {
			if e.What == "Say" {
				said++
			}
		}
		if said != want {
			t.Errorf("with Url %q the inline document ran %d times, want %d", form.Get("Url"), said, want)
		}
		form.Del("Url")
	}
}

// TestQueueOfADay says that calls are refused only when a day of them waits.
func TestQueueOfADay(t *testing.T) {
	d := newDesk(t, func(c *twilio.Config) { c.Accounts[0].CallsPerSecond = 1.0 / 50_000 })
	for range 2 {
		d.dial(twilio.NumberBusy)
	}
	d.eventually("the second to take its place", func() bool {
		status, body := d.do(http.MethodPost, callsPath+".json", d.order(twilio.NumberBusy))
		return status == http.StatusTooManyRequests && twilioapi.ReadError(status, body).Code == twilioapi.CodeQueueFull
	})
}

// TestDocumentType says that a document that is not sent as XML is a violation.
func TestDocumentType(t *testing.T) {
	d := newDesk(t, nil)
	d.server.Config.Handler.(*http.ServeMux).HandleFunc("/plain", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		_, _ = w.Write(twiml.Response{Verbs: []twiml.Verb{twiml.Reject{}}}.Bytes())
	})
	made := d.dial(quick, "Url", d.server.URL+"/plain")
	d.ended(made.Sid)
	var got []string
	for _, e := range d.sim.Ledger(made.Sid, twilio.KindViolation) {
		got = append(got, e.What)
	}
	want := []string{"a document is sent as text/xml", "Reject on a call that is answered"}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("violations (-got +want):\n%s", diff)
	}
}

// TestStopped says that nothing is placed before Start and after Close.
func TestStopped(t *testing.T) {
	d := newDesk(t, nil)
	made := d.dial(quick)
	d.noted(made.Sid, twilio.KindStream, "started")
	began := time.Now()
	if err := d.sim.Close(); err != nil {
		t.Error(err)
	}
	t.Logf("closed a simulator with a call under way in %v", time.Since(began))
	if status, body := d.do(http.MethodPost, callsPath+".json", url.Values(d.order(quick))); status != http.StatusServiceUnavailable {
		t.Errorf("a call after the end: %d %s, want 503", status, body)
	}
}
