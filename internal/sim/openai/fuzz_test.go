package openai_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"softphone/internal/protocol/realtime"
	"softphone/internal/sim/openai"
)

// FuzzClientEvent sends anything to a session of either kind: every frame is
// answered or passed over, and the next one is still heard.
func FuzzClientEvent(f *testing.F) {
	for _, seed := range []string{
		live, brain, `{"type":"input_audio_buffer.append","audio":"/////w=="}`, `{"type":"input_audio_buffer.commit","event_id":"e"}`,
		`{"type":"conversation.item.create","previous_item_id":"root","item":{"id":"i","type":"message","role":"user","content":[{"type":"input_text","text":"CALLER: I am Ana Dupont."}]}}`,
		`{"type":"conversation.item.create","item":{"type":"function_call_output","call_id":"c","output":"{}"}}`,
		`{"type":"conversation.item.truncate","item_id":"i","content_index":0,"audio_end_ms":1}`, `{"type":"conversation.item.delete","item_id":"i"}`,
		`{"type":"response.create","response":{"conversation":"none","output_modalities":["text"],"input":[{"type":"item_reference","id":"i"}],"metadata":{"a":"b"}}}`,
		`{"type":"response.create","response":{"tools":[{"type":"function","name":"search_contact","parameters":{"required":["q"]}}]}}`,
		`{"type":"response.cancel","response_id":"r"}`, `{"type":"session.update","session":{"type":"realtime","audio":{"input":{"turn_detection":{"type":"semantic_vad"}}}}}`,
	} {
		f.Add(true, []byte(seed))
		f.Add(false, []byte(seed))
	}
	sim, err := openai.New(openai.Config{Keys: []string{key}})
	if err != nil {
		f.Fatal(err)
	}
	server := httptest.NewServer(sim.Handler())
	f.Cleanup(func() { sim.Close(); server.Close() })
	f.Fuzz(func(t *testing.T, mind bool, frame []byte) {
		l := desk{t, server.URL, server.Client()}.dial(map[bool]string{true: "?model=gpt-realtime-2.1-mini", false: "?intent=transcription"}[mind], nil)
		defer l.conn.CloseNow()
		l.send(map[bool]string{true: brain, false: live}[mind])
		if l.conn.Write(l.ctx, websocket.MessageText, frame) != nil {
			return // not UTF-8, say
		}
		l.send(`{"type":"conversation.item.retrieve","item_id":"the last question"}`)
		for {
			_, answer, err := l.conn.Read(l.ctx)
			if err != nil {
				t.Fatalf("the session ended: %v", err)
			}
			if strings.Contains(string(answer), "the last question") {
				return
			}
		}
	})
}

// FuzzREST sends anything to the calls that read a body.
func FuzzREST(f *testing.F) {
	for _, seed := range []string{
		`{"model":"gpt-6-luna","input":"CALLER: hello","text":{"format":{"type":"json_schema","name":"s","schema":{"type":"object","properties":{"a":{"type":"array","items":{"enum":["x"]}}},"required":["a"]}}}}`,
		`{"model":"gpt-6-luna","messages":[{"role":"user","content":"hello"}]}`,
		`{"session":{"type":"realtime","model":"gpt-realtime-2.1"},"expires_after":{"anchor":"created_at","seconds":60}}`,
	} {
		f.Add([]byte(seed))
	}
	sim, err := openai.New(openai.Config{Keys: []string{key}})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(sim.Close)
	h := sim.Handler()
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, path := range []string{"/v1/responses", "/v1/chat/completions", "/v1/realtime/client_secrets"} {
			r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(string(body)))
			r.Header.Set("Authorization", "Bearer "+key)
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			res := w.Result()
			raw, err := io.ReadAll(res.Body)
			if err != nil || res.StatusCode >= http.StatusInternalServerError {
				t.Errorf("%s: %d %s", path, res.StatusCode, raw)
			}
			if _, err := realtime.Read[map[string]any](raw); err != nil {
				t.Errorf("%s answers %q", path, raw)
			}
		}
	})
}
