package twilio_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"testing"

	"softphone/internal/protocol/twilioapi"
	"softphone/internal/protocol/twiml"
	"softphone/internal/sim/twilio"
)

func (d *desk) queues() []twilioapi.Queue {
	d.t.Helper()
	_, body := d.do(http.MethodGet, accountPath+"/Queues.json", nil)
	contractOf(d.t, "/Queues.json", "get", "200", body)
	var list twilioapi.QueueList
	if err := json.Unmarshal(body, &list); err != nil {
		d.t.Fatal(err)
	}
	return list.Queues
}

// line answers calls that come in with Enqueue and calls that go out with the
// front of the queue.
func (d *desk) queueing(enqueue twiml.Enqueue) {
	enqueue.Name = "support"
	d.mu.Lock()
	defer d.mu.Unlock()
	d.document = func(form url.Values) []byte {
		verbs := []twiml.Verb{enqueue, twiml.Say{Text: "after"}}
		switch {
		case form.Has("QueueResult"):
			verbs = []twiml.Verb{twiml.Hangup{}}
		case form.Get("Direction") == "outbound-api":
			verbs = []twiml.Verb{twiml.Dial{Action: "/voice", Nouns: []twiml.Noun{twiml.Queue{URL: "/whisper", Name: "support"}}}}
		}
		if form.Has("DialCallStatus") {
			verbs = []twiml.Verb{twiml.Hangup{}}
		}
		return twiml.Response{Verbs: verbs}.Bytes()
	}
}

// TestQueue lets two wait, connects the first with whoever takes the front, and
// leads the second to a document by request ("<Enqueue>", "<Queue>", "Members
// resource").
func TestQueue(t *testing.T) {
	d := choir(t)
	whispers := make(chan url.Values, 1)
	d.server.Config.Handler.(*http.ServeMux).HandleFunc("/whisper", func(w http.ResponseWriter, r *http.Request) {
		whispers <- d.signed(r)
		w.Header().Set("Content-Type", twiml.ContentType)
		_, _ = w.Write(twiml.Response{Verbs: []twiml.Verb{twiml.Say{Text: "hi"}}}.Bytes())
	})
	d.queueing(twiml.Enqueue{Action: "/voice"})
	first := d.arrive(twilio.Person{Sound: twilio.Tone, Frequency: 500})
	d.noted(first, twilio.KindRoom, "waits")
	second := d.arrive(silentPerson())
	d.noted(second, twilio.KindRoom, "waits")
	d.hears(first, 262)
	if q := d.queues(); len(q) != 1 || q[0].FriendlyName != "support" || q[0].CurrentSize != 2 || q[0].MaxSize != 1000 {
		t.Fatalf("queues: %+v", q)
	}
	base := "/Queues/" + d.queues()[0].Sid
	d.members(base, first, second)
	agent := d.dial(middle)
	w := receive(d, whispers)
	if w.Get("DequeingCallSid") != agent.Sid || w.Get("CallSid") != first || !w.Has("QueueTime") {
		t.Errorf("whisper: %v", w)
	}
	d.hears(first, 900, 262)
	d.hears(agent.Sid, 500)
	status, body := d.do(http.MethodPost, accountPath+base+"/Members/Front.json", url.Values{"Url": {d.server.URL + "/fallback"}})
	if status != http.StatusOK {
		t.Errorf("take out: %d %s", status, body)
	}
	contractOf(t, "/Queues/{QueueSid}/Members/{CallSid}.json", "post", "200", body)
	d.ended(second)
	d.control(http.MethodPost, "/calls/"+agent.Sid+"/hangup", nil)
	d.ended(first)
	results := map[string]string{}
	d.eventually("both results", func() bool {
		d.mu.Lock()
		defer d.mu.Unlock()
		for _, f := range d.voice {
			if f.Has("QueueResult") {
				results[f.Get("CallSid")] = f.Get("QueueResult")
			}
		}
		return len(results) == 2
	})
	if results[first] != "bridged" || results[second] != "redirected" {
		t.Errorf("results: %v", results)
	}
	d.noViolations()
}

func (d *desk) members(base, first, second string) {
	d.t.Helper()
	_, body := d.do(http.MethodGet, accountPath+base+"/Members.json", nil)
	contractOf(d.t, "/Queues/{QueueSid}/Members.json", "get", "200", body)
	var list twilioapi.MemberList
	if err := json.Unmarshal(body, &list); err != nil || len(list.Members) != 2 || list.Members[0].CallSid != first || list.Members[1].Position != 2 {
		d.t.Errorf("members: %s %v", body, err)
	}
	for name, want := range map[string]string{"Front": first, second: second} {
		_, body := d.do(http.MethodGet, accountPath+base+"/Members/"+name+".json", nil)
		contractOf(d.t, "/Queues/{QueueSid}/Members/{CallSid}.json", "get", "200", body)
		var m twilioapi.Member
		if err := json.Unmarshal(body, &m); err != nil || m.CallSid != want {
			d.t.Errorf("member %s: %s", name, body)
		}
	}
}

// TestWaitingRoom asks the address of those who wait for what they hear, and
// lets them leave from there.
func TestWaitingRoom(t *testing.T) {
	d := choir(t)
	asked := make(chan url.Values, 10)
	d.server.Config.Handler.(*http.ServeMux).HandleFunc("/wait", func(w http.ResponseWriter, r *http.Request) {
		asked <- d.signed(r)
		verbs := []twiml.Verb{twiml.Say{Text: "please hold"}}
		if len(asked) > 1 {
			verbs = []twiml.Verb{twiml.Leave{}}
		}
		w.Header().Set("Content-Type", twiml.ContentType)
		_, _ = w.Write(twiml.Response{Verbs: verbs}.Bytes())
	})
	address := "/wait"
	d.queueing(twiml.Enqueue{WaitURL: &address})
	sid := d.arrive(silentPerson())
	d.ended(sid)
	f := receive(d, asked)
	if f.Get("QueuePosition") != "1" || f.Get("CurrentQueueSize") != "1" || f.Get("MaxQueueSize") != "1000" {
		t.Errorf("waiting: %v", f)
	}
	if e := d.noted(sid, twilio.KindRoom, "waited"); e.Detail["result"] != "leave" {
		t.Errorf("result = %v, want leave", e.Detail["result"])
	}
	var after bool
	for _, e := range d.sim.Ledger(sid, twilio.KindVerb) {
		after = after || e.What == "Say" && e.Detail["text"] == "after"
	}
	if !after {
		t.Error("after leaving the next verb did not run")
	}
	d.noViolations()
}

// TestQueueByRequest makes, changes and deletes a queue, and fills it.
func TestQueueByRequest(t *testing.T) {
	d := choir(t)
	status, body := d.do(http.MethodPost, accountPath+"/Queues.json", url.Values{"FriendlyName": {"support"}, "MaxSize": {"5"}})
	if status != http.StatusCreated {
		t.Fatalf("%d %s", status, body)
	}
	contractOf(t, "/Queues.json", "post", "201", body)
	base := "/Queues/" + d.queues()[0].Sid
	status, body = d.do(http.MethodPost, accountPath+base+".json", url.Values{"MaxSize": {"1"}})
	if status != http.StatusOK || d.queues()[0].MaxSize != 1 {
		t.Errorf("change: %d %s", status, body)
	}
	contractOf(t, "/Queues/{Sid}.json", "post", "200", body)
	d.queueing(twiml.Enqueue{Action: "/voice", WaitURL: new(string)})
	first := d.arrive(silentPerson())
	d.noted(first, twilio.KindRoom, "waits")
	second := d.arrive(silentPerson())
	if got := d.voiceWith("QueueResult"); got.Get("QueueResult") != "queue-full" || got.Get("CallSid") != second || got.Has("QueueSid") {
		t.Errorf("full: %v", got)
	}
	d.ended(second)
	if status, _ := d.do(http.MethodDelete, accountPath+base+".json", nil); status != http.StatusBadRequest {
		t.Errorf("delete a queue somebody waits in: %d, want 400", status)
	}
	d.control(http.MethodPost, "/calls/"+first+"/hangup", nil)
	d.ended(first)
	if e := d.noted(first, twilio.KindRoom, "waited"); e.Detail["result"] != "hangup" {
		t.Errorf("result = %v, want hangup", e.Detail["result"])
	}
	if status, _ := d.do(http.MethodDelete, accountPath+base+".json", nil); status != http.StatusNoContent {
		t.Errorf("delete: %d, want 204", status)
	}
	if status, _ := d.do(http.MethodGet, accountPath+base+".json", nil); status != http.StatusNotFound {
		t.Errorf("a deleted queue: %d, want 404", status)
	}
}

func TestVerifiedNumbers(t *testing.T) {
	d := newDesk(t, func(c *twilio.Config) { c.Accounts[0].Verified = []string{"+12015550190"} })
	_, body := d.do(http.MethodGet, accountPath+"/OutgoingCallerIds.json", nil)
	contractOf(t, "/OutgoingCallerIds.json", "get", "200", body)
	var list twilioapi.OutgoingCallerIDList
	if err := json.Unmarshal(body, &list); err != nil || len(list.CallerIDs) != 1 || list.CallerIDs[0].PhoneNumber != "+12015550190" {
		t.Errorf("%s %v", body, err)
	}
	d.dial(twilio.NumberBusy, "From", "+12015550190")
}
