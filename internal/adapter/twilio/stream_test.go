package twilio

import (
	"bytes"
	"testing"

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
	got := testing.AllocsPerRun(1000, func() {
		reader.Reset(wire)
		v.buf, _ = readInto(v.buf[:0], reader)
		m, err := v.decoder.Decode(v.buf)
		if err != nil {
			t.Fatal(err)
		}
		s.cutter.Write(m.Media.Payload)
		s.WriteFrame(media.Frame{Data: m.Media.Payload})
		f, _ := s.out.Next(buf)
		message = mediastream.AppendMedia(message[:0], s.sid, f.Data)
	})
	if got != 0 {
		t.Errorf("%v allocations a frame", got)
	}
}

// A burst is not played late: the newest 60 ms wait, the rest is dropped.
func TestBurstDoesNotBecomeDelay(t *testing.T) {
	s := newStream("MZ1")
	for i := range 10 {
		s.WriteFrame(media.Frame{Data: bytes.Repeat([]byte{byte(i)}, media.FrameBytes)})
	}
	f, _ := s.out.Next(make([]byte, media.FrameBytes))
	if f.Data[0] != 7 || s.Dropped() != 7 {
		t.Errorf("oldest waiting frame is %d, %d dropped", f.Data[0], s.Dropped())
	}
}
