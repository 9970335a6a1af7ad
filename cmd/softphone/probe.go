package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"softphone/internal/phone/switchboard"
	"softphone/internal/phone/tenant"
)

// probe asks the vendors whether a tenant's credentials work, for the test
// button of the settings page.
type probe struct {
	client               *http.Client
	twilioURL, openaiURL string
}

var _ switchboard.Probe = probe{}

func newProbe(c Config) probe {
	return probe{client: &http.Client{Timeout: 8 * time.Second}, twilioURL: c.TwilioBaseURL, openaiURL: c.OpenAIBaseURL}
}

// Twilio lists the account's numbers: that needs valid credentials and shows
// whether the numbers are the account's own (Twilio, IncomingPhoneNumbers).
func (p probe) Twilio(ctx context.Context, t tenant.Twilio) switchboard.Finding {
	if t.AccountSid == "" || t.Token() == "" {
		return switchboard.Finding{Code: "not_configured", Message: "Enter the Account SID and the Auth Token."}
	}
	var page struct {
		Numbers []struct {
			Number string `json:"phone_number"`
		} `json:"incoming_phone_numbers"`
	}
	url := or(t.BaseURL, p.twilioURL) + "/2010-04-01/Accounts/" + t.AccountSid + "/IncomingPhoneNumbers.json?PageSize=1000"
	f := p.ask(ctx, url, "Twilio", &page, func(r *http.Request) { r.SetBasicAuth(t.AccountSid, t.Token()) })
	if !f.OK {
		return f
	}
	for _, want := range t.PhoneNumbers {
		if !slices.ContainsFunc(page.Numbers, func(n struct {
			Number string `json:"phone_number"`
		}) bool {
			return n.Number == want
		}) {
			return switchboard.Finding{Code: "number_not_found", Message: want + " is not a number of this Twilio account."}
		}
	}
	f.Message = fmt.Sprintf("Twilio accepts the credentials; %d of your numbers found.", len(t.PhoneNumbers))
	return f
}

// OpenAI lists the models: that needs a valid key and shows whether the chosen
// model is one of them.
func (p probe) OpenAI(ctx context.Context, o tenant.OpenAI) switchboard.Finding {
	if o.Key() == "" {
		return switchboard.Finding{Code: "not_configured", Message: "Enter an API key, or leave OpenAI out: calls work without it."}
	}
	var page struct {
		Data []struct {
			ID string `json:"id"`
		} `json:"data"`
	}
	f := p.ask(ctx, or(o.BaseURL, p.openaiURL)+"/models", "OpenAI", &page, func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+o.Key()) })
	if !f.OK {
		return f
	}
	for _, m := range page.Data {
		if m.ID == o.Model {
			f.Message = "OpenAI accepts the key and offers " + o.Model + "."
			return f
		}
	}
	return switchboard.Finding{Code: "model_not_found", Message: "This key does not give access to " + o.Model + "."}
}

// ask gets a page and turns what can go wrong into something to act on.
func (p probe) ask(ctx context.Context, url, vendor string, into any, sign func(*http.Request)) switchboard.Finding {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return switchboard.Finding{Code: "unreachable", Message: "The base URL is not an address."}
	}
	sign(r)
	res, err := p.client.Do(r)
	if err != nil {
		return switchboard.Finding{Code: "unreachable", Message: vendor + " cannot be reached from this server. Check its network and the base URL."}
	}
	defer res.Body.Close()
	switch {
	case res.StatusCode == http.StatusUnauthorized, res.StatusCode == http.StatusForbidden:
		return switchboard.Finding{Code: "bad_credentials", Message: vendor + " refuses these credentials."}
	case res.StatusCode != http.StatusOK:
		return switchboard.Finding{Code: "error", Message: fmt.Sprintf("%s answered with status %d. Try again later.", vendor, res.StatusCode)}
	}
	if err := json.NewDecoder(io.LimitReader(res.Body, 4<<20)).Decode(into); err != nil {
		return switchboard.Finding{Code: "error", Message: vendor + "'s answer could not be read. Check the base URL."}
	}
	return switchboard.Finding{OK: true, Message: vendor + " accepts the credentials."}
}

func or(first, second string) string {
	if first != "" {
		return strings.TrimRight(first, "/")
	}
	return strings.TrimRight(second, "/")
}
