package main

import (
	"log/slog"
	"net/http"

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
func startOpenAI(mux *http.ServeMux, path string, log *slog.Logger) (*openai.Sim, error) {
	sim, err := openai.New(openai.Config{Keys: []string{demoKeyOpenAI}, Logger: log.With("part", "simulated openai")})
	if err != nil {
		return nil, err
	}
	mux.Handle(path+"/", http.StripPrefix(path, sim.Handler()))
	return sim, nil
}
