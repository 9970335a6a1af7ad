// Package demo holds what Alex, the agent of the demo, says on the telephone,
// so that a call can be tried on a machine without a microphone.
//
// The one rule: it knows nothing of calls. Whoever plays the part decides when
// it begins; the pauses are long enough for the customer's answers.
package demo

import (
	"embed"
	"encoding/json"
	"fmt"
	"time"

	"softphone/internal/protocol/g711"
	"softphone/internal/protocol/wav"
)

//go:embed voices/*.ulaw voices/voices.json
var voices embed.FS

// The simulated customer greets for 2.5 s, and answers 0.7 s after the agent's
// last word for at most 3.5 s.
const (
	Greeting = 3 * time.Second
	Answer   = 4500 * time.Millisecond
)

// Sentence is something Alex says.
type Sentence struct {
	Text  string
	Sound []byte // mu-law, 8 kHz
}

// Sentences lists what Alex says, in order.
func Sentences() ([]Sentence, error) {
	list, err := voices.ReadFile("voices/voices.json")
	if err != nil {
		return nil, err
	}
	var clips []struct{ Text, File string }
	if err := json.Unmarshal(list, &clips); err != nil {
		return nil, fmt.Errorf("read the list of sentences: %w", err)
	}
	out := make([]Sentence, len(clips))
	for i, c := range clips {
		sound, err := voices.ReadFile("voices/" + c.File)
		if err != nil {
			return nil, fmt.Errorf("read the agent's sentence: %w", err)
		}
		out[i] = Sentence{c.Text, sound}
	}
	return out, nil
}

// Part is the agent's side of the conversation as a mu-law WAV file: the time of
// the customer's greeting, then each sentence and the time of its answer.
func Part() ([]byte, error) {
	sentences, err := Sentences()
	if err != nil {
		return nil, err
	}
	sound := silence(nil, Greeting)
	for _, s := range sentences {
		sound = silence(append(sound, s.Sound...), Answer)
	}
	return wav.Append(nil, wav.Phone(1), sound), nil
}

func silence(sound []byte, d time.Duration) []byte {
	for range int(d * g711.Rate / time.Second) {
		sound = append(sound, g711.Silence)
	}
	return sound
}
