package webrtc

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pion/rtp"

	"softphone/internal/phone/media"
)

type heard struct {
	First byte
	At    time.Duration
}

type ear []heard

func (e *ear) WriteFrame(f media.Frame) { *e = append(*e, heard{f.Data[0], f.At}) }

// packet is the n-th of a stream whose numbers overflow early.
func packet(n int) *rtp.Packet {
	data := make([]byte, media.FrameBytes)
	data[0] = byte(n)
	return &rtp.Packet{Header: rtp.Header{SequenceNumber: uint16(65534 + n), Timestamp: uint32(1<<32 - 320 + 160*n)}, Payload: data}
}

func TestOrder(t *testing.T) {
	for _, c := range []struct {
		name       string
		come, want []int
		lost, late int64
	}{
		{"in order", []int{0, 1, 2, 3}, []int{0, 1, 2, 3}, 0, 0},
		{"swapped", []int{0, 2, 1, 3}, []int{0, 1, 2, 3}, 0, 0},
		{"two late", []int{0, 3, 2, 1, 4}, []int{0, 1, 2, 3, 4}, 0, 0},
		{"lost", []int{0, 2, 3, 4, 5}, []int{0, 2, 3, 4, 5}, 1, 0},
		{"after its turn", []int{0, 2, 3, 4, 1, 5}, []int{0, 2, 3, 4, 5}, 1, 1},
		{"twice", []int{0, 2, 2, 1, 3}, []int{0, 1, 2, 3}, 0, 0},
	} {
		var e ear
		p := &Peer{}
		r := receiver{peer: p, cut: media.NewCutter(&e)}
		for _, n := range c.come {
			r.take(packet(n))
		}
		want := ear{}
		for _, n := range c.want {
			want = append(want, heard{byte(n), time.Duration(n) * media.FrameTime})
		}
		if d := cmp.Diff(e, want); d != "" {
			t.Errorf("%s: frames differ (-got +want)\n%s", c.name, d)
		}
		if s := p.Stats(); s.Lost != c.lost || s.Late != c.late {
			t.Errorf("%s: counted %d lost, %d late, want %d, %d", c.name, s.Lost, s.Late, c.lost, c.late)
		}
	}
}

func TestSenderJumpsOverSilence(t *testing.T) {
	var s sender
	var h rtp.Header
	now := time.Unix(0, 0)
	for i, c := range []struct {
		after  time.Duration
		ts     uint32
		marker bool
	}{
		{0, 0, true},
		{20 * time.Millisecond, 160, false},
		{90 * time.Millisecond, 320, false}, // late, not silent
		{time.Second, 320 + 50*160, true},
	} {
		now = now.Add(c.after)
		s.stamp(&h, now, media.FrameBytes)
		if h.SequenceNumber != uint16(i) || h.Timestamp != c.ts || h.Marker != c.marker {
			t.Errorf("packet %d: seq %d, timestamp %d, marker %t, want timestamp %d, marker %t",
				i, h.SequenceNumber, h.Timestamp, h.Marker, c.ts, c.marker)
		}
	}
}
