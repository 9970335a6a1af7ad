// Package api is the REST door under /api: huma operations on net/http's mux,
// described by an OpenAPI 3.1 document made from the Go types. It reads a
// request, asks a seat at the switchboard and writes the answer.
//
// The one rule: every operation names the permission it needs, or Public or
// AnyUser; one without does not register.
package api

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"softphone/internal/phone/auth"
	"softphone/internal/phone/switchboard"
)

// Config is what the door needs. All fields are required.
type Config struct {
	Exchange *switchboard.Exchange
	// Secure sets the refresh cookie's Secure flag: on when BACKEND_URL is https.
	Secure bool
	// VoiceURL and StatusURL are the addresses shown to the admin to copy.
	VoiceURL, StatusURL string
	Version             string
	Log                 *slog.Logger
}

// API is the door.
type API struct {
	Config
	log  *slog.Logger
	huma huma.API
}

// Rights beside the roles' permissions.
const (
	Public  auth.Permission = "public"   // no token
	AnyUser auth.Permission = "any_user" // any valid token
)

// bodyLimit bounds request bodies: the largest that we take is settings.
const bodyLimit = 1 << 20

// New registers the API on the mux.
func New(mux *http.ServeMux, c Config) *API {
	huma.NewError = newProblem
	hc := huma.DefaultConfig("Softphone", c.Version)
	hc.CreateHooks = nil // no $schema members, no Link headers
	hc.OpenAPIPath, hc.DocsPath, hc.SchemasPath = "/api/openapi", "", ""
	hc.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"token":      {Type: "http", Scheme: "bearer", BearerFormat: "JWT"},
		twilioScheme: {Type: "apiKey", In: "header", Name: "X-Twilio-Signature", Description: "HMAC-SHA1, in base64, of the address and the sorted parameters with the account's auth token (Twilio, \"Webhooks security\")."},
	}
	a := &API{Config: c, log: c.Log, huma: humago.New(mux, hc)}
	a.huma.UseMiddleware(a.admit)
	a.auth()
	a.calls()
	a.contacts()
	a.integrations()
	a.settings()
	a.agents()
	a.recordings(mux)
	a.webhooks()
	mux.HandleFunc("/api/", a.unknown)
	return a
}

// unknown answers addresses and methods that no operation has: the mux's own
// words are plain text.
func (a *API) unknown(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(http.StatusNotFound)
	body := newProblem(http.StatusNotFound, "There is no such address, or not with this method.")
	if err := a.huma.Marshal(w, "application/json", body); err != nil {
		a.log.Debug("answer not written", "err", err)
	}
}

// OpenAPI returns the description of the API as YAML.
func (a *API) OpenAPI() ([]byte, error) { return a.huma.OpenAPI().YAML() }

const permissionKey = "permission"

// route registers one operation.
func route[I, O any](a *API, p auth.Permission, op huma.Operation, serve func(context.Context, *I) (*O, error)) {
	if p == "" {
		panic(fmt.Sprintf("route %s %s names no permission", op.Method, op.Path))
	}
	op.Metadata = map[string]any{permissionKey: p}
	op.MaxBodyBytes = bodyLimit
	if p != Public {
		op.Security = []map[string][]string{{"token": {}}}
		op.Description = strings.TrimSpace(op.Description + " Needs `" + string(p) + "`.")
	}
	huma.Register(a.huma, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := serve(ctx, in)
		if err != nil {
			return nil, challenged(a.problem(err))
		}
		return out, nil
	})
}

// challenge is what a 401 asks for (RFC 9110, 11.6.1).
const challenge = "Bearer"

func challenged(no huma.StatusError) error {
	if no.GetStatus() != http.StatusUnauthorized {
		return no
	}
	return huma.ErrorWithHeaders(no, http.Header{"Www-Authenticate": {challenge}})
}

// bearer is the token of an Authorization header; the scheme's name is in any
// case (RFC 9110, 11.1).
func bearer(header string) string {
	scheme, token, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, challenge) {
		return ""
	}
	return strings.TrimSpace(token)
}

type seatContext struct{}

// admit takes the seat that the bearer token stands for and checks its rights.
func (a *API) admit(ctx huma.Context, next func(huma.Context)) {
	ctx.SetHeader("Cache-Control", "no-store") // answers are for one person
	p, _ := ctx.Operation().Metadata[permissionKey].(auth.Permission)
	if p == Public {
		next(ctx)
		return
	}
	seat, err := a.Exchange.Admit(ctx.Context(), bearer(ctx.Header("Authorization")))
	if err == nil && p != AnyUser {
		err = seat.May(p)
	}
	if err != nil {
		a.refuse(ctx, err)
		return
	}
	next(huma.WithValue(ctx, seatContext{}, seat))
}

func (a *API) refuse(ctx huma.Context, err error) {
	status := a.problem(err)
	ctx.SetHeader("Content-Type", "application/problem+json")
	if status.GetStatus() == http.StatusUnauthorized {
		ctx.SetHeader("WWW-Authenticate", challenge)
	}
	ctx.SetStatus(status.GetStatus()) // sends the header
	if err := a.huma.Marshal(ctx.BodyWriter(), "application/json", status); err != nil {
		a.log.Debug("answer not written", "err", err)
	}
}

func seatOf(ctx context.Context) *switchboard.Seat {
	return ctx.Value(seatContext{}).(*switchboard.Seat)
}

// stamp is a time on the wire: RFC 3339 UTC with milliseconds, absent when zero.
func stamp(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC().Truncate(time.Millisecond)
	return &t
}
