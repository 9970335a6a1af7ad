// Package demo holds what Alex, the agent of the demo, says on the telephone,
// so that a call can be tried on a machine without a microphone.
//
// The one rule: it knows nothing of calls. The page that plays the part decides
// when it begins; the pauses are long enough for the customer's answers.
package demo

import (
	"embed"
	"fmt"
	"time"

	"softphone/internal/protocol/g711"
	"softphone/internal/protocol/wav"
)

//go:embed voices/*.ulaw
var voices embed.FS

// sentences is how many clips there are, agent-1 to agent-4.
const sentences = 4

// The simulated customer greets for 2.5 s, and answers 0.7 s after the agent's
// last word for at most 3.5 s.
const (
	Greeting = 3 * time.Second
	Answer   = 4500 * time.Millisecond
)

// Part is the agent's side of the conversation as a mu-law WAV file: the time of
// the customer's greeting, then each sentence and the time of its answer.
func Part() ([]byte, error) {
	sound := silence(nil, Greeting)
	for n := range sentences {
		clip, err := voices.ReadFile(fmt.Sprintf("voices/agent-%d.ulaw", n+1))
		if err != nil {
			return nil, fmt.Errorf("read the agent's sentence: %w", err)
		}
		sound = silence(append(sound, clip...), Answer)
	}
	return wav.Append(nil, wav.Phone(1), sound), nil
}

func silence(sound []byte, d time.Duration) []byte {
	for range int(d * g711.Rate / time.Second) {
		sound = append(sound, g711.Silence)
	}
	return sound
}
