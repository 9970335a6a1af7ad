package main

import (
	"context"
	"log/slog"
	"net/http"

	"softphone/internal/adapter/store"
	"softphone/internal/phone/tenant"
	"softphone/internal/sim/twilio"
)

// demoAccount is a desk's account at the simulated Twilio.
type demoAccount struct {
	BaseURL    string      `json:"baseUrl"`
	AccountSid string      `json:"accountSid"`
	AuthToken  string      `json:"authToken"`
	Numbers    []string    `json:"numbers"`
	People     *demoPeople `json:"people,omitempty"`
}

// demoPeople are numbers worth calling.
type demoPeople struct {
	Answers  string `json:"answers"`
	Busy     string `json:"busy"`
	NoAnswer string `json:"noAnswer"`
	Invalid  string `json:"invalid"`
}

func (d demoDesk) account(base string) demoAccount {
	return demoAccount{BaseURL: base, AccountSid: d.accountSid, AuthToken: d.authToken, Numbers: d.numbers}
}

// connect stores the desk's credentials unless somebody has stored others.
func (d demoDesk) connect(ctx context.Context, s *store.Control, t tenant.Tenant, c Config) error {
	in, err := s.Integrations(ctx, t.ID)
	if err != nil || in.Twilio.AccountSid != "" {
		return err
	}
	token, key := tenant.Secret(d.authToken), tenant.Secret(demoKeyOpenAI)
	in.Twilio = tenant.Twilio{AccountSid: d.accountSid, AuthToken: &token, PhoneNumbers: d.numbers, BaseURL: c.TwilioBaseURL}
	in.OpenAI = tenant.OpenAI{APIKey: &key, BaseURL: c.OpenAIBaseURL}
	in.Modernise()
	return s.SaveIntegrations(ctx, t.ID, in)
}

// startTwilio runs the simulated Twilio under a path of the demo's own port.
// It shares nothing with the server: they speak over the wire.
func startTwilio(ctx context.Context, mux *http.ServeMux, path, backend string, log *slog.Logger) (*twilio.Sim, error) {
	c := twilio.Config{Insecure: true, URL: backend + path, Logger: log.With("part", "simulated twilio")}
	for _, d := range demoDesks {
		a := twilio.Account{Sid: d.accountSid, Token: d.authToken, Name: d.name}
		for _, n := range d.numbers {
			a.Numbers = append(a.Numbers, twilio.Number{
				Number: n, Name: d.name, // the addresses that an owner of a number enters at Twilio
				VoiceURL: backend + "/api/voice/twiml/inbound", StatusCallback: backend + "/api/voice/webhook/status",
			})
		}
		c.Accounts = append(c.Accounts, a)
	}
	sim, err := twilio.New(c)
	if err != nil {
		return nil, err
	}
	mux.Handle(path+"/", http.StripPrefix(path, sim.Handler()))
	return sim, sim.Start(ctx)
}
