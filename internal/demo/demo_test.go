package demo

import (
	"bytes"
	"testing"

	"softphone/internal/protocol/g711"
	"softphone/internal/protocol/wav"
)

// The part must be a file that our own reader takes, and quiet for as long as
// the customer speaks.
func TestPartIsFourSentencesWithPauses(t *testing.T) {
	part, err := Part()
	if err != nil {
		t.Fatal(err)
	}
	clip, err := wav.ReadClip(bytes.NewReader(part), 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	if clip.Format != wav.Phone(1) {
		t.Errorf("format %+v", clip.Format)
	}
	var pauses, quiet int
	for _, b := range clip.Sound {
		if b != g711.Silence {
			quiet = 0
			continue
		}
		if quiet++; quiet == 3*g711.Rate { // each pause reaches this length once
			pauses++
		}
	}
	if pauses != 4+1 {
		t.Errorf("%d pauses of 3 s and more, want %d", pauses, 4+1)
	}
}
