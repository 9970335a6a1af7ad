package main

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"softphone/internal/adapter/api"
	"softphone/internal/adapter/gateway"
	"softphone/internal/phone/call"
	"softphone/internal/phone/media"
	"softphone/internal/phone/recording"
	"softphone/internal/phone/switchboard"
	"softphone/internal/protocol/g711"
	"softphone/internal/protocol/wav"
	"softphone/internal/sim/twilio"
)

// rules saves the desk's rules of recording.
func (m manager) rules(s recording.Rules) {
	m.Helper()
	s.Numbers, s.AllParties = []recording.NumberRule{}, append([]string{}, s.AllParties...)
	var out map[string]any
	if status := ask(m.T, "PUT", m.url+"/api/tenant/settings", m.token, api.ChangedSettings{Recording: &s}, &out); status != http.StatusOK {
		m.Fatalf("settings: %d %v", status, out)
	}
}

// recording waits until the call's recording can be played, and fetches it.
func (a talker) recording() (rec api.Recording, sides [2][]byte) {
	a.Helper()
	if err := until(a.ctx, "the recording is never finished", func() bool {
		return a.ask(a.ctx, http.MethodGet, "/api/voice/calls/"+string(a.callID)+"/recording", nil, &rec) == nil && rec.Status == recording.Ready
	}); err != nil {
		a.Fatal(err)
	}
	r, err := http.NewRequestWithContext(a.ctx, http.MethodGet, a.story.URL+rec.URL, nil)
	if err != nil {
		a.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+a.token)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		a.Fatal(err)
	}
	defer res.Body.Close()
	file, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		a.Fatalf("played: %d, %v", res.StatusCode, err)
	}
	clip, err := wav.ReadClip(bytes.NewReader(file), 1<<24)
	if err != nil || clip.Format != wav.Phone(2) {
		a.Fatalf("played %+v, %v", clip.Format, err)
	}
	for i := 0; i < len(clip.Sound); i += 2 {
		sides[0], sides[1] = append(sides[0], clip.Sound[i]), append(sides[1], clip.Sound[i+1])
	}
	return rec, sides
}

// loudest is the level of the loudest frame in a stretch, in dBm0.
func loudest(side []byte, from, to time.Duration) (most float64) {
	most = -99
	for at := from; at+media.FrameTime <= to; at += media.FrameTime {
		i := int(at / media.FrameTime * media.FrameBytes)
		if i+media.FrameBytes > len(side) {
			break
		}
		most = max(most, g711.Level(side[i:i+media.FrameBytes]))
	}
	return most
}

// TestACallIsRecordedPausedAndPlayed over real sockets: an echo answers, so both
// sides of the recording tell what the agent said, and when.
func TestACallIsRecordedPausedAndPlayed(t *testing.T) {
	url := startDemo(t)
	admin(t, url).rules(recording.Rules{Default: recording.Yes})
	a := seat(t, url, 0)
	a.call(twilio.NumberEcho)
	a.must(a.hearEcho(a.ctx))
	var paused, resumed switchboard.RecordState
	if err := a.command(a.ctx, "call:record", gateway.Recording{CallID: a.callID}, &paused); err != nil || paused.State != "paused" {
		t.Fatalf("paused as %+v, %v", paused, err)
	}
	a.must(a.hearEcho(a.ctx)) // said and heard, and not recorded
	if err := a.command(a.ctx, "call:record", gateway.Recording{CallID: a.callID, On: true}, &resumed); err != nil || resumed.State != "recording" {
		t.Fatalf("resumed as %+v, %v", resumed, err)
	}
	a.must(a.hangUp(a.ctx))
	if _, err := a.awaitEnd(a.ctx); err != nil {
		t.Fatal(err)
	}
	rec, sides := a.recording()

	var dossier struct{ Call call.View }
	if err := a.ask(a.ctx, http.MethodGet, "/api/voice/calls/"+string(a.callID), nil, &dossier); err != nil {
		t.Fatal(err)
	}
	talk := dossier.Call.EndedAt.Sub(*dossier.Call.AnsweredAt)
	length := time.Duration(rec.DurationMs) * time.Millisecond
	if off := length - talk; off > media.FrameTime || off < -media.FrameTime {
		t.Errorf("recording lasts %v, the call was talked in for %v", length, talk)
	}
	if len(rec.Gaps) != 1 || rec.Gaps[0] != (recording.Gap{FromMs: paused.AtMs, ToMs: resumed.AtMs, Reason: recording.Paused}) {
		t.Errorf("gaps %+v, paused from %d to %d", rec.Gaps, paused.AtMs, resumed.AtMs)
	}
	from, to := time.Duration(paused.AtMs)*time.Millisecond, time.Duration(resumed.AtMs)*time.Millisecond
	for i, side := range sides {
		if got := loudest(side, 0, from); got < -30 {
			t.Errorf("side %d before the pause: %.0f dBm0", i, got)
		}
		hole := side[from/media.FrameTime*media.FrameBytes : to/media.FrameTime*media.FrameBytes]
		if n := bytes.Count(hole, []byte{0xff}); n != len(hole) {
			t.Errorf("side %d has %d bytes of sound in the pause", i, len(hole)-n)
		}
	}
}

// TestNothingIsKeptInTheClear looks for the sound of a call in the data folder.
func TestNothingIsKeptInTheClear(t *testing.T) {
	dir := t.TempDir()
	url := startDemo(t, func(c *DemoCmd) { c.Data = dir })
	admin(t, url).rules(recording.Rules{Default: recording.Yes})
	a := seat(t, url, 0)
	a.call(twilio.NumberEcho)
	a.must(a.hearEcho(a.ctx))
	a.must(a.hangUp(a.ctx))
	if _, err := a.awaitEnd(a.ctx); err != nil {
		t.Fatal(err)
	}
	_, sides := a.recording()
	needle := sides[1][len(sides[1])/4*2:][:64]
	files := 0
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		body, err := os.ReadFile(path)
		if bytes.Contains(body, needle) && !bytes.Equal(needle, bytes.Repeat([]byte{0xff}, 64)) {
			t.Errorf("%s has the agent's sound as it was", path)
		}
		if filepath.Base(filepath.Dir(filepath.Dir(path))) == "audio" {
			files++
		}
		return err
	})
	if err != nil || files == 0 {
		t.Errorf("%d pieces, %v", files, err)
	}
}
