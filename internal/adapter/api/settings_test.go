package api_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"softphone/internal/phone/crm"
	"softphone/internal/phone/gate"
	"softphone/internal/phone/tenant"
)

// numbered gives a desk numbers to call with.
func (d *door) numbered(slug string, numbers ...string) {
	d.t.Helper()
	tn, err := d.control.TenantBySlug(context.Background(), slug)
	if err != nil {
		d.t.Fatal(err)
	}
	if err := d.control.SaveIntegrations(context.Background(), tn.ID, tenant.Integrations{Twilio: tenant.Twilio{PhoneNumbers: numbers}}); err != nil {
		d.t.Fatal(err)
	}
}

func settings(t *testing.T, change func(*gate.Policy)) string {
	t.Helper()
	p := gate.Default()
	change(&p)
	b, err := json.Marshal(map[string]any{"calling": p})
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestSettingsAreCheckedAndKept(t *testing.T) {
	d := open(t)
	db := d.desk("one")
	d.numbered("one", "+12015550100")
	agent, _ := d.login("agent@one.example")
	admin, _ := d.login("admin@one.example")
	const path = "/api/tenant/settings"
	refused(t, "an agent", d.ask("GET", path, agent, ""), http.StatusForbidden, "forbidden")
	refused(t, "an agent who saves", d.ask("PUT", path, agent, settings(t, func(*gate.Policy) {})), http.StatusForbidden, "forbidden")
	a := d.ask("GET", path, admin, "")
	if n := len(a.body["countries"].([]any)); a.status != http.StatusOK || n < 200 || a.body["numbers"].([]any)[0] != "+12015550100" {
		t.Errorf("%d: %d countries, numbers %v", a.status, n, a.body["numbers"])
	}
	for name, spoil := range map[string]func(*gate.Policy){
		"country": func(p *gate.Policy) { p.Countries = []string{"Narnia"} },
		"number": func(p *gate.Policy) {
			p.CallerIDs = []gate.CallerRule{{Country: "US", Numbers: []string{"+12015550199"}}}
		},
		"hours": func(p *gate.Policy) { p.Hours.From = "25:00" },
		"limit": func(p *gate.Policy) { p.User.PerMinute = -1 },
	} {
		refused(t, "wrong "+name, d.ask("PUT", path, admin, settings(t, spoil)), http.StatusUnprocessableEntity, "invalid_input")
	}
	refused(t, "half of the settings", d.ask("PUT", path, admin, `{"calling":{"frozen":true}}`), http.StatusUnprocessableEntity, "invalid_input")
	a = d.ask("PUT", path, admin, settings(t, func(p *gate.Policy) { p.Frozen, p.Countries = true, []string{"fr"} }))
	if a.status != http.StatusOK {
		t.Fatalf("%d %v", a.status, a.body)
	}
	a = d.ask("GET", path, admin, "")
	calling := a.body["calling"].(map[string]any)
	if calling["frozen"] != true || fmt.Sprint(calling["countries"]) != "[FR]" {
		t.Errorf("kept %v", calling)
	}
	if actions, err := db.Noted(t.Context(), "calling"); err != nil || len(actions) != 1 {
		t.Errorf("audit %v, %v", actions, err)
	}
	a = d.ask("GET", "/api/voice/preview?to=%2B12015550123", agent, "")
	if v := a.body["verdict"].(map[string]any); v["ok"] != false || v["rule"] != "freeze" {
		t.Errorf("preview at a frozen desk: %v", v)
	}
}

func TestThePreviewSaysWhatANumberIs(t *testing.T) {
	d := open(t)
	db := d.desk("one")
	d.numbered("one", "+442079460100")
	if _, err := db.CreateContact(t.Context(), crm.Contact{Name: "Ana Dupont", Phone: "+12015550123"}); err != nil {
		t.Fatal(err)
	}
	agent, _ := d.login("agent@one.example")
	ask := func(to string) map[string]any {
		t.Helper()
		a := d.ask("GET", "/api/voice/preview?to="+url.QueryEscape(to), agent, "")
		if a.status != http.StatusOK {
			t.Fatalf("%q: %d %v", to, a.status, a.body)
		}
		return a.body
	}
	got := ask("+1 (201) 555-0123") // 09:00 in London is 04:00 in New Jersey
	for key, want := range map[string]any{"to": "+12015550123", "national": "(201) 555-0123", "country": "US", "type": "fixed_or_mobile", "priceClass": "abroad_mobile", "from": "+442079460100"} {
		if got[key] != want {
			t.Errorf("%s: %v, want %v", key, got[key], want)
		}
	}
	if times := fmt.Sprint(got["localTimes"]); times != "[2026-11-01T04:00:00-05:00]" {
		t.Errorf("local time %s", times)
	}
	if got["verdict"].(map[string]any)["ok"] != true || got["contact"].(map[string]any)["name"] != "Ana Dupont" {
		t.Errorf("%v", got)
	}
	for to, rule := range map[string]string{"999": "emergency", "x": "number", "+1 900 555 0123": "price_class", "020 7946 0100": "own_number", "+62 21 5010 1234": "country"} {
		v := ask(to)["verdict"].(map[string]any)
		if v["ok"] != false || v["rule"] != rule || !strings.HasSuffix(v["message"].(string), ".") {
			t.Errorf("%s: %v, want %s", to, v, rule)
		}
	}
}

func TestOneClickPutsANumberOnTheList(t *testing.T) {
	d := open(t)
	d.desk("one")
	two := d.desk("two")
	d.numbered("one", "+12015550100")
	agent, _ := d.login("agent@one.example")
	other, _ := d.login("supervisor@one.example")
	admin, _ := d.login("admin@one.example")
	const path = "/api/voice/do-not-call"
	for _, n := range []string{"(201) 555-0123", "+1 201 555 0124", "+12015550125"} {
		if a := d.ask("POST", path, agent, fmt.Sprintf(`{"number":%q,"reason":"asked"}`, n)); a.status != http.StatusCreated {
			t.Fatalf("%d %v", a.status, a.body)
		}
	}
	refused(t, "no number", d.ask("POST", path, agent, `{"number":"nobody"}`), http.StatusUnprocessableEntity, "invalid_number")
	refused(t, "a call to it", d.ask("GET", path+"?cursor=x", agent, ""), http.StatusUnprocessableEntity, "invalid_input")
	a := d.ask("GET", path+"?limit=2", agent, "")
	first := a.body["items"].([]any)
	if len(first) != 2 || first[0].(map[string]any)["addedBy"] != "agent" || a.body["next"] == nil {
		t.Fatalf("%v", a.body)
	}
	rest := d.ask("GET", path+"?limit=2&cursor="+a.body["next"].(string), agent, "")
	if len(rest.body["items"].([]any)) != 1 || rest.body["next"] != nil {
		t.Errorf("%v", rest.body)
	}
	if v := d.ask("GET", "/api/voice/preview?to=2015550123", other, "").body["verdict"].(map[string]any); v["rule"] != "do_not_call" {
		t.Errorf("preview %v", v)
	}
	remove := func(token, n string) answer {
		return d.ask("DELETE", path+"/"+url.PathEscape(n)+"?reason=typo", token, "")
	}
	refused(t, "a colleague", remove(other, "+12015550123"), http.StatusNotFound, "not_found")
	for token, n := range map[string]string{agent: "+12015550123", admin: "+12015550124"} {
		if a := remove(token, n); a.status != http.StatusNoContent {
			t.Errorf("%s: %d %v", n, a.status, a.body)
		}
	}
	refused(t, "twice", remove(admin, "+12015550124"), http.StatusNotFound, "not_found")
	if list, err := two.Refusers(t.Context(), "", gate.Refuser{}, 10); err != nil || len(list) != 0 {
		t.Errorf("the other desk's list: %v, %v", list, err)
	}
}
