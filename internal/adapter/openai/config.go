package openai

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"softphone/internal/phone/assist"
	"softphone/internal/protocol/realtime"
)

// DefaultBase is the vendor's own address.
const DefaultBase = "https://api.openai.com/v1"

// Config is a tenant's account.
type Config struct {
	Key         string
	Base        string // ends in /v1; http(s) or ws(s); empty: DefaultBase
	Model       string // of the text session; empty: the default
	Transcriber string // of the legs; empty: the default
	User        string // stable hashed id of the agent, OpenAI-Safety-Identifier; may be empty
	Client      *http.Client
}

// Account is a tenant's access. It implements assist.Ear and assist.Brain.
type Account struct {
	cfg  Config
	base *url.URL
}

var (
	_ assist.Ear   = (*Account)(nil)
	_ assist.Brain = (*Account)(nil)
)

// New checks the address. A missing key is no error here: every session of such
// an account ends with assist.NotConfigured.
func New(cfg Config) (*Account, error) {
	if cfg.Base == "" {
		cfg.Base = DefaultBase
	}
	if cfg.Model == "" {
		cfg.Model = realtime.DefaultModel
	}
	if cfg.Transcriber == "" {
		cfg.Transcriber = realtime.DefaultTranscriber
	}
	if cfg.Client == nil {
		cfg.Client = http.DefaultClient
	}
	base, err := url.Parse(strings.TrimRight(cfg.Base, "/"))
	if err != nil {
		return nil, fmt.Errorf("read base URL: %w", err)
	}
	if base.Host == "" || !schemes[base.Scheme] {
		return nil, fmt.Errorf("base URL %q is not an http(s) or ws(s) address", cfg.Base)
	}
	return &Account{cfg, base}, nil
}

var schemes = map[string]bool{"http": true, "https": true, "ws": true, "wss": true}

// socketURL is /realtime with exactly one of model and intent (OpenAI, Realtime
// API, "Connect with WebSocket" and "Realtime transcription").
func (a *Account) socketURL(query url.Values) string {
	u := a.base.JoinPath("realtime")
	u.Scheme = strings.Replace(u.Scheme, "http", "ws", 1)
	u.RawQuery = query.Encode()
	return u.String()
}

func (a *Account) restURL(path string) string {
	u := a.base.JoinPath(path)
	u.Scheme = strings.Replace(u.Scheme, "ws", "http", 1)
	return u.String()
}

// header carries the key. OpenAI-Beta must be absent: it is fatal since
// 2026-05-12 (OpenAI, Deprecations).
func (a *Account) header() http.Header {
	h := http.Header{"Authorization": {"Bearer " + a.cfg.Key}}
	if a.cfg.User != "" {
		h.Set("OpenAI-Safety-Identifier", a.cfg.User)
	}
	return h
}
