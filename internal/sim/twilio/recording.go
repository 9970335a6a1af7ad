package twilio

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"time"

	"softphone/internal/protocol/g711"
	"softphone/internal/protocol/twilioapi"
	"softphone/internal/protocol/wav"
)

// take is one recording: it listens to a leg, or to a conference, and keeps what
// is really said and heard there.
type take struct {
	out        *outbox // of the call or the conference
	account    *account
	sid        string
	call       string // sid of the parent leg
	conference string
	rules      takeRules
	began      time.Time
	detach     func() // from what it listens to

	mu       sync.Mutex
	status   string
	updated  time.Time
	skipping bool
	silent   int             // bytes since somebody was loud
	said     []byte          // mu-law of what came from the person
	heard    []byte          // of what went to them
	mix      []int32         // of a conference
	at       map[*member]int // where the next of each member goes
	seconds  int
	sound    []byte // the file, once it is complete
}

// takeRules say how it is recorded and who is told.
type takeRules struct {
	source   string
	dual     bool
	track    string // inbound, outbound, both
	trim     bool
	callback string
	method   string
	events   []string
}

// settle fills in what was left out.
func (r takeRules) settle() takeRules {
	if r.track == "" {
		r.track = "both"
	}
	if len(r.events) == 0 {
		r.events = []string{twilioapi.RecordingCompleted}
	}
	if r.track != "both" { // "with inbound/outbound track the file is always mono" (<Dial>, recordingTrack)
		r.dual = false
	}
	return r
}

func (r takeRules) channels() int {
	if r.dual {
		return 2
	}
	return 1
}

// keptRecordings bounds how many recordings an account keeps, the oldest go.
const keptRecordings = 500

// recordCall starts a recording of a leg. Its call is always the parent leg.
func (c *call) recordCall(rules takeRules) *take {
	l, parent := c.phone(), c
	if c.parent != nil {
		parent = c.parent
	}
	t := c.account.newTake(&c.outbox, rules)
	t.call = parent.sid
	t.detach = func() { l.removeTake(t) }
	l.addTake(t)
	t.announce(twilioapi.RecordingInProgress)
	return t
}

func (a *account) newTake(out *outbox, rules takeRules) *take {
	now := time.Now()
	t := &take{
		out: out, account: a, sid: a.sim.ids.next(twilioapi.KindRecording), rules: rules.settle(),
		began: now, updated: now, status: twilioapi.RecordingInProgress, detach: func() {}, at: map[*member]int{},
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.recordings = append(a.recordings, t)
	if len(a.recordings) > keptRecordings {
		a.recordings = slices.Delete(a.recordings, 0, 1)
	}
	return t
}

// hear takes 20 ms of a leg.
func (t *take) hear(said, heard []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.status == twilioapi.RecordingInProgress:
		t.said = append(t.said, said...)
		t.heard = append(t.heard, heard...)
		if t.silent += len(said); g711.Level(said) > trimLevel {
			t.silent = 0
		}
	case t.status == twilioapi.RecordingPaused && !t.skipping:
		t.said = append(t.said, quiet[:len(said)]...)
		t.heard = append(t.heard, quiet[:len(heard)]...)
	}
}

var quiet = silence(frameTime)

// hearFrom takes 20 ms of one member of a conference, whose members have clocks
// of their own: what was said at the same time is laid over each other. A frame
// follows the one before unless the member was away.
func (t *take) hearFrom(m *member, now time.Time, said []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.status != twilioapi.RecordingInProgress && t.status != twilioapi.RecordingPaused {
		return
	}
	at, known := t.at[m]
	if due := max(0, bytesOf(now.Sub(t.began))); !known || max(at-due, due-at) > pipeMost {
		at = due
	}
	t.at[m] = at + len(said)
	if missing := at + len(said) - len(t.mix); missing > 0 {
		t.mix = append(t.mix, make([]int32, missing)...)
	}
	if t.status == twilioapi.RecordingInProgress {
		addTo(t.mix[at:], said)
	}
}

// pause and go on; what is paused is silent, or left out ("Call Recordings
// resource", PauseBehavior).
func (t *take) pause(on, skip bool) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	from, to := twilioapi.RecordingInProgress, twilioapi.RecordingPaused
	if !on {
		from, to = to, from
	}
	if t.status != from && t.status != to {
		return false
	}
	t.status, t.updated, t.skipping = to, time.Now(), on && skip
	return true
}

// filing is how long Twilio takes to make a file of a recording.
const filing = 200 * time.Millisecond

// stop ends the recording; the file is there a moment later.
func (t *take) stop() bool {
	t.mu.Lock()
	running := t.status == twilioapi.RecordingInProgress || t.status == twilioapi.RecordingPaused
	if running {
		t.status, t.updated = twilioapi.RecordingProcessing, time.Now()
	}
	t.mu.Unlock()
	if !running {
		return false
	}
	t.detach()
	t.file()
	t.account.sim.goes(func(ctx context.Context) {
		if sleep(ctx, filing) {
			t.publish()
		}
	})
	return true
}

// file makes the sound of the file.
func (t *take) file() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.mix != nil {
		t.said = make([]byte, len(t.mix))
		encodeMixed(t.said, t.mix)
		t.heard, t.mix, t.at = silence(time.Duration(len(t.said))*time.Second/g711.Rate), nil, nil
	}
	if t.rules.trim {
		t.said, t.heard = trimmed(t.said, t.heard)
	}
	switch {
	case t.rules.track == "inbound":
		t.sound = t.said
	case t.rules.track == "outbound":
		t.sound = t.heard
	case t.rules.dual: // the parent leg first, what it hears, its child leg, second ("<Dial>", record)
		t.sound = interleave(t.said, t.heard)
	default:
		t.sound = mixDown(t.said, t.heard)
	}
	t.seconds = (len(t.said) + g711.Rate/2) / g711.Rate
	if len(t.said) > 0 {
		t.seconds = max(1, t.seconds)
	}
	t.said, t.heard = nil, nil
}

// publish tells that the file is there, or that there was nothing to record.
func (t *take) publish() {
	t.mu.Lock()
	t.status, t.updated = twilioapi.RecordingCompleted, time.Now()
	if len(t.sound) == 0 {
		t.status = twilioapi.RecordingAbsent
	}
	status := t.status
	t.mu.Unlock()
	t.announce(status)
}

// announce notes news of the recording, and sends them where they were asked
// for ("Call resource", RecordingStatusCallback).
func (t *take) announce(status string) {
	t.out.note(KindRecording, status, map[string]any{"recording": t.sid, "source": t.rules.source})
	if t.rules.callback == "" || !slices.Contains(t.rules.events, status) {
		return
	}
	t.out.deliver(hook{
		account: t.account, call: t.out.of, kind: KindCallback, what: "recording-" + status,
		address: t.rules.callback, method: orPost(t.rules.method), form: t.form(status),
	})
}

func (t *take) form(status string) url.Values {
	t.mu.Lock()
	defer t.mu.Unlock()
	f := url.Values{
		"AccountSid": {t.account.Sid}, "RecordingSid": {t.sid}, "RecordingStatus": {status},
		"RecordingUrl": {t.address()}, "RecordingChannels": {strconv.Itoa(t.rules.channels())},
		"RecordingSource": {t.rules.source}, "RecordingTrack": {t.rules.track},
		"RecordingStartTime": {twilioapi.FormatDate(t.began)},
	}
	if t.call != "" {
		f.Set("CallSid", t.call)
	}
	if t.conference != "" {
		f.Set("ConferenceSid", t.conference)
	}
	switch status {
	case twilioapi.RecordingCompleted:
		f.Set("RecordingDuration", strconv.Itoa(t.seconds))
	case twilioapi.RecordingAbsent:
		f.Set("ErrorCode", "0")
	}
	return f
}

// address is where the sound lies, without extension ("Conference", sample of
// RecordingUrl).
func (t *take) address() string {
	return t.account.sim.base() + twilioapi.AccountPath(t.account.Sid) + "/Recordings/" + t.sid
}

// result is the part of a recording that action addresses are told.
func (t *take) result() url.Values {
	t.mu.Lock()
	defer t.mu.Unlock()
	return url.Values{
		"RecordingUrl": {t.address()}, "RecordingSid": {t.sid}, "RecordingDuration": {strconv.Itoa(t.seconds)},
	}
}

// trimmed cuts silence off both ends.
func trimmed(said, heard []byte) (a, b []byte) {
	loud := func(at int) bool {
		return g711.Level(said[at:at+frameBytes]) > trimLevel || g711.Level(heard[at:at+frameBytes]) > trimLevel
	}
	first, last := len(said), 0
	for at := 0; at+frameBytes <= len(said); at += frameBytes {
		if loud(at) {
			first, last = min(first, at), at+frameBytes
		}
	}
	if first >= last {
		return nil, nil
	}
	return said[first:last], heard[first:last]
}

// trimLevel is what counts as silence, in dBm0.
const trimLevel = -50

func interleave(left, right []byte) []byte {
	both := make([]byte, 0, 2*len(left))
	for i := range left {
		both = append(both, left[i], right[i])
	}
	return both
}

func mixDown(a, b []byte) []byte {
	mixed := make([]int32, len(a))
	addTo(mixed, a)
	addTo(mixed, b)
	out := make([]byte, len(a))
	encodeMixed(out, mixed)
	return out
}

// wav returns the file with as many channels as asked for; 0 is as many as there
// are. A mono recording has no second one ("Recordings resource",
// RequestedChannels).
func (t *take) wav(channels int) (file []byte, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	has := t.rules.channels()
	switch {
	case channels == 0 || channels == has:
		return wav.Append(nil, wav.Phone(has), t.sound), true
	case channels == 1:
		left, right := make([]byte, 0, len(t.sound)/2), make([]byte, 0, len(t.sound)/2)
		for i := 0; i+1 < len(t.sound); i += 2 {
			left, right = append(left, t.sound[i]), append(right, t.sound[i+1])
		}
		return wav.Append(nil, wav.Phone(1), mixDown(left, right)), true
	}
	return nil, false
}

// silentFor is how long the person has said nothing.
func (t *take) silentFor() time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	return time.Duration(t.silent) * time.Second / g711.Rate
}

// isEmpty says whether there is nothing in the file.
func (t *take) isEmpty() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.sound) == 0
}

// startRecording is <Start><Recording>.
func (c *call) startRecording(base string, v twimlRecording) {
	c.verb("Recording", "channels", v.Channels)
	c.recordCall(rulesOf(base, twilioapi.SourceCallAPI, v.RecordingRules, v.Channels == "dual", false))
}
