package tenant_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"softphone/internal/phone/tenant"
)

func secret(s string) *tenant.Secret { v := tenant.Secret(s); return &v }

func TestSecretsDoNotPrint(t *testing.T) {
	in := tenant.Integrations{Twilio: tenant.Twilio{AuthToken: secret("0123456789abcdef")}, OpenAI: tenant.OpenAI{APIKey: secret("sk-short")}}
	for _, text := range []string{fmt.Sprint(*in.Twilio.AuthToken), fmt.Sprintf("%#v %+v %s", *in.Twilio.AuthToken, *in.Twilio.AuthToken, *in.Twilio.AuthToken)} {
		if strings.Contains(text, "cdef") {
			t.Errorf("printed %q", text)
		}
	}
	shown, err := json.Marshal(in.Masked())
	if err != nil {
		t.Fatal(err)
	}
	if got := string(shown); strings.Contains(got, "0123") || strings.Contains(got, "short") || !strings.Contains(got, "••••cdef") {
		t.Errorf("masked: %s", got)
	}
}

func TestSecretKeptReplacedAndCleared(t *testing.T) {
	stored := tenant.Integrations{Twilio: tenant.Twilio{AuthToken: secret("0123456789abcdef")}}
	for _, c := range []struct {
		name string
		sent *tenant.Secret
		want string
	}{
		{"absent", nil, "0123456789abcdef"},
		{"masked", secret("••••cdef"), "0123456789abcdef"},
		{"new", secret("fedcba9876543210"), "fedcba9876543210"},
		{"empty", secret(""), ""},
	} {
		got := tenant.Integrations{Twilio: tenant.Twilio{AuthToken: c.sent}}.Merge(stored).Twilio.Token()
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestModelsThatAreGoneAreReplacedWithAWarning(t *testing.T) {
	in := tenant.Integrations{OpenAI: tenant.OpenAI{Model: "gpt-4o-realtime-preview"}}
	if w := in.Modernise(); len(w) != 1 || in.OpenAI.Model != tenant.DefaultModel {
		t.Errorf("model %q, warnings %q", in.OpenAI.Model, w)
	}
	if w := in.Modernise(); len(w) != 0 {
		t.Errorf("a current model is warned of: %q", w)
	}
}

func TestWrongSettingsAreRefused(t *testing.T) {
	hex := strings.Repeat("0a", 16)
	good := tenant.Integrations{Twilio: tenant.Twilio{AccountSid: "AC" + hex, PhoneNumbers: []string{"+12015550100"}, BaseURL: "http://127.0.0.1:4010"}}
	list := []string{"http://127.0.0.1:4010"}
	if err := good.Validate(list); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*tenant.Integrations){
		"account":       func(in *tenant.Integrations) { in.Twilio.AccountSid = "AC123" },
		"key":           func(in *tenant.Integrations) { in.Twilio.APIKeySid = "AC" + hex },
		"number":        func(in *tenant.Integrations) { in.Twilio.PhoneNumbers = []string{"0201 555"} },
		"base URL":      func(in *tenant.Integrations) { in.Twilio.BaseURL = "http://169.254.169.254" },
		"other path":    func(in *tenant.Integrations) { in.OpenAI.BaseURL = "http://127.0.0.1:4010/v1" },
		"model":         func(in *tenant.Integrations) { in.OpenAI.Model = "a&b=c" },
		"userinfo host": func(in *tenant.Integrations) { in.OpenAI.BaseURL = "https://api.openai.com/v1@evil" },
	} {
		bad := good
		spoil(&bad)
		if err := bad.Validate(list); err == nil {
			t.Errorf("wrong %s accepted", name)
		}
	}
}

func TestIDsAndTexts(t *testing.T) {
	for s, want := range map[string]bool{
		"01JD5W3X0Z": true, "a-b_C9": true, strings.Repeat("x", 64): true,
		"": false, "a b": false, "ä": false, "a\x00": false, "a\n": false, "../x": false, strings.Repeat("x", 65): false,
	} {
		if got := tenant.IsID(s); got != want {
			t.Errorf("id %q: got %v", s, got)
		}
	}
	for s, want := range map[string]bool{"": true, "Zoë & Söhne": true, "a\x00b": false, "\xff": false, "a\nb": false} {
		if got := tenant.IsText(s); got != want {
			t.Errorf("text %q: got %v", s, got)
		}
	}
}
