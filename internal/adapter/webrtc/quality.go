package webrtc

import (
	"encoding/binary"
	"sync/atomic"
	"time"

	"github.com/pion/interceptor"

	"softphone/internal/phone/media"
)

// Quality is how the leg sounded in the last five seconds: what the party says by
// our own counts, what it hears by its reports.
func (p *Peer) Quality() media.Quality { return p.gauge.Read(time.Now(), p.reading()) }

func (p *Peer) reading() media.Reading {
	return media.Reading{
		// Nobody conceals what does not come: the other party hears the gap.
		In: media.Tally{Heard: p.received.Load() - p.late.Load(), Lost: p.lost.Load(), Jitter: time.Duration(p.jitter.Load())},
		Out: media.Tally{Heard: p.told.heard.Load(), Lost: p.told.lost.Load(),
			Jitter: time.Duration(p.told.jitter.Load()), Concealed: true},
		RoundTrip: time.Duration(p.told.roundTrip.Load()),
	}
}

// drain reads the reports of one direction, which the interceptors see only when
// they are read, until the connection closes.
func drain(r interface {
	Read([]byte) (int, interceptor.Attributes, error)
}, each func([]byte)) {
	buf := make([]byte, 1500)
	for {
		n, _, err := r.Read(buf)
		if err != nil {
			return
		}
		if each != nil {
			each(buf[:n])
		}
	}
}

// reported is what the party's last report says of what it hears: since the
// beginning, and in nanoseconds.
type reported struct {
	heard, lost, jitter, roundTrip atomic.Int64
}

// The parts of RTCP that are read here (RFC 3550, 6.4).
const (
	senderReport, receiverReport = 200, 201
	rtcpHeader                   = 4
	senderInfo                   = 20
	reportBlock                  = 24
)

// read takes the blocks about ssrc from a packet, which may hold several reports
// and comes from a stranger.
func (r *reported) read(now time.Time, ssrc uint32, b []byte) {
	for len(b) >= rtcpHeader && b[0]>>6 == 2 {
		size := 4 * (int(binary.BigEndian.Uint16(b[2:])) + 1)
		if size > len(b) {
			return
		}
		blocks := rtcpHeader + 4 // and who reports
		if b[1] == senderReport {
			blocks += senderInfo
		}
		if b[1] == senderReport || b[1] == receiverReport {
			for n := int(b[0] & 0x1F); n > 0 && blocks+reportBlock <= size; n-- {
				if block := b[blocks : blocks+reportBlock]; binary.BigEndian.Uint32(block) == ssrc {
					r.take(now, block)
				}
				blocks += reportBlock
			}
		}
		b = b[size:]
	}
}

// take reads a block (RFC 3550, 6.4.1). Our numbers start at 0, so the highest
// one says how many were sent to where the party is. The count of lost ones is
// signed: it falls below zero when packets are doubled.
func (r *reported) take(now time.Time, b []byte) {
	lost := int64(int32(binary.BigEndian.Uint32(b[4:])<<8) >> 8)
	highest := int64(binary.BigEndian.Uint32(b[8:]))
	lost = min(max(lost, 0), highest)
	r.lost.Store(lost)
	r.heard.Store(highest + 1 - lost)
	r.jitter.Store(int64(time.Duration(binary.BigEndian.Uint32(b[12:])) * time.Second / 8000))
	last, delay := binary.BigEndian.Uint32(b[16:]), binary.BigEndian.Uint32(b[20:])
	if last == 0 {
		return // it has had no report of ours
	}
	// In 1/65536 s. Ten seconds are a lie, and below zero are two roundings.
	if there := int32(middle(now) - last - delay); there < 10<<16 {
		r.roundTrip.Store(int64(time.Duration(max(there, 0)) * time.Second >> 16))
	}
}

// middle is the middle of an NTP timestamp: seconds since 1900 and their parts,
// 16 bits each (RFC 3550, 4).
func middle(t time.Time) uint32 {
	const since1900 = 2208988800
	return uint32(t.Unix()+since1900)<<16 | uint32(int64(t.Nanosecond())<<16/int64(time.Second))
}
