package openai_test

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"net/http"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/coder/websocket"

	"softphone/internal/protocol/realtime"
	"softphone/internal/protocol/realtime/contract"
	"softphone/internal/protocol/wav"
	"softphone/internal/sim/openai"
)

func TestQuota(t *testing.T) {
	d := start(t, openai.Config{})
	l := d.mind()
	d.fault(`{"kind":"quota"}`)
	l.send(`{"type":"response.create"}`)
	_, frame := l.until(realtime.ResponseDoneType)
	done, _ := realtime.Read[realtime.ResponseEvent](frame)
	if done.Response.Status != realtime.Failed || done.Response.StatusDetails.Error.CodeName() != realtime.InsufficientQuota {
		t.Errorf("%s", frame)
	}
}

func TestStrikingFaults(t *testing.T) {
	d := start(t, openai.Config{})
	l := d.ear()
	d.fault(`{"kind":"big_frame"}`)
	if kind, frame := l.next(); kind != "session.mood.updated" || len(frame) < 32<<10 {
		t.Errorf("%s of %d bytes", kind, len(frame))
	}
	d.fault(`{"kind":"garbage"}`)
	if _, frame, err := l.conn.Read(l.ctx); err != nil || json.Valid(frame) {
		t.Errorf("garbage is %q, %v", frame, err)
	}
	d.fault(`{"kind":"abort"}`)
	if _, _, err := l.conn.Read(l.ctx); err == nil || websocket.CloseStatus(err) != -1 {
		t.Errorf("abort: %v", err)
	}
}

func TestTranscriptionFailedAndSwapped(t *testing.T) {
	d := start(t, openai.Config{})
	l := d.ear()
	d.fault(`{"kind":"transcription_failed"}`)
	l.speak("customer-1")
	l.send(`{"type":"input_audio_buffer.commit"}`)
	l.until(realtime.TranscriptionFailedType)
	d.fault(`{"kind":"out_of_order"}`)
	for _, clip := range []string{"customer-1", "customer-4"} {
		l.speak(clip)
		l.send(`{"type":"input_audio_buffer.commit"}`)
		time.Sleep(time.Second) // the first is understood, and held back, before the second
	}
	for _, want := range []string{"That is", "Hello"} {
		_, frame := l.until(realtime.TranscriptionCompletedType)
		if got, _ := realtime.Read[realtime.TranscriptionCompleted](frame); !strings.HasPrefix(got.Transcript, want) {
			t.Errorf("%q, want %s first", got.Transcript, want)
		}
	}
}

func TestREST(t *testing.T) {
	d := start(t, openai.Config{})
	if status, body := d.rest("GET", "/v1/models", ""); status != http.StatusOK || !bytes.Contains(body, []byte(realtime.DefaultModel)) {
		t.Errorf("models: %d %s", status, body)
	}
	status, body := d.rest("POST", "/v1/responses", `{"model":"gpt-6-luna","input":"CALLER: I was charged twice.","text":{"format":{"type":"json_schema","name":"s","strict":true,
"schema":{"type":"object","properties":{"summary":{"type":"string"},"mood":{"type":"string","enum":["good","bad"]}},"required":["summary","mood"],"additionalProperties":false}}}}`)
	var reply realtime.ResponsesReply
	var form struct{ Summary, Mood string }
	if err := json.Unmarshal(body, &reply); err != nil || json.Unmarshal([]byte(reply.OutputText()), &form) != nil {
		t.Fatalf("%d %s", status, body)
	}
	if !strings.Contains(form.Summary, "charged twice") || form.Mood != "good" {
		t.Errorf("summary %+v", form)
	}
	res, err := http.Get(d.url + "/v1/models")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusUnauthorized {
		t.Errorf("models without a key: %d", res.StatusCode)
	}
	http.DefaultClient.CloseIdleConnections()
}

func TestEphemeralKey(t *testing.T) {
	d := start(t, openai.Config{})
	_, body := d.rest("POST", "/v1/realtime/client_secrets", `{"session":{"type":"realtime","model":"gpt-realtime-2.1"}}`)
	if err := contract.Secret(body); err != nil {
		t.Error(err)
	}
	var minted struct{ Value string }
	if err := json.Unmarshal(body, &minted); err != nil || !strings.HasPrefix(minted.Value, "ek_") {
		t.Fatalf("%s", body)
	}
	l := d.dial("?model=gpt-realtime-2.1", http.Header{}, "realtime", "openai-insecure-api-key."+minted.Value)
	l.until(realtime.SessionCreatedType)
}

// TestLedgerCountsSound: what was said is counted in the ledger, not kept.
func TestLedgerCountsSound(t *testing.T) {
	d := start(t, openai.Config{})
	l := d.ear()
	l.send(string(realtime.AppendAudio(nil, make([]byte, 160))))
	l.send(`{"type":"input_audio_buffer.clear"}`)
	l.until(realtime.AudioClearedType)
	_, body := d.rest("GET", "/control/ledger?kind="+realtime.AudioAppendType, "")
	if bytes.Count(body, []byte("\n")) != 1 || !bytes.Contains(body, []byte(`"bytes":`)) || len(body) > 300 {
		t.Errorf("ledger %s", body)
	}
}

// TestVoicesNeverHeard: a folder given at start is understood, the built-in
// voices are not.
func TestVoicesNeverHeard(t *testing.T) {
	sound := clip(t, "customer-3")
	d := start(t, openai.Config{Voices: []fs.FS{fstest.MapFS{
		"new.wav": {Data: wav.Append(nil, wav.Phone(1), sound)}, "new.txt": {Data: []byte("An order I never gave.\n")}}}})
	l := d.ear()
	for name, want := range map[string]string{"customer-3": "An order I never gave.", "customer-2": "[speech, "} {
		l.speak(name)
		l.send(`{"type":"input_audio_buffer.commit"}`)
		_, frame := l.until(realtime.TranscriptionCompletedType)
		if got, _ := realtime.Read[realtime.TranscriptionCompleted](frame); !strings.HasPrefix(got.Transcript, want) {
			t.Errorf("%s: %q, want %q", name, got.Transcript, want)
		}
	}
}

func clip(t *testing.T, name string) []byte {
	t.Helper()
	sound, err := openai.DefaultVoices().Open(name + ".ulaw")
	if err != nil {
		t.Fatal(err)
	}
	defer sound.Close()
	var b bytes.Buffer
	if _, err := b.ReadFrom(sound); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
