package webrtc

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtp"
	pion "github.com/pion/webrtc/v4"

	"softphone/internal/phone/media"
)

const (
	voicePayload = 0   // PCMU (RFC 3551, 6)
	keysPayload  = 126 // telephone-event, as Chromium numbers it at 8 kHz
)

var voice = pion.RTPCodecCapability{MimeType: pion.MimeTypePCMU, ClockRate: 8000}

// Stats counts what went through a peer, in packets.
type Stats struct {
	Received, Sent int64
	Lost, Late     int64 // never came in time; came after its turn
	Unsent         int64 // the connection refused them
}

// Peer is one WebRTC leg.
type Peer struct {
	pc   *pion.PeerConnection
	log  *slog.Logger
	ear  *pion.TrackLocalStaticRTP // what the party hears
	out  sender
	next media.Switch // where the party's sound goes
	gone func()

	heard                              atomic.Int64 // unix nanoseconds
	received, sent, lost, late, unsent atomic.Int64

	up, done chan struct{}
	upOnce   sync.Once
	endOnce  sync.Once
}

var _ media.Port = (*Peer)(nil)

func newPeer(pc *pion.PeerConnection, log *slog.Logger) *Peer {
	p := &Peer{pc: pc, log: log, gone: func() {}, up: make(chan struct{}), done: make(chan struct{})}
	pc.OnTrack(func(t *pion.TrackRemote, _ *pion.RTPReceiver) { p.listen(t) })
	pc.OnConnectionStateChange(p.changed)
	return p
}

func (p *Peer) changed(s pion.PeerConnectionState) {
	switch s {
	case pion.PeerConnectionStateConnected:
		p.upOnce.Do(func() { close(p.up) })
	case pion.PeerConnectionStateFailed, pion.PeerConnectionStateClosed:
		go p.Close() // Close waits for this callback
	}
}

// Connect implements media.Port.
func (p *Peer) Connect(w media.Writer) { p.next.Connect(w) }

// Up is closed when sound can flow.
func (p *Peer) Up() <-chan struct{} { return p.up }

// Done implements media.Port.
func (p *Peer) Done() <-chan struct{} { return p.done }

// LastHeard is when the last packet came; zero before the first.
func (p *Peer) LastHeard() time.Time {
	if n := p.heard.Load(); n != 0 {
		return time.Unix(0, n)
	}
	return time.Time{}
}

// Stats returns the counts so far.
func (p *Peer) Stats() Stats {
	return Stats{Received: p.received.Load(), Sent: p.sent.Load(), Lost: p.lost.Load(),
		Late: p.late.Load(), Unsent: p.unsent.Load()}
}

// Close ends the leg and returns when its goroutines have. It must not be
// called from the Writer the peer is connected to.
func (p *Peer) Close() {
	p.endOnce.Do(func() {
		p.next.Connect(nil)
		if err := p.pc.GracefulClose(); err != nil {
			p.log.Debug("close peer", "err", err)
		}
		p.gone()
		close(p.done)
	})
	<-p.done
}

// WriteFrame implements media.Writer: the party hears f.
func (p *Peer) WriteFrame(f media.Frame) {
	pkt := packets.Get().(*rtp.Packet)
	p.out.stamp(&pkt.Header, time.Now(), f)
	pkt.Payload = f.Data
	if err := p.ear.WriteRTP(pkt); err != nil {
		p.unsent.Add(1)
	} else {
		p.sent.Add(1)
	}
	pkt.Payload = nil
	packets.Put(pkt)
}

var packets = sync.Pool{New: func() any { return new(rtp.Packet) }}

func (p *Peer) String() string { return "webrtc peer" }

// addMouth adds the track the party hears. Reports about it are read and
// dropped until the connection closes.
func (p *Peer) addMouth() error {
	track, err := pion.NewTrackLocalStaticRTP(voice, "voice", "desk")
	if err != nil {
		return fmt.Errorf("new voice track: %w", err)
	}
	s, err := p.pc.AddTrack(track)
	if err != nil {
		return fmt.Errorf("add voice track: %w", err)
	}
	p.ear = track
	go func() {
		buf := make([]byte, 1500)
		for {
			if _, _, err := s.Read(buf); err != nil {
				return
			}
		}
	}()
	return nil
}

// gather sets our description and returns it with all candidates in it.
func (p *Peer) gather(ctx context.Context, d pion.SessionDescription) (string, error) {
	complete := pion.GatheringCompletePromise(p.pc)
	if err := p.pc.SetLocalDescription(d); err != nil {
		return "", fmt.Errorf("set local description: %w", err)
	}
	select {
	case <-complete:
		return p.pc.LocalDescription().SDP, nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// listen pushes what the party says until the connection ends.
func (p *Peer) listen(t *pion.TrackRemote) {
	in := receiver{peer: p, cut: media.NewCutter(&p.next)}
	buf := make([]byte, 1500)
	var pkt rtp.Packet
	for {
		n, _, err := t.Read(buf)
		if err != nil {
			return
		}
		if pkt.Unmarshal(buf[:n]) == nil {
			p.heard.Store(time.Now().UnixNano())
			p.received.Add(1)
			in.take(&pkt)
		}
	}
}
