package main

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"softphone/internal/phone/call"
)

// read is what an operator's address answers.
func (w *town) read(t *testing.T, path string) string {
	t.Helper()
	res, err := http.Get(w.url + path)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d, %v", path, res.StatusCode, err)
	}
	return string(body)
}

// TestWhatAnOperatorSees: health, readiness, counters, and a line when a call
// begins and when it ends, without anybody's number.
func TestWhatAnOperatorSees(t *testing.T) {
	w := newTown(t, 1)
	w.start()
	d := w.desks[0]
	if got := w.read(t, "/healthz"); got != "ok\n" {
		t.Errorf("healthz says %q", got)
	}
	if got := w.read(t, "/readyz"); got != "ready\n" {
		t.Errorf("readyz says %q", got)
	}
	if got := w.read(t, "/metrics"); !strings.Contains(got, `softphone_frames_dropped_total{kind="spoken"} 0`) {
		t.Error("dropped frames are not counted from the start")
	}
	id := d.dial(t, quick)
	d.until(t, id, "in conversation", func(f dossierOf) bool { return f.Call.Status != call.Queued })
	d.hangUp(t, id)
	v := d.until(t, id, "over", func(f dossierOf) bool { return f.Call.Status.Final() }).Call
	res, err := http.Post(w.url+"/api/voice/webhook/status", "application/x-www-form-urlencoded", strings.NewReader("CallStatus=completed"))
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	wanted := []string{
		`softphone_calls_ended_total{reason="` + string(v.Verdict.Reason) + `",status="` + string(v.Status) + `"} 1`,
		`softphone_webhooks_total{door="webhook/status",result="refused"} 1`,
		`softphone_webhooks_total{door="webhook/status",result="taken"}`,
	}
	var got string
	for range 100 {
		got = w.read(t, "/metrics")
		if containsAll(got, wanted) {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	for _, line := range wanted {
		if !strings.Contains(got, line) {
			t.Errorf("metrics lack %s", line)
		}
	}
	w.mu.Lock()
	said := w.log.String()
	w.mu.Unlock()
	for _, line := range []string{
		`msg="call began" tenant=` + d.slug + ` call=` + string(id) + ` leg=`, `direction=outbound`,
		`msg="call ended" tenant=` + d.slug + ` call=` + string(id) + ` leg=`, `reason=` + string(v.Verdict.Reason) + ` talk=`,
	} {
		if strings.Count(said, line) != 1 {
			t.Errorf("the log has %d times %s", strings.Count(said, line), line)
		}
	}
	if strings.Contains(said, quick) || strings.Contains(said, d.account.Numbers[0].Number) {
		t.Error("the log tells a number")
	}
}

func containsAll(s string, parts []string) bool {
	for _, p := range parts {
		if !strings.Contains(s, p) {
			return false
		}
	}
	return true
}
