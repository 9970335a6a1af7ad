package sound_test

import (
	"testing"
	"time"

	"softphone/internal/phone/media"
)

// Both legs of a call know after some seconds how they sound: the customer's from
// Twilio's timestamps and marks, the agent's from the browser's reports.
func TestBothLegsKnowTheirQuality(t *testing.T) {
	k := connect(t)
	speech := voice(t, "customer-2")
	legs := map[string]func() media.Quality{"customer": k.stream.Quality, "agent": k.peer.Quality}
	for _, read := range legs {
		read() // the first stretch begins
	}
	for range 1 + int(media.QualityTime/time.Second) {
		k.say(speech[:8000])
	}
	for name, read := range legs {
		var q media.Quality
		eventually(t, "a stretch of the "+name+"'s leg", func() bool { q = read(); return !q.At.IsZero() })
		if !q.In.Known || !q.Out.Known && name == "customer" || q.MOS == 0 || q.Grade == "" || q.RoundTrip > time.Second {
			t.Errorf("the %s's leg is %+v, want figures of what was said and heard", name, q)
		}
	}
}
