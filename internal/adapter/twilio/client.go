package twilio

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"softphone/internal/protocol/twilioapi"
)

const (
	// BaseURL is Twilio's own.
	BaseURL = "https://api.twilio.com"
	// requestTime is of one request; Twilio's own clients wait 10 s.
	requestTime = 10 * time.Second
	answerMost  = 1 << 20 // bytes of an answer
)

// Account is what it takes to speak for an account.
type Account struct {
	BaseURL string // default BaseURL
	SID     string
	User    string // the account's SID, or an API key's
	Secret  string
	Pacer   *Pacer       // shared by everybody who dials for this account
	HTTP    *http.Client // default: one that follows no redirect
}

func (a Account) client() *http.Client {
	if a.HTTP != nil {
		return a.HTTP
	}
	return plain
}

// plain follows no redirect: it would carry the credentials elsewhere.
var plain = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

// String keeps the secret out of logs.
func (a Account) String() string { return a.SID }

// GoString keeps the secret out of logs.
func (a Account) GoString() string { return a.SID }

// post sends a form and reads the resource that comes back.
func (a Account) post(ctx context.Context, path string, form url.Values, into any) error {
	return a.send(ctx, http.MethodPost, path, strings.NewReader(form.Encode()), into)
}

func (a Account) get(ctx context.Context, path string, into any) error {
	return a.send(ctx, http.MethodGet, path, http.NoBody, into)
}

func (a Account) send(ctx context.Context, method, path string, body io.Reader, into any) error {
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	base := a.BaseURL
	if base == "" {
		base = BaseURL
	}
	r, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(base, "/")+path, body)
	if err != nil {
		return err
	}
	r.SetBasicAuth(a.User, a.Secret)
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	answer, err := a.client().Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	return read(answer, into)
}

// tooMany is Twilio's 429: nothing was done, come back later.
type tooMany struct {
	err   *twilioapi.Error
	after time.Duration
}

func (e *tooMany) Error() string { return e.err.Error() }
func (e *tooMany) Unwrap() error { return e.err }

func read(answer *http.Response, into any) error {
	body, err := io.ReadAll(io.LimitReader(answer.Body, answerMost))
	if err != nil {
		return fmt.Errorf("read Twilio's answer: %w", err)
	}
	if answer.StatusCode/100 != 2 {
		refused := twilioapi.ReadError(answer.StatusCode, body)
		if answer.StatusCode == http.StatusTooManyRequests {
			seconds, _ := strconv.Atoi(answer.Header.Get("Retry-After")) // absent is 0
			return &tooMany{refused, time.Duration(seconds) * time.Second}
		}
		return refused
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("read Twilio's answer: %w", err)
	}
	return nil
}

// Pacer spaces what an account dials: Twilio starts one call a second unless
// told otherwise ("Call resource", calls per second).
type Pacer struct {
	Every time.Duration // default 1 s; negative is no limit

	mu   sync.Mutex
	free time.Time
}

// Wait returns when the next call may be placed, or ctx ends.
func (p *Pacer) Wait(ctx context.Context) error {
	if p == nil {
		return nil
	}
	timer := time.NewTimer(p.slot(time.Now()))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (p *Pacer) slot(now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	every := p.Every
	if every == 0 {
		every = time.Second
	}
	if p.free.Before(now) {
		p.free = now
	}
	wait := p.free.Sub(now)
	p.free = p.free.Add(max(every, 0))
	return wait
}
