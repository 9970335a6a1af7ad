package twilio_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"softphone/internal/adapter/twilio"
	"softphone/internal/phone/media"
	"softphone/internal/phone/recording"
	"softphone/internal/protocol/twilioapi"
	"softphone/internal/protocol/wav"
)

// notices is a desk that takes news of recordings.
type notices struct {
	*desk
	came   chan recording.Notice
	broken error
}

func (n *notices) Line(ctx context.Context, tenant, sid string) (twilio.Line, error) {
	if _, err := n.desk.Line(ctx, tenant, sid); err != nil {
		return nil, err
	}
	return n, nil
}

func (n *notices) ReceiveRecording(_ context.Context, news recording.Notice, dedupe string, raw []byte) error {
	if n.broken != nil {
		return n.broken
	}
	if dedupe == "" || len(raw) == 0 {
		return errors.New("nothing to store")
	}
	n.came <- news
	return nil
}

// TestARecordingAtTwilioFromStartToDeletion speaks to the simulated Twilio.
func TestARecordingAtTwilioFromStartToDeletion(t *testing.T) {
	w := newWorld(t)
	desk := &notices{desk: w.desk, came: make(chan recording.Notice, 10)}
	mux := http.NewServeMux()
	doors := httptest.NewServer(mux)
	defer doors.Close()
	(&twilio.Doors{Desk: desk, Backend: doors.URL, Media: "ws" + strings.TrimPrefix(doors.URL, "http"), Log: quiet}).Register(mux)
	r := &twilio.Recorder{Account: w.carrier.Account, Backend: doors.URL, Tenant: "acme"}
	ctx := t.Context()

	sid, err := w.carrier.Dial(ctx, order(t, quick))
	if err != nil {
		t.Fatal(err)
	}
	stream := receive(t, w.streams)
	stream.Connect(media.Nowhere)
	re, err := r.StartRecording(ctx, sid, "r1")
	if err != nil {
		t.Fatal(err)
	}
	if again, err := r.StartRecording(ctx, sid, "r1"); again != re || err != nil {
		t.Errorf("started again: %s, %v; want %s", again, err, re)
	}
	for _, on := range []bool{true, false, true, false} {
		if err := r.PauseRecording(ctx, sid, on); err != nil {
			t.Errorf("pause %t: %v", on, err)
		}
	}
	time.Sleep(1200 * time.Millisecond) // sound to record
	if err := w.carrier.Hangup(ctx, sid); err != nil {
		t.Fatal(err)
	}
	news := receive(t, desk.came)
	if news.Recording != "r1" || news.SID != re || news.CallSID != sid || news.Status != "completed" || news.Channels != 2 {
		t.Errorf("told %+v", news)
	}
	all, err := r.Recordings(ctx, sid)
	if err != nil || len(all) != 1 || all[0].SID != re || all[0].Status != "completed" || all[0].Duration < time.Second {
		t.Errorf("listed %+v, %v", all, err)
	}
	file, err := r.FetchRecording(ctx, re, 2)
	if err != nil {
		t.Fatal(err)
	}
	clip, err := wav.ReadClip(file, 1<<20)
	if err := errors.Join(err, file.Close()); err != nil || clip.Format != wav.Phone(2) || clip.Duration() < time.Second {
		t.Errorf("fetched %v of %+v, %v", clip.Duration(), clip.Format, err)
	}
	for range 2 { // gone already is no error
		if err := r.DeleteRecording(ctx, re); err != nil {
			t.Error(err)
		}
	}
	if file, err := r.FetchRecording(ctx, re, 2); err == nil {
		file.Close()
		t.Error("fetched what was deleted")
	}
}

func TestNewsOfARecordingIsStoredBeforeItIsAnswered(t *testing.T) {
	d := &notices{desk: newDesk(), came: make(chan recording.Notice, 1), broken: errors.New("database is away")}
	mux := http.NewServeMux()
	const backend = "https://phone.example.com"
	(&twilio.Doors{Desk: d, Backend: backend, Log: quiet}).Register(mux)
	path := "/api/voice/webhook/recording?recording=r1&tenant=acme"
	form := url.Values{"AccountSid": {account}, "CallSid": {"CA00000000000000000000000000000001"}, "RecordingSid": {"RE00000000000000000000000000000001"}, "RecordingStatus": {"completed"}, "RecordingDuration": {"7"}}
	send := func(signature string) int {
		req := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set(twilioapi.SignatureHeader, signature)
		out := httptest.NewRecorder()
		mux.ServeHTTP(out, req)
		return out.Code
	}
	good := twilioapi.Sign(secret, backend+path, form)
	if got := send(good); got != http.StatusServiceUnavailable {
		t.Errorf("not stored, answered %d", got)
	}
	d.broken = nil
	if got := send(good); got != http.StatusNoContent || (<-d.came).Duration != 7*time.Second {
		t.Errorf("answered %d", got)
	}
	if got := send(twilioapi.Sign("stranger", backend+path, form)); got != http.StatusForbidden || len(d.came) != 0 {
		t.Errorf("a stranger was answered %d", got)
	}
	form.Del("RecordingSid")
	if got := send(twilioapi.Sign(secret, backend+path, form)); got != http.StatusNoContent || len(d.kept) != 1 || len(d.came) != 0 {
		t.Errorf("news without a recording: %d", got)
	}
}

// TestSoundIsFetchedFromKnownHostsOnly: Twilio may lead to a media host, which
// gets no credentials; nobody else is visited at all.
func TestSoundIsFetchedFromKnownHostsOnly(t *testing.T) {
	sound := wav.Append(nil, wav.Phone(1), bytes.Repeat([]byte{1}, 800))
	for name, c := range map[string]struct {
		lead string // where the account's own host leads
		want bool
		auth bool // credentials are sent along
	}{
		"not led":            {"", true, true},
		"own host":           {"/media", true, true},
		"media host":         {"https://media.twiliocdn.com/x", true, false},
		"its plain sister":   {"http://media.twiliocdn.com/x", false, false},
		"a look-alike":       {"https://twilio.com.evil.example/x", false, false},
		"another look-alike": {"https://eviltwilio.com/x", false, false},
		"inside":             {"http://169.254.169.254/latest", false, false},
		"own, another port":  {"http://own.example:81/x", false, false},
		"with credentials":   {"https://a:b@media.twilio.com/x", false, false},
		"a file":             {"file:///etc/passwd", false, false},
		"round and round":    {"loop", false, false},
	} {
		var visited []string
		client := &http.Client{
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
			Transport: trip(func(r *http.Request) (*http.Response, error) {
				_, _, sent := r.BasicAuth()
				visited = append(visited, fmt.Sprintf("%s %t", r.URL.Host, sent))
				answer := &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(sound)), Request: r}
				if c.lead != "" && (len(visited) == 1 || c.lead == "loop") {
					answer.StatusCode = http.StatusFound
					answer.Header.Set("Location", c.lead)
				}
				return answer, nil
			}),
		}
		r := &twilio.Recorder{Account: twilio.Account{BaseURL: "http://own.example", SID: account, User: account, Secret: secret, HTTP: client}}
		file, err := r.FetchRecording(t.Context(), "RE1", 1)
		if err == nil {
			file.Close()
		}
		if (err == nil) != c.want {
			t.Errorf("%s: %v after %v", name, err, visited)
		}
		last := visited[len(visited)-1]
		if c.want && strings.HasSuffix(last, "true") != c.auth {
			t.Errorf("%s: credentials sent %s", name, last)
		}
		if !c.want && name != "round and round" && len(visited) != 1 {
			t.Errorf("%s: visited %v", name, visited)
		}
	}
}

type trip func(*http.Request) (*http.Response, error)

func (f trip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestAStartWhoseAnswerIsLostIsNotRepeated: the list tells what became of it.
func TestAStartWhoseAnswerIsLostIsNotRepeated(t *testing.T) {
	posts, running := 0, false
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			posts++
			running = true
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		list := `{"recordings":[]}`
		if running {
			list = `{"recordings":[{"sid":"RE1","status":"in-progress","channels":2,"duration":null}]}`
		}
		fmt.Fprint(w, list)
	}))
	defer server.Close()
	r := &twilio.Recorder{Account: twilio.Account{BaseURL: server.URL, SID: account, User: account, Secret: secret, HTTP: server.Client()}}
	if sid, err := r.StartRecording(t.Context(), "CA1", "r1"); sid != "RE1" || err != nil || posts != 1 {
		t.Errorf("started %q, %v with %d requests", sid, err, posts)
	}
}
