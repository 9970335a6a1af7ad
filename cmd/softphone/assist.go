package main

import (
	"crypto/sha256"
	"encoding/hex"
	"log/slog"

	"softphone/internal/adapter/openai"
	"softphone/internal/phone/assist"
	"softphone/internal/phone/auth"
	"softphone/internal/phone/tenant"
)

// assistants makes the models of each tenant's account at OpenAI.
type assistants struct {
	base string // for tenants that set none
	log  *slog.Logger
}

func (a assistants) of(t tenant.Tenant, in tenant.Integrations, u auth.User) (assist.Ear, assist.Brain) {
	if in.OpenAI.Key() == "" {
		return nil, nil
	}
	account, err := openai.New(openai.Config{
		Key: in.OpenAI.Key(), Base: or(in.OpenAI.BaseURL, a.base), Model: in.OpenAI.Model,
		Transcriber: in.OpenAI.TranscriptionModel, User: safetyID(t, u),
	})
	if err != nil {
		a.log.Error("assistant's account cannot be used", "tenant", t.Slug, "err", err)
		return nil, nil
	}
	return account, account
}

// safetyID tells one user from another and nobody who they are: OpenAI's "Safety
// identifiers" ask for a stable hash.
func safetyID(t tenant.Tenant, u auth.User) string {
	sum := sha256.Sum256([]byte(t.ID + "/" + u.ID))
	return hex.EncodeToString(sum[:])
}
