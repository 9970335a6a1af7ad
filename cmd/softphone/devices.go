package main

import (
	"context"
	"errors"

	"softphone/internal/adapter/gateway"
	"softphone/internal/adapter/webrtc"
	"softphone/internal/phone/switchboard"
)

// answerer lets the gateway answer browsers' offers.
func answerer(e *webrtc.Engine) func(context.Context, string) (string, switchboard.Device, error) {
	return func(ctx context.Context, offer string) (string, switchboard.Device, error) {
		answer, peer, err := e.Answer(ctx, offer)
		var bad *webrtc.BadOffer
		if errors.As(err, &bad) {
			return "", nil, &gateway.BadOffer{Err: err}
		}
		if err != nil {
			return "", nil, err // a nil peer must not become a device
		}
		return answer, peer, nil
	}
}

var _ switchboard.Device = (*webrtc.Peer)(nil)
