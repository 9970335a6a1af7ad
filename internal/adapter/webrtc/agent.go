package webrtc

import (
	"context"
	"fmt"
	"log/slog"

	pion "github.com/pion/webrtc/v4"
)

// Agent is the browser's side written in Go: it offers, takes the answer and
// is a media.Port. Checks without a browser use it.
type Agent struct {
	*Peer
	offer string
}

// NewAgent makes an agent with a complete offer.
func NewAgent(ctx context.Context) (*Agent, error) { return newAgent(ctx, pion.NetworkTypeUDP4) }

// NewAgentWithoutUDP makes one on a network that lets only TCP out.
func NewAgentWithoutUDP(ctx context.Context) (*Agent, error) {
	return newAgent(ctx, pion.NetworkTypeTCP4)
}

func newAgent(ctx context.Context, network pion.NetworkType) (*Agent, error) {
	api, err := newAPI(func(s *pion.SettingEngine) {
		s.LoggerFactory = logs{slog.New(slog.DiscardHandler)}
		s.SetIncludeLoopbackCandidate(true)
		s.SetNetworkTypes([]pion.NetworkType{network})
	})
	if err != nil {
		return nil, err
	}
	pc, err := api.NewPeerConnection(pion.Configuration{})
	if err != nil {
		return nil, fmt.Errorf("new peer connection: %w", err)
	}
	a := &Agent{Peer: newPeer(pc, slog.New(slog.DiscardHandler))}
	if a.offer, err = a.makeOffer(ctx); err != nil {
		a.Close()
		return nil, err
	}
	return a, nil
}

func (a *Agent) makeOffer(ctx context.Context) (string, error) {
	if err := a.addMouth(); err != nil {
		return "", err
	}
	offer, err := a.pc.CreateOffer(nil)
	if err != nil {
		return "", fmt.Errorf("create offer: %w", err)
	}
	return a.gather(ctx, offer)
}

// Offer is the SDP for the desk.
func (a *Agent) Offer() string { return a.offer }

// Take takes the desk's answer; Up tells when sound can flow.
func (a *Agent) Take(answer string) error {
	err := a.pc.SetRemoteDescription(pion.SessionDescription{Type: pion.SDPTypeAnswer, SDP: answer})
	if err != nil {
		return fmt.Errorf("take answer: %w", err)
	}
	return nil
}
