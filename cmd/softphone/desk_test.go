package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"softphone/internal/adapter/gateway"
	"softphone/internal/phone/call"
	"softphone/internal/protocol/g711"
	"softphone/internal/sim/twilio"
)

// Who speaks is known by their tone.
const (
	toneAlex, toneSam     = 500, 900 // Hz
	toneCaller, toneOther = 700, 1300
	numberCaller          = "+12015550141"
	numberOther           = "+12015550142"
	deskNumber            = "+12015550100"
)

// desk is two agents who speak tones, and people who do.
type desk struct {
	t         *testing.T
	story     demoStory
	alex, sam *checkAgent
	admin     string // token
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{t: t, story: startStory(t)}
	d.alex, d.sam = sit(t, d.story, 0, true), sit(t, d.story, 1, true)
	for number, hertz := range map[string]int{numberCaller: toneCaller, numberOther: toneOther} {
		d.post("PUT", "/control/people/"+number, fmt.Sprintf(`{"name":"Tone %d","sound":"tone","frequency":%d,"answerAfter":"300ms"}`, hertz, hertz), nil)
	}
	go hum(t.Context(), d.alex, toneAlex)
	go hum(t.Context(), d.sam, toneSam)
	return d
}

// hum lets an agent speak a tone until the test ends.
func hum(ctx context.Context, a *checkAgent, hertz int) {
	second := make([]byte, g711.Rate)
	for i := range second {
		second[i] = g711.Encode(int16(6000 * math.Sin(2*math.Pi*float64(hertz)*float64(i)/g711.Rate)))
	}
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if !a.mouth.speaking() {
				a.mouth.say(second)
			}
		}
	}
}

func (d *desk) post(method, path, body string, into any) {
	d.t.Helper()
	r, err := http.NewRequestWithContext(d.t.Context(), method, d.story.Twilio.BaseURL+path, strings.NewReader(body))
	if err != nil {
		d.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	var raw []byte
	if err := fetch(r, &raw); err != nil {
		d.t.Fatal(err)
	}
	if into != nil {
		if err := json.Unmarshal(raw, into); err != nil {
			d.t.Fatal(err)
		}
	}
}

// comesIn lets somebody call the desk; it returns the carrier's id.
func (d *desk) comesIn(from, to string) string {
	d.t.Helper()
	var made struct{ Call string }
	d.post("POST", "/control/calls", fmt.Sprintf(`{"from":%q,"to":%q}`, from, to), &made)
	return made.Call
}

// offered waits until a call rings at an agent.
func (a *checkAgent) offered(t *testing.T) call.View {
	t.Helper()
	a.mu.Lock()
	from := a.from
	a.mu.Unlock()
	e, err := a.await(t.Context(), "call:incoming", func(b json.RawMessage) bool {
		part, ok := a.view(b).Part(call.UserID(a.id))
		return ok && part.Phase == call.Rings
	})
	if err != nil {
		t.Fatalf("%s after %d: %v", a.name, from, err)
	}
	v := a.view(e.body)
	a.callID = v.ID
	return v
}

// fresh forgets what an agent was told, before the next call.
func (d *desk) fresh() {
	for _, a := range []*checkAgent{d.alex, d.sam} {
		a.mu.Lock()
		a.from = len(a.told)
		a.mu.Unlock()
	}
}

func (d *desk) do(a *checkAgent, name string, body any) {
	d.t.Helper()
	if err := a.command(d.t.Context(), name, body, nil); err != nil {
		d.t.Fatalf("%s, %s: %v", a.name, name, err)
	}
}

// hears waits until somebody hears exactly these tones of all that are spoken.
func (d *desk) hears(a *checkAgent, want ...int) {
	d.t.Helper()
	d.exactly(a.name, func() []byte { return a.ear.last() }, want)
}

// atPhone waits until somebody on a telephone hears exactly these tones.
func (d *desk) atPhone(sid string, want ...int) {
	d.t.Helper()
	d.exactly(sid, func() []byte {
		sound := d.heardAt(sid)
		return sound[max(0, len(sound)-1600):]
	}, want)
}

func (d *desk) heardAt(sid string) []byte {
	d.t.Helper()
	var raw []byte
	r, err := http.NewRequestWithContext(d.t.Context(), http.MethodGet, d.story.Twilio.BaseURL+"/control/calls/"+sid+"/heard.wav", nil)
	if err != nil {
		d.t.Fatal(err)
	}
	if err := fetch(r, &raw); err != nil {
		return nil // not answered yet
	}
	if at := bytes.Index(raw, []byte("data")); at >= 0 {
		return raw[min(len(raw), at+8):]
	}
	return raw
}

func (d *desk) exactly(who string, sound func() []byte, want []int) {
	d.t.Helper()
	var got []int
	stop := time.Now().Add(10 * time.Second)
	for ok := 0; ok < 3; {
		if got = tonesIn(sound()); slices.Equal(got, want) || len(got) == 0 && len(want) == 0 {
			ok++
		} else {
			ok = 0
		}
		if time.Now().After(stop) {
			d.t.Fatalf("%s hears %v, want %v", who, got, want)
		}
		time.Sleep(60 * time.Millisecond)
	}
}

// tonesIn lists the tones of the people that are in a sound.
func tonesIn(sound []byte) []int {
	var found []int
	if len(sound) < 800 || g711.Level(sound) < -45 {
		return nil
	}
	for _, hertz := range []int{toneAlex, toneCaller, toneSam, toneOther} {
		if tonal(sound, float64(hertz)) > 0.12 {
			found = append(found, hertz)
		}
	}
	return found
}

func (d *desk) ended(a *checkAgent, status call.Status, by call.By, reason call.Reason) {
	d.t.Helper()
	v, err := a.awaitEnd(d.t.Context())
	if err != nil {
		d.t.Fatalf("%s: %v", a.name, err)
	}
	if v.Status != status || v.Verdict.By != by || v.Verdict.Reason != reason {
		d.t.Errorf("ended %s %+v, want %s by %s: %s", v.Status, v.Verdict, status, by, reason)
	}
}

// over waits until a call is, that nobody of ours is in any more.
func (d *desk) over(id call.ID, status call.Status, by call.By, reason call.Reason) {
	d.t.Helper()
	for range 200 {
		if v := waitLook(d.t, d, id); v.Status.Final() {
			if v.Status != status || v.Verdict.By != by || v.Verdict.Reason != reason {
				d.t.Errorf("ended %s %+v, want %s by %s: %s", v.Status, v.Verdict, status, by, reason)
			}
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	d.t.Errorf("call %s never ended", id)
}

// taken brings a call from outside to Alex, who talks with the caller.
func (d *desk) taken() (sid string) {
	d.t.Helper()
	d.fresh()
	sid = d.comesIn(numberCaller, deskNumber)
	d.alex.offered(d.t)
	d.sam.offered(d.t)
	d.do(d.alex, "call:accept", gateway.OfCall{CallID: d.alex.callID})
	d.hears(d.alex, toneCaller)
	d.atPhone(sid, toneAlex)
	return sid
}

// sidOf is the carrier's id of the call to a number that is under way.
func (d *desk) sidOf(number string) string {
	d.t.Helper()
	for range 100 {
		var state twilio.State
		d.post("GET", "/control/state", "", &state)
		for _, c := range state.Calls {
			if c.To == number && c.Status == "in-progress" {
				return c.Call
			}
		}
		time.Sleep(50 * time.Millisecond)
	}
	d.t.Fatalf("nobody at %s answered", number)
	return ""
}

func TestACallComesInAndOneTakesIt(t *testing.T) {
	d := newDesk(t)
	sid := d.taken()
	e, err := d.sam.await(t.Context(), "call:accepted", func(json.RawMessage) bool { return true })
	if err != nil || !strings.Contains(string(e.body), `"name":"Alex Moreau"`) {
		t.Errorf("the loser was told %s, %v", e.body, err)
	}
	err = d.sam.command(t.Context(), "call:accept", gateway.OfCall{CallID: d.alex.callID}, nil)
	if err == nil || !strings.Contains(err.Error(), "no such call") && !strings.Contains(err.Error(), "Alex Moreau") {
		t.Errorf("accepting what another has: %v", err)
	}
	d.post("POST", "/control/calls/"+sid+"/hangup", "", nil)
	d.ended(d.alex, call.Completed, call.ByCustomer, call.HungUp)
}

func TestHoldPlaysMusicToTheCallerAndNothingToTheAgent(t *testing.T) {
	d := newDesk(t)
	sid := d.taken()
	hold := gateway.Holding{CallID: d.alex.callID, On: true}
	d.do(d.alex, "call:hold", hold)
	d.hears(d.alex)
	d.atPhone(sid)
	if sound := d.heardAt(sid); g711.Level(sound[len(sound)-8000:]) < -50 {
		t.Error("a caller on hold hears silence")
	}
	hold.On = false
	d.do(d.alex, "call:hold", hold)
	d.hears(d.alex, toneCaller)
	d.atPhone(sid, toneAlex)
	d.do(d.alex, "call:end", gateway.OfCall{CallID: d.alex.callID})
	d.ended(d.alex, call.Completed, call.ByAgent, call.HungUp)
}

func TestAConsultationIsPrivateAndThenTheCallerIsHandedOver(t *testing.T) {
	d := newDesk(t)
	sid := d.taken()
	id := d.alex.callID
	d.fresh()
	d.do(d.alex, "call:transfer", gateway.Bringing{CallID: id, Mode: call.Consult, UserID: d.sam.id})
	d.sam.offered(t)
	d.do(d.sam, "call:accept", gateway.OfCall{CallID: id})
	d.hears(d.alex, toneSam)
	d.hears(d.sam, toneAlex)
	d.atPhone(sid) // music, and neither of them
	d.do(d.alex, "call:steer", gateway.Steering{CallID: id, Do: call.Swap})
	d.hears(d.alex, toneCaller)
	d.hears(d.sam)
	d.do(d.alex, "call:steer", gateway.Steering{CallID: id, Do: call.Swap})
	d.hears(d.sam, toneAlex)
	d.do(d.alex, "call:steer", gateway.Steering{CallID: id, Do: call.Complete})
	d.hears(d.sam, toneCaller)
	d.hears(d.alex)
	d.atPhone(sid, toneSam)
	d.post("POST", "/control/calls/"+sid+"/hangup", "", nil)
	d.ended(d.sam, call.Completed, call.ByCustomer, call.HungUp)
}

func TestMergedAllHearAllButNotThemselves(t *testing.T) {
	d := newDesk(t)
	sid := d.taken()
	id := d.alex.callID
	d.do(d.alex, "call:transfer", gateway.Bringing{CallID: id, Mode: call.Consult, To: numberOther})
	other := d.sidOf(numberOther)
	d.hears(d.alex, toneOther)
	d.do(d.alex, "call:steer", gateway.Steering{CallID: id, Do: call.Merge})
	d.hears(d.alex, toneCaller, toneOther)
	d.atPhone(sid, toneAlex, toneOther)
	d.atPhone(other, toneAlex, toneCaller)
	d.do(d.alex, "call:mute", gateway.Muting{CallID: id, On: true})
	d.atPhone(sid, toneOther)
	d.atPhone(other, toneCaller)
	d.do(d.alex, "call:steer", gateway.Steering{CallID: id, Do: call.Leave})
	d.hears(d.alex)
	d.atPhone(sid, toneOther) // they talk on without us
	d.atPhone(other, toneCaller)
	d.post("POST", "/control/calls/"+sid+"/hangup", "", nil)
	d.over(id, call.Completed, call.ByCustomer, call.HungUp)
}

func TestAnAgentIsBackWhenATransferFails(t *testing.T) {
	d := newDesk(t)
	sid := d.taken()
	id := d.alex.callID
	for _, mode := range []call.Mode{call.Blind, call.Consult} {
		d.fresh()
		d.do(d.alex, "call:transfer", gateway.Bringing{CallID: id, Mode: mode, To: twilio.NumberBusy})
		e, err := d.alex.await(t.Context(), "call:transfer", func(b json.RawMessage) bool { return bytes.Contains(b, []byte(`"failed"`)) })
		if err != nil || !bytes.Contains(e.body, []byte(`busy`)) && !bytes.Contains(e.body, []byte(`486`)) {
			t.Fatalf("%s: told %s, %v", mode, e.body, err)
		}
		d.hears(d.alex, toneCaller)
		d.atPhone(sid, toneAlex)
	}
	d.fresh()
	d.do(d.alex, "call:transfer", gateway.Bringing{CallID: id, Mode: call.Consult, UserID: d.sam.id})
	d.sam.offered(t)
	d.do(d.alex, "call:steer", gateway.Steering{CallID: id, Do: call.Cancel}) // while it rings
	d.hears(d.alex, toneCaller)
	d.do(d.alex, "call:end", gateway.OfCall{CallID: id})
	d.ended(d.alex, call.Completed, call.ByAgent, call.HungUp)
}

func TestHandedOverToANumberTheCallGoesOnWithoutUs(t *testing.T) {
	d := newDesk(t)
	sid := d.taken()
	id := d.alex.callID
	d.do(d.alex, "call:transfer", gateway.Bringing{CallID: id, Mode: call.Blind, To: numberOther})
	other := d.sidOf(numberOther)
	d.atPhone(sid, toneOther)
	d.atPhone(other, toneCaller)
	d.hears(d.alex)
	d.post("POST", "/control/calls/"+other+"/hangup", "", nil)
	d.over(id, call.Completed, call.ByThird, call.HungUp)
}

func TestColleaguesCallEachOther(t *testing.T) {
	d := newDesk(t)
	d.fresh()
	var made gateway.Answered
	if err := d.alex.command(t.Context(), "call:initiate", gateway.Initiate{UserID: d.sam.id}, &made); err != nil {
		t.Fatal(err)
	}
	d.alex.callID = made.Call.ID
	d.sam.offered(t)
	d.do(d.sam, "call:accept", gateway.OfCall{CallID: made.Call.ID})
	d.hears(d.alex, toneSam)
	d.hears(d.sam, toneAlex)
	d.do(d.alex, "call:end", gateway.OfCall{CallID: made.Call.ID})
	d.ended(d.alex, call.Completed, call.ByAgent, call.HungUp)
}

func TestNobodyTakesIt(t *testing.T) {
	d := newDesk(t)
	d.fresh()
	sid := d.comesIn(numberCaller, deskNumber)
	d.alex.offered(t)
	d.sam.offered(t)
	d.post("POST", "/control/calls/"+sid+"/hangup", "", nil) // while it rings
	d.ended(d.alex, call.NoAnswer, call.ByCustomer, call.Missed)

	d.fresh()
	sid = d.comesIn(numberCaller, deskNumber)
	v := d.alex.offered(t)
	d.sam.offered(t)
	d.do(d.alex, "call:reject", gateway.OfCall{CallID: v.ID})
	d.do(d.sam, "call:reject", gateway.OfCall{CallID: v.ID})
	for range 200 { // the machine says its sentence and beeps
		if last := waitLook(t, d, v.ID); last.Stage == call.Voicemail || last.Status.Final() {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	time.Sleep(9 * time.Second) // of message, after the sentence
	d.post("POST", "/control/calls/"+sid+"/hangup", "", nil)
	d.over(v.ID, call.NoAnswer, call.ByCustomer, call.LeftMessage)
}

// waitLook reads a call as an administrator sees it.
func waitLook(t *testing.T, d *desk, id call.ID) call.View {
	t.Helper()
	if d.admin == "" {
		var pass struct{ AccessToken string }
		ask(t, "POST", d.story.URL+"/api/auth/login", "", map[string]string{"email": "kim@northlight.example", "password": demoPassword}, &pass)
		d.admin = pass.AccessToken
	}
	var found struct{ Call call.View }
	ask(t, "GET", d.story.URL+"/api/voice/calls/"+string(id), d.admin, nil, &found)
	return found.Call
}
