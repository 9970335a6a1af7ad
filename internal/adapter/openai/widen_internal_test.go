package openai

import (
	"testing"

	"softphone/internal/protocol/g711"
)

// TestWidenIsStraightLines: every third sample is the telephone's own, also where
// one piece of sound meets the next.
func TestWidenIsStraightLines(t *testing.T) {
	pcmu := []byte{g711.Encode(0), g711.Encode(9000), g711.Encode(-9000), g711.Encode(300)}
	var out []byte
	last := int16(0)
	for i := range pcmu {
		var piece []byte
		piece, last = widen(nil, pcmu[i:i+1], last)
		out = append(out, piece...)
	}
	if len(out) != 3*2*len(pcmu) {
		t.Fatalf("%d bytes, want %d", len(out), 3*2*len(pcmu))
	}
	at := func(i int) int { return int(int16(uint16(out[2*i]) | uint16(out[2*i+1])<<8)) }
	before := 0
	for i, b := range pcmu {
		want := int(g711.Decode(b))
		if got := at(3*i + 2); got != want {
			t.Errorf("sample %d is %d, want %d", i, got, want)
		}
		if got, middle := at(3*i), before+(want-before)/3; got-middle > 1 || middle-got > 1 {
			t.Errorf("a third of the way to sample %d is %d, want %d", i, got, middle)
		}
		before = want
	}
}
