package twilio_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"softphone/internal/protocol/g711"
	"softphone/internal/protocol/twilioapi"
	"softphone/internal/protocol/twilioapi/contract"
	"softphone/internal/protocol/twiml"
	"softphone/internal/protocol/wav"
	"softphone/internal/sim/twilio"

	"github.com/google/go-cmp/cmp"
)

// People of one tone each: whoever hears it knows who spoke.
const (
	low    = "+12015550171" // 500 Hz
	middle = "+12015550172" // 900 Hz
	high   = "+12015550173" // 1700 Hz
)

// choir is a desk whose people each have a tone.
func choir(t *testing.T) *desk {
	d := newDesk(t, func(c *twilio.Config) {
		for number, f := range map[string]float64{low: 500, middle: 900, high: 1700} {
			c.People = append(c.People, twilio.Person{Number: number, AnswerAfter: twilio.In(0), Sound: twilio.Tone, Frequency: f})
		}
	})
	d.setNumber("VoiceUrl", d.server.URL+"/voice", "StatusCallback", d.server.URL+"/status")
	return d
}

// script answers the first voice request with some verbs and every other one
// with a hang-up.
func (d *desk) script(verbs ...twiml.Verb) {
	d.mu.Lock()
	defer d.mu.Unlock()
	first := true
	d.document = func(url.Values) []byte {
		if first {
			first = false
			return twiml.Response{Verbs: verbs}.Bytes()
		}
		return twiml.Response{Verbs: []twiml.Verb{twiml.Hangup{}}}.Bytes()
	}
}

// children returns the legs a call dialled.
func (d *desk) children(sid string) []twilioapi.Call {
	d.t.Helper()
	status, body := d.do(http.MethodGet, callsPath+".json?ParentCallSid="+sid, nil)
	var list twilioapi.CallList
	if err := json.Unmarshal(body, &list); err != nil || status != http.StatusOK {
		d.t.Fatalf("%d %s %v", status, body, err)
	}
	return list.Calls
}

// heard returns the sound a person heard.
func (d *desk) heard(sid string) []byte {
	d.t.Helper()
	status, body := d.control(http.MethodGet, "/calls/"+sid+"/heard.wav", nil)
	if status == http.StatusConflict { // not answered yet
		return nil
	}
	clip, err := wav.ReadClip(bytes.NewReader(body), 1<<24)
	if err != nil {
		d.t.Fatal(err)
	}
	return clip.Sound
}

// hears waits until the last half second of what a person heard has one tone and
// lacks others.
func (d *desk) hears(sid string, want float64, not ...float64) {
	d.t.Helper()
	d.eventually("the tone to be heard", func() bool {
		sound := d.heard(sid)
		if len(sound) < 4000 {
			return false
		}
		sound = sound[len(sound)-4000:]
		for _, f := range not {
			if hasTone(sound, f) {
				return false
			}
		}
		return want == 0 || hasTone(sound, want)
	})
}

// hasTone says whether a sound holds a frequency, louder than -30 dBm0.
func hasTone(sound []byte, f float64) bool { return twilio.ToneLevel(sound, f) > -30 }

func (d *desk) voiceWith(name string) url.Values {
	d.t.Helper()
	var found url.Values
	d.eventually("a voice request with "+name, func() bool {
		d.mu.Lock()
		defer d.mu.Unlock()
		for _, f := range d.voice {
			if f.Has(name) {
				found = f
				return true
			}
		}
		return false
	})
	return found
}

// TestDial connects a caller with whoever answers first, and lets them hear each
// other and nobody else ("<Dial>", "<Number>").
func TestDial(t *testing.T) {
	d := choir(t)
	d.script(twiml.Dial{Action: "/voice?after=1", Nouns: []twiml.Noun{
		twiml.Number{Number: twilio.NumberNoAnswer},
		twiml.Number{Number: middle, Leg: twiml.Leg{StatusCallback: "/status?leg=2", StatusCallbackEvent: "initiated ringing answered completed"}},
	}})
	sid := d.arrive(twilio.Person{Sound: twilio.Tone, Frequency: 500})
	d.noted(sid, twilio.KindRoom, "connected")
	legs := d.children(sid)
	if len(legs) != 2 {
		t.Fatalf("%d legs, want two", len(legs))
	}
	won, lost := legs[0], legs[1]
	if won.To != middle {
		won, lost = lost, won
	}
	if won.Direction != "outbound-dial" || won.From != caller || string(won.ParentCallSid) != sid {
		t.Errorf("leg: %+v", won)
	}
	d.hears(sid, 900, 500)
	d.hears(won.Sid, 500, 900)
	d.control(http.MethodPost, "/calls/"+won.Sid+"/hangup", nil)
	after := d.voiceWith("DialCallStatus")
	for name, want := range map[string]string{"DialCallStatus": "completed", "DialCallSid": won.Sid, "DialBridged": "true", "CallStatus": "in-progress", "CallSid": sid} {
		if got := after.Get(name); got != want {
			t.Errorf("action has %s=%q, want %q", name, got, want)
		}
	}
	if end := d.ended(sid); end != "completed" {
		t.Errorf("caller ended as %q", end)
	}
	if got := d.call(lost.Sid).Status; got != "canceled" {
		t.Errorf("the other leg is %s, want canceled", got)
	}
	d.eventually("the callbacks of the leg", func() bool { return len(d.statuses(won.Sid)) == 4 })
	if got := d.callback("in-progress").Get("ParentCallSid"); got != sid {
		t.Errorf("ParentCallSid of the leg's callback = %q, want %s", got, sid)
	}
	d.noViolations()
}

// TestDialOutcomes tells the action how it went, and runs the next verb without
// an action.
func TestDialOutcomes(t *testing.T) {
	number := func(n string) []twiml.Noun { return []twiml.Noun{twiml.Number{Number: n}} }
	for name, c := range map[string]struct {
		verb twiml.Dial
		act  func(d *desk, sid string)
		want string
	}{
		"busy":            {twiml.Dial{Nouns: number(twilio.NumberBusy)}, nil, "busy"},
		"no answer":       {twiml.Dial{Timeout: 1, Nouns: number(twilio.NumberNoAnswer)}, nil, "no-answer"},
		"unreachable":     {twiml.Dial{Nouns: number(twilio.NumberUnreachable)}, nil, "failed"},
		"no client":       {twiml.Dial{Nouns: []twiml.Noun{twiml.Client{Identity: "nobody"}}}, nil, "no-answer"},
		"in turn":         {twiml.Dial{Sequential: "true", Nouns: append(number(twilio.NumberBusy), number(twilio.NumberHangsUp)...)}, nil, "completed"},
		"time is up":      {twiml.Dial{TimeLimit: 1, Nouns: number(quick)}, nil, "completed"},
		"star":            {twiml.Dial{HangupOnStar: "true", Nouns: number(quick)}, pressStar, "completed"},
		"foreign number":  {twiml.Dial{CallerID: "+12015550199", Nouns: number(quick)}, nil, "failed"},
		"caller hangs up": {twiml.Dial{Nouns: number(twilio.NumberNoAnswer)}, func(d *desk, sid string) { d.control(http.MethodPost, "/calls/"+sid+"/hangup", nil) }, "canceled"},
		"on the bridge":   {twiml.Dial{AnswerOnBridge: "true", Nouns: number(twilio.NumberBusy)}, nil, "busy"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := choir(t)
			c.verb.Action, c.verb.Method = "/voice?after=1", "GET"
			d.script(c.verb)
			sid := d.arrive(silentPerson())
			if c.act != nil {
				d.noted(sid, twilio.KindPerson, "answered")
				c.act(d, sid)
			}
			if got := d.voiceWith("DialCallStatus").Get("DialCallStatus"); got != c.want {
				t.Errorf("DialCallStatus = %q, want %s", got, c.want)
			}
			d.ended(sid)
			if violations := len(d.sim.Ledger(sid, twilio.KindViolation)); violations > 0 != (name == "foreign number") {
				t.Errorf("%d violations", violations)
			}
		})
	}
}

func pressStar(d *desk, sid string) {
	d.noted(sid, twilio.KindRoom, "connected")
	d.control(http.MethodPost, "/calls/"+sid+"/press", map[string]string{"keys": "*"})
}

// TestAnswerOnBridge lets the caller ring until the other side has answered.
func TestAnswerOnBridge(t *testing.T) {
	d := choir(t)
	d.script(twiml.Dial{AnswerOnBridge: "true", Nouns: []twiml.Noun{twiml.Number{Number: low, Leg: twiml.Leg{URL: "/whisper"}}}})
	gate := make(chan struct{})
	d.server.Config.Handler.(*http.ServeMux).HandleFunc("/whisper", func(w http.ResponseWriter, r *http.Request) {
		_ = d.signed(r)
		<-gate
		w.Header().Set("Content-Type", twiml.ContentType)
		_, _ = w.Write(twiml.Response{Verbs: []twiml.Verb{twiml.Say{Text: "hi"}}}.Bytes())
	})
	sid := d.arrive(silentPerson())
	d.eventually("the leg to be asked for its document", func() bool {
		legs := d.children(sid)
		return len(legs) == 1 && legs[0].Status == "in-progress"
	})
	if got := d.call(sid).Status; got != "ringing" {
		t.Errorf("before the bridge the caller is %s, want ringing", got)
	}
	close(gate)
	d.noted(sid, twilio.KindRoom, "connected")
	if got := d.call(sid).Status; got != "in-progress" {
		t.Errorf("on the bridge the caller is %s, want in-progress", got)
	}
	d.hears(sid, 500)
	d.update(sid, "Status", "completed")
	d.ended(sid)
	legs := d.children(sid)
	d.eventually("the leg to end", func() bool { return d.call(legs[0].Sid).Status == "completed" })
	d.noViolations()
}

// TestRefusedByTheCalled lets the document of the called side hang up before the
// bridge.
func TestRefusedByTheCalled(t *testing.T) {
	d := choir(t)
	d.script(twiml.Dial{Action: "/voice", Nouns: []twiml.Noun{twiml.Number{Number: quick, Leg: twiml.Leg{URL: "/fallback"}}}})
	sid := d.arrive(silentPerson())
	if got := d.voiceWith("DialCallStatus"); got.Get("DialCallStatus") != "no-answer" || got.Get("DialBridged") != "false" {
		t.Errorf("action: %v, want no-answer", got)
	}
	d.ended(sid)
}

// TestClient calls a browser that somebody plays, with the number it came from.
func TestClient(t *testing.T) {
	d := choir(t)
	if status, body := d.control(http.MethodPut, "/people/client:agent_1", twilio.Person{AnswerAfter: twilio.In(0), Sound: twilio.Tone, Frequency: 1700}); status != http.StatusOK {
		t.Fatalf("%d %s", status, body)
	}
	d.script(twiml.Dial{Nouns: []twiml.Noun{twiml.Client{Identity: "agent_1", Parameters: []twiml.Parameter{{Name: "k", Value: "v"}}}}})
	sid := d.arrive(silentPerson())
	d.hears(sid, 1700)
	if leg := d.children(sid)[0]; leg.To != "client:agent_1" {
		t.Errorf("leg to %s", leg.To)
	}
	d.update(sid, "Status", "completed")
	d.ended(sid)
}

// TestLedAwayFromADial leads either side of a bridge elsewhere: the other one
// goes on with the document, or hangs up.
func TestLedAwayFromADial(t *testing.T) {
	for name, ofChild := range map[string]bool{"the caller": false, "the called": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := choir(t)
			d.script(twiml.Dial{Nouns: []twiml.Noun{twiml.Number{Number: low}}}, twiml.Say{Text: "goodbye"})
			sid := d.arrive(silentPerson())
			d.noted(sid, twilio.KindRoom, "connected")
			leg := d.children(sid)[0].Sid
			led, other := sid, leg
			if ofChild {
				led, other = leg, sid
			}
			d.update(led, "Twiml", "<Response><Pause length='20'/></Response>")
			d.noted(led, twilio.KindVerb, "Pause")
			if ofChild {
				d.noted(other, twilio.KindVerb, "Say")
			}
			d.eventually("the other to end", func() bool { return d.call(other).Status == "completed" })
			if got := d.call(led).Status; got != "in-progress" {
				t.Errorf("who was led elsewhere is %s", got)
			}
			d.update(led, "Status", "completed")
		})
	}
}

// contractOf holds an answer against the vendor's description.
func contractOf(t *testing.T, path, method, status string, body []byte) {
	t.Helper()
	o := contract.Operation{Path: "/2010-04-01/Accounts/{AccountSid}" + path, Method: method, Status: status}
	if err := contract.Check(o, body); err != nil {
		t.Errorf("%v: %v", o, err)
	}
}

// TestRecordingOfACall records both sides by request, pauses, goes on and stops:
// the file has each side on its channel, silence where it was paused, and is
// there with the callback ("Call Recordings resource").
func TestRecordingOfACall(t *testing.T) {
	d := choir(t)
	d.script(twiml.Dial{Nouns: []twiml.Noun{twiml.Number{Number: middle}}})
	sid := d.arrive(twilio.Person{Sound: twilio.Tone, Frequency: 500})
	d.noted(sid, twilio.KindRoom, "connected")
	d.hears(sid, 900)
	base := callsPath + "/" + sid + "/Recordings"
	status, body := d.do(http.MethodPost, base+".json", url.Values{
		"RecordingChannels": {"dual"}, "RecordingStatusCallback": {d.server.URL + "/status"}, "RecordingStatusCallbackEvent": {"in-progress completed absent"},
	})
	if status != http.StatusCreated {
		t.Fatalf("%d %s", status, body)
	}
	contractOf(t, "/Calls/{CallSid}/Recordings.json", "post", "201", body)
	var rec twilioapi.Recording
	if err := json.Unmarshal(body, &rec); err != nil || rec.Channels != 2 || rec.Source != "StartCallRecordingAPI" {
		t.Fatalf("%v %+v", err, rec)
	}
	time.Sleep(400 * time.Millisecond)
	for _, to := range []string{"paused", "in-progress", "stopped"} {
		status, body := d.do(http.MethodPost, base+"/Twilio.CURRENT.json", url.Values{"Status": {to}})
		if status != http.StatusOK || !strings.Contains(string(body), `"`+to+`"`) {
			t.Errorf("%s: %d %s", to, status, body)
		}
		contractOf(t, "/Calls/{CallSid}/Recordings/{Sid}.json", "post", "200", body)
		time.Sleep(400 * time.Millisecond)
	}
	done := d.recorded("completed")
	for name, want := range map[string]string{
		"CallSid": sid, "RecordingSid": rec.Sid, "RecordingChannels": "2", "RecordingSource": "StartCallRecordingAPI",
		"RecordingTrack": "both", "RecordingUrl": d.api.URL + accountPath + "/Recordings/" + rec.Sid, "RecordingDuration": "1",
	} {
		if got := done.Get(name); got != want {
			t.Errorf("callback has %s=%q, want %q", name, got, want)
		}
	}
	d.checkFile(rec.Sid)
	d.checkShelf(sid, rec.Sid)
	d.update(sid, "Status", "completed")
}

// recorded waits for the callback of a recording.
func (d *desk) recorded(status string) url.Values {
	d.t.Helper()
	var found url.Values
	d.eventually("recording "+status, func() bool {
		d.mu.Lock()
		defer d.mu.Unlock()
		for _, f := range d.callbacks {
			if f.Get("RecordingStatus") == status {
				found = f
				return true
			}
		}
		return false
	})
	return found
}

func (d *desk) fileOf(sid string) wav.Clip {
	d.t.Helper()
	status, body := d.do(http.MethodGet, accountPath+"/Recordings/"+sid, nil)
	clip, err := wav.ReadClip(bytes.NewReader(body), 1<<24)
	if status != http.StatusOK || err != nil {
		d.t.Fatalf("sound of a recording: %d %v", status, err)
	}
	return clip
}

// checkFile listens to both channels of a file: 0.4 s of sound, silence, sound.
func (d *desk) checkFile(sid string) {
	clip := d.fileOf(sid)
	if clip.Format != wav.Phone(2) {
		d.t.Fatalf("format %+v, want two channels", clip.Format)
	}
	var left, right []byte
	for i := 0; i < len(clip.Sound); i += 2 {
		left, right = append(left, clip.Sound[i]), append(right, clip.Sound[i+1])
	}
	if !hasTone(left[800:2400], 500) || hasTone(left[800:2400], 900) || !hasTone(right[800:2400], 900) || hasTone(right[800:2400], 500) {
		d.t.Error("the caller is not on the left, or the called not on the right")
	}
	silent := 0
	for at := 0; at+160 <= len(left); at += 160 {
		if g711.Level(left[at:at+160]) < -60 && g711.Level(right[at:at+160]) < -60 {
			silent++
		}
	}
	if silent < 10 {
		d.t.Errorf("%d silent frames, want about 20 while it was paused", silent)
	}
}

// checkShelf lists, fetches, converts and deletes a recording.
func (d *desk) checkShelf(call, sid string) {
	for path, o := range map[string]string{
		"/Recordings.json?CallSid=" + call:                "/Recordings.json",
		"/Recordings/" + sid + ".json":                    "/Recordings/{Sid}.json",
		"/Calls/" + call + "/Recordings.json":             "/Calls/{CallSid}/Recordings.json",
		"/Calls/" + call + "/Recordings/" + sid + ".json": "/Calls/{CallSid}/Recordings/{Sid}.json",
	} {
		status, body := d.do(http.MethodGet, accountPath+path, nil)
		if status != http.StatusOK || !strings.Contains(string(body), sid) {
			d.t.Errorf("%s: %d %s", path, status, body)
		}
		contractOf(d.t, o, "get", "200", body)
	}
	media := accountPath + "/Recordings/" + sid
	for path, want := range map[string]int{
		".wav": 200, ".wav?RequestedChannels=1": 200, ".wav?RequestedChannels=2": 200, ".mp3": 406, "x.wav": 404,
	} {
		if status, _ := d.do(http.MethodGet, media+path, nil); status != want {
			d.t.Errorf("%s: %d, want %d", path, status, want)
		}
	}
	if status, _ := d.do(http.MethodGet, media+".wav", nil, "nobody", "x"); status != http.StatusUnauthorized {
		d.t.Errorf("without credentials: %d, want 401", status)
	}
	d.fault(twilio.Fault{Kind: twilio.FaultMedia, Status: 404})
	for _, want := range []int{404, 200} {
		if status, _ := d.do(http.MethodGet, media+".wav", nil); status != want {
			d.t.Errorf("after a fault: %d, want %d", status, want)
		}
	}
	if status, _ := d.do(http.MethodDelete, media+".json", nil); status != http.StatusNoContent {
		d.t.Errorf("delete: %d", status)
	}
	if status, _ := d.do(http.MethodGet, media+".wav", nil); status != http.StatusNotFound {
		d.t.Errorf("deleted sound: %d, want 404", status)
	}
	_, body := d.do(http.MethodGet, accountPath+"/Recordings.json?IncludeSoftDeleted=true", nil)
	contractOf(d.t, "/Recordings.json", "get", "200", body)
	if !strings.Contains(string(body), `"deleted"`) {
		d.t.Errorf("what is known of a deleted recording: %s", body)
	}
}

// TestRecordVerb records the caller alone until a key, silence, enough or the
// end of the call ("<Record>").
func TestRecordVerb(t *testing.T) {
	hash := "#"
	for name, c := range map[string]struct {
		verb    twiml.Record
		person  twilio.Person
		digits  string
		seconds string
	}{
		"key":      {twiml.Record{FinishOnKey: &hash}, twilio.Person{Turns: []twilio.Turn{{At: twilio.In(0), Say: "customer-1"}, {At: twilio.In(2500 * time.Millisecond), Press: "1#"}}}, "#", ""},
		"silence":  {twiml.Record{Timeout: 1}, twilio.Person{Turns: []twilio.Turn{{At: twilio.In(500 * time.Millisecond), Say: "customer-1"}}}, "", ""},
		"enough":   {twiml.Record{MaxLength: 1}, twilio.Person{Sound: twilio.Tone}, "", "1"},
		"hangs up": {twiml.Record{}, twilio.Person{Sound: twilio.Tone, HangUpAfter: twilio.Span(2300 * time.Millisecond)}, "hangup", "2"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := choir(t)
			c.verb.Action, c.verb.RecordingRules = "/voice", twiml.RecordingRules{StatusCallback: "/status", StatusCallbackEvent: "in-progress completed absent"}
			d.script(c.verb, twiml.Say{Text: "never"})
			sid := d.arrive(c.person)
			got := d.voiceWith("RecordingSid")
			if got.Get("Digits") != c.digits || c.seconds != "" && got.Get("RecordingDuration") != c.seconds {
				t.Errorf("action: %v, want digits %q, %s seconds", got, c.digits, c.seconds)
			}
			d.ended(sid)
			if f := d.recorded("completed"); f.Get("RecordingSource") != "RecordVerb" || f.Get("RecordingChannels") != "1" || f.Get("CallSid") != sid {
				t.Errorf("callback: %v", f)
			}
			if clip := d.fileOf(got.Get("RecordingSid")); clip.Format != wav.Phone(1) || g711.Level(clip.Sound) < -40 {
				t.Errorf("file %+v of level %v", clip.Format, g711.Level(clip.Sound))
			}
		})
	}
}

// TestRecordNothing says that a recording without sound falls through to the
// next verb and is absent.
func TestRecordNothing(t *testing.T) {
	d := choir(t)
	d.script(twiml.Record{Timeout: 1, PlayBeep: "false", Action: "/never", RecordingRules: twiml.RecordingRules{StatusCallback: "/status", StatusCallbackEvent: "absent"}}, twiml.Say{Text: "goodbye"})
	sid := d.arrive(silentPerson())
	d.noted(sid, twilio.KindVerb, "Say")
	d.recorded("absent")
	d.ended(sid)
	d.noViolations()
}

// TestRecordedDial records a Dial from its answer, and a whole leg from the
// document.
func TestRecordedDial(t *testing.T) {
	d := choir(t)
	d.script(twiml.StartRecording{Channels: "dual", RecordingRules: twiml.RecordingRules{StatusCallback: "/status"}},
		twiml.Dial{TimeLimit: 1, Record: "record-from-answer", Action: "/voice", RecordingRules: twiml.RecordingRules{StatusCallback: "/status"},
			Nouns: []twiml.Noun{twiml.Number{Number: middle}}})
	sid := d.arrive(twilio.Person{Sound: twilio.Tone, Frequency: 500})
	if got := d.voiceWith("DialCallStatus"); got.Get("RecordingUrl") == "" {
		t.Errorf("action: %v, want the recording", got)
	}
	d.ended(sid)
	d.eventually("both recordings", func() bool {
		sources := map[string]string{}
		d.mu.Lock()
		defer d.mu.Unlock()
		for _, f := range d.callbacks {
			sources[f.Get("RecordingSource")] = f.Get("RecordingChannels")
		}
		return sources["DialVerb"] == "1" && sources["StartCallRecordingAPI"] == "2"
	})
	for _, e := range d.sim.Ledger(sid, twilio.KindRecording) {
		if e.What != "completed" {
			continue
		}
		clip := d.fileOf(e.Detail["recording"].(string))
		if clip.Format.Channels == 1 && (!hasTone(clip.Sound, 500) || !hasTone(clip.Sound, 900)) {
			t.Error("the mono file lacks a side")
		}
	}
}

func TestRecordingRefusals(t *testing.T) {
	d := newDesk(t, nil)
	made := d.dial(twilio.NumberNoAnswer)
	base := callsPath + "/" + made.Sid + "/Recordings"
	for _, c := range []struct {
		path string
		form url.Values
		want int
	}{
		{base + ".json", nil, 400}, {base + ".json", url.Values{"RecordingTrack": {"left"}}, 400},
		{callsPath + "/CA1/Recordings.json", nil, 404}, {base + "/Twilio.CURRENT.json", url.Values{"Status": {"stopped"}}, 404},
	} {
		if status, body := d.do(http.MethodPost, c.path, c.form); status != c.want {
			t.Errorf("%s %v: %d %s, want %d", c.path, c.form, status, body, c.want)
		}
	}
	if diff := cmp.Diff(len(d.sim.Ledger("", twilio.KindRecording)), 0); diff != "" {
		t.Error(diff)
	}
}

// TestRecordedFromTheStart records a call that was ordered with Record=true; its
// last callback says where the sound is ("Call resource", Record).
func TestRecordedFromTheStart(t *testing.T) {
	d := choir(t)
	d.answer(twiml.Pause{Length: 1})
	made := d.dial(low, "Record", "true", "RecordingStatusCallback", d.server.URL+"/status")
	d.ended(made.Sid)
	f := d.recorded("completed")
	last := d.callback("completed")
	if f.Get("RecordingSource") != "OutboundAPI" || last.Get("RecordingSid") != f.Get("RecordingSid") || last.Get("RecordingUrl") != f.Get("RecordingUrl") {
		t.Errorf("recording %v, last callback %v", f, last)
	}
	if clip := d.fileOf(f.Get("RecordingSid")); !hasTone(clip.Sound, 500) {
		t.Error("the person is not in the recording")
	}
}
