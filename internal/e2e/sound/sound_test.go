package sound_test

import (
	"bytes"
	"runtime"
	"strings"
	"testing"
	"time"

	"softphone/internal/phone/media"
	"softphone/internal/protocol/g711"
	sim "softphone/internal/sim/twilio"
)

// What the customer says reaches the agent byte by byte: nothing is transcoded,
// lost, repeated or moved.
func TestCustomerIsHeardAsSpoken(t *testing.T) {
	t.Parallel()
	speech := voice(t, "customer-1")
	k := connect(t, sim.Turn{Wait: sim.Span(time.Second), Say: "customer-1"})
	eventually(t, "the whole sentence", func() bool { return bytes.Contains(k.ear.all(), speech) })
	if s := k.agent.Stats(); s.Lost+s.Late != 0 {
		t.Errorf("the agent's side counts %+v, want no loss", s)
	}
	if s := k.peer.Stats(); s.Unsent != 0 {
		t.Errorf("our side counts %+v, want all sent", s)
	}
}

// What the agent says reaches the customer: every frame, in order, unchanged, but
// for those that were dropped because this machine was late, which are counted.
func TestAgentIsHeardAsSpoken(t *testing.T) {
	t.Parallel()
	speech := voice(t, "customer-2")
	k := connect(t)
	k.say(speech)
	frames := int64(len(speech)+media.FrameBytes-1) / media.FrameBytes
	eventually(t, "the last word", func() bool {
		c := k.stream.Sound()
		return c.Sent+c.Quiet+c.Spoken >= frames && c.Ahead == 0 && k.waiting() == 0
	})
	missing := int64(notHeard(k.heard(), speech))
	if s := k.stream.Sound(); missing > s.Quiet+s.Spoken || s.Sent < frames/2 {
		t.Errorf("%d of %d frames were not heard as spoken, counts %+v", missing, frames, s)
	}
	if s := k.peer.Stats(); s.Lost+s.Late != 0 {
		t.Errorf("our side counts %+v, want no loss", s)
	}
}

// notHeard counts the frames of speech that do not come in their order.
func notHeard(heard, speech []byte) (missing int) {
	for len(speech) >= media.FrameBytes {
		if i := bytes.Index(heard, speech[:media.FrameBytes]); i < 0 {
			missing++
		} else {
			heard = heard[i+media.FrameBytes:]
		}
		speech = speech[media.FrameBytes:]
	}
	return missing
}

// The agent's network stalls for a second and delivers all at once: Twilio's
// buffer, which is real here, does not keep it for the rest of the call.
func TestBurstOverTheSimulator(t *testing.T) {
	t.Parallel()
	speech := voice(t, "customer-2")
	k := connect(t)
	k.say(speech[:2*g711.Rate])
	burst := clip{speech[:g711.Rate]}
	var frame [media.FrameBytes]byte
	for burst.Next(frame[:]) {
		k.agent.WriteFrame(media.Frame{Data: frame[:]})
	}
	k.say(speech)
	if got := k.waiting(); got > 240*time.Millisecond {
		t.Errorf("after a burst of a second and a sentence %v wait at Twilio", got)
	}
	if s := k.stream.Sound(); s.Spoken+s.Quiet < 30 {
		t.Errorf("counts %+v, want most of the burst dropped before Twilio", s)
	}
}

// The way to Twilio hangs for a second and delivers all at once: it is stale, a
// clear drops it, and the call goes on in time.
func TestStallOfTheWay(t *testing.T) {
	t.Parallel()
	speech := voice(t, "customer-2")
	k := connect(t)
	k.say(speech[:2*g711.Rate])
	k.stall(time.Second)
	k.say(speech)
	k.say(speech[:g711.Rate])
	if got := k.waiting(); got > 240*time.Millisecond {
		t.Errorf("four seconds after a stall %v wait at Twilio", got)
	}
	if s := k.stream.Sound(); s.Cleared == 0 {
		t.Errorf("counts %+v, want what was stale cleared", s)
	}
}

// Twilio plays three in a hundred slower than the agent speaks, sixty times the
// worst of real clocks: marks find it out, and pauses make it up.
func TestSlowTwilio(t *testing.T) {
	t.Parallel()
	k := connectBy(t, -30_000)
	for range 3 {
		k.say(voice(t, "customer-2"))
	}
	if got := k.waiting(); got > 240*time.Millisecond {
		t.Errorf("after ten seconds %v wait at Twilio, 300 ms would without marks", got)
	}
	if s := k.stream.Sound(); s.Quiet == 0 {
		t.Errorf("counts %+v, want silence dropped", s)
	}
}

// TestNothingIsAllocated counts what our own code allocates while sound goes
// both ways through real sockets, with two listeners on each side: from Twilio's
// socket over decoder, cutter, switch, tee and taps to the browser's track, and
// from its packets over receiver, cutter, gate, tee and outlet to the message
// back. A place that allocates for every second frame is an error; one that does
// for every mark, once a second, is none.
func TestNothingIsAllocated(t *testing.T) {
	k := connect(t)
	for range 2 {
		t.Cleanup(k.bridge.TapCustomer(media.NewTap(10)))
		t.Cleanup(k.bridge.TapAgent(media.NewTap(10)))
	}
	speech := voice(t, "customer-2")
	k.say(speech[:g711.Rate])
	before, sent := allocations(), k.stream.Sound().Sent
	k.say(speech)
	after, frames := allocations(), k.stream.Sound().Sent-sent
	if frames < 100 {
		t.Fatalf("only %d frames went through", frames)
	}
	seen := 0
	for place, n := range after {
		n -= before[place]
		if raced && strings.HasPrefix(place, "softphone/internal/adapter/webrtc.init") {
			continue // with the race detector a sync.Pool forgets at random what it is given
		}
		if seen += int(n); n > frames/2 && strings.HasPrefix(place, "softphone/") {
			t.Errorf("%d allocations for %d frames in %s", n, frames, place)
		}
	}
	if seen == 0 {
		t.Error("the profile saw no allocation at all: it does not work")
	}
}

// allocations counts objects by the function that is responsible: the innermost
// one that is not of the standard library.
func allocations() map[string]int64 {
	for range 3 { // a record is published two cycles later
		runtime.GC()
	}
	records := make([]runtime.MemProfileRecord, 50_000)
	n, _ := runtime.MemProfile(records, true)
	places := map[string]int64{}
	for _, r := range records[:n] {
		places[responsible(r.Stack())] += r.AllocObjects
	}
	return places
}

func responsible(stack []uintptr) string {
	frames := runtime.CallersFrames(stack)
	for {
		f, more := frames.Next()
		if first, _, _ := strings.Cut(f.Function, "/"); strings.HasPrefix(f.Function, "softphone/") || strings.Contains(first, ".") && strings.Contains(f.Function, "/") {
			if strings.Contains(f.Function, "/sim/") || strings.Contains(f.Function, "/e2e/") {
				return "the test: " + f.Function
			}
			return f.Function
		}
		if !more {
			return "runtime"
		}
	}
}
