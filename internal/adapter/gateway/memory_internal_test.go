package gateway

import (
	"encoding/json"
	"strings"
	"testing"

	"softphone/internal/phone/switchboard"
)

// TestOnlyAnswersAreRemembered: a refusal may be mended, and then the same
// command is done.
func TestOnlyAnswersAreRemembered(t *testing.T) {
	m, done := newMemory(), 0
	ask := func(a answer) answer {
		return m.do("u call:mute 1", func() answer { done++; return a })
	}
	no := answer{body: json.RawMessage(`{"ok":false}`), no: &switchboard.Refusal{Code: switchboard.NoDevice}}
	yes := answer{body: json.RawMessage(`{"ok":true}`)}
	if a := ask(no); a.no == nil {
		t.Error("first answer was not given")
	}
	if a := ask(yes); a.no != nil {
		t.Error("a refusal was remembered")
	}
	if a := ask(no); a.no != nil || done != 2 {
		t.Errorf("the answer was not remembered: done %d times, %v", done, a.no)
	}
}

// TestWrongFieldsAreNamedInWordsOfOurs: no programmer's language on the socket.
func TestWrongFieldsAreNamedInWordsOfOurs(t *testing.T) {
	for _, c := range []struct{ command, args, want string }{
		{"call:initiate", `{"to":5}`, "The field `to` must be text."},
		{"call:mute", `{"on":"yes"}`, "The field `on` must be true or false."},
		{"call:mute", `{"callId":[]}`, "The field `callId` must be text."},
		{"call:mute", `"x"`, "The fields of call:mute cannot be read."},
	} {
		i := 0
		for commands[i].Name != c.command {
			i++
		}
		_, err := commands[i].do(t.Context(), nil, nil, json.RawMessage(c.args))
		if err == nil || strings.TrimPrefix(err.Error(), "invalid_input: ") != c.want {
			t.Errorf("%s %s: %v, want %s", c.command, c.args, err, c.want)
		}
	}
}
