package webrtc

import (
	"encoding/binary"
	"sync"
	"time"

	"github.com/pion/rtp"

	"softphone/internal/phone/media"
	"softphone/internal/protocol/g711"
)

// sender numbers outgoing packets: sequence without a gap, timestamp in step
// with the sound, jumping over silence that was not sent (RFC 3550, 5.1).
type sender struct {
	mu   sync.Mutex
	seq  uint16
	next uint32        // timestamp of the next packet if it follows directly
	at   time.Duration // call time of that packet
	last time.Time
}

// pause is how late a frame may be and still follow directly: bursts and late
// wake-ups are no silence.
const pause = 100 * time.Millisecond

// stamp numbers the packet of a frame. A frame that does not follow the one
// before in call time begins another sound, after ringback or a lost stretch: it
// stands where the clock is. Taken for the next of the old one it would leave the
// browser's buffer too empty, and its first words would be stretched.
func (s *sender) stamp(h *rtp.Header, now time.Time, f media.Frame) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fresh := s.last.IsZero()
	gap := now.Sub(s.last)
	switch {
	case fresh:
	case f.At != s.at:
		s.next += uint32(max(0, gap-media.FrameTime) * g711.Rate / time.Second)
		fresh = true
	case gap > pause:
		s.next += uint32((gap/media.FrameTime - 1) * media.FrameBytes)
		fresh = true
	}
	*h = rtp.Header{Version: 2, Marker: fresh, SequenceNumber: s.seq, Timestamp: s.next}
	s.seq++
	s.next += uint32(len(f.Data))
	s.at = f.At + time.Duration(len(f.Data))*time.Second/g711.Rate
	s.last = now
}

// held is how many packets wait for one that is missing: 60 ms. While packets
// come in order none waits.
const held = 3

// receiver puts packets in order and sound into frames. Telephone events become
// silence of their length: a browser sends no voice meanwhile, and a hole in time
// would be one for listeners and for Twilio. They press no keys: the page has a
// command for that, which knows who may and what is secret.
type receiver struct {
	peer    *Peer
	cut     *media.Cutter
	begun   bool
	seq     uint16 // of the packet whose turn it is
	ts      uint32 // of the sound whose turn it is
	begunTS bool
	wait    [held + 1]kept
	waiting int
}

type kept struct {
	used bool
	seq  uint16
	kind uint8
	ts   uint32
	n    int
	data [1500]byte
}

func (r *receiver) take(p *rtp.Packet) {
	if !r.begun {
		r.begun, r.seq = true, p.SequenceNumber
	}
	switch ahead := int16(p.SequenceNumber - r.seq); {
	case ahead == 0:
		r.push(p.PayloadType, p.Timestamp, p.Payload)
		r.seq++
	case ahead < -100 || ahead > 100: // a new stream of numbers
		r.restart(p)
	case ahead < 0:
		r.peer.late.Add(1)
		return
	default:
		r.keep(p)
	}
	r.release()
}

func (r *receiver) restart(p *rtp.Packet) {
	for r.waiting > 0 {
		r.skip()
		r.release()
	}
	r.push(p.PayloadType, p.Timestamp, p.Payload)
	r.seq = p.SequenceNumber + 1
}

func (r *receiver) keep(p *rtp.Packet) {
	for i := range r.wait {
		if r.wait[i].used && r.wait[i].seq == p.SequenceNumber {
			return // a duplicate
		}
	}
	for i := range r.wait {
		k := &r.wait[i]
		if !k.used {
			k.used, k.seq, k.kind, k.ts = true, p.SequenceNumber, p.PayloadType, p.Timestamp
			k.n = copy(k.data[:], p.Payload)
			r.waiting++
			return
		}
	}
}

// release pushes what is in turn, and gives the missing up when too many wait.
func (r *receiver) release() {
	for r.waiting > 0 {
		if k := r.find(); k != nil {
			r.push(k.kind, k.ts, k.data[:k.n])
			k.used = false
			r.waiting--
			r.seq++
			continue
		}
		if r.waiting < held {
			return
		}
		r.skip()
	}
}

func (r *receiver) find() *kept {
	for i := range r.wait {
		if r.wait[i].used && r.wait[i].seq == r.seq {
			return &r.wait[i]
		}
	}
	return nil
}

// skip gives up all packets before the first that waits.
func (r *receiver) skip() {
	first := int16(1<<15 - 1)
	for i := range r.wait {
		if r.wait[i].used {
			first = min(first, int16(r.wait[i].seq-r.seq))
		}
	}
	r.peer.lost.Add(int64(first))
	r.seq += uint16(first)
}

// push takes a packet whose turn it is; other kinds than voice and keys are a
// turn without sound.
func (r *receiver) push(kind uint8, ts uint32, data []byte) {
	switch {
	case kind == voicePayload && len(data) > 0:
		r.jump(ts) // also back, when a browser numbers anew
		r.cut.Write(data)
		r.ts += uint32(len(data))
	case kind == keysPayload && len(data) >= 4:
		r.hush(ts, binary.BigEndian.Uint16(data[2:]))
	}
}

// jump moves call time on to a timestamp that is ahead, by less than an hour.
func (r *receiver) jump(ts uint32) {
	if gap := int32(ts - r.ts); r.begunTS && gap > 0 && gap < 8000*3600 {
		r.cut.Skip(time.Duration(gap) * time.Second / 8000)
	}
	r.begunTS, r.ts = true, ts
}

// hushMost is the silence one packet may bring: an event is reported at least as
// often as voice is sent (RFC 4733, 2.5.1.2), so more was lost or is a lie.
const hushMost = 8000 / 5

// hush pushes silence up to the end of an event so far. All packets of an event
// have the timestamp of its beginning (RFC 4733, 2.2), each a longer duration
// than the one before (2.3.5), and the last one comes three times (2.5.1.4).
func (r *receiver) hush(ts uint32, duration uint16) {
	if !r.begunTS || int32(ts-r.ts) > 0 {
		r.jump(ts)
	}
	missing := int32(ts + uint32(duration) - r.ts)
	if missing > hushMost {
		r.jump(r.ts + uint32(missing-hushMost))
		missing = hushMost
	}
	for missing > 0 {
		n := min(missing, media.FrameBytes)
		r.cut.Write(quiet[:n])
		r.ts += uint32(n)
		missing -= n
	}
}

var quiet = func() (q [media.FrameBytes]byte) {
	g711.Fill(q[:])
	return q
}()
