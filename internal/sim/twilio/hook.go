package twilio

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"softphone/internal/protocol/twilioapi"
	"softphone/internal/protocol/twiml"
)

// hook is one webhook request.
type hook struct {
	account *account
	call    string
	kind    string // of the ledger
	what    string
	address string // as it was given to us, with its fragment
	method  string
	form    url.Values
	token   string // idempotency token of a repeat
}

// reply is the answer to a webhook.
type reply struct {
	status      int
	contentType string
	body        []byte
	address     string // after redirects: relative addresses belong to it
}

// trouble is why a webhook has no good answer, with the code that reaches the
// fallback address.
type trouble struct {
	code int
	how  string // as the override rp names it: ct, rt, 4xx, 5xx
	err  error
}

func (t *trouble) Error() string { return fmt.Sprintf("%d: %v", t.code, t.err) }

// connectTimeout carries the override ct to the dialer.
type connectTimeout struct{}

func (s *Sim) tlsConfig() *tls.Config { return s.config.TLS.Clone() }

// newTransport dials with the connect timeout of the request it dials for.
func (s *Sim) newTransport() *http.Transport {
	return &http.Transport{
		TLSClientConfig: s.tlsConfig(), MaxIdleConnsPerHost: 64, IdleConnTimeout: time.Minute,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			d := net.Dialer{}
			if limit, ok := ctx.Value(connectTimeout{}).(time.Duration); ok {
				d.Timeout = limit
			}
			return d.DialContext(ctx, network, address)
		},
	}
}

// send makes the request, and repeats it where the address' overrides say so
// ("Webhooks, connection overrides"). Without any, only a failed connection is
// tried again, once.
func (s *Sim) send(ctx context.Context, h hook) (*reply, error) {
	target := twilioapi.ParseTarget(h.address)
	ctx, cancel := context.WithTimeout(ctx, target.Total)
	defer cancel()
	for try := 0; ; try++ {
		began := time.Now()
		r, err := s.sendOnce(ctx, h, target)
		s.noteHook(h, try, time.Since(began), r, err)
		var t *trouble
		if !errors.As(err, &t) {
			return r, err
		}
		if try >= target.Retries || !target.RetriesOn(t.how) || ctx.Err() != nil {
			return r, err
		}
		if h.token == "" {
			h.token = s.ids.next("")
		}
	}
}

func (s *Sim) sendOnce(ctx context.Context, h hook, target twilioapi.Target) (*reply, error) {
	if strings.HasPrefix(target.URL, "http://") && !s.config.Insecure {
		return nil, &trouble{twilioapi.CodeConnection, "ct", errors.New("address is not https")}
	}
	if h.kind == KindVoice && s.voiceFails(h) {
		return nil, &trouble{twilioapi.CodeConnection, "ct", errors.New("failed by order")}
	}
	ctx, cancel := context.WithTimeout(ctx, target.Connect+target.Read)
	defer cancel()
	request, err := s.request(context.WithValue(ctx, connectTimeout{}, target.Connect), h, target.URL)
	if err != nil {
		return nil, &trouble{twilioapi.CodeConnection, "", err}
	}
	response, err := s.hooks.Do(request)
	if err != nil {
		return nil, connectionTrouble(err)
	}
	defer response.Body.Close()
	return readReply(response)
}

func (s *Sim) voiceFails(h hook) bool {
	f, ok := s.faults.take(h.account.Sid, h.call, "", FaultVoiceFail)
	if ok {
		s.ledger.add(Entry{Account: h.account.Sid, Call: h.call, Kind: KindFault, What: f.Kind})
	}
	return ok
}

// request builds and signs: the parameters go to the body of a POST and to the
// query of a GET, and the signature covers them either way.
func (s *Sim) request(ctx context.Context, h hook, address string) (*http.Request, error) {
	var body io.Reader
	form := h.form
	if h.method == http.MethodGet {
		address, form = withQuery(address, form), nil
	} else {
		body = strings.NewReader(form.Encode())
	}
	r, err := http.NewRequestWithContext(ctx, h.method, address, body)
	if err != nil {
		return nil, fmt.Errorf("address %s: %w", address, err)
	}
	r.Header.Set("User-Agent", "TwilioProxy/1.1")
	r.Header.Set("Accept", "*/*")
	r.Header.Set("X-Home-Region", "us1")
	r.Header.Set(twilioapi.SignatureHeader, twilioapi.Sign(h.account.Token, address, form))
	if h.token != "" {
		r.Header.Set(twilioapi.IdempotencyHeader, h.token)
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8")
	}
	return r, nil
}

func withQuery(address string, form url.Values) string {
	if strings.Contains(address, "?") {
		return address + "&" + form.Encode()
	}
	return address + "?" + form.Encode()
}

func connectionTrouble(err error) *trouble {
	var op *net.OpError
	var dns *net.DNSError
	if errors.As(err, &op) && op.Op == "dial" || errors.As(err, &dns) {
		return &trouble{twilioapi.CodeConnection, "ct", err}
	}
	return &trouble{twilioapi.CodeRetrieval, "rt", err}
}

func readReply(response *http.Response) (*reply, error) {
	body, err := io.ReadAll(io.LimitReader(response.Body, twiml.MaxDocument+1))
	if err != nil {
		return nil, &trouble{twilioapi.CodeRetrieval, "rt", err}
	}
	r := &reply{response.StatusCode, response.Header.Get("Content-Type"), body, response.Request.URL.String()}
	if r.status >= 200 && r.status <= 299 {
		return r, nil
	}
	how := "4xx"
	if r.status >= 500 {
		how = "5xx"
	}
	return r, &trouble{twilioapi.CodeRetrieval, how, fmt.Errorf("the server answered %d", r.status)}
}

func (s *Sim) noteHook(h hook, try int, took time.Duration, r *reply, err error) {
	detail := map[string]any{
		"url": h.address, "method": h.method, "parameters": flat(h.form),
		"try": try + 1, "ms": took.Milliseconds(),
	}
	if r != nil {
		detail["answer"] = r.status
	}
	if err != nil {
		detail["error"] = err.Error()
	}
	s.ledger.add(Entry{Account: h.account.Sid, Call: h.call, Kind: h.kind, What: h.what, Detail: detail})
}

// flat writes a form for the ledger: single values plainly.
func flat(form url.Values) map[string]any {
	m := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(form)) {
		if len(form[name]) == 1 {
			m[name] = form[name][0]
		} else {
			m[name] = form[name]
		}
	}
	return m
}
