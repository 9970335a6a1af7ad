package twilio_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"testing"
	"time"

	"softphone/internal/protocol/twilioapi"
	"softphone/internal/protocol/twiml"
	"softphone/internal/sim/twilio"

	"github.com/google/go-cmp/cmp"
)

const caller = "+12015550160"

// setNumber sets addresses of the desk's number.
func (d *desk) setNumber(pairs ...string) {
	d.t.Helper()
	_, body := d.do(http.MethodGet, accountPath+"/IncomingPhoneNumbers.json?PhoneNumber=%2B12015550100", nil)
	var list twilioapi.NumberList
	if err := json.Unmarshal(body, &list); err != nil || len(list.Numbers) != 1 {
		d.t.Fatalf("numbers: %v %s", err, body)
	}
	f := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		f.Set(pairs[i], pairs[i+1])
	}
	if status, body := d.do(http.MethodPost, accountPath+"/IncomingPhoneNumbers/"+list.Numbers[0].Sid+".json", f); status != http.StatusOK {
		d.t.Fatalf("set number: %d %s", status, body)
	}
}

// arrive lets somebody call the desk.
func (d *desk) arrive(person twilio.Person) string {
	d.t.Helper()
	return d.arriveAs(twilio.Caller{From: caller, To: ours, Person: &person})
}

func (d *desk) arriveAs(c twilio.Caller) string {
	d.t.Helper()
	status, body := d.control(http.MethodPost, "/calls", c)
	if status != http.StatusCreated {
		d.t.Fatalf("call the desk: %d %s", status, body)
	}
	var view twilio.CallView
	if err := json.Unmarshal(body, &view); err != nil {
		d.t.Fatal(err)
	}
	return view.Call
}

func silentPerson() twilio.Person { return twilio.Person{Name: "Quiet", Sound: twilio.Silent} }

// TestInboundCall follows the captured request of an inbound call ("TwiML for
// Programmable Voice", request parameters) and the callback of a number, which
// is sent once.
func TestInboundCall(t *testing.T) {
	d := newDesk(t, nil)
	d.setNumber("VoiceUrl", d.server.URL+"/voice", "StatusCallback", d.server.URL+"/status", "VoiceCallerIdLookup", "true")
	sid := d.arriveAs(twilio.Caller{From: caller, To: ours, ForwardedFrom: "+12015550199", Person: &twilio.Person{Name: "Ana Dupont", Sound: twilio.Silent}})
	d.noted(sid, twilio.KindStream, "started")
	if c := d.call(sid); c.Status != "in-progress" || c.Direction != "inbound" || c.PhoneNumberSid == "" || c.CallerName != "ANA DUPONT" {
		t.Errorf("resource: %+v", c)
	}
	if status, _ := d.control(http.MethodPost, "/calls/"+sid+"/hangup", nil); status != http.StatusNoContent {
		t.Errorf("hang up: %d", status)
	}
	if end := d.ended(sid); end != "completed" {
		t.Errorf("ended as %q, want completed", end)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.callbacks) != 1 || d.callbacks[0].Get("CallDuration") != "1" || d.callbacks[0].Get("Direction") != "inbound" {
		t.Errorf("callbacks: %v, want one, completed", d.callbacks)
	}
	for name, want := range map[string]string{
		"From": caller, "Caller": caller, "To": ours, "Called": ours, "Direction": "inbound", "CallStatus": "ringing",
		"ApiVersion": "2010-04-01", "StirVerstat": "TN-Validation-Passed-A", "CallerName": "ANA DUPONT",
		"ForwardedFrom": "+12015550199", "FromCity": "", "CalledZip": "",
	} {
		if got := d.voice[0]; got.Get(name) != want || !got.Has(name) {
			t.Errorf("voice request has %s=%q, want %q", name, got.Get(name), want)
		}
	}
	checkToken(t, d.voice[0].Get("CallToken"))
	if d.callbacks[0].Has("CallToken") {
		t.Error("the status callback has a CallToken")
	}
}

func checkToken(t *testing.T, token string) {
	t.Helper()
	text, err := url.QueryUnescape(token)
	if err != nil {
		t.Fatal(err)
	}
	var inside struct {
		Token    string   `json:"parentCallInfoToken"`
		Identity []string `json:"identityHeaderTokens"`
	}
	if err := json.Unmarshal([]byte(text), &inside); err != nil || inside.Token == "" {
		t.Errorf("CallToken %s: %v", text, err)
	}
}

// TestCallersThatDoNotGetThrough ends a call before the answer in every way.
func TestCallersThatDoNotGetThrough(t *testing.T) {
	for name, c := range map[string]struct {
		verbs []twiml.Verb
		act   func(d *desk, sid string)
		want  string
	}{
		"rejected":         {[]twiml.Verb{twiml.Reject{}}, nil, "no-answer"},
		"rejected as busy": {[]twiml.Verb{twiml.Reject{Reason: "busy"}}, nil, "busy"},
		"rejected late":    {[]twiml.Verb{twiml.Pause{}, twiml.Reject{Reason: "busy"}}, nil, "busy"},
		"hangs up":         {[]twiml.Verb{twiml.Pause{Length: 60}}, func(d *desk, sid string) { d.control(http.MethodPost, "/calls/"+sid+"/hangup", nil) }, "no-answer"},
		"gives up":         {[]twiml.Verb{twiml.Pause{Length: 60}}, nil, "no-answer"},
		"canceled":         {[]twiml.Verb{twiml.Pause{Length: 60}}, func(d *desk, sid string) { d.update(sid, "Status", "canceled") }, "canceled"},
		"hung up on":       {[]twiml.Verb{twiml.Hangup{}}, nil, "completed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, nil)
			d.setNumber("VoiceUrl", d.server.URL+"/voice", "StatusCallback", d.server.URL+"/status")
			d.answer(c.verbs...)
			p := silentPerson()
			p.GiveUpAfter = twilio.Span(2 * time.Second)
			sid := d.arrive(p)
			if c.act != nil {
				d.eventually("the voice request", func() bool { return len(d.sim.Ledger(sid, twilio.KindVoice)) == 1 })
				c.act(d, sid)
			}
			if end := d.ended(sid); end != c.want {
				t.Errorf("ended as %q, want %s", end, c.want)
			}
			if answered := len(d.sim.Ledger(sid, twilio.KindPerson)) > 0; answered != (c.want == "completed") {
				t.Errorf("answered: %v", answered)
			}
			d.noViolations()
		})
	}
}

// TestInboundFallback says that the fallback address of the number is told what
// went wrong, and that without a document the caller hears an apology.
func TestInboundFallback(t *testing.T) {
	d := newDesk(t, nil)
	d.status = http.StatusInternalServerError
	d.setNumber("VoiceUrl", d.server.URL+"/voice?n=1", "VoiceFallbackUrl", d.server.URL+"/fallback", "StatusCallback", d.server.URL+"/status")
	sid := d.arrive(silentPerson())
	if end := d.ended(sid); end != "completed" {
		t.Errorf("ended as %q, want completed", end)
	}
	d.mu.Lock()
	last := d.voice[len(d.voice)-1]
	d.mu.Unlock()
	if last.Get("ErrorCode") != "11200" || last.Get("ErrorUrl") != d.server.URL+"/voice?n=1" || last.Get("CallStatus") != "ringing" {
		t.Errorf("fallback: %v", last)
	}
	d.setNumber("VoiceFallbackUrl", "")
	p := silentPerson()
	p.HangUpAfter = twilio.Span(time.Second)
	sid = d.arrive(p)
	d.ended(sid)
	_, sound := d.control(http.MethodGet, "/calls/"+sid+"/heard.wav", nil)
	if len(sound) < 4000 {
		t.Errorf("the caller heard %d bytes, want an apology", len(sound))
	}
}

func TestCallersThatAreRefused(t *testing.T) {
	d := newDesk(t, nil)
	for _, c := range []twilio.Caller{
		{From: caller, To: ours}, {From: caller, To: "+12015550999"}, {From: "Ana", To: ours},
		{From: caller, To: ours, Person: &twilio.Person{Sound: "shouts"}},
		{From: caller, To: ours, Person: &twilio.Person{Sound: twilio.Tone, Frequency: 5000}},
	} {
		if status, body := d.control(http.MethodPost, "/calls", c); status != http.StatusBadRequest {
			t.Errorf("%+v: %d %s, want 400", c, status, body)
		}
	}
	d.setNumber("VoiceUrl", d.server.URL+"/voice")
	if _, err := d.sim.Call(twilio.Caller{From: "anonymous", To: ours}); err != nil {
		t.Errorf("a withheld number: %v", err)
	}
}

// TestCallToken says that a caller's number may be carried by another call with
// their token, and by no call without it.
func TestCallToken(t *testing.T) {
	d := newDesk(t, nil)
	d.setNumber("VoiceUrl", d.server.URL+"/voice")
	sid := d.arrive(silentPerson())
	d.noted(sid, twilio.KindStream, "started")
	d.mu.Lock()
	token := d.voice[0].Get("CallToken")
	d.mu.Unlock()
	for name, c := range map[string]struct {
		from, token string
		code        int
	}{
		"own": {ours, "", 0}, "caller with token": {caller, token, 0}, "caller without": {caller, "", twilioapi.CodeFromNotOwned},
		"other with token": {"+12015550161", token, twilioapi.CodeFromNotOwned}, "made up": {caller, "x", twilioapi.CodeFromNotOwned},
	} {
		status, body := d.do(http.MethodPost, callsPath+".json", d.order(twilio.NumberBusy, "From", c.from, "CallToken", c.token))
		if c.code == 0 && status != http.StatusCreated || c.code != 0 && twilioapi.ReadError(status, body).Code != c.code {
			t.Errorf("%s: %d %s, want code %d", name, status, body, c.code)
		}
	}
	d.update(sid, "Status", "completed")
}

// TestSpeaksAtATime says that a turn with a time comes whether or not anybody
// has spoken.
func TestSpeaksAtATime(t *testing.T) {
	d := newDesk(t, nil)
	d.setNumber("VoiceUrl", d.server.URL+"/voice", "StatusCallback", d.server.URL+"/status")
	sid := d.arrive(twilio.Person{Turns: []twilio.Turn{
		{At: twilio.In(0), Press: "1"}, {At: twilio.In(700 * time.Millisecond), Press: "2", HangUp: true},
	}})
	d.ended(sid)
	var pressed []any
	for _, e := range d.sim.Ledger(sid, twilio.KindPerson) {
		if e.What == "pressed" {
			pressed = append(pressed, e.Detail["what"])
		}
	}
	if diff := cmp.Diff(pressed, []any{"1", "2"}); diff != "" {
		t.Errorf("keys (-got +want):\n%s", diff)
	}
}

// TestUpdateOfALiveCall changes what a call does later: where its end is told,
// and how long it may be.
func TestUpdateOfALiveCall(t *testing.T) {
	d := newDesk(t, nil)
	d.setNumber("VoiceUrl", d.server.URL+"/voice")
	sid := d.arrive(silentPerson())
	d.noted(sid, twilio.KindStream, "started")
	if status, body := d.update(sid, "StatusCallback", d.server.URL+"/status", "TimeLimit", "1"); status != http.StatusOK {
		t.Fatalf("update: %d %s", status, body)
	}
	if end := d.ended(sid); end != "completed" {
		t.Errorf("ended as %q, want completed", end)
	}
	if e := d.noted(sid, twilio.KindCall, "completed"); e.Detail["why"] != "the time limit passed" {
		t.Errorf("ended because %v, want the time limit", e.Detail["why"])
	}
}

// TestServerThatDies breaks the socket from the server's side and lets Twilio go
// on, end the call, or notice nothing; a redirection works as long as the call
// is up.
func TestServerThatDies(t *testing.T) {
	for name, c := range map[string]struct {
		fault *twilio.Fault
		want  string // what the ledger says then
	}{
		"goes on":         {nil, "Redirect"},
		"ends the call":   {&twilio.Fault{Kind: twilio.FaultSocketLost, EndsCall: true}, ""},
		"notices nothing": {&twilio.Fault{Kind: twilio.FaultSocketLost, Unnoticed: true}, "Pause"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, nil)
			if c.fault != nil {
				d.fault(*c.fault)
			}
			d.setNumber("VoiceUrl", d.server.URL+"/voice", "StatusCallback", d.server.URL+"/status")
			d.mu.Lock()
			d.document = func(url.Values) []byte {
				if len(d.voice) > 1 {
					return twiml.Response{Verbs: []twiml.Verb{twiml.Pause{Length: 30}}}.Bytes()
				}
				return twiml.Response{Verbs: []twiml.Verb{twiml.Connect{Stream: twiml.Stream{URL: "/media"}}, twiml.Redirect{URL: "/voice?again=1"}}}.Bytes()
			}
			d.mu.Unlock()
			d.socket = func(s *stream) {
				s.untilStart()
				_ = s.conn.CloseNow()
			}
			sid := d.arrive(silentPerson())
			e := d.noted(sid, twilio.KindStream, "stopped")
			if e.Detail["cause"] != "broken" {
				t.Errorf("cause = %v, want broken", e.Detail["cause"])
			}
			if c.want == "" {
				if end := d.ended(sid); end != "completed" {
					t.Errorf("ended as %q", end)
				}
				return
			}
			if status, body := d.update(sid, "Twiml", "<Response><Pause length='20'/></Response>"); status != http.StatusOK {
				t.Errorf("redirect: %d %s", status, body)
			}
			d.noted(sid, twilio.KindVerb, c.want)
			d.noted(sid, twilio.KindVerb, "Pause")
			d.update(sid, "Status", "completed")
			d.ended(sid)
		})
	}
}

func TestRefusedUpgradeByOrder(t *testing.T) {
	d := newDesk(t, nil)
	d.fault(twilio.Fault{Kind: twilio.FaultSocketRefuse})
	made := d.dial(quick)
	d.ended(made.Sid)
	if e := d.noted(made.Sid, twilio.KindAlert, "no stream"); e.Detail["code"] != twilioapi.CodeStreamRefused {
		t.Errorf("alert: %v", e.Detail)
	}
	d.noViolations()
}

func TestUpdateThatIsLost(t *testing.T) {
	d := newDesk(t, nil)
	made := d.dial(twilio.NumberNoAnswer)
	d.fault(twilio.Fault{Kind: twilio.FaultUpdateThenDrop})
	if status, _ := d.update(made.Sid, "Status", "canceled"); status != 0 {
		t.Errorf("status %d, want no answer", status)
	}
	if end := d.ended(made.Sid); end != "canceled" {
		t.Errorf("ended as %q, want canceled: the change was made", end)
	}
}
