package gateway

import (
	"context"

	"softphone/internal/phone/switchboard"
)

// connect answers an offer and seats the device as this user's.
func (p *page) connect(ctx context.Context, s *switchboard.Seat, sdp string) (string, error) {
	answer, d, err := p.g.Answer(ctx, sdp)
	if err != nil {
		return "", err
	}
	p.mu.Lock()
	p.device = d
	p.mu.Unlock()
	s.Attach(d,
		func() { _ = p.socket.Emit("media:state", MediaState{Up: true}) },
		func(why string) { p.lost(d, why) })
	return answer, nil
}

// lost tells the page what became of its device, unless it has made a newer one.
func (p *page) lost(d switchboard.Device, why string) {
	p.mu.Lock()
	current := p.device == d
	if current {
		p.device = nil
	}
	p.mu.Unlock()
	if current {
		_ = p.socket.Emit("media:state", MediaState{Reason: why})
	}
}

// closeDevice ends the device of this page. Its user's call goes on, waiting.
func (p *page) closeDevice() {
	p.mu.Lock()
	d := p.device
	p.device = nil
	p.mu.Unlock()
	if d != nil {
		go d.Close() // its goroutines end with it; the page need not wait
	}
}
