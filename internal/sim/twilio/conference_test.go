package twilio_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"softphone/internal/protocol/twilioapi"
	"softphone/internal/protocol/twiml"
	"softphone/internal/sim/twilio"

	"github.com/google/go-cmp/cmp"
)

const roomEvents = "start end join leave mute hold modify announcement"

// meet lets a caller and two who are called meet in a room; the called join by
// request, which makes the room when it is named for the first time.
func meet(t *testing.T, d *desk) (caller, first, second, room string) {
	d.script(twiml.Dial{Action: "/voice", Nouns: []twiml.Noun{twiml.Conference{Name: "Room 7", Label: "caller", StartOnEnter: "false", Beep: "false",
		StatusCallback: "/status", StatusCallbackEvent: roomEvents}}})
	caller = d.arrive(twilio.Person{Sound: twilio.Tone, Frequency: 500})
	d.noted("", twilio.KindRoom, "joined")
	if got := d.conferences(""); len(got) != 1 || got[0].Status != "init" {
		t.Fatalf("conferences: %+v, want one that waits", got)
	}
	d.hears(caller, 262) // the first note of the music
	room = d.conferences("")[0].Sid
	first = d.invite("Room%207", middle, "agent").CallSid
	second = d.invite(room, high, "expert").CallSid
	for _, sid := range []string{first, second} {
		d.eventually("the invited to be in", func() bool { return d.participant(room, sid).Status == "connected" })
	}
	return caller, first, second, room
}

func (d *desk) conferences(query string) []twilioapi.Conference {
	d.t.Helper()
	_, body := d.do(http.MethodGet, accountPath+"/Conferences.json"+query, nil)
	contractOf(d.t, "/Conferences.json", "get", "200", body)
	var list twilioapi.ConferenceList
	if err := json.Unmarshal(body, &list); err != nil {
		d.t.Fatal(err)
	}
	return list.Conferences
}

func (d *desk) invite(room, to, label string, more ...string) twilioapi.Participant {
	d.t.Helper()
	f := url.Values{"To": {to}, "From": {ours}, "Label": {label}, "Beep": {"false"}}
	for i := 0; i < len(more); i += 2 {
		f.Set(more[i], more[i+1])
	}
	status, body := d.do(http.MethodPost, accountPath+"/Conferences/"+room+"/Participants.json", f)
	if status != http.StatusCreated {
		d.t.Fatalf("invite: %d %s", status, body)
	}
	contractOf(d.t, "/Conferences/{ConferenceSid}/Participants.json", "post", "201", body)
	var p twilioapi.Participant
	if err := json.Unmarshal(body, &p); err != nil {
		d.t.Fatal(err)
	}
	return p
}

func (d *desk) participant(room, name string) twilioapi.Participant {
	d.t.Helper()
	status, body := d.do(http.MethodGet, accountPath+"/Conferences/"+room+"/Participants/"+name+".json", nil)
	var p twilioapi.Participant
	if err := json.Unmarshal(body, &p); err != nil || status != http.StatusOK {
		d.t.Fatalf("participant: %d %s %v", status, body, err)
	}
	contractOf(d.t, "/Conferences/{ConferenceSid}/Participants/{CallSid}.json", "get", "200", body)
	return p
}

func (d *desk) flag(room, name string, pairs ...string) {
	d.t.Helper()
	f := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		f.Set(pairs[i], pairs[i+1])
	}
	status, body := d.do(http.MethodPost, accountPath+"/Conferences/"+room+"/Participants/"+name+".json", f)
	if status != http.StatusOK {
		d.t.Fatalf("%v: %d %s", f, status, body)
	}
	contractOf(d.t, "/Conferences/{ConferenceSid}/Participants/{CallSid}.json", "post", "200", body)
}

// roomNews returns the events of a conference in their order.
func (d *desk) roomNews() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	news := map[string]string{}
	for _, f := range d.callbacks {
		if f.Has("ConferenceSid") && f.Has("StatusCallbackEvent") {
			news[f.Get("SequenceNumber")] = f.Get("StatusCallbackEvent")
		}
	}
	var list []string
	for n := range len(news) {
		list = append(list, news[string(rune('0'+n/10))+string(rune('0'+n%10))]+news[string(rune('0'+n))])
	}
	return list
}

// TestConference lets three meet: everyone hears everyone but not themselves,
// the muted are not heard, the held hear music, and the room ends when it is told
// to ("<Conference>", "Participants resource").
func TestConference(t *testing.T) {
	d := choir(t)
	caller, first, second, room := meet(t, d)
	d.hears(caller, 900, 500)
	d.hears(caller, 1700, 500)
	d.hears(first, 500, 900)
	d.hears(second, 900, 1700)
	d.flag(room, "agent", "Muted", "true")
	d.hears(caller, 1700, 900)
	d.hears(first, 500)
	d.flag(room, first, "Muted", "no")
	d.hears(caller, 900)
	d.flag(room, caller, "Hold", "true")
	if p := d.participant(room, "caller"); !p.Hold || p.Muted {
		t.Errorf("held: %+v", p)
	}
	d.hears(caller, 330, 900, 1700)
	d.hears(first, 1700, 500)
	d.flag(room, caller, "Hold", "false")
	d.hears(caller, 900, 330)
	d.flag(room, "expert", "Coaching", "true", "CallSidToCoach", first)
	d.hears(caller, 900, 1700)
	d.hears(first, 1700)
	d.checkParticipants(room)
	if status, _ := d.do(http.MethodDelete, accountPath+"/Conferences/"+room+"/Participants/expert.json", nil); status != http.StatusNoContent {
		t.Errorf("kick: %d", status)
	}
	d.eventually("the kicked to end", func() bool { return d.call(second).Status == "completed" })
	status, body := d.do(http.MethodPost, accountPath+"/Conferences/"+room+".json", url.Values{"Status": {"completed"}})
	if status != http.StatusOK {
		t.Errorf("end: %d %s", status, body)
	}
	contractOf(t, "/Conferences/{Sid}.json", "post", "200", body)
	after := d.voiceWith("DialCallStatus")
	if after.Get("DialCallStatus") != "answered" || after.Has("DialCallSid") {
		t.Errorf("action after a conference: %v", after)
	}
	d.ended(caller)
	d.eventually("all news", func() bool { return slices.Contains(d.roomNews(), "conference-end") && len(d.roomNews()) == 13 })
	if diff := cmp.Diff(d.roomNews()[:10], []string{
		"participant-join", "participant-join", "conference-start", "participant-join", "participant-mute", "participant-unmute",
		"participant-hold", "participant-unhold", "participant-modify", "participant-leave",
	}); diff != "" {
		t.Errorf("news (-got +want):\n%s", diff)
	}
	if c := d.conferences("?Status=completed")[0]; c.ReasonConferenceEnded != "conference-ended-via-api" {
		t.Errorf("ended as %s", c.ReasonConferenceEnded)
	}
	d.noViolations()
}

// checkParticipants holds the list of participants against the description and its
// filter.
func (d *desk) checkParticipants(room string) {
	t := d.t
	t.Helper()
	for query, want := range map[string]int{"": 3, "?Coaching=true": 1, "?Muted=true": 0, "?Hold=false&Coaching=false": 2} {
		_, body := d.do(http.MethodGet, accountPath+"/Conferences/"+room+"/Participants.json"+query, nil)
		contractOf(t, "/Conferences/{ConferenceSid}/Participants.json", "get", "200", body)
		var list twilioapi.ParticipantList
		if err := json.Unmarshal(body, &list); err != nil || len(list.Participants) != want {
			t.Errorf("%q lists %d, want %d (%v)", query, len(list.Participants), want, err)
		}
	}
	for _, path := range []string{"/Conferences/CF1.json", "/Conferences/" + room + "/Participants/CA1.json"} {
		if status, _ := d.do(http.MethodGet, accountPath+path, nil); status != http.StatusNotFound {
			t.Errorf("%s: %d, want 404", path, status)
		}
	}
}

// TestConferenceEnds ends a room by its last one, by one whose leaving ends it,
// and by an invitation that comes to nothing.
func TestConferenceEnds(t *testing.T) {
	d := choir(t)
	first := d.invite("One", low, "a", "EndConferenceOnExit", "true", "ConferenceStatusCallback", d.server.URL+"/status", "ConferenceStatusCallbackEvent", "end leave")
	second := d.invite("One", middle, "b")
	room := first.ConferenceSid
	if second.ConferenceSid != room {
		t.Fatalf("two rooms of one name: %s, %s", room, second.ConferenceSid)
	}
	d.hears(second.CallSid, 500)
	d.control(http.MethodPost, "/calls/"+first.CallSid+"/hangup", nil)
	d.eventually("the other to be let go", func() bool { return d.call(second.CallSid).Status == "completed" })
	d.eventually("the end", func() bool { return slices.Contains(d.roomNews(), "conference-end") })
	d.mu.Lock()
	for _, f := range d.callbacks {
		switch f.Get("StatusCallbackEvent") {
		case "conference-end":
			if f.Get("ReasonConferenceEnded") != "participant-with-end-conference-on-exit-left" || f.Get("CallSidEndingConference") != first.CallSid {
				t.Errorf("end: %v", f)
			}
		case "participant-leave":
			if why := f.Get("ReasonParticipantLeft"); f.Get("CallSid") == first.CallSid && why != "participant_hung_up" || f.Get("CallSid") == second.CallSid && why != "moderator_ended_conference" {
				t.Errorf("leave: %v", f)
			}
		}
	}
	d.mu.Unlock()
	busy := d.invite("Two", twilio.NumberBusy, "c")
	d.eventually("the empty room to end", func() bool {
		return slices.ContainsFunc(d.conferences("?FriendlyName=Two"), func(c twilioapi.Conference) bool { return c.Status == "completed" })
	})
	if busy.Status != "queued" {
		t.Errorf("an invited one is %s, want queued", busy.Status)
	}
	if again := d.invite("One", low, "a"); again.ConferenceSid == room {
		t.Error("a room that is over was opened again")
	}
}

// TestRecordedConference records everybody on one channel from the start, until
// the room ends.
func TestRecordedConference(t *testing.T) {
	d := choir(t)
	first := d.invite("Rec", low, "a", "ConferenceRecord", "record-from-start", "ConferenceRecordingStatusCallback", d.server.URL+"/status")
	second := d.invite("Rec", middle, "b")
	d.hears(first.CallSid, 900)
	time.Sleep(500 * time.Millisecond)
	base := accountPath + "/Conferences/" + first.ConferenceSid + "/Recordings"
	_, body := d.do(http.MethodGet, base+".json", nil)
	contractOf(t, "/Conferences/{ConferenceSid}/Recordings.json", "get", "200", body)
	status, body := d.do(http.MethodPost, base+"/Twilio.CURRENT.json", url.Values{"Status": {"paused"}, "PauseBehavior": {"skip"}})
	if status != http.StatusOK {
		t.Errorf("pause: %d %s", status, body)
	}
	contractOf(t, "/Conferences/{ConferenceSid}/Recordings/{Sid}.json", "post", "200", body)
	d.update(second.CallSid, "Status", "completed")
	d.update(first.CallSid, "Status", "completed")
	f := d.recorded("completed")
	if f.Get("ConferenceSid") != first.ConferenceSid || f.Get("RecordingSource") != "Conference" || f.Get("RecordingChannels") != "1" {
		t.Errorf("callback: %v", f)
	}
	clip := d.fileOf(f.Get("RecordingSid"))
	if n := len(clip.Sound); n < 2400 || !hasTone(clip.Sound[800:2400], 500) || !hasTone(clip.Sound[800:2400], 900) {
		t.Errorf("%d bytes, both tones there: %v, %v", n, twilio.ToneLevel(clip.Sound, 500), twilio.ToneLevel(clip.Sound, 900))
	}
}

// TestHoldAndAnnouncement plays what addresses give: a sound file to the held, a
// document to everybody.
func TestHoldAndAnnouncement(t *testing.T) {
	d := choir(t)
	mux := d.server.Config.Handler.(*http.ServeMux)
	mux.HandleFunc("/tone.wav", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "audio/wav")
		_, _ = w.Write(twilio.ToneFile(2*time.Second, 1200))
	})
	mux.HandleFunc("/announce", func(w http.ResponseWriter, r *http.Request) {
		_ = d.signed(r)
		w.Header().Set("Content-Type", twiml.ContentType)
		_, _ = w.Write(twiml.Response{Verbs: []twiml.Verb{twiml.Play{URL: "/tone.wav"}}}.Bytes())
	})
	first, second := d.invite("Hold", low, "a"), d.invite("Hold", middle, "b")
	room := first.ConferenceSid
	d.hears(first.CallSid, 900)
	d.flag(room, "a", "Hold", "true", "HoldUrl", d.server.URL+"/tone.wav")
	d.hears(first.CallSid, 1200, 900)
	d.flag(room, "a", "Hold", "false")
	d.hears(first.CallSid, 900, 1200)
	d.do(http.MethodPost, accountPath+"/Conferences/"+room+".json", url.Values{"AnnounceUrl": {d.server.URL + "/announce"}})
	d.hears(first.CallSid, 1200)
	d.hears(second.CallSid, 1200)
	d.do(http.MethodPost, accountPath+"/Conferences/"+room+".json", url.Values{"Status": {"completed"}})
	d.eventually("all to end", func() bool { return d.call(second.CallSid).Status == "completed" })
}
