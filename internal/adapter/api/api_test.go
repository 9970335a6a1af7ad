package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"softphone/internal/adapter/api"
	"softphone/internal/adapter/store"
	"softphone/internal/phone/auth"
	"softphone/internal/phone/call"
	"softphone/internal/phone/crm"
	"softphone/internal/phone/recording"
	"softphone/internal/phone/seal"
	"softphone/internal/phone/switchboard"
	"softphone/internal/phone/tenant"
)

const password = "correct horse"

// silent is a probe that finds nothing: no test asks a vendor.
type silent struct{}

func (silent) Twilio(context.Context, tenant.Twilio) switchboard.Finding {
	return switchboard.Finding{Code: "not_configured"}
}
func (silent) OpenAI(context.Context, tenant.OpenAI) switchboard.Finding {
	return switchboard.Finding{Code: "not_configured"}
}

// door is the API over real databases, with a clock that the test moves.
type door struct {
	*httptest.Server
	t       *testing.T
	control *store.Control
	now     time.Time
	// recordings opens a tenant's, where there are any.
	recordings func(db *store.Tenant, id string) *recording.Archive
}

func open(t *testing.T) *door {
	t.Helper()
	d := &door{t: t, now: time.Date(2026, 11, 1, 9, 0, 0, 0, time.UTC)}
	clock := func() time.Time { return d.now }
	ring, err := seal.NewRing(seal.NewKey())
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	d.control, err = store.Open(t.Context(), store.Config{Dir: t.TempDir(), Ring: ring, Log: log, Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	ex := switchboard.New(switchboard.Config{
		Directory: d.control, Signer: auth.NewSigner(ring.Derive("tokens"), clock), Probe: silent{}, Log: log, Now: clock,
		Open: func(ctx context.Context, id string) (switchboard.Store, error) { return d.control.Open(ctx, id) },
	})
	mux := http.NewServeMux()
	api.New(mux, api.Config{Exchange: ex, VoiceURL: "https://x/voice", StatusURL: "https://x/status", Version: "test", Log: log})
	d.Server = httptest.NewServer(mux)
	t.Cleanup(func() {
		d.Server.Close()
		if err := d.control.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// desk makes a tenant with one user of each role and returns its database.
func (d *door) desk(slug string) *store.Tenant {
	d.t.Helper()
	t, err := d.control.CreateTenant(d.t.Context(), slug, "Desk "+slug, "")
	if err != nil {
		d.t.Fatal(err)
	}
	db, err := d.control.Open(d.t.Context(), t.ID)
	if err != nil {
		d.t.Fatal(err)
	}
	hash := auth.HashPassword(password)
	for _, role := range []auth.Role{auth.Agent, auth.Supervisor, auth.Admin} {
		email := fmt.Sprintf("%s@%s.example", role, slug)
		if _, err := db.CreateUser(d.t.Context(), auth.User{Email: email, Name: string(role), Role: role}, hash); err != nil {
			d.t.Fatal(err)
		}
		if err := d.control.AddLogin(d.t.Context(), email, t.ID); err != nil {
			d.t.Fatal(err)
		}
	}
	return db
}

type answer struct {
	status int
	body   map[string]any
	header http.Header
}

func (d *door) ask(method, path, token, body string, cookies ...*http.Cookie) answer {
	d.t.Helper()
	r, err := http.NewRequest(method, d.URL+path, strings.NewReader(body))
	if err != nil {
		d.t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	r.Header.Set("Content-Type", "application/json")
	for _, c := range cookies {
		r.AddCookie(c)
	}
	res, err := d.Client().Do(r)
	if err != nil {
		d.t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	a := answer{status: res.StatusCode, header: res.Header}
	if len(bytes.TrimSpace(raw)) > 0 {
		if err := json.Unmarshal(raw, &a.body); err != nil {
			d.t.Fatalf("%s %s answers what is not JSON: %q", method, path, raw)
		}
	}
	return a
}

func (d *door) login(email string) (token string, cookie *http.Cookie) {
	d.t.Helper()
	a := d.ask("POST", "/api/auth/login", "", fmt.Sprintf(`{"email":%q,"password":%q}`, email, password))
	if a.status != http.StatusOK {
		d.t.Fatalf("login of %s: %d %v", email, a.status, a.body)
	}
	c, err := http.ParseSetCookie(a.header.Get("Set-Cookie"))
	if err != nil || !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Path != "/api/auth" {
		d.t.Errorf("cookie %+v, %v", c, err)
	}
	return a.body["accessToken"].(string), c
}

// refused checks a problem's status and code.
func refused(t *testing.T, what string, a answer, status int, code string) {
	t.Helper()
	if a.status != status || a.body["code"] != code {
		t.Errorf("%s: %d %v; want %d %s", what, a.status, a.body, status, code)
	}
	if got := a.header.Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("%s: Content-Type %q", what, got)
	}
}

func TestEveryRoleHasItsRoutesAndNoOthers(t *testing.T) {
	d := open(t)
	d.desk("one")
	routes := map[string][]auth.Role{
		"GET /api/auth/me":                   {auth.Agent, auth.Supervisor, auth.Admin},
		"GET /api/voice/calls":               {auth.Agent, auth.Supervisor, auth.Admin},
		"GET /api/crm/contacts":              {auth.Agent, auth.Supervisor, auth.Admin},
		"GET /api/tenant/integrations":       {auth.Admin},
		"POST /api/tenant/integrations/test": {auth.Admin},
	}
	for _, role := range []auth.Role{auth.Agent, auth.Supervisor, auth.Admin} {
		token, _ := d.login(string(role) + "@one.example")
		for route, roles := range routes {
			method, path, _ := strings.Cut(route, " ")
			a := d.ask(method, path, token, "")
			want := http.StatusForbidden
			for _, r := range roles {
				if r == role {
					want = http.StatusOK
				}
			}
			if a.status != want {
				t.Errorf("%s as %s: %d, want %d", route, role, a.status, want)
			}
			if got := a.header.Get("Cache-Control"); got != "no-store" {
				t.Errorf("%s as %s: Cache-Control %q", route, role, got)
			}
			refused(t, route+" without a token", d.ask(method, path, "", ""), http.StatusUnauthorized, "unauthorized")
		}
	}
}

func TestAnotherDesksThingsDoNotExist(t *testing.T) {
	d := open(t)
	one := d.desk("one")
	d.desk("two")
	c, err := one.CreateContact(t.Context(), crm.Contact{Name: "Ana Dupont", Phone: "+12015550123"})
	if err != nil {
		t.Fatal(err)
	}
	if err := one.Change(t.Context(), call.Change{Call: call.Record{ID: "c1", Direction: call.Outbound, From: "+12015550100", To: "+12015550123", Status: call.Busy, StartedAt: d.now, EndedAt: d.now, CreatedAt: d.now, UpdatedAt: d.now, Epoch: 1}, Fence: 1}); err != nil {
		t.Fatal(err)
	}
	mine, _ := d.login("admin@one.example")
	theirs, _ := d.login("admin@two.example")
	for _, path := range []string{"/api/crm/contacts/" + c.ID, "/api/voice/calls/c1"} {
		if a := d.ask("GET", path, mine, ""); a.status != http.StatusOK {
			t.Errorf("own %s: %d %v", path, a.status, a.body)
		}
		foreign, unknown := d.ask("GET", path, theirs, ""), d.ask("GET", path+"x", theirs, "")
		refused(t, "foreign "+path, foreign, http.StatusNotFound, "not_found")
		if diff := cmp.Diff(foreign.body, unknown.body); diff != "" {
			t.Errorf("a foreign id and an unknown one differ: %s", diff)
		}
	}
	agent, _ := d.login("agent@one.example")
	refused(t, "a call of nobody, to an agent", d.ask("GET", "/api/voice/calls/c1", agent, ""), http.StatusNotFound, "not_found")
	if a := d.ask("GET", "/api/voice/calls", agent, ""); len(a.body["items"].([]any)) != 0 {
		t.Errorf("an agent's list: %v", a.body)
	}
}

func TestASessionLivesAndEnds(t *testing.T) {
	d := open(t)
	d.desk("one")
	token, cookie := d.login("agent@one.example")
	d.now = d.now.Add(auth.TokenLife + time.Second)
	refused(t, "expired token", d.ask("GET", "/api/auth/me", token, ""), http.StatusUnauthorized, "unauthorized")
	a := d.ask("POST", "/api/auth/refresh", "", "", cookie)
	if a.status != http.StatusOK {
		t.Fatalf("refresh: %d %v", a.status, a.body)
	}
	refused(t, "refresh token used twice", d.ask("POST", "/api/auth/refresh", "", "", cookie), http.StatusUnauthorized, "session_ended")
	token = a.body["accessToken"].(string)
	if a := d.ask("POST", "/api/auth/logout", token, ""); a.status != http.StatusNoContent {
		t.Errorf("logout: %d %v", a.status, a.body)
	}
	refused(t, "token of an ended session", d.ask("GET", "/api/auth/me", token, ""), http.StatusUnauthorized, "unauthorized")
	refused(t, "no cookie", d.ask("POST", "/api/auth/refresh", "", ""), http.StatusUnauthorized, "session_ended")
	refused(t, "forged cookie", d.ask("POST", "/api/auth/refresh", "", "", &http.Cookie{Name: cookie.Name, Value: "nobody.secret"}), http.StatusUnauthorized, "session_ended")
}

func TestWrongLoginsGetOneAnswer(t *testing.T) {
	d := open(t)
	d.desk("one")
	for name, body := range map[string]string{
		"unknown address": `{"email":"nobody@one.example","password":"correct horse"}`,
		"wrong password":  `{"email":"agent@one.example","password":"wrong"}`,
		"other desk":      `{"email":"agent@one.example","password":"correct horse","tenant":"two"}`,
	} {
		refused(t, name, d.ask("POST", "/api/auth/login", "", body), http.StatusUnauthorized, "bad_credentials")
	}
	for range 10 {
		d.ask("POST", "/api/auth/login", "", `{"email":"agent@one.example","password":"wrong"}`)
	}
	refused(t, "after ten failures", d.ask("POST", "/api/auth/login", "", `{"email":"agent@one.example","password":"correct horse"}`), http.StatusTooManyRequests, "too_many_attempts")
	d.login("supervisor@one.example") // a neighbour is not locked out
}

func TestALoginWithSeveralDesksIsAskedWhich(t *testing.T) {
	d := open(t)
	for _, slug := range []string{"one", "two"} {
		db := d.desk(slug)
		tn, err := d.control.TenantBySlug(t.Context(), slug)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.CreateUser(t.Context(), auth.User{Email: "both@x.example", Name: "Both", Role: auth.Agent}, auth.HashPassword(password)); err != nil {
			t.Fatal(err)
		}
		if err := d.control.AddLogin(t.Context(), "both@x.example", tn.ID); err != nil {
			t.Fatal(err)
		}
	}
	a := d.ask("POST", "/api/auth/login", "", `{"email":"both@x.example","password":"correct horse"}`)
	refused(t, "no desk named", a, http.StatusConflict, "choose_tenant")
	if n := len(a.body["tenants"].([]any)); n != 2 {
		t.Errorf("%d choices, want 2", n)
	}
	a = d.ask("POST", "/api/auth/login", "", `{"email":"both@x.example","password":"wrong"}`)
	refused(t, "wrong password", a, http.StatusUnauthorized, "bad_credentials")
	if a := d.ask("POST", "/api/auth/login", "", `{"email":"both@x.example","password":"correct horse","tenant":"two"}`); a.status != http.StatusOK || a.body["tenant"].(map[string]any)["slug"] != "two" {
		t.Errorf("desk named: %d %v", a.status, a.body)
	}
}

func TestWhatIsNotUnderstoodGetsAProblem(t *testing.T) {
	d := open(t)
	d.desk("one")
	token, _ := d.login("admin@one.example")
	for _, c := range []struct {
		method, path, body string
		status             int
		code               string
	}{
		{"GET", "/api/nowhere", "", 404, "not_found"},
		{"DELETE", "/api/voice/calls", "", 404, "not_found"},
		{"GET", "/api/voice/calls?limit=0", "", 422, "invalid_input"},
		{"GET", "/api/voice/calls?status=flying", "", 422, "invalid_input"},
		{"GET", "/api/voice/calls?cursor=@@", "", 422, "invalid_input"},
		{"GET", "/api/voice/calls?since=yesterday", "", 422, "invalid_input"},
		{"PUT", "/api/tenant/integrations", `{`, 400, "bad_request"},
		{"PUT", "/api/tenant/integrations", `{"twilio":{"accountSid":"x","phoneNumbers":[]},"openai":{},"extra":1}`, 422, "invalid_input"},
		{"PUT", "/api/tenant/integrations", `{"twilio":{"accountSid":"","phoneNumbers":[],"baseUrl":"http://169.254.169.254"},"openai":{}}`, 422, "invalid_input"},
		{"PUT", "/api/tenant/integrations", strings.Repeat("x", 2<<20), 413, "too_large"},
	} {
		name := fmt.Sprintf("%s %s %.40s", c.method, c.path, c.body)
		refused(t, name, d.ask(c.method, c.path, token, c.body), c.status, c.code)
	}
}
