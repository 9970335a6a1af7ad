package openai_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/google/go-cmp/cmp"

	"softphone/internal/protocol/realtime"
	"softphone/internal/protocol/realtime/contract"
	"softphone/internal/sim/openai"
)

const key = "sk-test-0123456789"

// desk is a simulator and a client of it.
type desk struct {
	*testing.T
	url  string
	http *http.Client
}

func start(t *testing.T, cfg openai.Config) desk {
	t.Helper()
	cfg.Keys = []string{key}
	sim, err := openai.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.StripPrefix("/sim/openai", sim.Handler()))
	t.Cleanup(func() { sim.Close(); server.Close() })
	return desk{t, server.URL + "/sim/openai", server.Client()}
}

// rest speaks to the REST with the key and returns status and body.
func (d desk) rest(method, path, body string) (int, []byte) {
	d.Helper()
	req, err := http.NewRequestWithContext(d.Context(), method, d.url+path, strings.NewReader(body))
	if err != nil {
		d.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+key)
	res, err := d.http.Do(req)
	if err != nil {
		d.Fatal(err)
	}
	defer res.Body.Close()
	out, err := io.ReadAll(res.Body)
	if err != nil {
		d.Fatal(err)
	}
	return res.StatusCode, out
}

func (d desk) fault(body string) {
	d.Helper()
	if status, out := d.rest("POST", "/control/faults", body); status != http.StatusNoContent {
		d.Fatalf("fault %s: %d %s", body, status, out)
	}
}

// line is one socket.
type line struct {
	desk
	conn *websocket.Conn
	ctx  context.Context
}

func (d desk) dial(query string, header http.Header, protocols ...string) line {
	d.Helper()
	ctx, cancel := context.WithTimeout(d.Context(), 20*time.Second)
	if header == nil {
		header = http.Header{"Authorization": {"Bearer " + key}}
	}
	conn, res, err := websocket.Dial(ctx, strings.Replace(d.url, "http", "ws", 1)+"/v1/realtime"+query, &websocket.DialOptions{HTTPClient: d.http, HTTPHeader: header,
		Subprotocols: protocols})
	if err != nil {
		d.Fatal(err)
	}
	if res.Body != nil {
		_ = res.Body.Close()
	}
	conn.SetReadLimit(16 << 20)
	d.Cleanup(func() { _ = conn.CloseNow(); cancel() })
	return line{d, conn, ctx}
}

func (l line) send(frame string) {
	l.Helper()
	if err := l.conn.Write(l.ctx, websocket.MessageText, []byte(frame)); err != nil {
		l.Fatal(err)
	}
}

func (l line) next() (string, []byte) {
	l.Helper()
	_, frame, err := l.conn.Read(l.ctx)
	if err != nil {
		l.Fatal(err)
	}
	kind, err := realtime.Peek(frame)
	if err != nil {
		l.Fatal(err)
	}
	if want := `{"type":"` + kind + `","event_id":"event_`; !bytes.HasPrefix(frame, []byte(want)) {
		l.Fatalf("event begins %.60s, want %s", frame, want)
	}
	if err := contract.FromServer(frame); err != nil && kind != "session.mood.updated" { // that one is of the future
		l.Errorf("the vendor would not send %s\n%v", frame, err)
	}
	return kind, frame
}

// until reads up to an event of this type and returns the types on the way,
// repetitions once.
func (l line) until(want string) ([]string, []byte) {
	l.Helper()
	var kinds []string
	for {
		kind, frame := l.next()
		if len(kinds) == 0 || kinds[len(kinds)-1] != kind {
			kinds = append(kinds, kind)
		}
		if kind == want {
			return kinds, frame
		}
		if kind == realtime.ErrorType {
			l.Fatalf("waiting for %s: %s", want, frame)
		}
	}
}

func (l line) closed() (int, string) {
	l.Helper()
	for {
		_, _, err := l.conn.Read(l.ctx)
		if err == nil {
			continue
		}
		var end websocket.CloseError
		if !errors.As(err, &end) {
			l.Fatal(err)
		}
		return int(end.Code), end.Reason
	}
}

const (
	live = `{"type":"session.update","session":{"type":"transcription","audio":{"input":{"format":{"type":"audio/pcmu"},
"transcription":{"model":"gpt-live-transcribe","languages":["en"]},"turn_detection":null}}}}`
	brain = `{"type":"session.update","session":{"type":"realtime","output_modalities":["text"],"audio":{"input":{"turn_detection":null}},
"tools":[{"type":"function","name":"search_contact","parameters":{"type":"object","properties":{"query":{"type":"string"}},"required":["query"]}}]}}`
)

func (d desk) ear() line {
	l := d.dial("?intent=transcription", nil)
	l.until(realtime.SessionCreatedType)
	l.send(live)
	l.until(realtime.SessionUpdatedType)
	return l
}

func (d desk) mind() line {
	l := d.dial("?model=gpt-realtime-2.1-mini", nil)
	l.until(realtime.SessionCreatedType)
	l.send(brain)
	l.until(realtime.SessionUpdatedType)
	return l
}

func (l line) speak(clip string) {
	l.Helper()
	sound, err := os.ReadFile("voices/" + clip + ".ulaw")
	if err != nil {
		l.Fatal(err)
	}
	for part := range slices.Chunk(sound, 800) {
		l.send(string(realtime.AppendAudio(nil, part)))
	}
}

// TestRefusals: OpenAI refuses after the upgrade, with an event and a close code.
func TestRefusals(t *testing.T) {
	d := start(t, openai.Config{})
	good := []string{"Bearer " + key}
	for name, c := range map[string]struct {
		query  string
		header http.Header
		code   int
		reason string
	}{
		"bad key":     {"?model=gpt-realtime-2.1", http.Header{"Authorization": {"Bearer sk-wrong-0123456789"}}, 3000, "invalid_api_key"},
		"no model":    {"", http.Header{"Authorization": good}, 4000, "missing_model"},
		"retired":     {"?model=gpt-4o-realtime-preview", http.Header{"Authorization": good}, 4000, "invalid_model"},
		"transcriber": {"?model=gpt-live-transcribe", http.Header{"Authorization": good}, 4000, "invalid_model"},
		"beta":        {"?model=gpt-realtime-2.1", http.Header{"Authorization": good, "OpenAI-Beta": {"realtime=v1"}}, 4000, "beta_api_shape_disabled"},
	} {
		l := d.dial(c.query, c.header)
		if kind, frame := l.next(); kind != realtime.ErrorType || !strings.Contains(string(frame), c.reason) {
			t.Errorf("%s: first event %s", name, frame)
		}
		if code, why := l.closed(); code != c.code || why != "invalid_request_error."+c.reason {
			t.Errorf("%s: closed with %d %q, want %d", name, code, why, c.code)
		}
	}
}

func TestLiveTranscript(t *testing.T) {
	l := start(t, openai.Config{}).ear()
	var got []string
	for _, clip := range []string{"customer-1", "agent-1"} {
		l.speak(clip)
		l.send(`{"type":"input_audio_buffer.commit"}`)
		deltas := ""
		for {
			kind, frame := l.next()
			if kind == realtime.TranscriptionDeltaType {
				e, _ := realtime.Read[realtime.TranscriptionDelta](frame)
				if deltas += e.Delta; len(e.Delta) < 16 && len(e.Delta)+len(e.Obfuscation) != 16 {
					t.Errorf("delta and obfuscation are %d long", len(e.Delta)+len(e.Obfuscation))
				}
			}
			if kind == realtime.TranscriptionCompletedType {
				e, _ := realtime.Read[realtime.TranscriptionCompleted](frame)
				if got = append(got, e.Transcript); deltas != e.Transcript {
					t.Errorf("deltas say %q, completed %q", deltas, e.Transcript)
				}
				break
			}
		}
	}
	want := []string{"Hello, Ana Dupont speaking.", "Good morning, this is Alex from Northlight. I am calling about your last invoice."}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestDeltasWhileSpeaking: a live model writes before the commit.
func TestDeltasWhileSpeaking(t *testing.T) {
	l := start(t, openai.Config{}).ear()
	l.speak("agent-1")
	if kind, frame := l.next(); kind != realtime.TranscriptionDeltaType {
		t.Errorf("first event before the commit is %s", frame)
	}
}

func TestOrderOfCommit(t *testing.T) {
	l := start(t, openai.Config{}).ear()
	l.speak("customer-1")
	l.send(`{"type":"input_audio_buffer.commit"}`)
	_, frame := l.until(realtime.AudioCommittedType)
	first, _ := realtime.Read[realtime.Committed](frame)
	got, _ := l.until(realtime.TranscriptionCompletedType)
	want := []string{realtime.ItemAddedType, realtime.ItemDoneType, realtime.TranscriptionDeltaType, realtime.TranscriptionCompletedType}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	l.speak("customer-2")
	l.send(`{"type":"input_audio_buffer.commit"}`)
	_, frame = l.until(realtime.AudioCommittedType)
	second, _ := realtime.Read[realtime.Committed](frame)
	if first.PreviousItemID != nil || second.PreviousItemID == nil || *second.PreviousItemID != first.ItemID {
		t.Errorf("items are not chained: %+v, %+v", first, second)
	}
}

// TestServerVAD: 4o models cut turns themselves, on 32 ms steps.
func TestServerVAD(t *testing.T) {
	l := start(t, openai.Config{}).dial("?intent=transcription", nil)
	l.until(realtime.SessionCreatedType)
	l.send(`{"type":"session.update","session":{"type":"transcription","audio":{"input":{"format":{"type":"audio/pcmu"},"transcription":{"model":"gpt-4o-transcribe"},
"turn_detection":{"type":"server_vad","silence_duration_ms":500}}}}}`)
	l.until(realtime.SessionUpdatedType)
	silence := bytes.Repeat([]byte{0xff}, 8000)
	l.send(string(realtime.AppendAudio(nil, silence)))
	l.speak("customer-2")
	l.send(string(realtime.AppendAudio(nil, silence)))
	_, frame := l.until(realtime.SpeechStartedType)
	begun, _ := realtime.Read[realtime.Speech](frame)
	_, frame = l.until(realtime.SpeechStoppedType)
	ended, _ := realtime.Read[realtime.Speech](frame)
	if (begun.AudioStartMs+300)%32 != 0 || ended.AudioEndMs%32 != 0 || begun.ItemID != ended.ItemID || begun.AudioStartMs < 700 {
		t.Errorf("speech from %+v to %+v", begun, ended)
	}
	_, frame = l.until(realtime.TranscriptionCompletedType)
	got, _ := realtime.Read[realtime.TranscriptionCompleted](frame)
	if got.Transcript != "Oh good. I was charged twice for the same order." || got.Usage.Type != "tokens" {
		t.Errorf("%+v", got)
	}
}

func TestMistakesLeaveTheSocketOpen(t *testing.T) {
	l := start(t, openai.Config{}).ear()
	for frame, want := range map[string]string{
		`{"type":"input_audio_buffer.commit"}`:   realtime.CommitEmpty,
		`{"type":"nope"}`:                        realtime.InvalidValue,
		`{`:                                      realtime.InvalidJSON,
		`{"event_id":"x"}`:                       realtime.InvalidEvent,
		`{"type":"session.update","session":{}}`: realtime.MissingParameter,
		`{"type":"session.update","session":{"type":"realtime"}}`:                                                                 "",
		`{"type":"session.update","session":{"type":"transcription","audio":{"input":{"turn_detection":{"type":"server_vad"}}}}}`: realtime.InvalidValue,
		`{"type":"session.update","session":{"type":"transcription","audio":{"input":{"transcription":{"languages":[]}}}}}`:       realtime.InvalidValue,
		`{"type":"session.update","session":{"type":"transcription","audio":{"input":{"transcription":{"language":"en"}}}}}`:      realtime.InvalidValue,
		`{"type":"session.update","session":{"type":"transcription","audio":{"input":{"format":{"type":"audio/opus"}}}}}`:         realtime.InvalidValue,
		`{"type":"conversation.item.retrieve","item_id":"none"}`:                                                                  realtime.InvalidItemID,
		`{"type":"response.cancel"}`: realtime.CancelNotActive,
		`{"type":"session.update","session":{"type":"transcription","input_audio_format":"g711_ulaw"}}`:                                     realtime.UnknownParameter,
		`{"type":"session.update","session":{"type":"transcription","audio":{"input":{"noise_reduction":{"type":"studio"}}}}}`:              realtime.InvalidValue,
		`{"type":"session.update","session":{"type":"transcription","audio":{"input":{"turn_detection":{"type":{}}}}}}`:                     realtime.InvalidValue,
		`{"type":"conversation.item.create","item":{"type":"message","role":"user","content":[{"type":"input_text","text":"x"}],"mood":1}}`: realtime.UnknownParameter,
		`{"type":"input_audio_buffer.commit","final":true}`:                                                                                 realtime.UnknownParameter,
		`{"type":"input_audio_buffer.append","audio":"%"}`:                                                                                  realtime.InvalidValue,
		`{"type":"conversation.item.create","item":{"type":"message","role":"system","content":[{"type":"input_audio","audio":""}]}}`:       realtime.InvalidValue,
	} {
		l.send(frame)
		_, answer := l.next()
		got, err := realtime.Read[realtime.ErrorEvent](answer)
		if err != nil || got.Type != realtime.ErrorType || got.Error.CodeName() != want {
			t.Errorf("%s: %s, want code %q", frame, answer, want)
		}
	}
}

func (l line) say(words string) {
	frame, err := json.Marshal(realtime.ItemCreate{Header: realtime.Header{Type: realtime.ItemCreateType}, Item: realtime.UserText(words)})
	if err != nil {
		l.Fatal(err)
	}
	l.send(string(frame))
	l.until(realtime.ItemDoneType)
}

// TestSuggestionOutOfBand: order (c) of a text answer without items, metadata
// echoed, conversation null.
func TestSuggestionOutOfBand(t *testing.T) {
	l := start(t, openai.Config{}).mind()
	l.say("CALLER: Oh good. I was charged twice for the same order.")
	l.send(`{"type":"response.create","response":{"conversation":"none","metadata":{"purpose":"suggestion"},"output_modalities":["text"],"tools":[],
"instructions":"Answer as JSON {\"suggestions\":[...]}"}}`)
	got, frame := l.until(realtime.ResponseDoneType)
	want := []string{"response.created", "response.output_item.added", "response.content_part.added", "response.output_text.delta",
		"response.output_text.done", "response.content_part.done", "response.output_item.done", "response.done"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	done, _ := realtime.Read[realtime.ResponseEvent](frame)
	if done.Response.ConversationID != nil || done.Response.Metadata["purpose"] != "suggestion" || done.Response.Usage.InputTokens == 0 {
		t.Errorf("%s", frame)
	}
	if text := done.Response.Output[0].Text(); !strings.HasPrefix(text, `{"suggestions":[{"text":"Apologise`) {
		t.Errorf("suggestion %s", text)
	}
	l.until(realtime.RateLimitsType)
}

// TestFunctionCall: order (d), then an answer that uses the output.
func TestFunctionCall(t *testing.T) {
	l := start(t, openai.Config{}).mind()
	l.say("CALLER: Hello, Ana Dupont speaking.")
	l.send(`{"type":"response.create"}`)
	got, frame := l.until(realtime.ResponseDoneType)
	want := []string{"response.created", "response.output_item.added", "conversation.item.added", "response.function_call_arguments.delta",
		"response.function_call_arguments.done", "conversation.item.done", "response.output_item.done", "response.done"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	done, _ := realtime.Read[realtime.ResponseEvent](frame)
	call := done.Response.Output[0]
	if call.Name != "search_contact" || *call.Arguments != `{"query":"Ana Dupont"}` || len(call.CallID) != len("call_")+16 {
		t.Errorf("call %+v %s", call, *call.Arguments)
	}
	output, _ := json.Marshal(realtime.ItemCreate{Header: realtime.Header{Type: realtime.ItemCreateType},
		Item: realtime.FunctionOutput(call.CallID, `{"contacts":[{"name":"Ana Dupont","company":"Acme"}]}`)})
	l.send(string(output))
	l.send(`{"type":"response.create"}`)
	_, frame = l.until(realtime.ResponseDoneType)
	done, _ = realtime.Read[realtime.ResponseEvent](frame)
	if text := done.Response.Output[0].Text(); text != "The caller is Ana Dupont of Acme." {
		t.Errorf("answer %q", text)
	}
}

func TestOneResponseAtATimeAndCancel(t *testing.T) {
	l := start(t, openai.Config{}).mind()
	l.say("CALLER: I want to cancel my contract because of the third invoice.")
	l.send(`{"type":"response.create"}`)
	l.until(realtime.ResponseCreatedType)
	l.send(`{"type":"response.create"}`)
	for kind, frame := l.next(); ; kind, frame = l.next() {
		if kind == realtime.ErrorType {
			if !strings.Contains(string(frame), realtime.ActiveResponse) {
				t.Errorf("second response: %s", frame)
			}
			break
		}
	}
	l.send(`{"type":"response.cancel"}`)
	_, frame := l.until(realtime.ResponseDoneType)
	done, _ := realtime.Read[realtime.ResponseEvent](frame)
	if done.Response.Status != realtime.Cancelled || done.Response.StatusDetails.Reason != "client_cancelled" {
		t.Errorf("%s", frame)
	}
}

func TestSpokenAnswer(t *testing.T) {
	l := start(t, openai.Config{}).dial("?model=gpt-realtime-2.1", nil)
	l.until(realtime.SessionCreatedType)
	l.say("CALLER: My invoice is wrong.")
	l.send(`{"type":"response.create"}`)
	heard := 0
	for {
		kind, frame := l.next()
		if kind == realtime.AudioDeltaType {
			e, _ := realtime.Read[realtime.TextDelta](frame)
			heard += len(e.Delta)
		}
		if kind == realtime.ResponseDoneType {
			done, _ := realtime.Read[realtime.ResponseEvent](frame)
			if heard == 0 || done.Response.Output[0].Content[0].Type != "output_audio" {
				t.Errorf("%d bytes of sound, %s", heard, frame)
			}
			return
		}
	}
}

func TestExpiry(t *testing.T) {
	l := start(t, openai.Config{MaxSession: 50 * time.Millisecond}).dial("?intent=transcription", nil)
	l.until(realtime.SessionCreatedType)
	if kind, frame := l.next(); kind != realtime.ErrorType || !strings.Contains(string(frame), realtime.SessionExpired) {
		t.Errorf("%s", frame)
	}
	if code, why := l.closed(); code != realtime.CloseExpired || !strings.Contains(why, "60 minutes") {
		t.Errorf("closed with %d %q", code, why)
	}
}
