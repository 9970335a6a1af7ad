package call

import (
	"context"
	"sync"

	"softphone/internal/phone/media"
)

// sound makes what hears says come true. It belongs to the owner; the tones
// play on goroutines that end with stop.
type sound struct {
	call            *Call
	bridge          *media.Bridge
	customer, agent media.Port // of the bridge
	ringback, hold  *playing
	wait            sync.WaitGroup
	ctx             context.Context
	cancel          context.CancelFunc
}

// playing is a tone in somebody's ear.
type playing struct {
	port media.Port
	stop context.CancelFunc
}

func newSound(k *Call) *sound {
	ctx, cancel := context.WithCancel(context.Background())
	return &sound{call: k, ctx: ctx, cancel: cancel}
}

// follow moves the sound to a state.
func (o *sound) follow(s State) {
	h := hears(s)
	o.join(h, s)
	o.ringback = o.loop(o.ringback, h.Ringback, s.agent, media.Ringback)
	o.hold = o.loop(o.hold, h.CustomerHolds, s.customer, media.Ringback)
}

func (o *sound) join(h Hearing, s State) {
	if o.bridge != nil && (!h.Bridged || o.customer != s.customer || o.agent != s.agent) {
		o.bridge.Close()
		o.bridge = nil
	}
	if !h.Bridged {
		return
	}
	fresh := o.bridge == nil
	if fresh {
		o.customer, o.agent = s.customer, s.agent
		o.bridge = media.NewBridge(s.customer, s.agent)
	}
	o.bridge.Mute(h.Gated)
	if fresh && o.call.cfg.Listener != nil {
		o.call.cfg.Listener.Joined(o.bridge)
	}
}

// loop starts, moves or stops a tone.
func (o *sound) loop(now *playing, want bool, port media.Port, tone func() *media.Tone) *playing {
	if now != nil && want && now.port == port {
		return now
	}
	if now != nil {
		now.stop()
	}
	if !want {
		return nil
	}
	ctx, stop := context.WithCancel(o.ctx)
	o.play(ctx, port, tone(), nil)
	return &playing{port, stop}
}

// play plays src until it ends, ctx does, or the port; then it posts after.
func (o *sound) play(ctx context.Context, port media.Port, src media.Source, after Input) {
	ctx, stop := context.WithCancel(ctx)
	o.wait.Go(func() {
		defer stop()
		select {
		case <-port.Done():
			stop()
		case <-ctx.Done():
		}
	})
	o.wait.Go(func() {
		defer stop()
		_ = media.Play(ctx, port, src) // ends early only because nobody listens any more
		if after != nil {
			o.call.post(after)
		}
	})
}

// press sounds keys to the customer.
func (o *sound) press(port media.Port, digits string) {
	if tone, ok := media.Keys(digits); ok {
		o.play(o.ctx, port, tone, keysDone{})
	}
}

func (o *sound) stop() {
	if o.bridge != nil {
		o.bridge.Close()
	}
	o.cancel()
	o.wait.Wait()
}
