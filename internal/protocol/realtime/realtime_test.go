package realtime_test

import (
	"encoding/base64"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"softphone/internal/protocol/realtime"
)

func TestAppendAudioIsJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sound := rapid.SliceOf(rapid.Byte()).Draw(t, "sound")
		var got struct {
			Type  string `json:"type"`
			Audio string `json:"audio"`
		}
		if err := json.Unmarshal(realtime.AppendAudio(nil, sound), &got); err != nil {
			t.Fatal(err)
		}
		back, err := base64.StdEncoding.DecodeString(got.Audio)
		if err != nil || string(back) != string(sound) || got.Type != realtime.AudioAppendType {
			t.Fatalf("%q %v came back from %v (%v)", got.Type, back, sound, err)
		}
	})
}

func TestAppendAudioAllocatesNothing(t *testing.T) {
	sound, buffer := make([]byte, 800), make([]byte, 0, 2048)
	if got := testing.AllocsPerRun(100, func() { buffer = realtime.AppendAudio(buffer[:0], sound) }); got != 0 {
		t.Errorf("%v allocations a message, want 0", got)
	}
}

// TestPeek holds the prefix scan against encoding/json for either order of
// members, escapes and spaces.
func TestPeek(t *testing.T) {
	for frame, want := range map[string]string{
		`{"type":"session.created","event_id":"e"}`: "session.created",
		`{"event_id":"e","type":"error"}`:           "error",
		`{ "type" : "error" }`:                      "error",
		`{"type":"a\u002eb"}`:                       "a.b",
		`{"type":""}`:                               "",
		`{"type":"error"`:                           "",
		`[]`:                                        "",
		``:                                          "",
	} {
		got, err := realtime.Peek([]byte(frame))
		if got != want || (err != nil) != (want == "") {
			t.Errorf("Peek(%s) = %q, %v; want %q", frame, got, err, want)
		}
	}
}

// TestUsage reads the usage object of "Managing costs" in OpenAI's Realtime
// guide.
func TestUsage(t *testing.T) {
	const frame = `{"type":"response.done","event_id":"event_1","response":{"object":"realtime.response","id":"resp_1","status":"completed",
	"status_details":null,"output":[],"conversation_id":null,"metadata":{"purpose":"suggestion"},
	"usage":{"total_tokens":253,"input_tokens":132,"output_tokens":121,
	"input_token_details":{"text_tokens":119,"audio_tokens":13,"image_tokens":0,"cached_tokens":64,
	"cached_tokens_details":{"text_tokens":64,"audio_tokens":0,"image_tokens":0}},
	"output_token_details":{"text_tokens":30,"audio_tokens":91}}}}`
	got, err := realtime.Read[realtime.ResponseEvent]([]byte(frame))
	if err != nil {
		t.Fatal(err)
	}
	want := &realtime.Usage{TotalTokens: 253, InputTokens: 132, OutputTokens: 121,
		Input:  realtime.InputDetails{Text: 119, Audio: 13, Cached: 64, CachedDetails: realtime.Details{Text: 64}},
		Output: realtime.OutputDetails{Text: 30, Audio: 91}}
	if diff := cmp.Diff(want, got.Response.Usage); diff != "" {
		t.Error(diff)
	}
	if got.Response.ConversationID != nil {
		t.Error("an out-of-band response has a conversation")
	}
}

func TestCodes(t *testing.T) {
	for code, want := range map[int]bool{1001: false, 1006: false, 1011: false, 3000: true, 4000: true} {
		if got := realtime.PermanentClose(code); got != want {
			t.Errorf("PermanentClose(%d) = %v", code, got)
		}
	}
	if !realtime.PermanentCode(realtime.InsufficientQuota) || realtime.PermanentCode(realtime.RateLimitExceeded) {
		t.Error("an empty account is permanent, a rate limit is not")
	}
	if !realtime.Retired("gpt-4o-realtime-preview-2024-12-17") || realtime.Retired(realtime.DefaultModel) {
		t.Error("retired models are mixed up")
	}
}

func FuzzServerEvent(f *testing.F) {
	f.Add([]byte(`{"type":"error","error":{"type":"invalid_request_error","code":null,"message":"x"}}`))
	f.Add([]byte(`{"event_id":"e","type":"response.done","response":{"output":[{"type":"message","content":[{"type":"output_text","text":"x"}]}]}}`))
	f.Fuzz(func(t *testing.T, frame []byte) {
		kind, err := realtime.Peek(frame)
		var h realtime.Header
		if json.Unmarshal(frame, &h) == nil && h.Type != "" && err != nil {
			t.Fatalf("refused %q of type %q: %v", frame, h.Type, err)
		}
		if kind == realtime.ResponseDoneType {
			if e, err := realtime.Read[realtime.ResponseEvent](frame); err == nil {
				for _, item := range e.Response.Output {
					_ = item.Text()
				}
			}
		}
	})
}
