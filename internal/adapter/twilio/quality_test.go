package twilio

import (
	"testing"
	"time"

	"softphone/internal/phone/media"
	"softphone/internal/protocol/mediastream"
)

// What the customer's network lost is in Twilio's timestamps, and how uneven it
// came in ours.
func TestHeard(t *testing.T) {
	var h heard
	now, at := time.Unix(0, 0), 5*time.Millisecond
	say := func(n int, late time.Duration) {
		for range n {
			h.took(now.Add(late), mediastream.Media{At: at, Payload: make([]byte, media.FrameBytes)})
			now, at = now.Add(media.FrameTime), at+media.FrameTime
		}
	}
	say(100, 0)
	at, now = at+60*time.Millisecond, now.Add(60*time.Millisecond)
	say(50, 0)
	if f, l, j := h.frames.Load(), h.lost.Load(), h.jitter.Load(); f != 150 || l != 3 || j != 0 {
		t.Errorf("heard %d, lost %d, jitter %v, want 150, 3, none", f, l, time.Duration(j))
	}
	at = 0 // a stream that starts anew
	say(50, 0)
	at += 5 * time.Millisecond // less than a frame is no loss
	say(50, 0)
	if f, l := h.frames.Load(), h.lost.Load(); f != 250 || l != 3 {
		t.Errorf("heard %d, lost %d after a new start, want 250 and 3", f, l)
	}
	for i := range 200 {
		say(1, time.Duration(i%2)*10*time.Millisecond)
	}
	if j := time.Duration(h.jitter.Load()); j < 9*time.Millisecond || j > 10*time.Millisecond {
		t.Errorf("jitter of frames 10 ms early and late is %v", j)
	}
}
