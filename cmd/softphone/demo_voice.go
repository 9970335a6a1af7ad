package main

import (
	"bytes"
	"fmt"
	"net/http"
	"time"

	"softphone/internal/demo"
)

// demoVoicePath is where pages find the agent's recorded part.
const demoVoicePath = "/api/demo/voice.wav"

// serveVoice gives pages the agent's part, for a desk without a microphone. It
// is public as the rest of the demo's story is.
func serveVoice(mux *http.ServeMux) error {
	part, err := demo.Part()
	if err != nil {
		return fmt.Errorf("make the agent's part: %w", err)
	}
	mux.HandleFunc("GET "+demoVoicePath, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "audio/wav")
		w.Header().Set("Cache-Control", "no-cache")
		http.ServeContent(w, r, "voice.wav", time.Time{}, bytes.NewReader(part))
	})
	return nil
}
