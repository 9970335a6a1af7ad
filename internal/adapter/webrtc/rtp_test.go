package webrtc

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pion/rtp"

	"softphone/internal/phone/media"
	"softphone/internal/protocol/g711"
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

// event is a packet of a key that began at a time and has lasted as long, in
// samples (RFC 4733, 2.3).
func event(seq, began, lasts int) *rtp.Packet {
	return &rtp.Packet{Header: rtp.Header{SequenceNumber: uint16(65534 + seq), PayloadType: keysPayload, Timestamp: uint32(1<<32 - 320 + began)},
		Payload: []byte{5, 10, byte(lasts >> 8), byte(lasts)}}
}

// After two frames of voice a key of 160 ms, whose end comes three times, then
// voice again: there is no hole in time, and silence where the key was.
func TestTelephoneEventIsSilence(t *testing.T) {
	var whole []*rtp.Packet
	for i := 2; i <= 9; i++ {
		whole = append(whole, event(i, 320, 160*(i-1)))
	}
	whole = append(whole, event(10, 320, 1280), event(11, 320, 1280))
	voice := func(seq, ts int) *rtp.Packet {
		p := packet(seq)
		p.Timestamp = uint32(1<<32 - 320 + ts)
		return p
	}
	for name, keys := range map[string][]*rtp.Packet{
		"whole":            whole,
		"first half lost":  whole[4:],
		"two packets swap": append(append([]*rtp.Packet{whole[1], whole[0]}, whole[2:4]...), whole[4:]...),
		"nothing but ends": {event(2, 320, 1280), event(3, 320, 1280)},
		"odd lengths":      {event(2, 320, 100), event(3, 320, 200), event(4, 320, 1280)},
		"no payload":       append([]*rtp.Packet{{Header: rtp.Header{SequenceNumber: 65534 + 1, PayloadType: keysPayload}}}, whole...),
	} {
		var e ear
		p := &Peer{}
		r := receiver{peer: p, cut: media.NewCutter(&e)}
		r.take(voice(0, 0))
		r.take(voice(1, 160))
		for _, k := range keys {
			r.take(k)
		}
		last := int(keys[len(keys)-1].SequenceNumber) + 1 - 65534
		if last < 0 {
			last += 1 << 16
		}
		if name == "first half lost" {
			for range held { // what is missing is given up when enough waits
				r.take(event(last, 320, 1280))
				last++
			}
		}
		r.take(voice(last, 320+1280))
		want := ear{{0, 0}, {1, media.FrameTime}}
		for i := 2; i < 10; i++ {
			want = append(want, heard{g711.Silence, time.Duration(i) * media.FrameTime})
		}
		want = append(want, heard{byte(last), 10 * media.FrameTime})
		if d := cmp.Diff(e, want); d != "" {
			t.Errorf("%s: frames differ (-got +want)\n%s", name, d)
		}
	}
}

// A packet that claims eight seconds brings a fifth of one; time goes on.
func TestTelephoneEventOfALiar(t *testing.T) {
	var e ear
	r := receiver{peer: &Peer{}, cut: media.NewCutter(&e)}
	r.take(packet(0))
	r.take(event(1, 160, 65535))
	if len(e) != 11 {
		t.Errorf("%d frames, want the voice and 10 of silence", len(e))
	}
	if got, want := e[10].At, (160+65535)*time.Second/8000-media.FrameTime; got > want || got < want-media.FrameTime {
		t.Errorf("the last frame is at %v, want it in step with %v", got, want)
	}
}

// FuzzReceiver takes any packets: what comes out is whole frames, time never
// goes back, and one packet never brings more than it may.
func FuzzReceiver(f *testing.F) {
	add := func(packets ...*rtp.Packet) {
		var all []byte
		for _, p := range packets {
			b, err := p.Marshal()
			if err != nil {
				f.Fatal(err)
			}
			all = append(append(all, byte(len(b))), b...)
		}
		f.Add(all)
	}
	add(packet(0), packet(2), packet(1), packet(5), packet(6), packet(7))
	add(packet(0), event(1, 160, 160), event(2, 160, 320), packet(3))
	f.Fuzz(func(t *testing.T, all []byte) {
		w := &watch{t: t}
		r := receiver{peer: &Peer{}, cut: media.NewCutter(w)}
		for len(all) > 0 {
			n := min(int(all[0]), len(all)-1)
			var p rtp.Packet
			if p.Unmarshal(all[1:1+n]) == nil {
				w.frames = 0
				r.take(&p)
				if most := (held + 2) * (hushMost/media.FrameBytes + 2); w.frames > most {
					t.Fatalf("one packet brought %d frames, want at most %d", w.frames, most)
				}
			}
			all = all[1+n:]
		}
		if r.waiting < 0 || r.waiting > held {
			t.Fatalf("%d packets wait, want at most %d", r.waiting, held)
		}
	})
}

// watch checks frames.
type watch struct {
	t      *testing.T
	at     time.Duration
	frames int
}

func (w *watch) WriteFrame(f media.Frame) {
	w.frames++
	if len(f.Data) != media.FrameBytes || f.At < w.at {
		w.t.Fatalf("frame of %d bytes at %v after %v", len(f.Data), f.At, w.at)
	}
	w.at = f.At + media.FrameTime
}

func TestReceiverAllocatesNothing(t *testing.T) {
	r := receiver{peer: &Peer{}, cut: media.NewCutter(media.Nowhere)}
	p, n := packet(0), 0
	wire, err := p.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	got := testing.AllocsPerRun(1000, func() {
		if err := p.Unmarshal(wire); err != nil {
			t.Fatal(err)
		}
		swap := n ^ 1 // every pair arrives in the wrong order
		p.SequenceNumber, p.Timestamp = uint16(swap), uint32(swap*160)
		r.take(p)
		n++
	})
	if got != 0 {
		t.Errorf("%v allocations a packet, want none", got)
	}
}

func TestSenderJumpsOverSilence(t *testing.T) {
	var s sender
	var h rtp.Header
	now := time.Unix(0, 0)
	data := make([]byte, media.FrameBytes)
	for i, c := range []struct {
		after  time.Duration
		at     time.Duration
		ts     uint32
		marker bool
	}{
		{0, 0, 0, true},
		{20 * time.Millisecond, 20 * time.Millisecond, 160, false},
		{90 * time.Millisecond, 40 * time.Millisecond, 320, false}, // late, not silent
		{time.Second, 60 * time.Millisecond, 320 + 50*160, true},
		{75 * time.Millisecond, 0, 320 + 50*160 + 600, true}, // another sound, where the clock is
		{20 * time.Millisecond, 20 * time.Millisecond, 320 + 50*160 + 760, false},
		{5 * time.Millisecond, 0, 320 + 50*160 + 920, true}, // never over the one before
	} {
		now = now.Add(c.after)
		s.stamp(&h, now, media.Frame{At: c.at, Data: data})
		if h.SequenceNumber != uint16(i) || h.Timestamp != c.ts || h.Marker != c.marker {
			t.Errorf("packet %d: seq %d, timestamp %d, marker %t, want timestamp %d, marker %t",
				i, h.SequenceNumber, h.Timestamp, h.Marker, c.ts, c.marker)
		}
	}
}

func BenchmarkReceiver(b *testing.B) {
	r := receiver{peer: &Peer{}, cut: media.NewCutter(media.Nowhere)}
	p := packet(0)
	b.ReportAllocs()
	for b.Loop() {
		r.take(p)
		p.SequenceNumber++
		p.Timestamp += media.FrameBytes
	}
}
