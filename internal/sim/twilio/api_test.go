package twilio_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"softphone/internal/protocol/twilioapi"
	"softphone/internal/protocol/twilioapi/contract"
	"softphone/internal/sim/twilio"

	"github.com/google/go-cmp/cmp"
)

const accountPath = "/2010-04-01/Accounts/" + account

// TestAnswersAsDescribed holds every answer against the vendor's description
// of its API.
func TestAnswersAsDescribed(t *testing.T) {
	d := newDesk(t, nil)
	made := d.dial(quick)
	d.noted(made.Sid, twilio.KindStream, "started")
	d.update(made.Sid, "Status", "completed")
	d.ended(made.Sid)
	_, body := d.do(http.MethodGet, accountPath+"/IncomingPhoneNumbers.json", nil)
	var numbers twilioapi.NumberList
	if err := json.Unmarshal(body, &numbers); err != nil {
		t.Fatal(err)
	}
	const tree = "/2010-04-01/Accounts/{AccountSid}"
	number := "/IncomingPhoneNumbers/" + numbers.Numbers[0].Sid + ".json"
	for _, c := range []struct {
		method, path, template string
		form                   url.Values
		status                 int
	}{
		{"get", ".json", "/2010-04-01/Accounts/{Sid}.json", nil, 200},
		{"post", "/Calls.json", tree + "/Calls.json", d.order(quick), 201},
		{"get", "/Calls.json", tree + "/Calls.json", nil, 200},
		{"get", "/Calls/" + made.Sid + ".json", tree + "/Calls/{Sid}.json", nil, 200},
		{"post", "/Calls/" + d.dial(quick).Sid + ".json", tree + "/Calls/{Sid}.json", url.Values{"Status": {"completed"}}, 200},
		{"get", "/IncomingPhoneNumbers.json", tree + "/IncomingPhoneNumbers.json", nil, 200},
		{"get", number, tree + "/IncomingPhoneNumbers/{Sid}.json", nil, 200},
		{"post", number, tree + "/IncomingPhoneNumbers/{Sid}.json", url.Values{"VoiceUrl": {"https://h.example/in"}}, 200},
	} {
		status, body := d.do(strings.ToUpper(c.method), accountPath+c.path, c.form)
		if status != c.status {
			t.Errorf("%s %s: %d %s", c.method, c.path, status, body)
			continue
		}
		o := contract.Operation{Path: c.template, Method: c.method, Status: map[int]string{200: "200", 201: "201"}[status]}
		if err := contract.Check(o, body); err != nil {
			t.Errorf("%s %s: %v", c.method, c.path, err)
		}
	}
	if status, body := d.do(http.MethodDelete, callsPath+"/"+made.Sid+".json", nil); status != http.StatusNoContent {
		t.Errorf("delete: %d %s", status, body)
	}
	if status, _ := d.do(http.MethodGet, callsPath+"/"+made.Sid+".json", nil); status != http.StatusNotFound {
		t.Errorf("a deleted call is fetched with %d, want 404", status)
	}
}

// TestEveryStateAsDescribed holds a call against the vendor's description in
// every status it can have, alone and in the list.
func TestEveryStateAsDescribed(t *testing.T) {
	d := newDesk(t, func(c *twilio.Config) {
		c.Accounts[0].CallsPerSecond = -1
		c.People = append(c.People, twilio.Person{Number: "+12015550141", When: twilio.NoAnswer, AnswerAfter: twilio.In(0)})
	})
	const tree = "/2010-04-01/Accounts/{AccountSid}"
	seen := map[string]bool{}
	check := func(sid string) string {
		t.Helper()
		_, body := d.do(http.MethodGet, callsPath+"/"+sid+".json", nil)
		if err := contract.Check(contract.Operation{Path: tree + "/Calls/{Sid}.json", Method: "get", Status: "200"}, body); err != nil {
			t.Errorf("%v: %s", err, body)
		}
		status := readCall(t, body).Status
		seen[status] = true
		return status
	}
	for to, want := range map[string]string{
		quick: "in-progress", twilio.NumberBusy: "busy", "+12015550141": "no-answer", twilio.NumberUnreachable: "failed", twilio.NumberNoAnswer: "ringing",
	} {
		sid := d.dial(to).Sid
		d.eventually(want, func() bool { return check(sid) == want })
		d.update(sid, "Status", "completed")
		if want == "in-progress" || want == "ringing" {
			d.ended(sid)
			check(sid)
		}
	}
	_, body := d.do(http.MethodPost, callsPath+".json", d.order(quick))
	seen[readCall(t, body).Status] = true
	_, list := d.do(http.MethodGet, callsPath+".json", nil)
	if err := contract.Check(contract.Operation{Path: tree + "/Calls.json", Method: "get", Status: "200"}, list); err != nil {
		t.Error(err)
	}
	for _, status := range []string{"queued", "ringing", "in-progress", "completed", "busy", "failed", "no-answer", "canceled"} {
		if !seen[status] {
			t.Errorf("%s was not seen", status)
		}
	}
}

// TestEveryRefusalAsDescribed holds the body of every answer that is no success
// against "Error and Warning Dictionary": four members, of which status is the
// answer's and more_info the code's page.
func TestEveryRefusalAsDescribed(t *testing.T) {
	d := newDesk(t, nil)
	made := d.dial(twilio.NumberBusy)
	d.ended(made.Sid)
	live := d.dial(twilio.NumberNoAnswer)
	missing := "/CA00000000000000000000000000000009.json"
	for _, c := range []struct {
		method, path string
		form         url.Values
		fault        twilio.Fault
		user         []string
		status       int
	}{
		{"GET", ".json", nil, twilio.Fault{}, []string{account, "wrong"}, 401},
		{"POST", callsPath + ".json", d.order(quick, "To", "1"), twilio.Fault{}, nil, 400},
		{"POST", callsPath + ".json", d.order(quick, "Method", "PUT"), twilio.Fault{}, nil, 400},
		{"POST", callsPath + ".json", d.order(quick, "StatusCallback", "http://bad_host/x"), twilio.Fault{}, nil, 400},
		{"POST", callsPath + ".json", d.order(quick, "ApplicationSid", "AP1"), twilio.Fault{}, nil, 400},
		{"POST", callsPath + ".json", d.order(quick), twilio.Fault{Kind: twilio.FaultStatus, Status: 403}, nil, 403},
		{"POST", callsPath + ".json", d.order(quick), twilio.Fault{Kind: twilio.FaultStatus, Status: 429}, nil, 429},
		{"POST", callsPath + ".json", d.order(quick), twilio.Fault{Kind: twilio.FaultStatus, Status: 500}, nil, 500},
		{"POST", callsPath + ".json", d.order(quick), twilio.Fault{Kind: twilio.FaultCreateThenError}, nil, 500},
		{"POST", callsPath + "/" + live.Sid + ".json", url.Values{"Status": {"canceled"}}, twilio.Fault{Kind: twilio.FaultUpdate, Status: 503}, nil, 503},
		{"GET", callsPath + "/" + live.Sid + ".json", nil, twilio.Fault{Kind: twilio.FaultRead, Status: 502}, nil, 502},
		{"POST", callsPath + "/" + live.Sid + ".json", url.Values{"Status": {"busy"}}, twilio.Fault{}, nil, 400},
		{"POST", callsPath + "/" + live.Sid + ".json", url.Values{"Url": {"https://h.example/"}, "Twiml": {"<Response/>"}}, twilio.Fault{}, nil, 400},
		{"POST", callsPath + "/" + live.Sid + ".json", url.Values{"Url": {"https://h.example/"}}, twilio.Fault{}, nil, 400},
		{"POST", callsPath + "/" + made.Sid + ".json", url.Values{"Status": {"completed"}}, twilio.Fault{}, nil, 400},
		{"DELETE", callsPath + "/" + live.Sid + ".json", nil, twilio.Fault{}, nil, 400},
		{"GET", callsPath + missing, nil, twilio.Fault{}, nil, 404},
		{"POST", callsPath + missing, url.Values{"Status": {"completed"}}, twilio.Fault{}, nil, 404},
		{"DELETE", callsPath + missing, nil, twilio.Fault{}, nil, 404},
		{"GET", callsPath + ".json?PageSize=x", nil, twilio.Fault{}, nil, 400},
		{"GET", accountPath + "/IncomingPhoneNumbers/PN00000000000000000000000000000009.json", nil, twilio.Fault{}, nil, 404},
		{"POST", accountPath + "/IncomingPhoneNumbers/PN00000000000000000000000000000009.json", nil, twilio.Fault{}, nil, 404},
		{"GET", accountPath + "/IncomingPhoneNumbers.json?PageSize=x", nil, twilio.Fault{}, nil, 400},
		{"PUT", callsPath + ".json", nil, twilio.Fault{}, nil, 404},
		{"GET", "/2010-04-01/Nothing.json", nil, twilio.Fault{}, nil, 404},
	} {
		if c.fault.Kind != "" {
			d.fault(c.fault)
		}
		path := c.path
		if path == ".json" {
			path = accountPath + path
		}
		status, body := d.do(c.method, path, c.form, c.user...)
		decoder := json.NewDecoder(strings.NewReader(string(body)))
		decoder.DisallowUnknownFields()
		var e twilioapi.Error
		if err := decoder.Decode(&e); err != nil || status != c.status || e.Status != status || e.Code < 10000 || e.Message == "" || !strings.HasSuffix(e.MoreInfo, "/errors/"+itoa(e.Code)) {
			t.Errorf("%s %s: %d %s, %v; want %d", c.method, c.path, status, body, err, c.status)
		}
	}
}

func TestRefusedCalls(t *testing.T) {
	d := newDesk(t, nil)
	for _, c := range []struct {
		name, value string
		code        int
	}{
		{"To", "", twilioapi.CodeNoTo}, {"From", "", twilioapi.CodeNoFrom}, {"Url", "", twilioapi.CodeBadURL},
		{"To", "12", twilioapi.CodeBadTo}, {"To", twilio.NumberInvalid, twilioapi.CodeBadTo},
		{"To", twilio.NumberUnverified, twilioapi.CodeNotVerified},
		{"From", "5551234", twilioapi.CodeBadFrom}, {"From", "+12015550199", twilioapi.CodeFromNotOwned},
		{"Timeout", "601", twilioapi.CodeInvalidParameter},
	} {
		status, body := d.do(http.MethodPost, callsPath+".json", d.order(quick, c.name, c.value))
		got := twilioapi.ReadError(status, body)
		if status != http.StatusBadRequest || got.Code != c.code || got.Status != 400 || !strings.HasSuffix(got.MoreInfo, "/errors/"+itoa(c.code)) {
			t.Errorf("%s=%q: %d %s, want 400 and %d", c.name, c.value, status, body, c.code)
		}
	}
	if calls := d.sim.Ledger("", twilio.KindCall); len(calls) != 0 {
		t.Errorf("refused calls were placed: %v", calls)
	}
}

func itoa(n int) string { b, _ := json.Marshal(n); return string(b) }

func TestCredentials(t *testing.T) {
	d := newDesk(t, func(c *twilio.Config) {
		c.Accounts = append(c.Accounts, twilio.Account{Sid: "AC00000000000000000000000000000002", Token: "other"})
	})
	for _, c := range []struct {
		path, user, password string
		status, code         int
	}{
		{accountPath + ".json", account, token, 200, 0},
		{accountPath + ".json", keySid, "secret", 200, 0},
		{accountPath + ".json", account, "wrong", 401, twilioapi.CodeCredentials},
		{accountPath + ".json", account, "", 401, twilioapi.CodeCredentials},
		{accountPath + ".json", keySid, token, 401, twilioapi.CodeCredentials},
		{accountPath + "/Calls.json", "", "", 401, twilioapi.CodeCredentials},
		{accountPath + ".json", "AC00000000000000000000000000000002", "other", 404, twilioapi.CodeNotFound},
		{accountPath + "/Calls/CA00000000000000000000000000000009.json", account, token, 404, twilioapi.CodeNotFound},
		{accountPath + "/Nonsense.json", account, token, 404, twilioapi.CodeNotFound},
	} {
		status, body := d.do(http.MethodGet, c.path, nil, c.user, c.password)
		if status != c.status || c.code != 0 && twilioapi.ReadError(status, body).Code != c.code {
			t.Errorf("%s as %s:%s: %d %s, want %d %d", c.path, c.user, c.password, status, body, c.status, c.code)
		}
	}
}

func TestCallList(t *testing.T) {
	d := newDesk(t, nil)
	var sids []string
	for _, to := range []string{twilio.NumberNoAnswer, twilio.NumberBusy, twilio.NumberNoAnswer} {
		sids = append([]string{d.dial(to).Sid}, sids...)
	}
	d.eventually("the busy one to end", func() bool { return d.call(sids[1]).Status == "busy" })
	d.eventually("the last one to ring", func() bool { return d.call(sids[0]).Status == "ringing" })
	for query, want := range map[string][]string{
		"":                          sids,
		"?To=%2B12015550181":        {sids[0], sids[2]},
		"?Status=busy":              {sids[1]},
		"?From=%2B12015550199":      nil,
		"?StartTime%3E=2020-01-01":  sids,
		"?StartTime%3C=2020-01-01":  nil,
		"?EndTime%3E=2020-01-01":    {sids[1]},
		"?ParentCallSid=" + sids[0]: nil,
		"?PageSize=2":               sids[:2],
		"?PageSize=2&Page=1&PageToken=PAwhatever": sids[2:],
	} {
		if diff := cmp.Diff(d.list(query), want); diff != "" {
			t.Errorf("%s (-got +want):\n%s", query, diff)
		}
	}
	var page twilioapi.CallList
	_, body := d.do(http.MethodGet, callsPath+".json?PageSize=2&To=", nil)
	if err := json.Unmarshal(body, &page); err != nil {
		t.Fatal(err)
	}
	_, body = d.do(http.MethodGet, string(page.NextPageURI), nil)
	if err := json.Unmarshal(body, &page); err != nil || len(page.Calls) != 1 || page.Calls[0].Sid != sids[2] || page.NextPageURI != "" {
		t.Errorf("following next_page_uri gave %v, %s", err, body)
	}
	if status, _ := d.do(http.MethodGet, callsPath+".json?StartTime=soon", nil); status != http.StatusBadRequest {
		t.Errorf("StartTime=soon: %d, want 400", status)
	}
}

func (d *desk) list(query string) []string {
	d.t.Helper()
	status, body := d.do(http.MethodGet, callsPath+".json"+query, nil)
	var page twilioapi.CallList
	if err := json.Unmarshal(body, &page); err != nil || status != http.StatusOK {
		d.t.Fatalf("%s: %d %v %s", query, status, err, body)
	}
	var sids []string
	for _, c := range page.Calls {
		sids = append(sids, c.Sid)
	}
	return sids
}

func TestNumbers(t *testing.T) {
	d := newDesk(t, nil)
	for query, want := range map[string]int{"": 2, "?PhoneNumber=%2B44": 1, "?PhoneNumber=201*550": 1, "?FriendlyName=Desk": 1, "?PhoneNumber=999": 0} {
		_, body := d.do(http.MethodGet, accountPath+"/IncomingPhoneNumbers.json"+query, nil)
		var page twilioapi.NumberList
		if err := json.Unmarshal(body, &page); err != nil || len(page.Numbers) != want {
			t.Errorf("%q: %d numbers, %v, want %d", query, len(page.Numbers), err, want)
		}
	}
}

func TestMountedBelowAPath(t *testing.T) {
	d := newDesk(t, nil)
	mux := http.NewServeMux()
	mux.Handle("/sim/twilio/", http.StripPrefix("/sim/twilio", d.sim.Handler()))
	d.api.Config.Handler = mux
	status, body := d.do(http.MethodGet, "/sim/twilio"+accountPath+".json", nil)
	if status != http.StatusOK {
		t.Errorf("%d %s", status, body)
	}
}

func TestBadConfigurations(t *testing.T) {
	good := twilio.Account{Sid: account, Token: token}
	for name, c := range map[string]twilio.Config{
		"sid":        {Accounts: []twilio.Account{{Sid: "AC1", Token: "x"}}},
		"no token":   {Accounts: []twilio.Account{{Sid: account}}},
		"twice":      {Accounts: []twilio.Account{good, good}},
		"number":     {Accounts: []twilio.Account{{Sid: account, Token: "x", Numbers: []twilio.Number{{Number: "1"}}}}},
		"behaviour":  {People: []twilio.Person{{Number: quick, When: "dances"}}},
		"sound":      {People: []twilio.Person{{Number: quick, Sound: "sings"}}},
		"voice":      {People: []twilio.Person{{Number: quick, Turns: []twilio.Turn{{Say: "nobody"}}}}},
		"keys":       {People: []twilio.Person{{Number: quick, Turns: []twilio.Turn{{Press: "1x"}}}}},
		"not a file": {People: []twilio.Person{{Number: quick, Sound: twilio.File, Path: "missing.wav"}}},
	} {
		if _, err := twilio.New(c); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestReadPeople(t *testing.T) {
	got, err := twilio.ReadPeople(strings.NewReader(`[{"number":"+12015550130","name":"Bo","answerAfter":"250ms",
		"turns":[{"say":"customer-1"},{"wait":"1s","press":"12#","hangUp":true}]}]`))
	if err != nil {
		t.Fatal(err)
	}
	want := []twilio.Person{{Number: "+12015550130", Name: "Bo", AnswerAfter: twilio.In(250e6),
		Turns: []twilio.Turn{{Say: "customer-1"}, {Wait: 1e9, Press: "12#", HangUp: true}}}}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("(-got +want):\n%s", diff)
	}
	for _, bad := range []string{``, `{}`, `[{"nubmer":"+1"}]`, `[{"answerAfter":"soon"}]`, `[{"answerAfter":"-1s"}]`, `[{"answerAfter":1}]`} {
		if _, err := twilio.ReadPeople(strings.NewReader(bad)); err == nil {
			t.Errorf("%s was accepted", bad)
		}
	}
}
