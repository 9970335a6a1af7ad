package twilio_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"softphone/internal/protocol/mediastream"
	"softphone/internal/protocol/twilioapi"
	"softphone/internal/protocol/twiml"
	"softphone/internal/sim/twilio"

	"github.com/coder/websocket"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	account = "AC00000000000000000000000000000001"
	token   = "0123456789abcdef0123456789abcdef"
	keySid  = "SK00000000000000000000000000000001"
	ours    = "+12015550100"
	quick   = "+12015550140" // answers at once and says nothing
)

// desk is the smallest customer of Twilio: it keeps what it is told, answers
// with a document, and takes media streams.
type desk struct {
	t      *testing.T
	sim    *twilio.Sim
	api    *httptest.Server // the simulator
	server *httptest.Server // the desk
	socket func(*stream)    // what the media server does

	mu        sync.Mutex
	document  func(form url.Values) []byte
	status    int
	callbacks []url.Values
	tokens    []string // idempotency tokens, one a callback
	voice     []url.Values
	changed   chan struct{}
}

func newDesk(t *testing.T, change func(*twilio.Config)) *desk {
	t.Helper()
	d := &desk{t: t, changed: make(chan struct{}, 1000), status: http.StatusOK}
	d.server = httptest.NewUnstartedServer(d.routes())
	c := twilio.Config{
		Insecure: true, Seed: 1,
		Accounts: []twilio.Account{{
			Sid: account, Token: token, CallsPerSecond: -1, Keys: []twilio.Key{{Sid: keySid, Secret: "secret"}},
			Numbers: []twilio.Number{{Number: ours, Name: "Desk"}, {Number: "+442079460001"}},
		}},
		People: []twilio.Person{{Number: quick, Name: "Quick", AnswerAfter: twilio.In(0), Sound: twilio.Silent}},
	}
	if change != nil {
		change(&c)
	}
	if c.Insecure {
		d.server.Start()
	} else {
		d.server.StartTLS()
		c.TLS = d.server.Client().Transport.(*http.Transport).TLSClientConfig
	}
	var err error
	if d.sim, err = twilio.New(c); err != nil {
		t.Fatal(err)
	}
	if err := d.sim.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	d.api = httptest.NewServer(d.sim.Handler())
	t.Cleanup(d.close)
	d.answer(twiml.Connect{Stream: twiml.Stream{URL: "/media", Parameters: []twiml.Parameter{{Name: "token", Value: "t1"}}}})
	return d
}

func (d *desk) close() {
	if err := d.sim.Close(); err != nil {
		d.t.Error(err)
	}
	d.api.Close()
	d.server.Close()
	http.DefaultClient.CloseIdleConnections()
}

// answer sets the document of the next voice requests.
func (d *desk) answer(verbs ...twiml.Verb) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.document = func(url.Values) []byte { return twiml.Response{Verbs: verbs}.Bytes() }
}

func (d *desk) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/voice", func(w http.ResponseWriter, r *http.Request) {
		form := d.signed(r)
		d.mu.Lock()
		d.voice = append(d.voice, form)
		document, status := d.document(form), d.status
		d.mu.Unlock()
		d.change()
		w.Header().Set("Content-Type", twiml.ContentType)
		w.WriteHeader(status)
		_, _ = w.Write(document)
	})
	mux.HandleFunc("/fallback", func(w http.ResponseWriter, r *http.Request) {
		form := d.signed(r)
		d.mu.Lock()
		d.voice = append(d.voice, form)
		d.mu.Unlock()
		w.Header().Set("Content-Type", twiml.ContentType)
		_, _ = w.Write(twiml.Response{Verbs: []twiml.Verb{twiml.Hangup{}}}.Bytes())
	})
	mux.HandleFunc("/status", func(w http.ResponseWriter, r *http.Request) {
		form := d.signed(r)
		d.mu.Lock()
		d.callbacks = append(d.callbacks, form)
		d.tokens = append(d.tokens, r.Header.Get(twilioapi.IdempotencyHeader))
		d.mu.Unlock()
		d.change()
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("/media", d.serveMedia)
	return mux
}

func (d *desk) change() {
	select {
	case d.changed <- struct{}{}:
	default:
	}
}

// signed checks a webhook as a customer must, and returns its parameters.
func (d *desk) signed(r *http.Request) url.Values {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		d.t.Error(err)
	}
	form, err := twilioapi.ParseForm(body)
	if err != nil {
		d.t.Errorf("webhook %s: %v", r.URL, err)
	}
	signature := r.Header.Get(twilioapi.SignatureHeader)
	if err := twilioapi.Validate(token, d.server.URL+r.URL.RequestURI(), form, signature); err != nil {
		d.t.Errorf("webhook %s: %v", r.URL, err)
	}
	if r.Method == http.MethodGet {
		return r.URL.Query()
	}
	return form
}

// do makes a REST request and returns status and body.
func (d *desk) do(method, path string, form url.Values, user ...string) (int, []byte) {
	d.t.Helper()
	address := d.api.URL + path
	var body io.Reader
	if method == http.MethodPost || method == http.MethodPut {
		body = strings.NewReader(form.Encode())
	}
	r, err := http.NewRequestWithContext(d.t.Context(), method, address, body)
	if err != nil {
		d.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if len(user) == 0 {
		user = []string{account, token}
	}
	r.SetBasicAuth(user[0], user[1])
	return d.fetch(r)
}

func (d *desk) fetch(r *http.Request) (int, []byte) {
	d.t.Helper()
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, []byte(err.Error())
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	return answer.StatusCode, body
}

// control makes a request of the control interface with a JSON body.
func (d *desk) control(method, path string, body any) (int, []byte) {
	d.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		d.t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(d.t.Context(), method, d.api.URL+"/control"+path, strings.NewReader(string(text)))
	if err != nil {
		d.t.Fatal(err)
	}
	return d.fetch(r)
}

func (d *desk) fault(f twilio.Fault) {
	d.t.Helper()
	if status, body := d.control(http.MethodPost, "/faults", f); status != http.StatusCreated {
		d.t.Fatalf("order a fault: %d %s", status, body)
	}
}

const callsPath = "/2010-04-01/Accounts/" + account + "/Calls"

// order is the form of a call that tells everything.
func (d *desk) order(to string, pairs ...string) url.Values {
	f := url.Values{
		"To": {to}, "From": {ours}, "Url": {d.server.URL + "/voice?leg=1#rc=2&rp=all"},
		"StatusCallback":      {d.server.URL + "/status?leg=1"},
		"StatusCallbackEvent": {"initiated", "ringing", "answered", "completed"},
	}
	for i := 0; i < len(pairs); i += 2 {
		f.Set(pairs[i], pairs[i+1])
	}
	return f
}

func (d *desk) dial(to string, pairs ...string) twilioapi.Call {
	d.t.Helper()
	status, body := d.do(http.MethodPost, callsPath+".json", d.order(to, pairs...))
	if status != http.StatusCreated {
		d.t.Fatalf("dial %s: %d %s", to, status, body)
	}
	return readCall(d.t, body)
}

func readCall(t *testing.T, body []byte) twilioapi.Call {
	t.Helper()
	var c twilioapi.Call
	if err := json.Unmarshal(body, &c); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	return c
}

func (d *desk) call(sid string) twilioapi.Call {
	d.t.Helper()
	status, body := d.do(http.MethodGet, callsPath+"/"+sid+".json", nil)
	if status != http.StatusOK {
		d.t.Fatalf("fetch call: %d %s", status, body)
	}
	return readCall(d.t, body)
}

func (d *desk) update(sid string, pairs ...string) (int, []byte) {
	f := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		f.Set(pairs[i], pairs[i+1])
	}
	return d.do(http.MethodPost, callsPath+"/"+sid+".json", f)
}

// eventually waits until ok; what says what was waited for.
func (d *desk) eventually(what string, ok func() bool) {
	d.t.Helper()
	limit := time.Now().Add(15 * time.Second)
	for !ok() {
		if time.Now().After(limit) {
			d.t.Fatalf("waited in vain for %s\n%s", what, d.story())
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func (d *desk) story() string {
	var b strings.Builder
	for _, e := range d.sim.Ledger("", "") {
		line, _ := json.Marshal(e)
		b.Write(append(line, '\n'))
	}
	return b.String()
}

// statuses returns the CallStatus of the callbacks of a call by SequenceNumber.
func (d *desk) statuses(sid string) []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	bySequence := map[string]string{}
	for _, f := range d.callbacks {
		if f.Get("CallSid") == sid && f.Has("SequenceNumber") {
			bySequence[f.Get("SequenceNumber")] = f.Get("CallStatus")
		}
	}
	var list []string
	for _, n := range []string{"0", "1", "2", "3", "4"} {
		if s, ok := bySequence[n]; ok {
			list = append(list, s)
		}
	}
	return list
}

// callback returns the last callback of a status.
func (d *desk) callback(status string) url.Values {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i := len(d.callbacks) - 1; i >= 0; i-- {
		if d.callbacks[i].Get("CallStatus") == status {
			return d.callbacks[i]
		}
	}
	return nil
}

// ended waits for the last callback of a call and returns its status.
func (d *desk) ended(sid string) string {
	d.t.Helper()
	last := ""
	d.eventually("the end of the call", func() bool {
		for _, s := range d.statuses(sid) {
			last = s
		}
		return twilioapi.IsFinal(last)
	})
	return last
}

// noted waits for an entry of a kind and returns it.
func (d *desk) noted(call, kind, what string) twilio.Entry {
	d.t.Helper()
	var found twilio.Entry
	d.eventually("ledger: "+kind+" "+what, func() bool {
		for _, e := range d.sim.Ledger(call, kind) {
			if strings.Contains(e.What, what) {
				found = e
				return true
			}
		}
		return false
	})
	return found
}

func (d *desk) noViolations() {
	d.t.Helper()
	for _, e := range d.sim.Ledger("", twilio.KindViolation) {
		d.t.Errorf("violation: %s %v", e.What, e.Detail)
	}
}

// stream is the media server's side of one stream.
type stream struct {
	desk    *desk
	conn    *websocket.Conn
	header  http.Header
	decoder mediastream.Decoder
	start   mediastream.Start
	seq     []int64
	heard   []byte
	events  []string
}

func (d *desk) serveMedia(w http.ResponseWriter, r *http.Request) {
	conn, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	defer conn.CloseNow()
	conn.SetReadLimit(1 << 20)
	s := &stream{desk: d, conn: conn, header: r.Header}
	if d.socket != nil {
		d.socket(s)
		return
	}
	for s.next() {
	}
}

// next reads a message; false when the socket is over.
func (s *stream) next() bool {
	_, ok := s.read()
	return ok
}

func (s *stream) read() (mediastream.Message, bool) {
	_, frame, err := s.conn.Read(context.Background())
	if err != nil {
		return mediastream.Message{}, false
	}
	m, err := s.decoder.Decode(frame)
	if err != nil {
		s.desk.t.Errorf("%v: %s", err, frame)
		return m, false
	}
	if m.Event == mediastream.EventStart {
		s.start = *m.Start
	}
	if m.Event != mediastream.EventConnected {
		s.seq = append(s.seq, m.Sequence)
	}
	s.heard = append(s.heard, m.Media.Payload...)
	s.events = append(s.events, string(m.Event))
	return m, true
}

func (s *stream) write(frame []byte) {
	if err := s.conn.Write(context.Background(), websocket.MessageText, frame); err != nil {
		s.desk.t.Errorf("write to Twilio: %v", err)
	}
}

// receive waits for a value of a media server.
func receive[T any](d *desk, from <-chan T) T {
	d.t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(10 * time.Second):
		d.t.Fatalf("waited in vain for the media server\n%s", d.story())
		panic("unreachable")
	}
}
