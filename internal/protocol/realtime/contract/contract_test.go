package contract_test

import (
	"strings"
	"testing"

	"softphone/internal/protocol/realtime/contract"
)

// TestCheck holds the checker against events that are known to be right or wrong.
func TestCheck(t *testing.T) {
	tests := map[string]struct {
		check func([]byte) error
		frame string
		want  string // in the error; empty: none
	}{
		"append":          {contract.FromClient, `{"type":"input_audio_buffer.append","audio":"AAAA"}`, ""},
		"no audio":        {contract.FromClient, `{"type":"input_audio_buffer.append"}`, "audio is missing"},
		"beta event":      {contract.FromClient, `{"type":"transcription_session.update","session":{}}`, "no event"},
		"server's event":  {contract.FromClient, `{"type":"input_audio_buffer.cleared","event_id":"e"}`, "no event"},
		"invented member": {contract.FromServer, `{"type":"input_audio_buffer.cleared","event_id":"e","mood":1}`, "mood is not in the description"},
		"wrong type":      {contract.FromServer, `{"type":"input_audio_buffer.committed","event_id":"e","item_id":7}`, "item_id is 7"},
		"null":            {contract.FromServer, `{"type":"input_audio_buffer.committed","event_id":"e","item_id":"i","previous_item_id":null}`, ""},
		"null elsewhere":  {contract.FromServer, `{"type":"input_audio_buffer.committed","event_id":null,"item_id":"i"}`, "event_id is <nil>"},
		"deep": {contract.FromClient, `{"type":"session.update","session":{"type":"transcription","audio":{"input":{"format":{"type":"audio/g722"}}}}}`,
			"format"},
		"a shape of the beta": {contract.FromClient, `{"type":"session.update","session":{"type":"realtime","modalities":["text"]}}`, "modalities"},
	}
	for name, test := range tests {
		err := test.check([]byte(test.frame))
		switch {
		case test.want == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
			t.Errorf("%s: got %v, want %q in it", name, err, test.want)
		}
	}
	if n := len(contract.Types(true)); n < 40 {
		t.Errorf("%d server events are described, want all of them", n)
	}
}
