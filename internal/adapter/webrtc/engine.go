// Package webrtc is an agent's browser as a media.Port: one RTP leg of G.711
// mu-law, encrypted, over one UDP port that all browsers share, and over a TCP
// port for those whose network lets no UDP through. The Engine owns the ports; each Peer owns its connection and reads it on one goroutine, which
// pushes the sound all the way to the other party.
//
// The one rule: the browser offers and the offer is complete; there is no
// trickle, so signalling is one question and one answer.
package webrtc

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	pion "github.com/pion/webrtc/v4"
)

// Config of an Engine.
type Config struct {
	Listen    string   // UDP address all browsers share, "0.0.0.0:3478"; port 0 chooses one
	ListenTCP string   // TCP address for browsers without UDP (RFC 6544, passive candidates); empty: none
	PublicIPs []string // told to browsers instead of our own addresses (NAT 1:1); empty: our own
	Log       *slog.Logger
}

// ErrClosed is returned by Answer after Close.
var ErrClosed = errors.New("webrtc engine is closed")

// BadOffer is an offer that cannot be answered; the page that made it is wrong.
type BadOffer struct{ Err error }

func (b *BadOffer) Error() string { return fmt.Sprintf("bad webrtc offer: %v", b.Err) }
func (b *BadOffer) Unwrap() error { return b.Err }

// Engine answers browsers' offers.
type Engine struct {
	api    *pion.API
	conn   *net.UDPConn
	mux    ice.UDPMux
	tcp    net.Listener // nil: none
	tcpMux ice.TCPMux
	log    *slog.Logger

	mu     sync.Mutex
	peers  map[*Peer]struct{}
	closed bool
}

// New opens the ports.
func New(c Config) (*Engine, error) {
	e := &Engine{log: c.Log, peers: map[*Peer]struct{}{}}
	if e.log == nil {
		e.log = slog.New(slog.DiscardHandler)
	}
	if err := e.open(c); err != nil {
		return nil, errors.Join(err, e.Close())
	}
	return e, nil
}

func (e *Engine) open(c Config) error {
	addr, err := net.ResolveUDPAddr("udp4", c.Listen)
	if err != nil {
		return fmt.Errorf("resolve media address %q: %w", c.Listen, err)
	}
	if e.conn, err = net.ListenUDP("udp4", addr); err != nil {
		return fmt.Errorf("open media port: %w", err)
	}
	e.widen()
	for _, ip := range c.PublicIPs {
		if net.ParseIP(ip) == nil { // pion would leave it out of every answer
			return fmt.Errorf("public address %q is no IP address", ip)
		}
	}
	e.mux = pion.NewICEUDPMux(logs{e.log}.NewLogger("udp"), e.conn)
	if c.ListenTCP != "" {
		if err := e.openTCP(c.ListenTCP); err != nil {
			return err
		}
	}
	var badAddress error
	e.api, err = newAPI(func(s *pion.SettingEngine) {
		s.LoggerFactory = logs{e.log}
		e.useTCP(s)
		s.SetICEUDPMux(e.mux)
		s.SetIncludeLoopbackCandidate(addr.IP.IsLoopback())
		if len(c.PublicIPs) > 0 {
			badAddress = s.SetICEAddressRewriteRules(pion.ICEAddressRewriteRule{External: c.PublicIPs, AsCandidateType: pion.ICECandidateTypeHost})
		}
	})
	return errors.Join(err, badAddress)
}

// socketBuffer holds the packets of 600 browsers for a tenth of a second, which a
// busy machine may be late by: the kernel counts about 800 bytes for a packet of
// 200, and its usual 208 kB are full after 9 ms.
const socketBuffer = 4 << 20

// widen asks for room; the kernel gives up to net.core.rmem_max and wmem_max.
func (e *Engine) widen() {
	if err := errors.Join(e.conn.SetReadBuffer(socketBuffer), e.conn.SetWriteBuffer(socketBuffer)); err != nil {
		e.log.Warn("media port keeps its small buffers", "err", err)
	}
}

// tcpBuffer is what may wait for a browser's TCP connection, about a second and a
// half of sound: what is more is dropped, because without a buffer a write would
// wait for a stalled browser, and with it the customer's socket.
const tcpBuffer = 16 << 10

func (e *Engine) openTCP(address string) (err error) {
	if e.tcp, err = net.Listen("tcp4", address); err != nil {
		return fmt.Errorf("open media port: %w", err)
	}
	e.tcpMux = ice.NewTCPMuxDefault(ice.TCPMuxParams{
		Logger: logs{e.log}.NewLogger("tcp"), Listener: e.tcp, ReadBufferSize: 8, WriteBufferSize: tcpBuffer,
		// Strangers who connect and say nothing are not kept for the default 30 s.
		FirstStunBindTimeout: 5 * time.Second,
	})
	return nil
}

// useTCP lets browsers connect to us; we never dial an address of an offer.
func (e *Engine) useTCP(s *pion.SettingEngine) {
	s.DisableActiveTCP(true)
	if e.tcpMux != nil {
		s.SetICETCPMux(e.tcpMux)
		s.SetNetworkTypes([]pion.NetworkType{pion.NetworkTypeUDP4, pion.NetworkTypeTCP4})
	}
}

// Addr is the UDP address in use.
func (e *Engine) Addr() net.Addr { return e.conn.LocalAddr() }

// AddrTCP is the TCP address in use, nil when there is none.
func (e *Engine) AddrTCP() net.Addr {
	if e.tcp == nil {
		return nil
	}
	return e.tcp.Addr()
}

// Close ends all peers and gives the ports back.
func (e *Engine) Close() error {
	e.mu.Lock()
	e.closed = true
	peers := make([]*Peer, 0, len(e.peers))
	for p := range e.peers {
		peers = append(peers, p)
	}
	e.mu.Unlock()
	for _, p := range peers {
		p.Close()
	}
	return e.closePorts()
}

// closePorts closes what New got to open.
func (e *Engine) closePorts() error {
	var errs []error
	if e.mux != nil {
		errs = append(errs, e.mux.Close())
	}
	if e.conn != nil {
		errs = append(errs, ignoreClosed(e.conn.Close()))
	}
	if e.tcpMux != nil {
		errs = append(errs, ignoreClosed(e.tcpMux.Close()))
	}
	return errors.Join(errs...)
}

func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) { // the mux may have closed it
		return nil
	}
	return err
}

// Answer answers a browser's complete offer. Errors are *BadOffer, ErrClosed,
// ctx's, or those of the machine. The peer's sound starts when the browser has
// the answer and has connected; a peer that never connects ends by itself.
func (e *Engine) Answer(ctx context.Context, offer string) (answer string, peer *Peer, err error) {
	pc, err := e.api.NewPeerConnection(pion.Configuration{})
	if err != nil {
		return "", nil, fmt.Errorf("new peer connection: %w", err)
	}
	peer = newPeer(pc, e.log)
	if !e.keep(peer) {
		peer.Close()
		return "", nil, ErrClosed
	}
	if answer, err = peer.answer(ctx, offer); err != nil {
		peer.Close()
		return "", nil, err
	}
	return answer, peer, nil
}

func (e *Engine) keep(p *Peer) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return false
	}
	e.peers[p] = struct{}{}
	p.gone = func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		delete(e.peers, p)
	}
	return true
}

func (p *Peer) answer(ctx context.Context, offer string) (string, error) {
	if err := p.addMouth(); err != nil {
		return "", err
	}
	err := p.pc.SetRemoteDescription(pion.SessionDescription{Type: pion.SDPTypeOffer, SDP: offer})
	if err != nil {
		return "", &BadOffer{err}
	}
	answer, err := p.pc.CreateAnswer(nil)
	if err != nil {
		return "", &BadOffer{err}
	}
	if !strings.Contains(answer.SDP, "PCMU/8000") {
		return "", &BadOffer{errors.New("no PCMU audio in it")}
	}
	return p.gather(ctx, answer)
}

// newAPI speaks PCMU and telephone events only (RFC 3551, 4.5.14; RFC 4733).
// AES-GCM comes first because it costs a third of AES-CM with HMAC-SHA1.
func newAPI(set func(*pion.SettingEngine)) (*pion.API, error) {
	media := &pion.MediaEngine{}
	for _, c := range []pion.RTPCodecParameters{
		{RTPCodecCapability: voice, PayloadType: 0},
		{RTPCodecCapability: pion.RTPCodecCapability{MimeType: "audio/telephone-event", ClockRate: 8000}, PayloadType: keysPayload},
	} {
		if err := media.RegisterCodec(c, pion.RTPCodecTypeAudio); err != nil {
			return nil, fmt.Errorf("register %s: %w", c.MimeType, err)
		}
	}
	reports := &interceptor.Registry{}
	if err := pion.ConfigureRTCPReports(reports); err != nil {
		return nil, fmt.Errorf("configure reports: %w", err)
	}
	s := pion.SettingEngine{}
	s.SetSRTPProtectionProfiles(dtls.SRTP_AEAD_AES_128_GCM, dtls.SRTP_AES128_CM_HMAC_SHA1_80)
	s.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	s.SetNetworkTypes([]pion.NetworkType{pion.NetworkTypeUDP4})
	set(&s)
	return pion.NewAPI(pion.WithMediaEngine(media), pion.WithInterceptorRegistry(reports), pion.WithSettingEngine(s)), nil
}
