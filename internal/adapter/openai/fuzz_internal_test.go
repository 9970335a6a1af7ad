package openai

import (
	"encoding/json"
	"testing"

	"softphone/internal/phone/assist"
	"softphone/internal/protocol/realtime"
)

// FuzzServerEvent gives anything to both readers: they make sense of it, pass it
// over, or end the session with a fault.
func FuzzServerEvent(f *testing.F) {
	for _, seed := range []string{
		`{"type":"error","event_id":"e","error":{"type":"invalid_request_error","code":"input_audio_buffer_commit_empty","message":"m","param":null,"event_id":null}}`,
		`{"type":"conversation.item.input_audio_transcription.delta","event_id":"e","item_id":"i","content_index":0,"delta":"Hel"}`,
		`{"type":"conversation.item.input_audio_transcription.completed","event_id":"e","item_id":"i","content_index":0,"transcript":"Hello","usage":{"type":"duration","seconds":5}}`,
		`{"type":"conversation.item.input_audio_transcription.failed","event_id":"e","item_id":"i","content_index":0,"error":{"type":"t","code":"insufficient_quota","message":"m"}}`,
		`{"type":"input_audio_buffer.committed","event_id":"e","previous_item_id":null,"item_id":"i"}`,
		`{"type":"response.created","event_id":"e","response":{"id":"r","metadata":{"purpose":"suggestion","turn":"t"}}}`,
		`{"type":"response.output_item.done","event_id":"e","response_id":"r","output_index":0,"item":{"type":"function_call","call_id":"c","name":"search_contact","arguments":"{}"}}`,
		`{"type":"response.done","event_id":"e","response":{"id":"r","status":"failed","status_details":{"type":"failed","error":{"type":"t","code":"rate_limit_exceeded"}},"output":[]}}`,
		`{"type":"response.done","event_id":"e","response":{"id":"r","status":"completed","metadata":{"purpose":"suggestion","turn":"t"},"output":[{"type":"message","content":[{"type":"output_text","text":"x"}]}]}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, frame []byte) {
		s := &socket{}
		kind, err := s.event(frame)
		if err != nil {
			return
		}
		heard, told, err := (&hearing{socket: s}).heard(kind, frame)
		if told && err == nil && (heard.Kind == assist.Partial || heard.Kind == assist.Final) && kind != realtime.TranscriptionDeltaType && kind != realtime.TranscriptionCompletedType {
			t.Errorf("%s was heard as %+v", frame, heard)
		}
		idea, told, err := (&mind{socket: s}).idea(t.Context(), kind, frame)
		if told && err == nil && idea.Kind == assist.UseTool && kind != realtime.OutputItemDoneType {
			t.Errorf("%s gave %+v", frame, idea)
		}
		if _, err := json.Marshal(heard); err != nil {
			t.Errorf("%s: %v", frame, err)
		}
	})
}
