package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"softphone/internal/adapter/gateway"
	"softphone/internal/phone/call"
	"softphone/internal/sim/twilio"
)

// compareTranscript reads what the page was told while they talked.
func (a *checkAgent) compareTranscript(ctx context.Context) (string, error) {
	want, err := a.dialogue(ctx)
	if err != nil {
		return "", err
	}
	var got []gateway.TranscriptLine
	err = until(ctx, "the conversation was not written down", func() bool {
		got = a.finals()
		return len(got) >= len(want)
	})
	if err != nil {
		return "", fmt.Errorf("%w; written is %v", err, spoken(got))
	}
	if !slices.Equal(spoken(got), want) {
		return "", fmt.Errorf("written is %q, said was %q", spoken(got), want)
	}
	hint, err := a.await(ctx, "ai:suggestion", func(json.RawMessage) bool { return true })
	if err != nil {
		return "", err
	}
	var s gateway.Suggestion
	err = json.Unmarshal(hint.body, &s)
	return fmt.Sprintf("%d lines; suggested: %s", len(got), s.Text), err
}

// finals are the finished lines in the order in which they were spoken.
func (a *checkAgent) finals() []gateway.TranscriptLine {
	a.mu.Lock()
	defer a.mu.Unlock()
	var lines []gateway.TranscriptLine
	for _, e := range a.told[a.from:] {
		var l gateway.TranscriptLine
		if e.name == "ai:transcript" && json.Unmarshal(e.body, &l) == nil && l.Final {
			lines = append(lines, l)
		}
	}
	slices.SortFunc(lines, func(a, b gateway.TranscriptLine) int { return cmp.Compare(a.StartMs, b.StartMs) })
	return lines
}

func spoken(lines []gateway.TranscriptLine) []string {
	out := make([]string, len(lines))
	for i, l := range lines {
		out[i] = l.Speaker + ": " + l.Text
	}
	return out
}

// dialogue is what both sides say: the customer's words are told by the
// simulated Twilio, the agent's by the demo.
func (a *checkAgent) dialogue(ctx context.Context) ([]string, error) {
	raw, err := a.fromTwilio(ctx, "voices")
	if err != nil {
		return nil, err
	}
	var customer []struct{ Text string }
	if err := json.Unmarshal(raw, &customer); err != nil {
		return nil, err
	}
	var lines []string
	for n, c := range customer {
		lines = append(lines, "caller: "+c.Text)
		if n < len(a.saidSentences) {
			lines = append(lines, "agent: "+a.saidSentences[n])
		}
	}
	return lines, nil
}

// findInHistory reads the call as the history shows it.
func (a *checkAgent) findInHistory(ctx context.Context) (string, error) {
	var page struct{ Items []call.View }
	if err := a.ask(ctx, http.MethodGet, "/api/voice/calls?limit=1", nil, &page); err != nil {
		return "", err
	}
	if len(page.Items) != 1 || page.Items[0].ID != a.callID {
		return "", fmt.Errorf("the newest call is %+v, want %s", page.Items, a.callID)
	}
	want, err := a.dialogue(ctx)
	if err != nil {
		return "", err
	}
	var d struct {
		Call  call.View
		Lines []gateway.TranscriptLine
	}
	if err := a.ask(ctx, http.MethodGet, "/api/voice/calls/"+string(a.callID), nil, &d); err != nil {
		return "", err
	}
	if !slices.Equal(spoken(d.Lines), want) {
		return "", fmt.Errorf("kept is %q, said was %q", spoken(d.Lines), want)
	}
	if d.Call.DurationSeconds == nil || *d.Call.DurationSeconds < 10 {
		return "", fmt.Errorf("its talk time is %v", d.Call.DurationSeconds)
	}
	return fmt.Sprintf("%s, %d s of talk, %d lines", d.Call.Status, *d.Call.DurationSeconds, len(d.Lines)), nil
}

// noViolations asks both simulators what the real services would have refused.
func noViolations(ctx context.Context, story demoStory) (string, error) {
	for _, ledger := range []string{
		story.Twilio.BaseURL + "/control/ledger?kind=" + twilio.KindViolation,
		strings.TrimSuffix(story.OpenAI.BaseURL, "/v1") + "/control/ledger?kind=error",
	} {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, ledger, nil)
		if err != nil {
			return "", err
		}
		var raw []byte
		if err := fetch(r, &raw); err != nil {
			return "", err
		}
		for line := range bytes.Lines(raw) {
			// Asking while the model still answers is no harm: it is asked again.
			if !bytes.Contains(line, []byte("conversation_already_has_active_response")) {
				return "", fmt.Errorf("%s", line)
			}
		}
	}
	return "no", nil
}
