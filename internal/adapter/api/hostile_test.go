package api_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"softphone/internal/adapter/store"
	"softphone/internal/phone/call"
)

// TestTextsThatNoDatabaseTakesAreRefused: a NUL or another alphabet is somebody's
// mistake, never our failure.
func TestTextsThatNoDatabaseTakesAreRefused(t *testing.T) {
	d := open(t)
	d.desk("one")
	token, _ := d.login("admin@one.example")
	cursor := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	for _, c := range []struct {
		method, path, body string
		status             int
		code               string
	}{
		{"GET", "/api/voice/calls/a%00b", "", 404, "not_found"},
		{"GET", "/api/voice/calls/%C3%A4", "", 404, "not_found"},
		{"GET", "/api/voice/calls/%FF/recording", "", 404, "not_found"},
		{"POST", "/api/voice/calls/a%00b/end", "", 404, "not_found"},
		{"GET", "/api/crm/contacts/%00", "", 404, "not_found"},
		{"GET", "/api/crm/contacts?q=a%00b", "", 422, "invalid_input"},
		{"GET", "/api/crm/contacts?q=%FF", "", 422, "invalid_input"},
		{"GET", "/api/voice/calls?cursor=" + cursor("1.a\x00b"), "", 422, "invalid_input"},
		{"GET", "/api/voice/calls?cursor=" + cursor("1.ä"), "", 422, "invalid_input"},
		{"GET", "/api/voice/do-not-call?cursor=" + cursor("1.\x00"), "", 422, "invalid_input"},
		{"DELETE", "/api/voice/do-not-call/+12015550123?reason=%00", "", 422, "invalid_input"},
		{"POST", "/api/voice/do-not-call", `{"number":"+12015550123","reason":"a\u0000b"}`, 422, "invalid_input"},
		{"POST", "/api/auth/login", `{"email":"a\u0000@one.example","password":"x"}`, 422, "invalid_input"},
		{"POST", "/api/auth/login", `{"email":"ä@one.example","password":"x"}`, 401, "bad_credentials"},
	} {
		refused(t, c.method+" "+c.path, d.ask(c.method, c.path, token, c.body), c.status, c.code)
	}
	for _, query := range []string{"userId=a%00b", "userId=%C3%A4", "number=%00", "number=abc"} {
		if a := d.ask("GET", "/api/voice/calls?"+query, token, ""); a.status != http.StatusOK || len(a.body["items"].([]any)) != 0 {
			t.Errorf("%s: %d %v", query, a.status, a.body)
		}
	}
}

// calls stores one call of each user and returns the users' ids.
func (d *door) calls(db *store.Tenant) (agent, supervisor string) {
	d.t.Helper()
	ids := make([]string, 2)
	for i, email := range []string{"agent@one.example", "supervisor@one.example"} {
		u, _, err := db.UserByEmail(d.t.Context(), email)
		if err != nil {
			d.t.Fatal(err)
		}
		ids[i] = u.ID
		r := call.Record{ID: call.ID("c" + u.ID), Direction: call.Outbound, From: "+12015550100", To: "+12015550123", UserID: call.UserID(u.ID), Status: call.Busy, StartedAt: d.now, EndedAt: d.now, CreatedAt: d.now, UpdatedAt: d.now, Epoch: 1}
		if err := db.Change(d.t.Context(), call.Change{Call: r, Fence: 1}); err != nil {
			d.t.Fatal(err)
		}
	}
	return ids[0], ids[1]
}

// TestAnAgentWhoAsksForAColleaguesCallsGetsNone, not their own under another name.
func TestAnAgentWhoAsksForAColleaguesCallsGetsNone(t *testing.T) {
	d := open(t)
	own, other := d.calls(d.desk("one"))
	token, _ := d.login("agent@one.example")
	for query, want := range map[string]int{"": 1, "?userId=" + own: 1, "?userId=" + other: 0, "?number=abc": 0, "?number=555": 1} {
		if a := d.ask("GET", "/api/voice/calls"+query, token, ""); a.status != http.StatusOK || len(a.body["items"].([]any)) != want {
			t.Errorf("%q: %d %v, want %d calls", query, a.status, a.body, want)
		}
	}
}

// TestAColleaguesCallAndNoneAreRefusedAlike, word for word.
func TestAColleaguesCallAndNoneAreRefusedAlike(t *testing.T) {
	d := open(t)
	_, other := d.calls(d.desk("one"))
	token, _ := d.login("agent@one.example")
	for _, c := range []struct{ method, tail string }{{"GET", ""}, {"POST", "/end"}, {"GET", "/recording"}} {
		foreign := d.ask(c.method, "/api/voice/calls/c"+other+c.tail, token, "")
		unknown := d.ask(c.method, "/api/voice/calls/nobodys"+c.tail, token, "")
		refused(t, c.method+c.tail, foreign, http.StatusNotFound, "not_found")
		if diff := cmp.Diff(foreign.body, unknown.body); diff != "" {
			t.Errorf("%s %s differs: %s", c.method, c.tail, diff)
		}
	}
}

// TestProblemsDoNotRepeatWhatWasSent: an error body is logged and shown, and what
// was sent may be a secret.
func TestProblemsDoNotRepeatWhatWasSent(t *testing.T) {
	d := open(t)
	d.desk("one")
	token, _ := d.login("admin@one.example")
	for _, body := range []string{
		`{"twilio":{"accountSid":"x","phoneNumbers":[],"authToken":7654321},"openai":{}}`,
		`{"twilio":{"accountSid":"x","phoneNumbers":[]},"openai":{"apiKey":"sk-7654321"},"extra":"7654321"}`,
		`{"twilio":{"authToken":"7654321"`, `7654321`, `"7654321"`, `7654321 is no JSON`,
	} {
		a := d.ask("PUT", "/api/tenant/integrations", token, body)
		if a.status < 400 || strings.Contains(toJSON(t, a.body), "7654321") {
			t.Errorf("%.40s: %d %v", body, a.status, a.body)
		}
	}
	a := d.ask("GET", "/api/voice/calls?status="+url.QueryEscape("7654321"), token, "")
	if a.status != http.StatusUnprocessableEntity || strings.Contains(toJSON(t, a.body), "7654321") || len(a.body["errors"].([]any)) == 0 {
		t.Errorf("query: %d %v", a.status, a.body)
	}
	a = d.ask("POST", "/api/auth/login", "", `{"email":"agent@one.example","password":7654321}`)
	if a.status != http.StatusUnprocessableEntity || strings.Contains(toJSON(t, a.body), "7654321") {
		t.Errorf("login: %d %v", a.status, a.body)
	}
}

func toJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestTokensAreAskedForAsTheStandardSays: RFC 9110, 11.1 and 11.6.1.
func TestTokensAreAskedForAsTheStandardSays(t *testing.T) {
	d := open(t)
	d.desk("one")
	token, _ := d.login("agent@one.example")
	for header, want := range map[string]int{
		"Bearer " + token: 200, "bearer " + token: 200, "BEARER  " + token: 200, token: 401, "Basic " + token: 401, "": 401,
	} {
		r, err := http.NewRequest(http.MethodGet, d.URL+"/api/auth/me", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", header)
		res, err := d.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("%.8q: %d, want %d", header, res.StatusCode, want)
		}
		if got := res.Header.Get("WWW-Authenticate"); (want == 401) != (got == "Bearer") {
			t.Errorf("%.8q: WWW-Authenticate %q", header, got)
		}
	}
	a := d.ask("POST", "/api/auth/login", "", `{"email":"agent@one.example","password":"x"}`)
	if got := a.header.Get("WWW-Authenticate"); a.status != 401 || got != "Bearer" {
		t.Errorf("wrong password: %d, %q", a.status, got)
	}
	refused(t, "wrong password", a, 401, "bad_credentials")
}

// TestTheDescriptionHasTwiliosDoors, and says what the assistant's items are.
func TestTheDescriptionHasTwiliosDoors(t *testing.T) {
	d := open(t)
	a := d.ask("GET", "/api/openapi.json", "", "")
	paths, _ := a.body["paths"].(map[string]any)
	for _, door := range []string{"twiml/inbound", "twiml/outbound", "twiml/resume", "webhook/status", "webhook/recording"} {
		path, _ := paths["/api/voice/"+door].(map[string]any)
		said := toJSON(t, path["post"])
		for _, want := range []string{"application/x-www-form-urlencoded", "AccountSid", "twilioSignature"} {
			if !strings.Contains(said, want) {
				t.Errorf("%s says nothing of %s: %s", door, want, said)
			}
		}
	}
	schemas, _ := a.body["components"].(map[string]any)["schemas"].(map[string]any)
	for _, name := range []string{"Suggestion", "Action"} {
		if schemas[name] == nil {
			t.Errorf("%s is not described", name)
		}
	}
}
