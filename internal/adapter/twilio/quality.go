package twilio

import (
	"sync/atomic"
	"time"

	"softphone/internal/phone/media"
	"softphone/internal/protocol/g711"
	"softphone/internal/protocol/mediastream"
)

// Quality is how the leg sounded in the last five seconds: what the customer says
// by Twilio's timestamps, what it hears by what the outlet had to drop. The way to
// the telephone is not in it: Twilio tells nothing of that while a call goes on.
func (s *Stream) Quality() media.Quality {
	out, way := s.out.quality()
	return s.gauge.Read(time.Now(), media.Reading{
		// The agent's browser conceals what the customer's network loses.
		In: media.Tally{Heard: s.heard.frames.Load(), Lost: s.heard.lost.Load(),
			Jitter: time.Duration(s.heard.jitter.Load()), Concealed: true},
		Out:       media.Tally{Heard: out.Sent - out.Cleared, Lost: out.Spoken + out.Cleared},
		RoundTrip: way,
	})
}

// quality returns the counts and the way to Twilio and back that marks measured,
// 0 before.
func (o *outlet) quality() (Sound, time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.count, o.lead.way
}

// heard counts what comes from the customer. A socket loses nothing, but what did
// not reach Twilio is missing in its timestamps.
type heard struct {
	frames, lost, jitter atomic.Int64

	begun bool
	next  time.Duration // where the next piece should begin
	late  media.Jitter
}

// took takes a piece that came now. A clock that jumps back or by an hour has been
// started anew.
func (h *heard) took(now time.Time, m mediastream.Media) {
	if gap := m.At - h.next; h.begun && gap > 0 && gap < time.Hour {
		h.lost.Add(int64(gap / media.FrameTime))
	}
	h.begun, h.next = true, m.At+length(len(m.Payload))
	h.frames.Add(int64(max(1, len(m.Payload)/media.FrameBytes)))
	h.late.Came(now, uint32(m.At*g711.Rate/time.Second))
	h.jitter.Store(int64(h.late.Value()))
}
