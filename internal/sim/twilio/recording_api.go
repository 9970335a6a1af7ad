package twilio

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"softphone/internal/protocol/twilioapi"
	"softphone/internal/protocol/twiml"
)

type twimlRecording = twiml.StartRecording

// rulesOf reads the attributes that everything recorded has. <Start><Recording>
// has no source of its own in the vendor's list.
func rulesOf(base, source string, r twiml.RecordingRules, dual, trim bool) takeRules {
	rules := takeRules{
		source: source, dual: dual, track: r.Track, trim: trim, method: r.StatusCallbackMethod,
		events: strings.Fields(r.StatusCallbackEvent),
	}
	if r.Trim != "" {
		rules.trim = r.Trim == "trim-silence"
	}
	if r.StatusCallback != "" {
		rules.callback = absolute(base, r.StatusCallback)
	}
	return rules
}

// rulesFrom reads the parameters of requests that record.
func rulesFrom(source string, f url.Values, trim bool) takeRules {
	if f.Get("Trim") != "" {
		trim = f.Get("Trim") == "trim-silence"
	}
	return takeRules{
		source: source, dual: f.Get("RecordingChannels") == "dual", track: f.Get("RecordingTrack"), trim: trim,
		callback: f.Get("RecordingStatusCallback"), method: methodOf(f, "RecordingStatusCallbackMethod"),
		events: twilioapi.List(f, "RecordingStatusCallbackEvent"),
	}
}

// resource is the recording as it is shown under a call, a conference or the
// account, whose fields differ.
func (t *take) resource(under string) twilioapi.Recording {
	t.mu.Lock()
	defer t.mu.Unlock()
	base := twilioapi.AccountPath(t.account.Sid)
	r := twilioapi.Recording{
		Sid: t.sid, AccountSid: t.account.Sid, CallSid: twilioapi.Text(t.call), ConferenceSid: twilioapi.Text(t.conference),
		Status: t.status, Source: t.rules.source, Channels: t.rules.channels(), APIVersion: twilioapi.Version,
		StartTime: twilioapi.DateOf(t.began), DateCreated: twilioapi.DateOf(t.began), DateUpdated: twilioapi.DateOf(t.updated),
	}
	if t.status == twilioapi.RecordingCompleted || t.status == twilioapi.RecordingDeleted {
		r.Duration = twilioapi.Text(strconv.Itoa(t.seconds))
	}
	switch under {
	case "":
		own := base + "/Recordings/" + t.sid
		r.URI, r.MediaURL, r.PriceUnit = own+".json", twilioapi.Text(t.address()), "USD"
		r.SubresourceURIs = map[string]string{"add_on_results": own + "/AddOnResults.json", "transcriptions": own + "/Transcriptions.json"}
		return r
	case t.conference:
		r.URI = base + "/Conferences/" + under + "/Recordings/" + t.sid + ".json"
		return r
	}
	track := twilioapi.Text(t.rules.track)
	r.Track, r.URI = &track, base+"/Calls/"+under+"/Recordings/"+t.sid+".json"
	return r
}

func (t *take) is(status string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.status == status
}

// takes returns the recordings that fit, the newest first.
func (a *account) takes(fits func(*take) bool) []*take {
	a.mu.Lock()
	found := slices.Clone(a.recordings)
	a.mu.Unlock()
	found = slices.DeleteFunc(found, func(t *take) bool { return !fits(t) })
	slices.Reverse(found)
	return found
}

// take returns a recording by sid, or the one that runs.
func (a *account) take(sid string, fits func(*take) bool) *take {
	for _, t := range a.takes(fits) {
		running := !t.is(twilioapi.RecordingProcessing) && !t.is(twilioapi.RecordingCompleted) &&
			!t.is(twilioapi.RecordingAbsent) && !t.is(twilioapi.RecordingDeleted)
		if t.sid == sid && !t.is(twilioapi.RecordingDeleted) || sid == twilioapi.CurrentRecording && running {
			return t
		}
	}
	return nil
}

func ofCall(sid string) func(*take) bool { return func(t *take) bool { return t.call == sid } }
func ofConference(sid string) func(*take) bool {
	return func(t *take) bool { return t.conference == sid }
}

func createRecording(a *account, r *http.Request) (int, any) {
	c := a.call(r.PathValue("call"))
	if c == nil {
		return refuse(notFound(r))
	}
	if no := twilioapi.CheckCreateRecording(r.PostForm); no != nil {
		return refuse(no)
	}
	if c.phone() == nil || twilioapi.IsFinal(c.state()) {
		return refuse(twilioapi.NewError(http.StatusBadRequest, twilioapi.CodeNotRecordable, "Requested resource is not eligible for recording"))
	}
	t := c.recordCall(rulesFrom(twilioapi.SourceCallAPI, r.PostForm, false))
	return http.StatusCreated, t.resource(c.sid)
}

// underPath returns what a path is about: the calls' or the conference's
// recordings, or, without either, all.
func underPath(r *http.Request) (under string, fits func(*take) bool) {
	if sid := r.PathValue("call"); sid != "" {
		return sid, ofCall(sid)
	}
	if sid := r.PathValue("conference"); sid != "" {
		return sid, ofConference(sid)
	}
	return "", func(*take) bool { return true }
}

func listRecordings(a *account, r *http.Request) (int, any) {
	under, fits := underPath(r)
	created, no := dateFilter(r.Form, "DateCreated")
	if no != nil {
		return refuse(no)
	}
	gone := r.Form.Get("IncludeSoftDeleted") == "true"
	found := []twilioapi.Recording{}
	for _, t := range a.takes(fits) {
		res := t.resource(under)
		if (gone || res.Status != twilioapi.RecordingDeleted) && is(r.Form.Get("CallSid"), string(res.CallSid)) &&
			is(r.Form.Get("ConferenceSid"), string(res.ConferenceSid)) && created(res.DateCreated.Time) {
			found = append(found, res)
		}
	}
	page, from, to, no := paginate(r, len(found))
	if no != nil {
		return refuse(no)
	}
	return http.StatusOK, twilioapi.RecordingList{Page: page, Recordings: slices.Clip(found[from:to])}
}

// askedTake returns the recording of a path that ends in .json.
func (a *account) askedTake(r *http.Request) (*take, string, *twilioapi.Error) {
	under, fits := underPath(r)
	sid, json := strings.CutSuffix(r.PathValue("recording"), ".json")
	if t := a.take(sid, fits); t != nil && json {
		return t, under, nil
	}
	return nil, under, notFound(r)
}

func getRecording(a *account, r *http.Request) (int, any) {
	t, under, no := a.askedTake(r)
	if no != nil {
		return refuse(no)
	}
	return http.StatusOK, t.resource(under)
}

// updateRecording pauses, resumes and stops ("Call Recordings resource",
// update).
func updateRecording(a *account, r *http.Request) (int, any) {
	t, under, no := a.askedTake(r)
	if no == nil {
		no = twilioapi.CheckUpdateRecording(r.PostForm)
	}
	if no != nil {
		return refuse(no)
	}
	done := false
	switch r.PostForm.Get("Status") {
	case twilioapi.RecordingPaused:
		done = t.pause(true, r.PostForm.Get("PauseBehavior") == "skip")
	case twilioapi.RecordingInProgress:
		done = t.pause(false, false)
	case twilioapi.RecordingStopped:
		done = t.stop()
	}
	if !done {
		return refuse(twilioapi.NewError(http.StatusBadRequest, twilioapi.CodeNotRecordable, "The recording is not in progress"))
	}
	res := t.resource(under)
	if res.Status == twilioapi.RecordingProcessing {
		res.Status = twilioapi.RecordingStopped
	}
	t.out.note(KindRecording, r.PostForm.Get("Status"), map[string]any{"recording": t.sid})
	return http.StatusOK, res
}

// deleteRecording takes the sound away; what is known of it stays for a while
// ("Recordings resource", IncludeSoftDeleted).
func deleteRecording(a *account, r *http.Request) (int, any) {
	t, _, no := a.askedTake(r)
	if no != nil {
		return refuse(no)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.status != twilioapi.RecordingCompleted && t.status != twilioapi.RecordingAbsent {
		return refuse(twilioapi.NewError(http.StatusBadRequest, twilioapi.CodeNotRecordable, "The recording is not complete"))
	}
	t.status, t.updated, t.sound = twilioapi.RecordingDeleted, time.Now(), nil
	return http.StatusNoContent, nil
}

// media is an answer that is not JSON.
type media struct {
	kind string
	body []byte
}

// getMedia is the sound of a recording: WAV without extension ("Recordings
// resource", media). MP3 is not made here: it is answered with 406, and noted.
func getMedia(a *account, r *http.Request) (int, any) {
	name := r.PathValue("recording")
	if strings.HasSuffix(name, ".json") {
		return getRecording(a, r)
	}
	if f, ok := a.sim.faults.take(a.Sid, "", "", FaultMedia); ok {
		a.noteFault(f, "")
		return refuse(faultError(f.Status))
	}
	sid := strings.TrimSuffix(strings.TrimSuffix(name, ".wav"), ".mp3")
	t := a.take(sid, func(*take) bool { return true })
	if t == nil || !t.is(twilioapi.RecordingCompleted) {
		return refuse(notFound(r))
	}
	if strings.HasSuffix(name, ".mp3") {
		t.out.note(KindAlert, "MP3 is not simulated", map[string]any{"recording": sid})
		return refuse(twilioapi.NewError(http.StatusNotAcceptable, twilioapi.CodeInvalidParameter, "The simulator makes WAV files only"))
	}
	channels, _ := strconv.Atoi(r.Form.Get("RequestedChannels")) // absent is as many as there are
	file, ok := t.wav(channels)
	if !ok {
		return refuse(twilioapi.NewError(http.StatusBadRequest, twilioapi.CodeInvalidParameter, "Requested channels are not available for this recording"))
	}
	return http.StatusOK, media{"audio/x-wav", file}
}
