package twilioapi_test

import (
	"errors"
	"net/url"
	"testing"
	"time"

	"softphone/internal/protocol/twilioapi"

	"github.com/google/go-cmp/cmp"
)

const recording = "RE00000000000000000000000000000001"

// recordingForm is a callback as "Call resource", RecordingStatusCallback,
// describes it.
func recordingForm() url.Values {
	return params("AccountSid", account, "CallSid", call, "RecordingSid", recording,
		"RecordingUrl", "https://api.twilio.com/2010-04-01/Accounts/"+account+"/Recordings/"+recording,
		"RecordingStatus", "completed", "RecordingDuration", "4", "RecordingChannels", "2",
		"RecordingStartTime", "Tue, 31 Aug 2010 20:36:28 +0000", "RecordingSource", "StartCallRecordingAPI", "RecordingTrack", "both")
}

func TestRecordingCallback(t *testing.T) {
	form, err := twilioapi.ParseForm([]byte(recordingForm().Encode()))
	if err != nil {
		t.Fatal(err)
	}
	got, err := twilioapi.ParseRecordingCallback(form)
	if err != nil {
		t.Fatal(err)
	}
	want := twilioapi.RecordingCallback{
		AccountSid: account, CallSid: call, RecordingSid: recording, Status: "completed",
		URL: "https://api.twilio.com/2010-04-01/Accounts/" + account + "/Recordings/" + recording, Duration: 4 * time.Second,
		Channels: 2, Source: "StartCallRecordingAPI", Track: "both", Start: time.Date(2010, 8, 31, 20, 36, 28, 0, time.UTC),
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("(-got +want):\n%s", diff)
	}
	form.Del("RecordingSid")
	if _, err := twilioapi.ParseRecordingCallback(form); !errors.Is(err, twilioapi.ErrForm) {
		t.Errorf("without a sid: error = %v, want ErrForm", err)
	}
	for name, bad := range map[string]string{
		"RecordingSid": "RE1", "RecordingStatus": "done", "RecordingDuration": "4s", "RecordingChannels": "3",
		"RecordingUrl": "file:///etc/passwd", "RecordingTrack": "left", "ConferenceSid": "x",
	} {
		form := recordingForm()
		form.Set(name, bad)
		if err := twilioapi.CheckForm(form); !errors.Is(err, twilioapi.ErrForm) {
			t.Errorf("%s=%s: error = %v, want ErrForm", name, bad, err)
		}
	}
}

// TestChecks tries one good and one bad form of each request ("Call Recordings
// resource", "Conferences", "Participants", "Queues", "Members").
func TestChecks(t *testing.T) {
	for name, c := range map[string]struct {
		check     func(url.Values) *twilioapi.Error
		good, bad url.Values
		code      int
	}{
		"record":      {twilioapi.CheckCreateRecording, params("RecordingChannels", "dual"), params("RecordingTrack", "left"), 20001},
		"pause":       {twilioapi.CheckUpdateRecording, params("Status", "paused", "PauseBehavior", "skip"), params("Status", "completed"), 20001},
		"no status":   {twilioapi.CheckUpdateRecording, params("Status", "stopped"), params(), 20001},
		"participant": {twilioapi.CheckCreateParticipant, params("To", "client:a", "From", "+12015550100"), params("From", "+12015550100"), 21201},
		"no from":     {twilioapi.CheckCreateParticipant, params("To", "client:a", "From", "client:b", "Beep", "onEnter"), params("To", "client:a"), 21213},
		"short ring":  {twilioapi.CheckCreateParticipant, params("To", "a", "From", "b", "Timeout", "5"), params("To", "a", "From", "b", "Timeout", "4"), 20001},
		"hold":        {twilioapi.CheckUpdateParticipant, params("Hold", "true", "Muted", "no"), params("HoldUrl", "ftp://h/x"), 20001},
		"conference":  {twilioapi.CheckUpdateConference, params("Status", "completed"), params("Status", "init"), 20001},
		"queue":       {func(f url.Values) *twilioapi.Error { return twilioapi.CheckQueue(f, true) }, params("FriendlyName", "q"), params("MaxSize", "5"), 20001},
		"queue size":  {func(f url.Values) *twilioapi.Error { return twilioapi.CheckQueue(f, false) }, params("MaxSize", "5000"), params("MaxSize", "5001"), 20001},
		"dequeue":     {twilioapi.CheckDequeue, params("Url", "https://h/x"), params("Method", "GET"), 21205},
	} {
		if no := c.check(c.good); no != nil {
			t.Errorf("%s: %v was refused: %v", name, c.good, no)
		}
		if no := c.check(c.bad); no == nil || no.Code != c.code {
			t.Errorf("%s: %v gave %v, want code %d", name, c.bad, no, c.code)
		}
	}
}
