package tenant

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// Integrations are a tenant's accounts with the vendors. Secrets are pointers
// on the wire: absent keeps the stored one, an empty text clears it.
type Integrations struct {
	Twilio Twilio `json:"twilio"`
	OpenAI OpenAI `json:"openai"`
}

// Twilio is an account at Twilio.
type Twilio struct {
	AccountSid   string   `json:"accountSid" maxLength:"34" doc:"AC and 32 hex digits"`
	AuthToken    *Secret  `json:"authToken,omitempty" maxLength:"256"`
	PhoneNumbers []string `json:"phoneNumbers" nullable:"false" maxItems:"100" doc:"E.164; the first is the caller id unless told"`
	APIKeySid    string   `json:"apiKeySid,omitempty" maxLength:"34"`
	APIKeySecret *Secret  `json:"apiKeySecret,omitempty" maxLength:"256"`
	TwimlAppSid  string   `json:"twimlAppSid,omitempty" maxLength:"34"`
	BaseURL      string   `json:"baseUrl,omitempty" maxLength:"512"`
}

// OpenAI is an account at OpenAI.
type OpenAI struct {
	APIKey             *Secret `json:"apiKey,omitempty" maxLength:"512"`
	Model              string  `json:"model,omitempty" maxLength:"128"`
	Voice              string  `json:"voice,omitempty" maxLength:"64"`
	TranscriptionModel string  `json:"transcriptionModel,omitempty" maxLength:"128"`
	BaseURL            string  `json:"baseUrl,omitempty" maxLength:"512"`
}

// Models used when a tenant names none, and in place of those that OpenAI has
// switched off (OpenAI, deprecations: 2026-05-07).
const (
	DefaultModel              = "gpt-realtime-2.1-mini"
	DefaultTranscriptionModel = "gpt-live-transcribe"
	DefaultVoice              = "alloy"
)

// Token returns the auth token, empty when none is stored.
func (t Twilio) Token() string { return reveal(t.AuthToken) }

// Secret returns the API key's secret, empty when none is stored.
func (t Twilio) Secret() string { return reveal(t.APIKeySecret) }

// Key returns the API key, empty when none is stored.
func (o OpenAI) Key() string { return reveal(o.APIKey) }

func reveal(s *Secret) string {
	if s == nil {
		return ""
	}
	return s.Reveal()
}

// Masked returns a copy that may be shown.
func (in Integrations) Masked() Integrations {
	in.Twilio.PhoneNumbers = append([]string{}, in.Twilio.PhoneNumbers...)
	for _, s := range []**Secret{&in.Twilio.AuthToken, &in.Twilio.APIKeySecret, &in.OpenAI.APIKey} {
		var m Secret
		if *s != nil {
			m = (*s).Masked()
		}
		*s = &m
	}
	return in
}

// Merge fills secrets that are absent or masked from the stored ones.
func (in Integrations) Merge(stored Integrations) Integrations {
	keep := func(s, old *Secret) *Secret {
		if s == nil || s.masked() {
			return old
		}
		return s
	}
	in.Twilio.AuthToken = keep(in.Twilio.AuthToken, stored.Twilio.AuthToken)
	in.Twilio.APIKeySecret = keep(in.Twilio.APIKeySecret, stored.Twilio.APIKeySecret)
	in.OpenAI.APIKey = keep(in.OpenAI.APIKey, stored.OpenAI.APIKey)
	return in
}

// Modernise sets defaults and replaces models that no longer exist; it returns
// a sentence for each replacement.
func (in *Integrations) Modernise() (warnings []string) {
	o := &in.OpenAI
	if strings.HasPrefix(o.Model, "gpt-4o-realtime-preview") || strings.HasPrefix(o.Model, "gpt-4o-mini-realtime-preview") {
		warnings = append(warnings, fmt.Sprintf("OpenAI has switched off %s; %s is used instead.", o.Model, DefaultModel))
		o.Model = DefaultModel
	}
	if o.Model == "" {
		o.Model = DefaultModel
	}
	if o.TranscriptionModel == "" {
		o.TranscriptionModel = DefaultTranscriptionModel
	}
	if o.Voice == "" {
		o.Voice = DefaultVoice
	}
	return warnings
}

var (
	accountForm = regexp.MustCompile(`^AC[0-9a-fA-F]{32}$`)
	keyForm     = regexp.MustCompile(`^SK[0-9a-fA-F]{32}$`)
	appForm     = regexp.MustCompile(`^AP[0-9a-fA-F]{32}$`)
	numberForm  = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)
	modelForm   = regexp.MustCompile(`^[A-Za-z0-9._:-]{0,128}$`)
)

// Validate returns the first thing wrong, in words for the admin. Base URLs
// must be the vendors' own, unset, or on the operator's list.
func (in Integrations) Validate(baseURLs []string) error {
	t, o := in.Twilio, in.OpenAI
	for _, check := range []struct {
		ok   bool
		what string
	}{
		{t.AccountSid == "" || accountForm.MatchString(t.AccountSid), "the Twilio Account SID is AC and 32 hex digits"},
		{t.APIKeySid == "" || keyForm.MatchString(t.APIKeySid), "the Twilio API key SID is SK and 32 hex digits"},
		{t.TwimlAppSid == "" || appForm.MatchString(t.TwimlAppSid), "the TwiML app SID is AP and 32 hex digits"},
		{modelForm.MatchString(o.Model) && modelForm.MatchString(o.TranscriptionModel), "a model's name has letters, digits, dots and hyphens"},
		{allowed(t.BaseURL, "https://api.twilio.com", baseURLs), "this Twilio base URL is not on the operator's list"},
		{allowed(o.BaseURL, "https://api.openai.com/v1", baseURLs), "this OpenAI base URL is not on the operator's list"},
	} {
		if !check.ok {
			return fmt.Errorf("%s", check.what)
		}
	}
	for _, n := range t.PhoneNumbers {
		if !numberForm.MatchString(n) {
			return fmt.Errorf("%q is not a number like +12015550100", n)
		}
	}
	return nil
}

func allowed(base, vendor string, list []string) bool {
	if base == "" || base == vendor {
		return true
	}
	u, err := url.Parse(base)
	return err == nil && u.User == nil && slices.Contains(list, base)
}
