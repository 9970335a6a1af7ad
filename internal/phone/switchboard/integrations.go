package switchboard

import (
	"context"
	"errors"

	"softphone/internal/phone/auth"
	"softphone/internal/phone/tenant"
)

// Probe asks the vendors, with the given credentials, whether they work.
type Probe interface {
	Twilio(ctx context.Context, t tenant.Twilio) Finding
	OpenAI(ctx context.Context, o tenant.OpenAI) Finding
}

// Finding is what a probe found, in words the admin can act on.
type Finding struct {
	OK      bool   `json:"ok"`
	Code    string `json:"code,omitempty" doc:"not_configured, bad_credentials, number_not_found, model_not_found, unreachable, ..."`
	Message string `json:"message"`
}

// Findings are the findings for both vendors.
type Findings struct {
	Twilio Finding `json:"twilio"`
	OpenAI Finding `json:"openai"`
}

// Integrations returns the desk's credentials with secrets masked.
func (s *Seat) Integrations(ctx context.Context) (tenant.Integrations, error) {
	in, err := s.ex.Directory.Integrations(ctx, s.Tenant.ID)
	return in.Masked(), err
}

// SaveIntegrations checks, completes with the stored secrets, seals and saves;
// the warnings tell what was changed on the way.
func (s *Seat) SaveIntegrations(ctx context.Context, in tenant.Integrations) (tenant.Integrations, []string, error) {
	old, err := s.ex.Directory.Integrations(ctx, s.Tenant.ID)
	if err != nil {
		return in, nil, err
	}
	in = in.Merge(old)
	warnings := in.Modernise()
	if err := in.Validate(s.ex.BaseURLs); err != nil {
		return in, nil, refuse(InvalidInput, err.Error())
	}
	err = s.ex.Directory.SaveIntegrations(ctx, s.Tenant.ID, in)
	if errors.Is(err, tenant.ErrTaken) {
		return in, nil, refuse(InvalidInput, "this Twilio account belongs to another desk already")
	}
	if err != nil {
		return in, nil, err
	}
	s.circuit.Heal()
	return in.Masked(), warnings, nil
}

// TestIntegrations asks both vendors with what is stored.
func (s *Seat) TestIntegrations(ctx context.Context) (Findings, error) {
	in, err := s.ex.Directory.Integrations(ctx, s.Tenant.ID)
	if err != nil {
		return Findings{}, err
	}
	return Findings{Twilio: s.ex.Probe.Twilio(ctx, in.Twilio), OpenAI: s.ex.Probe.OpenAI(ctx, in.OpenAI)}, nil
}

// notFound turns the stores' "no such row" into a refusal.
func notFound(err error) error {
	if errors.Is(err, tenant.ErrNotFound) || errors.Is(err, auth.ErrNoUser) {
		return refuse(NotFound, "There is no such thing here.")
	}
	return err
}
