package main

import (
	"io/fs"
	"log/slog"
	"net/http"
	"os"

	"softphone/internal/sim/openai"
)

// demoKeyOpenAI is the key of both desks at the simulated OpenAI.
const demoKeyOpenAI = "sk-demo-of-the-simulated-openai"

// demoAI is where the assistant of the demo is.
type demoAI struct {
	BaseURL string `json:"baseUrl"`
	APIKey  string `json:"apiKey"`
}

// startOpenAI runs the simulated OpenAI under a path of the demo's own port.
// It understands the demo's conversation, and the voices of a folder if one is
// named.
func startOpenAI(mux *http.ServeMux, path, voices string, log *slog.Logger) (*openai.Sim, error) {
	known := []fs.FS{openai.DefaultVoices()}
	if voices != "" {
		known = append(known, os.DirFS(voices))
	}
	sim, err := openai.New(openai.Config{Keys: []string{demoKeyOpenAI}, Voices: known, Logger: log.With("part", "simulated openai")})
	if err != nil {
		return nil, err
	}
	mux.Handle(path+"/", http.StripPrefix(path, sim.Handler()))
	return sim, nil
}
