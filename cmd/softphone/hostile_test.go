package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"softphone/internal/phone/call"
	"softphone/internal/protocol/mediastream"
	"softphone/internal/protocol/twilioapi"
	"softphone/internal/protocol/twiml"
	"softphone/internal/sim/twilio"
)

// knocked is a webhook as Twilio sent it.
type knocked struct {
	kind, address string
	form          url.Values
}

// webhooks are all that were sent for the desk's account.
func (d *townDesk) webhooks() []knocked {
	var all []knocked
	for _, e := range d.sim.Ledger("", "") {
		if e.Account != d.account.Sid || e.Kind != twilio.KindCallback && e.Kind != twilio.KindVoice {
			continue
		}
		k := knocked{kind: e.Kind, form: url.Values{}}
		k.address, _, _ = strings.Cut(e.Detail["url"].(string), "#")
		for name, value := range e.Detail["parameters"].(map[string]any) {
			k.form.Set(name, fmt.Sprint(value))
		}
		all = append(all, k)
	}
	return all
}

// knock sends a webhook signed as Twilio would.
func (d *townDesk) knock(t *testing.T, k knocked) (int, []byte) {
	t.Helper()
	r, err := http.NewRequest(http.MethodPost, k.address, strings.NewReader(k.form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set(twilioapi.SignatureHeader, twilioapi.Sign(d.account.Token, k.address, k.form))
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, body
}

// What was sent once has no second effect: not at once, not after the call, not
// after a crash. What is told of a call nobody knows is kept.
func TestReplaysHaveNoEffect(t *testing.T) {
	t.Parallel()
	w := newTown(t, 1)
	w.start()
	d := w.desks[0]
	id := d.dial(t, leaves)
	d.until(t, id, "an end", isOver)
	sent := d.webhooks()
	if len(sent) < 5 {
		t.Fatalf("only %d webhooks", len(sent))
	}
	before := w.kept(t, d, id)
	for range 2 {
		w.start()
		for _, k := range append(sent, sent...) {
			status, body := d.knock(t, k)
			switch {
			case k.kind == twilio.KindCallback && status != http.StatusNoContent:
				t.Errorf("callback %s: %d", k.form.Get("CallStatus"), status)
			case k.kind == twilio.KindVoice && (status != http.StatusOK || !strings.Contains(string(body), "<Hangup")):
				t.Errorf("document of a call that is over: %d %s", status, body)
			}
		}
		if after := w.kept(t, d, id); after != before {
			t.Errorf("kept %s, before %s", after, before)
		}
	}
	w.start()
	stranger := sent[0]
	stranger.address = strings.Replace(stranger.address, "leg=", "leg=NOBODY", 1)
	stranger.form.Set("CallSid", "CA00000000000000000000000000000bad")
	if status, _ := d.knock(t, stranger); status != http.StatusNoContent {
		t.Errorf("a call nobody knows: %d", status)
	}
	if after := w.kept(t, d, id); after == before || !strings.HasPrefix(after, before[:strings.Index(before, " inbox")]) {
		t.Errorf("kept %s, before %s", after, before)
	}
}

// kept kills the server and says what its database has of a call and in its inbox.
func (w *town) kept(t *testing.T, d *townDesk, id call.ID) string {
	t.Helper()
	w.kill()
	control := w.open()
	defer control.Close()
	db, err := control.Open(t.Context(), d.tenantID)
	if err != nil {
		t.Fatal(err)
	}
	v, err := db.Call(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	events, err := db.EventsOf(t.Context(), id, "")
	if err != nil {
		t.Fatal(err)
	}
	inbox, err := db.Received(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%s %s %v events %d inbox %d", v.ID, v.Status, *v.Verdict, len(events), inbox)
}

// visitor plays Twilio's end of a media socket.
func (w *town) visitor(t *testing.T, s mediastream.Start) *websocket.Conn {
	t.Helper()
	conn, _, err := websocket.Dial(t.Context(), "ws"+strings.TrimPrefix(w.url, "http")+"/api/voice/media", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.CloseNow() })
	s.StreamSid, s.Tracks, s.Format = "MZ00000000000000000000000000000001", []string{mediastream.TrackInbound}, mediastream.PhoneFormat
	for _, m := range [][]byte{mediastream.AppendConnected(nil), mediastream.AppendStart(nil, 1, s)} {
		if err := conn.Write(t.Context(), websocket.MessageText, m); err != nil {
			t.Fatal(err)
		}
	}
	return conn
}

func (w *town) shownOut(t *testing.T, who string, s mediastream.Start) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	_, _, err := w.visitor(t, s).Read(ctx)
	if got := websocket.CloseStatus(err); got != websocket.StatusPolicyViolation {
		t.Errorf("%s: %v, want to be shown out", who, err)
	}
}

// waiting is a call whose leg was answered and whose sound Twilio does not
// bring, so that the test can; and what the leg's document says.
func (d *townDesk) waiting(t *testing.T) (call.ID, mediastream.Start) {
	t.Helper()
	d.fault(t, twilio.Fault{Kind: twilio.FaultSocketNever})
	id := d.dial(t, quick)
	sid := d.until(t, id, "an answer", inPhase(call.Answered)).Call.CallSID
	for _, k := range d.webhooks() {
		if k.kind == twilio.KindVoice {
			status, body := d.knock(t, k) // Twilio may ask twice: the newer token counts
			response, err := twiml.Parse(body)
			if err != nil || status != http.StatusOK {
				t.Fatalf("document: %d %v", status, err)
			}
			s := mediastream.Start{AccountSid: d.account.Sid, CallSid: sid, Parameters: map[string]string{}}
			for _, p := range response.Verbs[0].(twiml.Connect).Stream.Parameters {
				s.Parameters[p.Name] = p.Value
			}
			return id, s
		}
	}
	t.Fatal("Twilio has not asked for a document")
	return "", mediastream.Start{}
}

// A leg's token brings in that leg's sound, once, and nothing else. Whoever
// tries otherwise is shown out and harms no call.
func TestTokensOfSound(t *testing.T) {
	t.Parallel()
	w := newTown(t, 2)
	w.start()
	one, two := w.desks[0], w.desks[1]
	id, mine := one.waiting(t)
	_, other := two.waiting(t)
	with := func(change func(*mediastream.Start)) mediastream.Start {
		s := mine
		s.Parameters = map[string]string{}
		for name, value := range mine.Parameters {
			s.Parameters[name] = value
		}
		change(&s)
		return s
	}
	w.shownOut(t, "another token", with(func(s *mediastream.Start) { s.Parameters["token"] = other.Parameters["token"] }))
	w.shownOut(t, "another leg", with(func(s *mediastream.Start) { s.Parameters["leg"] = other.Parameters["leg"] }))
	w.shownOut(t, "another call", with(func(s *mediastream.Start) { s.CallSid = other.CallSid }))
	w.shownOut(t, "another tenant", with(func(s *mediastream.Start) { s.Parameters["tenant"] = two.slug }))
	w.shownOut(t, "another account", with(func(s *mediastream.Start) { s.AccountSid = two.account.Sid }))
	w.shownOut(t, "another desk's leg", with(func(s *mediastream.Start) {
		s.AccountSid, s.Parameters["tenant"] = two.account.Sid, two.slug
	}))
	conn := w.visitor(t, mine)
	one.until(t, id, "its sound", inPhase(call.Up))
	w.shownOut(t, "second use", mine)
	if found := one.look(t, id); !inPhase(call.Up)(found) {
		t.Errorf("the call was harmed: %+v", found)
	}
	one.hangUp(t, id)
	_ = conn.CloseNow()
	one.until(t, id, "an end", isOver)
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, secret := range []string{mine.Parameters["token"], other.Parameters["token"], one.account.Token, one.account.Numbers[0].Number} {
		if strings.Contains(w.log.String(), secret) {
			t.Errorf("%q is in the log", secret)
		}
	}
}
