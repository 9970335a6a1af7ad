package api

import (
	"context"
	"net"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"softphone/internal/phone/auth"
	"softphone/internal/phone/switchboard"
)

// refreshCookie holds the refresh token: out of reach of scripts, sent to the
// auth routes of the same site only.
const refreshCookie = "softphone_refresh"

// User is who is logged in.
type User struct {
	ID          string            `json:"id"`
	Email       string            `json:"email"`
	Name        string            `json:"name"`
	Role        auth.Role         `json:"role" enum:"agent,supervisor,admin"`
	Permissions []auth.Permission `json:"permissions"`
}

// Desk is the tenant a user is logged in to.
type Desk struct {
	Slug string `json:"slug"`
	Name string `json:"name"`
}

// Identity is a user at a desk.
type Identity struct {
	User   User `json:"user"`
	Tenant Desk `json:"tenant"`
}

// Pass is the answer to a login or a refresh.
type Pass struct {
	AccessToken string    `json:"accessToken" doc:"JWT, 15 minutes: header Authorization: Bearer, and auth.token of the socket"`
	ExpiresAt   time.Time `json:"expiresAt"`
	Identity
}

type passOutput struct {
	SetCookie http.Cookie `header:"Set-Cookie"`
	Body      Pass
}

type identityOutput struct{ Body Identity }

type loginInput struct {
	remote
	Body struct {
		Email    string `json:"email" minLength:"3" maxLength:"254"`
		Password string `json:"password" minLength:"1" maxLength:"1024"`
		Tenant   string `json:"tenant,omitempty" maxLength:"63" doc:"slug; only when the login has several desks"`
	}
}

// remote is where a request comes from.
type remote struct{ host, address string }

// Resolve reads what huma does not bind.
func (r *remote) Resolve(ctx huma.Context) []error {
	r.host, r.address = ctx.Host(), ctx.RemoteAddr()
	if h, _, err := net.SplitHostPort(r.host); err == nil {
		r.host = h
	}
	if h, _, err := net.SplitHostPort(r.address); err == nil {
		r.address = h
	}
	return nil
}

type cookieInput struct {
	Refresh string `cookie:"softphone_refresh"`
}

func (a *API) auth() {
	route(a, Public, huma.Operation{OperationID: "login", Method: http.MethodPost, Path: "/api/auth/login", Summary: "Log in", Tags: []string{"auth"}}, a.login)
	route(a, Public, huma.Operation{OperationID: "refresh", Method: http.MethodPost, Path: "/api/auth/refresh", Summary: "Exchange the refresh cookie for a new token", Tags: []string{"auth"}}, a.refreshPass)
	route(a, AnyUser, huma.Operation{OperationID: "logout", Method: http.MethodPost, Path: "/api/auth/logout", Summary: "End the session", Tags: []string{"auth"}}, a.logout)
	route(a, AnyUser, huma.Operation{OperationID: "me", Method: http.MethodGet, Path: "/api/auth/me", Summary: "Who is logged in", Tags: []string{"auth"}}, a.me)
}

func (a *API) login(ctx context.Context, in *loginInput) (*passOutput, error) {
	p, err := a.Exchange.Login(ctx, switchboard.Attempt{
		Email: in.Body.Email, Password: in.Body.Password, Tenant: in.Body.Tenant, Host: in.host, Address: in.address,
	})
	if err != nil {
		return nil, err
	}
	return a.pass(p), nil
}

func (a *API) refreshPass(ctx context.Context, in *cookieInput) (*passOutput, error) {
	p, err := a.Exchange.Refresh(ctx, in.Refresh)
	if err != nil {
		return nil, err
	}
	return a.pass(p), nil
}

type clearedOutput struct {
	SetCookie http.Cookie `header:"Set-Cookie"`
}

func (a *API) logout(ctx context.Context, _ *struct{}) (*clearedOutput, error) {
	if err := seatOf(ctx).Logout(ctx); err != nil {
		return nil, err
	}
	return &clearedOutput{SetCookie: a.cookie("", -1)}, nil
}

func (a *API) me(ctx context.Context, _ *struct{}) (*identityOutput, error) {
	return &identityOutput{Body: identity(seatOf(ctx))}, nil
}

func (a *API) pass(p switchboard.Pass) *passOutput {
	return &passOutput{
		SetCookie: a.cookie(p.Refresh, int(switchboard.SessionLife.Seconds())),
		Body:      Pass{AccessToken: p.Access, ExpiresAt: *stamp(p.ExpiresAt), Identity: identity(p.Seat)},
	}
}

func (a *API) cookie(value string, maxAge int) http.Cookie {
	return http.Cookie{Name: refreshCookie, Value: value, Path: "/api/auth", MaxAge: maxAge, HttpOnly: true, Secure: a.Secure, SameSite: http.SameSiteStrictMode}
}

func identity(s *switchboard.Seat) Identity {
	u := s.User
	return Identity{
		User:   User{ID: u.ID, Email: u.Email, Name: u.Name, Role: u.Role, Permissions: u.Role.Permissions()},
		Tenant: Desk{Slug: s.Tenant.Slug, Name: s.Tenant.Name},
	}
}
