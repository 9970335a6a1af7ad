package twilio_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"softphone/internal/protocol/mediastream"
	"softphone/internal/protocol/twiml"
	"softphone/internal/sim/twilio"

	"github.com/coder/websocket"
	"github.com/google/go-cmp/cmp"
)

func TestState(t *testing.T) {
	d := newDesk(t, nil)
	made := d.dial(quick)
	d.noted(made.Sid, twilio.KindStream, "started")
	_, body := d.control(http.MethodGet, "/state", nil)
	var state twilio.State
	if err := json.Unmarshal(body, &state); err != nil {
		t.Fatal(err)
	}
	if len(state.Accounts) != 1 || len(state.Calls) != 1 {
		t.Fatalf("state = %s", body)
	}
	if c := state.Calls[0]; c.Call != made.Sid || c.Status != "in-progress" || c.Stream == "" || c.Name != "Quick" {
		t.Errorf("call = %+v", c)
	}
	if strings.Contains(string(body), token) {
		t.Error("the state shows the account's token")
	}
	if status, _ := d.control(http.MethodGet, "/calls/CA0", nil); status != http.StatusNotFound {
		t.Errorf("unknown call: %d, want 404", status)
	}
	ringing := d.dial(twilio.NumberNoAnswer)
	if status, _ := d.control(http.MethodGet, "/calls/"+ringing.Sid+"/heard.wav", nil); status != http.StatusConflict {
		t.Errorf("sound of a call that was not answered: %d, want 409", status)
	}
}

// TestLedgerFile says that the file has every entry, as the interface shows it.
func TestLedgerFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.jsonl")
	d := newDesk(t, func(c *twilio.Config) { c.Ledger = path })
	made := d.dial(twilio.NumberBusy)
	d.ended(made.Sid)
	d.noted(made.Sid, twilio.KindCallback, "busy")
	_, shown := d.control(http.MethodGet, "/ledger?call="+made.Sid, nil)
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(bytes.NewReader(shown))
	n := 0
	for ; lines.Scan(); n++ {
		if !bytes.Contains(file, lines.Bytes()) {
			t.Errorf("the file lacks %s", lines.Text())
		}
	}
	if n < 7 {
		t.Errorf("the ledger has %d entries of the call, want the request, 3 changes and 3 callbacks at least", n)
	}
	if bytes.Contains(file, []byte(token)) {
		t.Error("the ledger has the account's token")
	}
}

// TestOtherOrigins says that a page from elsewhere cannot steer the simulator.
func TestOtherOrigins(t *testing.T) {
	d := newDesk(t, nil)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, d.api.URL+"/control/faults", strings.NewReader(`{"kind":"drop"}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Origin", "https://evil.example")
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	if status, _ := d.fetch(r); status != http.StatusForbidden {
		t.Errorf("a fault from another origin: %d, want 403", status)
	}
	_, answer, err := websocket.Dial(t.Context(), d.api.URL+"/control/person/"+quick, &websocket.DialOptions{HTTPHeader: http.Header{"Origin": {"https://evil.example"}}})
	if err == nil || answer == nil || answer.StatusCode != http.StatusForbidden {
		t.Errorf("a seat from another origin: %v, %v", answer, err)
	}
}

func TestPage(t *testing.T) {
	d := newDesk(t, nil)
	for path, want := range map[string]string{"/": "text/html", "/page.js": "text/javascript", "/page.css": "text/css", "/microphone.js": "text/javascript"} {
		answer, err := http.Get(d.api.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if got := answer.Header.Get("Content-Type"); answer.StatusCode != http.StatusOK || !strings.HasPrefix(got, want) {
			t.Errorf("%s: %d %s, want %s", path, answer.StatusCode, got, want)
		}
		if policy := answer.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "script-src 'self'") {
			t.Errorf("%s: policy %q", path, policy)
		}
	}
}

// seat is a page on which somebody is a person.
type seat struct {
	d    *desk
	conn *websocket.Conn
}

func (d *desk) sit(number string) *seat {
	d.t.Helper()
	conn, _, err := websocket.Dial(d.t.Context(), d.api.URL+"/control/person/"+number, nil)
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() { _ = conn.CloseNow() })
	return &seat{d, conn}
}

// sign waits for a sign of a type.
func (s *seat) sign(kind string) map[string]string {
	s.d.t.Helper()
	for {
		typ, message, err := s.conn.Read(context.Background())
		if err != nil {
			s.d.t.Fatalf("waiting for %q: %v", kind, err)
		}
		sign := map[string]string{}
		if typ == websocket.MessageText {
			if err := json.Unmarshal(message, &sign); err != nil {
				s.d.t.Fatal(err)
			}
		}
		if sign["type"] == kind {
			return sign
		}
	}
}

func (s *seat) send(sign string) {
	if err := s.conn.Write(context.Background(), websocket.MessageText, []byte(sign)); err != nil {
		s.d.t.Error(err)
	}
}

// TestBeingAPerson is a page that answers, speaks, hears, presses a key and
// hangs up.
func TestBeingAPerson(t *testing.T) {
	d := newDesk(t, nil)
	page := d.sit("+12015550150")
	if _, answer, err := websocket.Dial(t.Context(), d.api.URL+"/control/person/+12015550150", nil); err == nil || answer.StatusCode != http.StatusConflict {
		t.Errorf("a second page for the same person: %v, want 409", err)
	}
	spoken, fromServer := bytes.Repeat([]byte{0x21}, 800), bytes.Repeat([]byte{0x35}, 800)
	type result struct {
		heard []byte
		digit string
	}
	got := make(chan result, 1)
	d.socket = func(s *stream) {
		s.untilStart()
		s.write(mediastream.AppendMedia(nil, s.start.StreamSid, fromServer))
		var r result
		for r.digit == "" || !bytes.Contains(s.heard, spoken[:320]) {
			m, ok := s.read()
			if !ok {
				break
			}
			r.digit += m.Digit
		}
		r.heard = s.heard
		got <- r
		for s.next() {
		}
	}
	made := d.dial("+12015550150")
	if sign := page.sign("ring"); sign["call"] != made.Sid || sign["from"] != ours {
		t.Errorf("ring = %v", sign)
	}
	page.send(`{"type":"answer"}`)
	page.sign("up")
	page.hears(fromServer[:160])
	if err := page.conn.Write(context.Background(), websocket.MessageBinary, spoken); err != nil {
		t.Fatal(err)
	}
	page.send(`{"type":"key","key":"9"}`)
	if r := receive(d, got); r.digit != "9" || !bytes.Contains(r.heard, spoken[:320]) {
		t.Errorf("the server got key %q and the sound: %v", r.digit, bytes.Contains(r.heard, spoken[:320]))
	}
	page.send(`{"type":"hangUp"}`)
	page.sign("end")
	if end := d.ended(made.Sid); end != "completed" {
		t.Errorf("ended as %q, want completed", end)
	}
}

// hears reads until a frame arrives.
func (s *seat) hears(frame []byte) {
	s.d.t.Helper()
	for {
		typ, message, err := s.conn.Read(context.Background())
		if err != nil {
			s.d.t.Fatal(err)
		}
		if typ == websocket.MessageBinary && bytes.Equal(message, frame) {
			return
		}
	}
}

func TestDecliningAndLeaving(t *testing.T) {
	d := newDesk(t, nil)
	page := d.sit("+12015550151")
	first := d.dial("+12015550151")
	page.sign("ring")
	page.send(`{"type":"decline"}`)
	page.sign("end")
	if end := d.ended(first.Sid); end != "busy" {
		t.Errorf("declined call ended as %q, want busy", end)
	}
	second := d.dial("+12015550151")
	page.sign("ring")
	third := d.dial("+12015550151")
	if end := d.ended(third.Sid); end != "busy" {
		t.Errorf("a call to a telephone that rings ended as %q, want busy", end)
	}
	_ = page.conn.CloseNow()
	if end := d.ended(second.Sid); end != "busy" {
		t.Errorf("the call ended as %q when the page went away, want busy", end)
	}
	d.eventually("the seat to be free", func() bool {
		conn, _, err := websocket.Dial(t.Context(), d.api.URL+"/control/person/+12015550151", nil)
		if err == nil {
			_ = conn.CloseNow()
		}
		return err == nil
	})
	if diff := cmp.Diff(len(d.voice), 0); diff != "" {
		t.Errorf("voice requests (-got +want):\n%s", diff)
	}
}

// TestHeardByName teaches the simulator a sound, plays it from the server, and
// asks what the person heard and said.
func TestHeardByName(t *testing.T) {
	d := newDesk(t, nil)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, d.api.URL+"/control/sounds/hold", bytes.NewReader(twilio.ToneFile(2*time.Second, 730)))
	if err != nil {
		t.Fatal(err)
	}
	if status, body := d.fetch(r); status != http.StatusNoContent {
		t.Fatalf("teach: %d %s", status, body)
	}
	d.mu.Lock()
	d.server.Config.Handler.(*http.ServeMux).HandleFunc("/hold.wav", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(twilio.ToneFile(2*time.Second, 730))
	})
	d.mu.Unlock()
	d.answer(twiml.Pause{Length: 1}, twiml.Play{URL: "/hold.wav"})
	d.control(http.MethodPut, "/people/+12015550142", twilio.Person{AnswerAfter: twilio.In(0), Turns: []twilio.Turn{{Say: "customer-2"}}})
	made := d.dial("+12015550142")
	d.ended(made.Sid)
	for path, want := range map[string][]string{"heard.json": {"silence", "sound:hold"}, "said.json": {"voice:customer-2"}} {
		_, body := d.control(http.MethodGet, "/calls/"+made.Sid+"/"+path, nil)
		var heard twilio.Heard
		if err := json.Unmarshal(body, &heard); err != nil || heard.Call != made.Sid || heard.Start.IsZero() {
			t.Fatalf("%s: %v %s", path, err, body)
		}
		for _, name := range want {
			if !slices.ContainsFunc(heard.Segments, func(s twilio.Segment) bool { return slices.Contains(s.What, name) }) {
				t.Errorf("%s has no %s: %s", path, name, body)
			}
		}
	}
	if status, _ := d.control(http.MethodPut, "/sounds/short", nil); status != http.StatusBadRequest {
		t.Errorf("no sound: %d, want 400", status)
	}
}

// TestBeingACaller is a page that calls the desk: it is told that it rings, hears
// and speaks once somebody has answered, and may hang up at any time.
func TestBeingACaller(t *testing.T) {
	d := newDesk(t, nil)
	d.setNumber("VoiceUrl", d.server.URL+"/voice", "StatusCallback", d.server.URL+"/status")
	page := d.sit(caller)
	heard := bytes.Repeat([]byte{0x35}, 800)
	d.socket = func(s *stream) {
		s.untilStart()
		s.write(mediastream.AppendMedia(nil, s.start.StreamSid, heard))
		for s.next() {
		}
	}
	sid := d.arriveAs(twilio.Caller{From: caller, To: ours})
	if sign := page.sign("calling"); sign["call"] != sid {
		t.Errorf("calling = %v, want %s", sign, sid)
	}
	page.sign("up")
	page.hears(heard[:160])
	page.send(`{"type":"hangUp"}`)
	page.sign("end")
	if end := d.ended(sid); end != "completed" {
		t.Errorf("ended as %q, want completed", end)
	}
	d.answer(twiml.Pause{Length: 60})
	sid = d.arriveAs(twilio.Caller{From: caller, To: ours})
	page.sign("calling")
	page.send(`{"type":"hangUp"}`)
	page.sign("end")
	if end := d.ended(sid); end != "no-answer" {
		t.Errorf("given up while it rang, it ended as %q, want no-answer", end)
	}
	_ = page.conn.CloseNow()
}
