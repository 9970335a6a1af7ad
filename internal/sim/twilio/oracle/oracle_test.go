// Package oracle lets the vendor's own Go client drive the simulator: what it
// sends must be taken, what it reads must be there, and what it checks must be
// right. It is a module of its own, so that the client is no part of the product.
//
// The simulator is a process that the script run starts; its address comes in
// SIM.
package oracle

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twilio/twilio-go/client"
	openapi "github.com/twilio/twilio-go/rest/api/v2010"
	"github.com/twilio/twilio-go/twiml"
)

const (
	account = "AC00000000000000000000000000000001"
	token   = "0123456789abcdef0123456789abcdef"
	ours    = "+12015550100"
	tone    = "+12015550187" // answers and plays 1 kHz
	never   = "+12015550181" // does not answer
)

// elsewhere sends what is meant for api.twilio.com to the simulator: the
// client's host is a private constant of it.
type elsewhere struct{ base *url.URL }

func (e elsewhere) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.URL.Scheme, r.URL.Host, r.Host = e.base.Scheme, e.base.Host, e.base.Host
	return http.DefaultTransport.RoundTrip(r)
}

// desk answers webhooks with documents of the vendor's builder, and checks their
// signatures with the vendor's validator.
type desk struct {
	t      *testing.T
	sim    string
	api    *openapi.ApiService
	server *httptest.Server

	mu    sync.Mutex
	news  []url.Values
	voice []url.Values
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	sim := os.Getenv("SIM")
	if sim == "" {
		t.Fatal("SIM is not set: start the tests with the script run")
	}
	base, err := url.Parse(sim)
	if err != nil {
		t.Fatal(err)
	}
	c := &client.Client{Credentials: client.NewCredentials(account, token), HTTPClient: &http.Client{Transport: elsewhere{base}, Timeout: 10 * time.Second}}
	c.SetAccountSid(account)
	d := &desk{t: t, sim: sim, api: openapi.NewApiServiceWithClient(c)}
	mux := http.NewServeMux()
	mux.HandleFunc("/voice", d.serveVoice)
	mux.HandleFunc("/status", func(w http.ResponseWriter, r *http.Request) {
		form := d.signed(r)
		d.mu.Lock()
		d.news = append(d.news, form)
		d.mu.Unlock()
	})
	d.server = httptest.NewServer(mux)
	t.Cleanup(d.server.Close)
	return d
}

func (d *desk) signed(r *http.Request) url.Values {
	body, _ := io.ReadAll(r.Body)
	form, err := url.ParseQuery(string(body))
	if err != nil {
		d.t.Error(err)
	}
	flat := map[string]string{}
	for name := range form {
		flat[name] = form.Get(name)
	}
	validator := client.NewRequestValidator(token)
	if !validator.Validate(d.server.URL+r.URL.RequestURI(), flat, r.Header.Get("X-Twilio-Signature")) {
		d.t.Errorf("the vendor's validator refuses %s %v", r.URL, form)
	}
	return form
}

func (d *desk) serveVoice(w http.ResponseWriter, r *http.Request) {
	form := d.signed(r)
	d.mu.Lock()
	d.voice = append(d.voice, form)
	d.mu.Unlock()
	document, err := twiml.Voice([]twiml.Element{
		&twiml.VoiceSay{Message: "One moment & \"please\"", Language: "en-GB"},
		&twiml.VoiceDial{Timeout: "20", CallerId: ours, Action: "/after", InnerElements: []twiml.Element{
			&twiml.VoiceNumber{PhoneNumber: tone, StatusCallback: d.server.URL + "/status", StatusCallbackEvent: "initiated ringing answered completed"},
		}},
	})
	if err != nil {
		d.t.Error(err)
	}
	w.Header().Set("Content-Type", "text/xml")
	_, _ = io.WriteString(w, document)
}

func (d *desk) eventually(what string, ok func() bool) {
	d.t.Helper()
	for limit := time.Now().Add(20 * time.Second); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(limit) {
			d.t.Fatalf("waited in vain for %s", what)
		}
	}
}

func (d *desk) told(name, value string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, f := range d.news {
		if f.Get(name) == value {
			return true
		}
	}
	return false
}

func (d *desk) dial(to string) string {
	d.t.Helper()
	p := &openapi.CreateCallParams{}
	p.SetTo(to).SetFrom(ours).SetTwiml("<Response><Pause length=\"60\"/></Response>").SetTimeLimit(60)
	p.SetStatusCallback(d.server.URL + "/status").SetStatusCallbackEvent([]string{"initiated", "ringing", "answered", "completed"})
	c, err := d.api.CreateCall(p)
	if err != nil {
		d.t.Fatal(err)
	}
	if *c.Status != "queued" || *c.Direction != "outbound-api" {
		d.t.Errorf("created: %s %s", *c.Status, *c.Direction)
	}
	return *c.Sid
}

func (d *desk) status(sid string) string {
	d.t.Helper()
	c, err := d.api.FetchCall(sid, &openapi.FetchCallParams{})
	if err != nil {
		d.t.Fatal(err)
	}
	return *c.Status
}

func (d *desk) hangUp(sid string) {
	d.t.Helper()
	p := &openapi.UpdateCallParams{}
	if _, err := d.api.UpdateCall(sid, p.SetStatus("completed")); err != nil {
		d.t.Error(err)
	}
}

func TestCallsAndRecordings(t *testing.T) {
	d := newDesk(t)
	sid := d.dial(tone)
	d.eventually("the answer", func() bool { return d.status(sid) == "in-progress" })
	create := &openapi.CreateCallRecordingParams{}
	create.SetRecordingChannels("dual").SetRecordingStatusCallback(d.server.URL + "/status").SetRecordingStatusCallbackEvent([]string{"in-progress", "completed"})
	rec, err := d.api.CreateCallRecording(sid, create)
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(500 * time.Millisecond)
	for _, status := range []string{"paused", "in-progress", "stopped"} {
		p := &openapi.UpdateCallRecordingParams{}
		if _, err := d.api.UpdateCallRecording(sid, "Twilio.CURRENT", p.SetStatus(status)); err != nil {
			t.Errorf("%s: %v", status, err)
		}
	}
	d.eventually("the recording", func() bool { return d.told("RecordingStatus", "completed") })
	got, err := d.api.FetchRecording(*rec.Sid, &openapi.FetchRecordingParams{})
	if err != nil || *got.Status != "completed" || *got.Channels != 2 || *got.CallSid != sid {
		t.Errorf("recording: %+v %v", got, err)
	}
	list, err := d.api.ListRecording((&openapi.ListRecordingParams{}).SetCallSid(sid).SetDateCreatedAfter(time.Now().Add(-time.Hour)))
	if err != nil || len(list) != 1 {
		t.Errorf("%d recordings, %v", len(list), err)
	}
	if err := d.api.DeleteRecording(*rec.Sid, &openapi.DeleteRecordingParams{}); err != nil {
		t.Error(err)
	}
	_, err = d.api.FetchRecording(*rec.Sid, &openapi.FetchRecordingParams{})
	var no *client.TwilioRestError
	if !errors.As(err, &no) || no.Code != 20404 || no.Status != 404 {
		t.Errorf("a deleted recording: %v, want 20404", err)
	}
	d.hangUp(sid)
	d.eventually("the end", func() bool { return d.status(sid) == "completed" })
	calls, err := d.api.ListCall((&openapi.ListCallParams{}).SetTo(tone).SetStatus("completed").SetStartTimeAfter(time.Now().Add(-time.Hour)).SetLimit(5))
	if err != nil || len(calls) == 0 || *calls[0].Sid != sid || *calls[0].Duration == "" {
		t.Errorf("list: %d calls, %v", len(calls), err)
	}
}

func TestRefusals(t *testing.T) {
	d := newDesk(t)
	p := &openapi.CreateCallParams{}
	_, err := d.api.CreateCall(p.SetTo(tone).SetFrom("+12015550999").SetUrl(d.server.URL + "/voice"))
	var no *client.TwilioRestError
	if !errors.As(err, &no) || no.Code != 21210 || no.Status != 400 || no.MoreInfo == "" {
		t.Errorf("a foreign number: %v, want 21210", err)
	}
	sid := d.dial(never)
	d.hangUp(sid)
	d.eventually("the end", func() bool { return d.status(sid) == "canceled" })
	_, err = d.api.UpdateCall(sid, (&openapi.UpdateCallParams{}).SetStatus("completed"))
	if !errors.As(err, &no) || no.Code != 21220 {
		t.Errorf("a call that is over: %v, want 21220", err)
	}
}

// TestInbound calls a number whose address the vendor's client has set; the
// document is of the vendor's builder.
func TestInbound(t *testing.T) {
	d := newDesk(t)
	numbers, err := d.api.ListIncomingPhoneNumber((&openapi.ListIncomingPhoneNumberParams{}).SetPhoneNumber(ours))
	if err != nil || len(numbers) != 1 {
		t.Fatalf("%d numbers, %v", len(numbers), err)
	}
	p := &openapi.UpdateIncomingPhoneNumberParams{}
	p.SetVoiceUrl(d.server.URL + "/voice").SetVoiceMethod("POST").SetStatusCallback(d.server.URL + "/status")
	if n, err := d.api.UpdateIncomingPhoneNumber(*numbers[0].Sid, p); err != nil || *n.VoiceUrl != d.server.URL+"/voice" {
		t.Fatalf("%v", err)
	}
	answer, err := http.Post(d.sim+"/calls", "application/json", strings.NewReader(`{"from":"+12015550160","to":"`+ours+`","person":{"sound":"silent"}}`))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var view struct{ Call string }
	if err := json.NewDecoder(answer.Body).Decode(&view); err != nil || answer.StatusCode != http.StatusCreated {
		t.Fatalf("%d %v", answer.StatusCode, err)
	}
	d.eventually("the leg to talk", func() bool {
		legs, err := d.api.ListCall((&openapi.ListCallParams{}).SetParentCallSid(view.Call))
		return err == nil && len(legs) == 1 && *legs[0].Status == "in-progress" && *legs[0].Direction == "outbound-dial"
	})
	d.hangUp(view.Call)
	d.eventually("both ends", func() bool {
		return d.told("CallSid", view.Call) && d.told("ParentCallSid", view.Call) && d.told("CallStatus", "completed")
	})
}

func TestConference(t *testing.T) {
	d := newDesk(t)
	invite := func(label string) *openapi.ApiV2010Participant {
		p := &openapi.CreateParticipantParams{}
		p.SetTo(tone).SetFrom(ours).SetLabel(label).SetStartConferenceOnEnter(true).SetBeep("false")
		p.SetConferenceStatusCallback(d.server.URL + "/status").SetConferenceStatusCallbackEvent([]string{"start", "end", "join", "leave", "mute", "hold"})
		got, err := d.api.CreateParticipant("The Room", p)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	a, b := invite("a"), invite("b")
	room := *a.ConferenceSid
	d.eventually("the start", func() bool { return d.told("StatusCallbackEvent", "conference-start") })
	if got, err := d.api.FetchConference(room, &openapi.FetchConferenceParams{}); err != nil || *got.Status != "in-progress" || *got.FriendlyName != "The Room" {
		t.Errorf("conference: %+v %v", got, err)
	}
	p := &openapi.UpdateParticipantParams{}
	if got, err := d.api.UpdateParticipant(room, *a.CallSid, p.SetMuted(true).SetHold(true)); err != nil || !*got.Muted || !*got.Hold {
		t.Errorf("mute and hold: %v", err)
	}
	if list, err := d.api.ListParticipant(room, (&openapi.ListParticipantParams{}).SetHold(true)); err != nil || len(list) != 1 || *list[0].CallSid != *a.CallSid {
		t.Errorf("held: %d, %v", len(list), err)
	}
	if err := d.api.DeleteParticipant(room, *b.CallSid, &openapi.DeleteParticipantParams{}); err != nil {
		t.Error(err)
	}
	if _, err := d.api.UpdateConference(room, (&openapi.UpdateConferenceParams{}).SetStatus("completed")); err != nil {
		t.Error(err)
	}
	d.eventually("the end", func() bool { return d.told("ReasonConferenceEnded", "conference-ended-via-api") })
	if list, err := d.api.ListConference((&openapi.ListConferenceParams{}).SetStatus("completed").SetFriendlyName("The Room")); err != nil || len(list) == 0 {
		t.Errorf("conferences that are over: %d, %v", len(list), err)
	}
}

func TestQueue(t *testing.T) {
	d := newDesk(t)
	q, err := d.api.CreateQueue((&openapi.CreateQueueParams{}).SetFriendlyName("oracle").SetMaxSize(3))
	if err != nil || q.MaxSize != 3 {
		t.Fatal(err)
	}
	sid := d.dial(tone)
	d.eventually("the answer", func() bool { return d.status(sid) == "in-progress" })
	document, err := twiml.Voice([]twiml.Element{&twiml.VoiceEnqueue{Name: "oracle"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.api.UpdateCall(sid, (&openapi.UpdateCallParams{}).SetTwiml(document)); err != nil {
		t.Fatal(err)
	}
	d.eventually("somebody to wait", func() bool {
		m, err := d.api.FetchMember(*q.Sid, "Front", &openapi.FetchMemberParams{})
		return err == nil && *m.CallSid == sid && m.Position == 1
	})
	if _, err := d.api.UpdateMember(*q.Sid, "Front", (&openapi.UpdateMemberParams{}).SetUrl(d.server.URL+"/voice")); err != nil {
		t.Error(err)
	}
	d.eventually("an empty queue", func() bool {
		list, err := d.api.ListMember(*q.Sid, &openapi.ListMemberParams{})
		return err == nil && len(list) == 0
	})
	d.hangUp(sid)
	if err := d.api.DeleteQueue(*q.Sid, &openapi.DeleteQueueParams{}); err != nil {
		t.Error(err)
	}
}
