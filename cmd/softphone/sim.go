package main

import (
	"context"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"time"

	"softphone/internal/sim/openai"
	"softphone/internal/sim/twilio"
)

// SimCmd runs a simulator as a process of its own.
type SimCmd struct {
	Twilio SimTwilioCmd `cmd:"" help:"Simulated Twilio: REST, webhooks, media streams and people."`
	OpenAI SimOpenAICmd `cmd:"" name:"openai" help:"Simulated OpenAI: Realtime sessions that hear, and answers."`
}

// SimTwilioCmd runs the simulated Twilio.
type SimTwilioCmd struct {
	Listen   string   `help:"Address." default:"127.0.0.1:4010"`
	Account  string   `required:"" help:"Account SID: AC and 32 hex digits."`
	Token    string   `required:"" help:"Auth token."`
	Number   []string `required:"" help:"A number of the account; repeat it."`
	People   string   `help:"JSON file of people behind numbers." type:"existingfile"`
	Insecure bool     `help:"Allow ws:// streams and http:// webhooks."`
	Ledger   string   `help:"File for everything that is sent and received." type:"path"`
	VoiceURL string   `name:"voice-url" help:"Address that every number asks for a document when somebody calls it."`

	CallsPerSecond float64 `help:"How many queued calls start in a second; below 0 is no limit." default:"1"`
}

// Run serves until a stop signal.
func (c *SimTwilioCmd) Run(ctx context.Context) error {
	account := twilio.Account{Sid: c.Account, Token: c.Token, Name: c.Account, CallsPerSecond: c.CallsPerSecond}
	for _, n := range c.Number {
		account.Numbers = append(account.Numbers, twilio.Number{Number: n, VoiceURL: c.VoiceURL})
	}
	config := twilio.Config{Accounts: []twilio.Account{account}, Insecure: c.Insecure, Ledger: c.Ledger, Logger: (&Config{LogLevel: "info"}).logger()}
	if c.People != "" {
		people, err := readPeople(c.People)
		if err != nil {
			return err
		}
		config.People = people
	}
	sim, err := twilio.New(config)
	if err != nil {
		return err
	}
	if err := sim.Start(ctx); err != nil {
		return err
	}
	defer sim.Close()
	return serveSim(ctx, c.Listen, sim.Handler())
}

// SimOpenAICmd runs the simulated OpenAI.
type SimOpenAICmd struct {
	Listen string `help:"Address." default:"127.0.0.1:4020"`
	Key    string `required:"" help:"The API key it accepts."`
	Voices string `help:"Folder of WAV files, each with its words in a .txt of the same name, that it shall understand." type:"existingdir"`
}

// Run serves until a stop signal.
func (c *SimOpenAICmd) Run(ctx context.Context) error {
	config := openai.Config{Keys: []string{c.Key}, Logger: (&Config{LogLevel: "info"}).logger()}
	if c.Voices != "" {
		config.Voices = []fs.FS{os.DirFS(c.Voices)}
	}
	sim, err := openai.New(config)
	if err != nil {
		return err
	}
	defer sim.Close()
	return serveSim(ctx, c.Listen, sim.Handler())
}

func readPeople(path string) ([]twilio.Person, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	people, err := twilio.ReadPeople(f)
	if err != nil {
		return nil, fmt.Errorf("people of %s: %w", path, err)
	}
	return people, nil
}

// serveSim serves a simulator until ctx ends.
func serveSim(ctx context.Context, address string, h http.Handler) error {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	s := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second}
	stop := context.AfterFunc(ctx, func() { s.Close() })
	defer stop()
	fmt.Printf("simulator ready: http://%s\n", l.Addr())
	if err := s.Serve(l); ctx.Err() == nil {
		return err
	}
	return nil
}
