package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"softphone/internal/sim/twilio"
)

// DemoCmd runs the product with tenants, people and contacts that it makes
// itself. Without --data it forgets everything at the end.
type DemoCmd struct {
	Listen string `help:"Address of the one port." default:"127.0.0.1:3000"`
	Data   string `help:"Folder to keep the demo's data in. Default: a temporary one, removed at the end." type:"path"`
	Voices string `help:"Folder of WAV files, each with its words in a .txt of the same name, that the simulated OpenAI shall understand besides the demo's own." type:"existingdir"`
	JSON   bool   `name:"json" help:"Print one line of JSON once ready, then logs on stderr."`
	Check  bool   `help:"Live through the whole story without a browser, print each step, and end. Fails when a step does."`
}

// demoKey seals the demo's data only: it guards nothing.
const demoKey = "64656d6f64656d6f64656d6f64656d6f64656d6f64656d6f64656d6f64656d6f"

// Run makes what is missing and serves until a stop signal.
func (c *DemoCmd) Run(ctx context.Context) error {
	config, forget, err := c.config()
	if err != nil {
		return err
	}
	defer forget()
	s, err := newServer(ctx, config, config.logger())
	if err != nil {
		return err
	}
	defer s.close()
	// The other side outlives the stop signal: calls end by its word.
	sim, err := startTwilio(context.WithoutCancel(ctx), s.mux, "/sim/twilio", config.BackendURL, s.log)
	if err != nil {
		return fmt.Errorf("start simulated twilio: %w", err)
	}
	defer sim.Close()
	ai, err := startOpenAI(s.mux, "/sim/openai", c.Voices, s.log)
	if err != nil {
		return fmt.Errorf("start simulated openai: %w", err)
	}
	defer ai.Close()
	for _, d := range demoDesks {
		if err := d.make(ctx, s.control, config); err != nil {
			return fmt.Errorf("make demo desk %s: %w", d.slug, err)
		}
	}
	if err := serveVoice(s.mux); err != nil {
		return err
	}
	story := tellDemo(config)
	s.mux.HandleFunc("GET /api/demo", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		_ = json.NewEncoder(w).Encode(story)
	})
	if c.Check {
		return c.check(ctx, s, story)
	}
	return s.run(ctx, func() error { return c.announce(story) })
}

// check runs the story against the server and stops it.
func (c *DemoCmd) check(ctx context.Context, s *server, story demoStory) error {
	s.config.Drain = 5 * time.Second // the story leaves no call behind
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	found := make(chan error, 1)
	err := s.run(ctx, func() error {
		go func() { // ends with the story, which has its time
			found <- check(ctx, story, os.Stdout)
			stop()
		}()
		return nil
	})
	select {
	case failed := <-found:
		return errors.Join(failed, err)
	case <-time.After(time.Second):
		return err // it never began
	}
}

func (c *DemoCmd) config() (Config, func(), error) {
	config := Config{Listen: c.Listen, Data: c.Data, EncryptionKey: demoKey, LogLevel: "info", LogFormat: "text"}
	forget := func() {}
	if c.Data == "" {
		dir, err := os.MkdirTemp("", "softphone-demo-")
		if err != nil {
			return config, forget, err
		}
		config.Data, forget = filepath.Join(dir, "data"), func() { os.RemoveAll(dir) }
	}
	if err := config.Settle(); err != nil {
		return config, forget, err
	}
	// The demo asks nobody outside: the vendors' places are on its own port.
	config.TwilioBaseURL, config.OpenAIBaseURL = config.BackendURL+"/sim/twilio", config.BackendURL+"/sim/openai/v1"
	return config, forget, nil
}

// demoStory is what the demo tells pages and programs about itself.
type demoStory struct {
	URL     string       `json:"url"`
	Users   []demoUser   `json:"users"`
	Tenants []demoTenant `json:"tenants"`
	Twilio  demoAccount  `json:"twilio"` // the first tenant's
	OpenAI  demoAI       `json:"openai"`
	Voice   string       `json:"voice"` // the agent's recorded part, a WAV file
}

type demoTenant struct {
	Slug   string      `json:"slug"`
	Twilio demoAccount `json:"twilio"`
	OpenAI demoAI      `json:"openai"`
}

func tellDemo(config Config) demoStory {
	ai := demoAI{BaseURL: config.OpenAIBaseURL, APIKey: demoKeyOpenAI}
	story := demoStory{URL: config.BackendURL, Users: demoUsers(), OpenAI: ai, Voice: demoVoicePath}
	for _, d := range demoDesks {
		story.Tenants = append(story.Tenants, demoTenant{Slug: d.slug, Twilio: d.account(config.TwilioBaseURL), OpenAI: ai})
	}
	story.Twilio = story.Tenants[0].Twilio
	story.Twilio.People = &demoPeople{Answers: twilio.NumberAna, Busy: twilio.NumberBusy, NoAnswer: twilio.NumberNoAnswer, Invalid: twilio.NumberInvalid}
	return story
}

func (c *DemoCmd) announce(story demoStory) error {
	if c.JSON {
		return json.NewEncoder(os.Stdout).Encode(story)
	}
	fmt.Printf("\n  Softphone is ready: %s\n\n", story.URL)
	for _, u := range story.Users {
		fmt.Printf("    %-34s %-10s %-22s password %s\n", u.Email, u.Role, u.Desk, u.Password)
	}
	fmt.Printf("\n  Simulated Twilio, to watch:  %s/\n  Simulated OpenAI, to watch:  %s/\n", story.Twilio.BaseURL, strings.TrimSuffix(story.OpenAI.BaseURL, "/v1"))
	fmt.Printf("\n  The login page shows these people as buttons. Stop with Ctrl-C.\n\n")
	return nil
}
