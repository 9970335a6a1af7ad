package webrtc_test

import (
	"context"
	"testing"
	"time"

	"softphone/internal/adapter/webrtc"
)

// FuzzAnswer offers anything: the engine answers or refuses and lives on.
func FuzzAnswer(f *testing.F) {
	agent, err := webrtc.NewAgent(f.Context())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(agent.Offer())
	f.Add("v=0\r\n")
	agent.Close()
	engine, err := webrtc.New(webrtc.Config{Listen: "127.0.0.1:0"})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() {
		if err := engine.Close(); err != nil {
			f.Errorf("close engine: %v", err)
		}
	})
	f.Fuzz(func(t *testing.T, offer string) {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		_, peer, err := engine.Answer(ctx, offer)
		if (err == nil) != (peer != nil) {
			t.Fatalf("answer gave peer %v and error %v, want exactly one", peer, err)
		}
		if peer != nil {
			peer.Close()
		}
	})
}
