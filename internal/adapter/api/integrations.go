package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"softphone/internal/phone/auth"
	"softphone/internal/phone/switchboard"
	"softphone/internal/phone/tenant"
)

// Webhooks are the addresses that an admin copies into Twilio's console.
type Webhooks struct {
	VoiceURL  string `json:"voiceUrl"`
	StatusURL string `json:"statusUrl"`
}

// StoredIntegrations are a tenant's credentials with secrets masked.
type StoredIntegrations struct {
	tenant.Integrations
	Warnings []string              `json:"warnings" doc:"what was changed on the way, such as a model that no longer exists"`
	Webhooks Webhooks              `json:"webhooks"`
	Tests    *switchboard.Findings `json:"tests,omitempty" doc:"after saving: whether the vendors accept them"`
}

type integrationsInput struct{ Body tenant.Integrations }
type integrationsOutput struct{ Body StoredIntegrations }
type findingsOutput struct{ Body switchboard.Findings }

func (a *API) integrations() {
	route(a, auth.ManageTenant, huma.Operation{OperationID: "get-integrations", Method: http.MethodGet, Path: "/api/tenant/integrations", Summary: "Credentials, masked", Tags: []string{"tenant"}}, a.getIntegrations)
	route(a, auth.ManageTenant, huma.Operation{OperationID: "put-integrations", Method: http.MethodPut, Path: "/api/tenant/integrations", Summary: "Save credentials", Description: "A secret that is absent or masked keeps the stored one; an empty one clears it.", Tags: []string{"tenant"}}, a.putIntegrations)
	route(a, auth.ManageTenant, huma.Operation{OperationID: "test-integrations", Method: http.MethodPost, Path: "/api/tenant/integrations/test", Summary: "Ask the vendors whether the credentials work", Tags: []string{"tenant"}}, a.testIntegrations)
}

func (a *API) getIntegrations(ctx context.Context, _ *struct{}) (*integrationsOutput, error) {
	in, err := seatOf(ctx).Integrations(ctx)
	if err != nil {
		return nil, err
	}
	return &integrationsOutput{Body: a.shown(in, nil)}, nil
}

func (a *API) putIntegrations(ctx context.Context, in *integrationsInput) (*integrationsOutput, error) {
	seat := seatOf(ctx)
	saved, warnings, err := seat.SaveIntegrations(ctx, in.Body)
	if err != nil {
		return nil, err
	}
	out := &integrationsOutput{Body: a.shown(saved, warnings)}
	tests, err := seat.TestIntegrations(ctx)
	if err != nil {
		return nil, err
	}
	out.Body.Tests = &tests
	return out, nil
}

func (a *API) testIntegrations(ctx context.Context, _ *struct{}) (*findingsOutput, error) {
	f, err := seatOf(ctx).TestIntegrations(ctx)
	return &findingsOutput{Body: f}, err
}

func (a *API) shown(in tenant.Integrations, warnings []string) StoredIntegrations {
	if warnings == nil {
		warnings = []string{}
	}
	return StoredIntegrations{Integrations: in, Warnings: warnings, Webhooks: Webhooks{VoiceURL: a.VoiceURL, StatusURL: a.StatusURL}}
}
