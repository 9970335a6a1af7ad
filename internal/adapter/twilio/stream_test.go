package twilio

import (
	"bytes"
	"testing"
	"time"

	"softphone/internal/phone/media"
	"softphone/internal/protocol/mediastream"
)

type deaf struct{}

func (deaf) WriteFrame(media.Frame) {}

// The frame path between the socket's reader and the bridge, and back to the
// message that goes out, allocates nothing.
func TestFramePathAllocatesNothing(t *testing.T) {
	s := newStream("MZ00000000000000000000000000000001")
	s.Connect(deaf{})
	sound := make([]byte, media.FrameBytes)
	wire := mediastream.AppendSound(nil, 2, s.sid, mediastream.Media{Track: mediastream.TrackInbound, Chunk: 1, Payload: sound})
	v, reader := &visit{stream: s, buf: make([]byte, 0, 4096)}, bytes.NewReader(nil)
	message, buf := make([]byte, 0, 512), make([]byte, media.FrameBytes)
	now := began
	s.out.lead.mark = mark{name: "away", sent: began.Add(time.Hour)} // none is sent: one a second allocates its name
	got := testing.AllocsPerRun(1000, func() {
		reader.Reset(wire)
		v.buf, _ = readInto(v.buf[:0], reader)
		m, err := v.decoder.Decode(v.buf)
		if err != nil {
			t.Fatal(err)
		}
		s.cutter.Write(m.Media.Payload)
		s.out.put(now, m.Media.Payload)
		now = now.Add(media.FrameTime)
		do := s.out.next(now, buf)
		message = mediastream.AppendMedia(message[:0], s.sid, buf[:do.frame])
	})
	if got != 0 {
		t.Errorf("%v allocations a frame", got)
	}
}
