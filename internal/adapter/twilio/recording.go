package twilio

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"softphone/internal/phone/recording"
	"softphone/internal/phone/tenant"
	"softphone/internal/protocol/twilioapi"
)

// Recorder lets Twilio record one tenant's legs.
type Recorder struct {
	Account Account
	Backend string // public address of this program, without a slash at the end
	Tenant  string // slug, for the addresses of callbacks
	// Hosts are those that sound may be fetched from beside the account's own, when
	// Twilio leads there; one that begins with a dot stands for all below it.
	// Default: MediaHosts.
	Hosts []string
}

// MediaHosts are Twilio's own: "Recordings resource, fetch a recording's media"
// may redirect to them.
var MediaHosts = []string{".twilio.com", ".twiliocdn.com"}

var _ recording.Carrier = (*Recorder)(nil)

const (
	fetchTime = 5 * time.Minute // four hours of sound are 460 MB
	leadsMost = 3               // redirects
)

// StartRecording implements recording.Carrier. Two channels: the leg is the
// parent, so what it says is first ("Call Recordings resource",
// RecordingChannels). An order whose outcome is unknown is not repeated: the list
// tells.
func (r *Recorder) StartRecording(ctx context.Context, callSID string, id recording.ID) (string, error) {
	if sid, err := r.running(ctx, callSID); sid != "" || err != nil {
		return sid, err
	}
	query := url.Values{"recording": {string(id)}, "tenant": {r.Tenant}}
	form := url.Values{
		"RecordingChannels": {"dual"}, "RecordingTrack": {"both"}, "Trim": {"do-not-trim"},
		"RecordingStatusCallback":      {r.Backend + "/api/voice/webhook/recording?" + query.Encode() + "#rc=5&rp=all"},
		"RecordingStatusCallbackEvent": {twilioapi.RecordingCompleted, twilioapi.RecordingAbsent},
	}
	var made twilioapi.Recording
	err := r.Account.post(ctx, r.ofCall(callSID), form, &made)
	var refused *twilioapi.Error
	if err == nil || errors.As(err, &refused) && refused.Status < http.StatusInternalServerError {
		return made.Sid, err
	}
	sid, again := r.running(ctx, callSID)
	if sid != "" && again == nil {
		return sid, nil
	}
	return "", err
}

// running is the recording that runs of a leg.
func (r *Recorder) running(ctx context.Context, callSID string) (string, error) {
	all, err := r.Recordings(ctx, callSID)
	for _, n := range all {
		if n.Status == twilioapi.RecordingInProgress || n.Status == twilioapi.RecordingPaused {
			return n.SID, err
		}
	}
	return "", err
}

func (r *Recorder) ofCall(callSID string) string {
	return twilioapi.AccountPath(r.Account.SID) + "/Calls/" + url.PathEscape(callSID) + "/Recordings.json"
}

// PauseRecording implements recording.Carrier. What is paused is silent in the
// file, so that its time is the call's ("Call Recordings resource",
// PauseBehavior).
func (r *Recorder) PauseRecording(ctx context.Context, callSID string, on bool) error {
	form := url.Values{"Status": {twilioapi.RecordingInProgress}}
	if on {
		form = url.Values{"Status": {twilioapi.RecordingPaused}, "PauseBehavior": {"silence"}}
	}
	var now twilioapi.Recording
	path := twilioapi.AccountPath(r.Account.SID) + "/Calls/" + url.PathEscape(callSID) + "/Recordings/" + twilioapi.CurrentRecording + ".json"
	if err := r.Account.post(ctx, path, form, &now); err != nil {
		return err
	}
	if now.Status != form.Get("Status") {
		return fmt.Errorf("recording is %s after it was asked to be %s", now.Status, form.Get("Status"))
	}
	return nil
}

// Recordings implements recording.Carrier.
func (r *Recorder) Recordings(ctx context.Context, callSID string) ([]recording.Notice, error) {
	var list twilioapi.RecordingList
	if err := r.Account.get(ctx, r.ofCall(callSID), &list); err != nil {
		return nil, err
	}
	out := make([]recording.Notice, len(list.Recordings))
	for i, one := range list.Recordings {
		seconds, _ := strconv.Atoi(string(one.Duration)) // absent while it runs
		out[i] = recording.Notice{
			CallSID: callSID, SID: one.Sid, Status: one.Status, Channels: one.Channels, Duration: time.Duration(seconds) * time.Second,
		}
		if one.ErrorCode != nil {
			out[i].Cause = strconv.Itoa(*one.ErrorCode)
		}
	}
	return out, nil
}

// FetchRecording implements recording.Carrier. The address is made of what we
// know, never of what a callback says. The credentials go to the account's own
// host; where it leads, we follow without them, and to known hosts only.
func (r *Recorder) FetchRecording(ctx context.Context, sid string, channels int) (io.ReadCloser, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTime)
	sound, err := r.fetch(ctx, sid, channels)
	var refused *twilioapi.Error
	if errors.As(err, &refused) && refused.Status == http.StatusBadRequest && channels > 1 {
		sound, err = r.fetch(ctx, sid, 1) // it has one only
	}
	if err != nil {
		cancel()
		return nil, fmt.Errorf("fetch recording %s: %w", sid, err)
	}
	return &body{sound, cancel}, nil
}

// body ends its request when it is closed.
type body struct {
	io.ReadCloser
	cancel context.CancelFunc
}

func (b *body) Close() error {
	err := b.ReadCloser.Close()
	b.cancel()
	return err
}

func (r *Recorder) fetch(ctx context.Context, sid string, channels int) (io.ReadCloser, error) {
	address := r.base() + twilioapi.AccountPath(r.Account.SID) + "/Recordings/" + url.PathEscape(sid) + ".wav"
	if channels > 1 {
		address += "?RequestedChannels=" + strconv.Itoa(channels)
	}
	own := true
	for range leadsMost + 1 {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil {
			return nil, err
		}
		if own {
			req.SetBasicAuth(r.Account.User, r.Account.Secret)
		}
		answer, err := r.Account.client().Do(req)
		if err != nil {
			return nil, err
		}
		if answer.StatusCode == http.StatusOK {
			return answer.Body, nil
		}
		where := answer.Header.Get("Location")
		said, _ := io.ReadAll(io.LimitReader(answer.Body, answerMost)) // an error's words; without them it is one too
		answer.Body.Close()
		if answer.StatusCode/100 != 3 || where == "" {
			return nil, twilioapi.ReadError(answer.StatusCode, said)
		}
		next, err := req.URL.Parse(where)
		if err != nil || !r.known(next) {
			return nil, errors.New("led to a host that is not Twilio's")
		}
		address, own = next.String(), next.Host == r.ownURL().Host && next.Scheme == r.ownURL().Scheme
	}
	return nil, errors.New("led on too often")
}

func (r *Recorder) base() string {
	if r.Account.BaseURL == "" {
		return BaseURL
	}
	return strings.TrimSuffix(r.Account.BaseURL, "/")
}

func (r *Recorder) ownURL() *url.URL {
	u, err := url.Parse(r.base())
	if err != nil {
		return &url.URL{}
	}
	return u
}

// known reports whether sound may be fetched from an address: the account's own
// host as it is, others over TLS only.
func (r *Recorder) known(u *url.URL) bool {
	if own := r.ownURL(); u.Host == own.Host && u.Scheme == own.Scheme {
		return true
	}
	hosts := r.Hosts
	if hosts == nil {
		hosts = MediaHosts
	}
	for _, h := range hosts {
		if u.Scheme == "https" && u.User == nil && u.Port() == "" && (u.Host == h || strings.HasPrefix(h, ".") && strings.HasSuffix(u.Host, h)) {
			return true
		}
	}
	return false
}

// DeleteRecording implements recording.Carrier.
func (r *Recorder) DeleteRecording(ctx context.Context, sid string) error {
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodDelete, r.base()+twilioapi.AccountPath(r.Account.SID)+"/Recordings/"+url.PathEscape(sid)+".json", nil)
	if err != nil {
		return err
	}
	req.SetBasicAuth(r.Account.User, r.Account.Secret)
	answer, err := r.Account.client().Do(req)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode/100 == 2 || answer.StatusCode == http.StatusNotFound {
		return nil
	}
	said, _ := io.ReadAll(io.LimitReader(answer.Body, answerMost))
	return twilioapi.ReadError(answer.StatusCode, said)
}

// recordingLine is a line that takes news of recordings.
type recordingLine interface {
	// ReceiveRecording stores what was told before it returns. dedupe is equal for
	// two deliveries of one callback.
	ReceiveRecording(ctx context.Context, n recording.Notice, dedupe string, raw []byte) error
}

// recording takes a recording status callback, stored before the 2xx.
func (d *Doors) recording(w http.ResponseWriter, r *http.Request) {
	k, ok := d.open(w, r)
	if !ok {
		return
	}
	news, err := twilioapi.ParseRecordingCallback(k.form)
	line, can := k.line.(recordingLine)
	if !can {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	if id := r.URL.Query().Get("recording"); k.odd == nil && id != "" && !tenant.IsID(id) {
		k.odd = &twilioapi.FieldError{Parameter: "recording", Problem: "is no id"}
	}
	if k.odd != nil || err != nil {
		d.keep(w, r, k, errors.Join(k.odd, err))
		return
	}
	n := recording.Notice{
		Recording: recording.ID(r.URL.Query().Get("recording")), CallSID: news.CallSid, SID: news.RecordingSid,
		Status: news.Status, Duration: news.Duration, Channels: news.Channels,
	}
	if err := line.ReceiveRecording(r.Context(), n, "recording/"+n.SID+"/"+n.Status, k.raw); err != nil {
		d.Log.Error("callback of a recording not stored", "tenant", k.slug, "err", err)
		w.WriteHeader(http.StatusServiceUnavailable) // Twilio tries again
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
