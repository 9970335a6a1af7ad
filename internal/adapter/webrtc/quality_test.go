package webrtc

import (
	"context"
	"encoding/binary"
	"slices"
	"testing"
	"time"

	"softphone/internal/phone/media"
)

// block is a reception report block (RFC 3550, 6.4.1).
func block(ssrc, lost, highest, jitter, last, delay uint32) (b []byte) {
	for _, v := range []uint32{ssrc, lost & 0xFFFFFF, highest, jitter, last, delay} {
		b = binary.BigEndian.AppendUint32(b, v)
	}
	return b
}

// report is a packet around blocks.
func report(kind byte, blocks ...[]byte) []byte {
	b := make([]byte, 8)
	if kind == senderReport {
		b = make([]byte, 28)
	}
	for _, block := range blocks {
		b = append(b, block...)
	}
	b[0], b[1] = 2<<6|byte(len(blocks)), kind
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)/4-1))
	return b
}

func TestReports(t *testing.T) {
	const ours = 77
	now := time.Date(2026, 3, 1, 12, 0, 0, 250e6, time.UTC)
	sent := middle(now.Add(-300 * time.Millisecond))
	good := block(ours, 12, 1000, 160, sent, 65536/5) // held for 200 ms
	for _, c := range []struct {
		name                           string
		packet                         []byte
		heard, lost, jitter, roundTrip int64
	}{
		{"receiver report", report(receiverReport, good), 989, 12, 20, 100},
		{"sender report, second block", report(senderReport, block(5, 1, 1, 1, 1, 1), good), 989, 12, 20, 100},
		{"after another report", append(report(receiverReport), report(receiverReport, good)...), 989, 12, 20, 100},
		{"about another stream", report(receiverReport, block(5, 1, 9, 1, 1, 1)), 0, 0, 0, 0},
		{"no report of ours yet", report(receiverReport, block(ours, 0, 9, 8, 0, 0)), 10, 0, 1, 0},
		{"doubled packets", report(receiverReport, block(ours, 1<<24-3, 9, 0, 0, 0)), 10, 0, 0, 0},
		{"a lie", report(receiverReport, block(ours, 5000, 9, 0, sent-60<<16, 0)), 1, 9, 0, 0},
		{"cut off", report(receiverReport, good)[:20], 0, 0, 0, 0},
		{"more blocks promised than there are", func() []byte { b := report(receiverReport, good); b[0] |= 31; return b }(), 989, 12, 20, 100},
		{"other version", func() []byte { b := report(receiverReport, good); b[0] &= 0x3F; return b }(), 0, 0, 0, 0},
	} {
		var r reported
		r.read(now, ours, c.packet)
		jitter, trip := time.Duration(r.jitter.Load()).Milliseconds(), time.Duration(r.roundTrip.Load()).Round(time.Millisecond).Milliseconds()
		if r.heard.Load() != c.heard || r.lost.Load() != c.lost || jitter != c.jitter || trip != c.roundTrip {
			t.Errorf("%s: heard %d, lost %d, jitter %d ms, round trip %d ms, want %d, %d, %d, %d", c.name,
				r.heard.Load(), r.lost.Load(), jitter, trip, c.heard, c.lost, c.jitter, c.roundTrip)
		}
	}
}

// Both ends report over the wire: how much was heard, and how long the way is.
func TestReportsOverTheWire(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	engine, err := New(Config{Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	defer engine.Close()
	agent, err := NewAgent(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer agent.Close()
	answer, peer, err := engine.Answer(ctx, agent.Offer())
	if err != nil {
		t.Fatal(err)
	}
	if err := agent.Take(answer); err != nil {
		t.Fatal(err)
	}
	both := []*Peer{agent.Peer, peer}
	for _, p := range both {
		p.told.roundTrip.Store(-1)
	}
	frame := media.Frame{Data: make([]byte, media.FrameBytes)}
	tick := time.NewTicker(media.FrameTime)
	defer tick.Stop()
	for slices.ContainsFunc(both, func(p *Peer) bool { return p.told.roundTrip.Load() < 0 || p.reading().In.Heard == 0 }) {
		for _, p := range both {
			p.WriteFrame(frame)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("after 30 s the agent knows %+v, the desk %+v", agent.reading(), peer.reading())
		}
	}
	for _, p := range both {
		if r := p.reading(); r.Out.Heard == 0 || r.RoundTrip > 5*time.Second {
			t.Errorf("reading %+v, want something heard and a way within this machine", r)
		}
	}
}

func FuzzReports(f *testing.F) {
	f.Add(report(senderReport, block(77, 1, 2, 3, 4, 5)))
	f.Fuzz(func(t *testing.T, packet []byte) {
		var r reported
		r.read(time.Unix(1e9, 0), 77, packet)
		if h, l := r.heard.Load(), r.lost.Load(); h < 0 || l < 0 || r.roundTrip.Load() < 0 || r.jitter.Load() < 0 {
			t.Errorf("%x is read as heard %d, lost %d", packet, h, l)
		}
	})
}
