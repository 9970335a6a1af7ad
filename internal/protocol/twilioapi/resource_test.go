package twilioapi_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"softphone/internal/protocol/twilioapi"
	"softphone/internal/protocol/twilioapi/contract"

	"github.com/google/go-cmp/cmp"
)

const accountPath = "/2010-04-01/Accounts/{AccountSid}"

// TestVendorsExamples reads every example answer of the vendor's description
// and writes it again: nothing may get lost or change its type.
func TestVendorsExamples(t *testing.T) {
	for o, target := range map[contract.Operation]func() any{
		{Path: accountPath + "/Calls.json", Method: "get", Status: "200"}:                                               func() any { return new(twilioapi.CallList) },
		{Path: accountPath + "/Calls.json", Method: "post", Status: "201"}:                                              func() any { return new(twilioapi.Call) },
		{Path: accountPath + "/Calls/{Sid}.json", Method: "get", Status: "200"}:                                         func() any { return new(twilioapi.Call) },
		{Path: accountPath + "/Calls/{Sid}.json", Method: "post", Status: "200"}:                                        func() any { return new(twilioapi.Call) },
		{Path: accountPath + "/IncomingPhoneNumbers.json", Method: "get", Status: "200"}:                                func() any { return new(twilioapi.NumberList) },
		{Path: accountPath + "/Recordings.json", Method: "get", Status: "200"}:                                          func() any { return new(twilioapi.RecordingList) },
		{Path: accountPath + "/Recordings/{Sid}.json", Method: "get", Status: "200"}:                                    func() any { return new(twilioapi.Recording) },
		{Path: accountPath + "/Calls/{CallSid}/Recordings.json", Method: "get", Status: "200"}:                          func() any { return new(twilioapi.RecordingList) },
		{Path: accountPath + "/Calls/{CallSid}/Recordings.json", Method: "post", Status: "201"}:                         func() any { return new(twilioapi.Recording) },
		{Path: accountPath + "/Calls/{CallSid}/Recordings/{Sid}.json", Method: "post", Status: "200"}:                   func() any { return new(twilioapi.Recording) },
		{Path: accountPath + "/Conferences.json", Method: "get", Status: "200"}:                                         func() any { return new(twilioapi.ConferenceList) },
		{Path: accountPath + "/Conferences/{Sid}.json", Method: "get", Status: "200"}:                                   func() any { return new(twilioapi.Conference) },
		{Path: accountPath + "/Conferences/{Sid}.json", Method: "post", Status: "200"}:                                  func() any { return new(twilioapi.Conference) },
		{Path: accountPath + "/Conferences/{ConferenceSid}/Recordings.json", Method: "get", Status: "200"}:              func() any { return new(twilioapi.RecordingList) },
		{Path: accountPath + "/Conferences/{ConferenceSid}/Participants.json", Method: "get", Status: "200"}:            func() any { return new(twilioapi.ParticipantList) },
		{Path: accountPath + "/Conferences/{ConferenceSid}/Participants.json", Method: "post", Status: "201"}:           func() any { return new(twilioapi.Participant) },
		{Path: accountPath + "/Conferences/{ConferenceSid}/Participants/{CallSid}.json", Method: "post", Status: "200"}: func() any { return new(twilioapi.Participant) },
		{Path: accountPath + "/Queues.json", Method: "get", Status: "200"}:                                              func() any { return new(twilioapi.QueueList) },
		{Path: accountPath + "/Queues.json", Method: "post", Status: "201"}:                                             func() any { return new(twilioapi.Queue) },
		{Path: accountPath + "/Queues/{QueueSid}/Members.json", Method: "get", Status: "200"}:                           func() any { return new(twilioapi.MemberList) },
		{Path: accountPath + "/Queues/{QueueSid}/Members/{CallSid}.json", Method: "get", Status: "200"}:                 func() any { return new(twilioapi.Member) },
		{Path: accountPath + "/OutgoingCallerIds.json", Method: "get", Status: "200"}:                                   func() any { return new(twilioapi.OutgoingCallerIDList) },
		{Path: "/2010-04-01/Accounts/{Sid}.json", Method: "get", Status: "200"}:                                         func() any { return new(twilioapi.Account) },
	} {
		examples := contract.Examples(o)
		if len(examples) == 0 {
			t.Errorf("%v has no examples", o)
		}
		for name, body := range examples {
			value := target()
			if err := json.Unmarshal(body, value); err != nil {
				t.Errorf("%v %s: %v", o, name, err)
			}
			again, err := json.Marshal(value)
			if err != nil {
				t.Errorf("%v %s: %v", o, name, err)
			}
			compare(t, name, again, body)
		}
	}
}

// compare says whether the fields of want are in got with the same values;
// what the sample leaves out, and null for "", does not count.
func compare(t *testing.T, name string, got, want []byte) {
	t.Helper()
	var g, w map[string]any
	if json.Unmarshal(got, &g) != nil || json.Unmarshal(want, &w) != nil {
		t.Fatalf("%s: not an object", name)
	}
	if diff := cmp.Diff(keep(g, w), tidy(w)); diff != "" {
		t.Errorf("%s (-got +want):\n%s", name, diff)
	}
}

func keep(got, want map[string]any) map[string]any {
	kept := map[string]any{}
	for k, w := range want {
		if ignored(k) {
			continue
		}
		kept[k] = keepValue(got[k], w)
	}
	return kept
}

func keepValue(got, want any) any {
	g, isMap := got.(map[string]any)
	w, bothMaps := want.(map[string]any)
	if isMap && bothMaps {
		return keep(g, w)
	}
	gs, isList := got.([]any)
	ws, bothLists := want.([]any)
	if isList && bothLists && len(gs) == len(ws) {
		list := make([]any, len(gs))
		for i := range gs {
			list[i] = keepValue(gs[i], ws[i])
		}
		return list
	}
	if got == false && want == nil {
		return nil
	}
	return got
}

func tidy(value any) any {
	switch v := value.(type) {
	case map[string]any:
		clean := map[string]any{}
		for k, item := range v {
			if !ignored(k) {
				clean[k] = tidy(item)
			}
		}
		return clean
	case []any:
		list := make([]any, len(v))
		for i := range v {
			list[i] = tidy(v[i])
		}
		return list
	case string:
		if v == "" {
			return nil
		}
		if at, err := time.Parse(time.RFC1123Z, v); err == nil {
			return twilioapi.FormatDate(at) // some samples are not in UTC
		}
	}
	return value
}

// ignored are fields we leave where they are: a secret, two of fleets that do
// not concern a telephone desk, and one the samples have beside the schema.
func ignored(field string) bool {
	switch field {
	case "auth_token", "annotation", "subresource_uris", "fax", "Fax", "assigned_add_ons":
		return true
	}
	return false
}

func TestContractNotices(t *testing.T) {
	o := contract.Operation{Path: accountPath + "/Calls/{Sid}.json", Method: "get", Status: "200"}
	for _, body := range []string{
		`{"status":"initiated"}`, `{"duration":15}`, `{"sid":"CA1"}`, `{"invented":1}`, `[]`, `{`,
		`{"date_created":"2026-11-24T00:00:00Z"}`, `{"subresource_uris":"x"}`,
	} {
		if err := contract.Check(o, []byte(body)); err == nil {
			t.Errorf("%s passes as a call", body)
		}
	}
	if err := contract.Check(contract.Operation{Path: "/other"}, []byte(`{}`)); err == nil {
		t.Error("an answer the vendor does not describe passes")
	}
}

func TestCallMarshalsAsDescribed(t *testing.T) {
	c := twilioapi.Call{
		Sid: call, AccountSid: account, Status: twilioapi.StatusCompleted, Direction: twilioapi.OutboundAPI,
		To: "+12015550123", ToFormatted: twilioapi.FormatNumber("+12015550123"), From: "+442079460001",
		FromFormatted: twilioapi.FormatNumber("+442079460001"), Duration: "15", QueueTime: "0", PriceUnit: "USD",
		DateCreated: twilioapi.DateOf(time.Date(2026, 11, 4, 5, 6, 7, 8, time.UTC)), APIVersion: twilioapi.Version,
		SubresourceURIs: twilioapi.SubresourcesOf(account, call), URI: twilioapi.CallPath(account, call),
	}
	body, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	if err := contract.Check(contract.Operation{Path: accountPath + "/Calls/{Sid}.json", Method: "get", Status: "200"}, body); err != nil {
		t.Error(err)
	}
	for _, want := range []string{`"duration":"15"`, `"price":null`, `"end_time":null`, `"to_formatted":"(201) 555-0123"`,
		`"from_formatted":"+442079460001"`, `"date_created":"Wed, 04 Nov 2026 05:06:07 +0000"`} {
		if !strings.Contains(string(body), want) {
			t.Errorf("%s\nhas no %s", body, want)
		}
	}
	var back twilioapi.Call
	if err := json.Unmarshal(body, &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(back, c); diff != "" {
		t.Errorf("read back (-got +want):\n%s", diff)
	}
	if got := back.Talk(); got != 15*time.Second {
		t.Errorf("Talk() = %v, want 15s", got)
	}
}

// TestLooseTypes reads what older and newer resources write differently: a
// price as number, dates unpadded, numbers plain.
func TestLooseTypes(t *testing.T) {
	var c twilioapi.Call
	err := json.Unmarshal([]byte(`{"price":-0.03,"duration":7,"queue_time":null,"date_created":"Thu, 1 Jun 2017 01:02:03 +0000","end_time":"","later":{}}`), &c)
	if err != nil {
		t.Fatal(err)
	}
	if c.Price != "-0.03" || c.Talk() != 7*time.Second || c.DateCreated.Day() != 1 || !c.EndTime.IsZero() {
		t.Errorf("read as %+v", c)
	}
	for _, bad := range []string{`{"duration":{}}`, `{"duration":true}`, `{"end_time":"soon"}`, `{"end_time":[]}`} {
		if err := json.Unmarshal([]byte(bad), &c); err == nil {
			t.Errorf("%s was accepted", bad)
		}
	}
}

func TestErrors(t *testing.T) {
	body := `{"code": 21211, "message": "The 'To' number is not valid", "more_info": "https://www.twilio.com/docs/errors/21211", "status": 400}`
	want := twilioapi.NewError(400, twilioapi.CodeBadTo, "The 'To' number is not valid")
	if diff := cmp.Diff(twilioapi.ReadError(400, []byte(body)), want); diff != "" {
		t.Errorf("(-got +want):\n%s", diff)
	}
	for _, page := range []string{"<html>Bad Gateway</html>", "", "{}", "[]"} {
		got := twilioapi.ReadError(502, []byte(page))
		if diff := cmp.Diff(got, &twilioapi.Error{Status: 502, Message: "Bad Gateway"}); diff != "" {
			t.Errorf("%q (-got +want):\n%s", page, diff)
		}
	}
	if got, want := want.Error(), "twilio error 21211 (HTTP 400): The 'To' number is not valid"; got != want {
		t.Errorf("Error() = %q, want %q", got, want)
	}
}

func TestCreateForm(t *testing.T) {
	got := twilioapi.CreateCall{
		To: "+12015550123", From: "+12015550100", URL: "https://h.example/twiml?leg=1#rc=5&rp=all",
		StatusCallback: "https://h.example/status", StatusCallbackEvents: []string{"initiated", "completed"},
		Timeout: 30 * time.Second, TimeLimit: time.Hour + time.Millisecond,
	}.Form()
	want := url.Values{"To": {"+12015550123"}, "From": {"+12015550100"}, "Url": {"https://h.example/twiml?leg=1#rc=5&rp=all"},
		"StatusCallback": {"https://h.example/status"}, "StatusCallbackEvent": {"initiated", "completed"},
		"Timeout": {"30"}, "TimeLimit": {"3601"}}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("(-got +want):\n%s", diff)
	}
	if err := twilioapi.CheckCreateCall(got); err != nil {
		t.Errorf("its own form is refused: %v", err)
	}
	update := twilioapi.UpdateCall{Status: "canceled"}.Form()
	if diff := cmp.Diff(update, url.Values{"Status": {"canceled"}}); diff != "" {
		t.Errorf("update (-got +want):\n%s", diff)
	}
}

func TestCheckCreateCall(t *testing.T) {
	good := func() url.Values {
		return params("To", "+12015550123", "From", "+12015550100", "Url", "https://h.example/t")
	}
	for _, c := range []struct {
		name, value string
		want        int
	}{
		{"To", "", twilioapi.CodeNoTo}, {"From", "", twilioapi.CodeNoFrom}, {"Url", "", twilioapi.CodeBadURL},
		{"Url", "h.example/t", twilioapi.CodeBadURL}, {"Url", "ftp://h.example/t", twilioapi.CodeBadURL},
		{"ApplicationSid", "AP1", twilioapi.CodeBadApplication}, {"Method", "PUT", twilioapi.CodeInvalidParameter},
		{"Timeout", "601", twilioapi.CodeInvalidParameter}, {"Timeout", "x", twilioapi.CodeInvalidParameter},
		{"SendDigits", "12z", twilioapi.CodeInvalidParameter}, {"StatusCallbackEvent", "answered rings", twilioapi.CodeInvalidParameter},
		{"StatusCallback", "https://under_score.example/", twilioapi.CodeInvalidParameter},
		{"Record", "yes", twilioapi.CodeInvalidParameter}, {"Twiml", strings.Repeat("é", 4001), twilioapi.CodeInvalidParameter},
		{"Twiml", strings.Repeat("é", 4000), 0}, {"SendDigits", "wwww12#A", 0}, {"StatusCallbackEvent", "initiated ringing", 0},
		{"Unknown", "ignored", 0},
	} {
		form := good()
		form.Set(c.name, c.value)
		err := twilioapi.CheckCreateCall(form)
		if (err == nil) != (c.want == 0) || err != nil && err.Code != c.want {
			t.Errorf("%s=%.20q: error = %v, want code %d", c.name, c.value, err, c.want)
		}
	}
}

func TestCheckUpdateCall(t *testing.T) {
	for _, c := range []struct {
		form url.Values
		want int
	}{
		{params("Status", "completed"), 0}, {params("Url", "https://h.example/t"), 0},
		{params("Status", "busy"), twilioapi.CodeInvalidParameter},
		{params("Url", "nowhere"), twilioapi.CodeBadURL},
		{params("Url", "https://h.example/t", "Twiml", "<Response/>"), twilioapi.CodeInvalidParameter},
	} {
		err := twilioapi.CheckUpdateCall(c.form)
		if (err == nil) != (c.want == 0) || err != nil && err.Code != c.want {
			t.Errorf("%v: error = %v, want code %d", c.form, err, c.want)
		}
	}
}

func TestListsAndSeconds(t *testing.T) {
	f := params("E", "initiated ringing", "E", "completed", "T", "45", "Bad", "x")
	if diff := cmp.Diff(twilioapi.List(f, "E"), []string{"initiated", "ringing", "completed"}); diff != "" {
		t.Errorf("(-got +want):\n%s", diff)
	}
	for name, want := range map[string]time.Duration{"T": 45 * time.Second, "Bad": time.Minute, "None": time.Minute} {
		if got := twilioapi.Seconds(f, name, time.Minute); got != want {
			t.Errorf("Seconds(%s) = %v, want %v", name, got, want)
		}
	}
}

func TestTargets(t *testing.T) {
	plain := twilioapi.Target{URL: "https://h.example/p?a=1", Connect: 5 * time.Second, Read: 15 * time.Second,
		Total: 15 * time.Second, Retries: 1, RetryOn: []string{"ct"}}
	all := plain
	all.Retries, all.RetryOn = 5, []string{"all"}
	most := plain
	most.Connect, most.Read, most.Total, most.Retries, most.RetryOn = time.Second, 2*time.Second, 3*time.Second, 0, []string{"5xx", "rt"}
	for address, want := range map[string]twilioapi.Target{
		"https://h.example/p?a=1":                                        plain,
		"https://h.example/p?a=1#rc=5&rp=all":                            all,
		"https://h.example/p?a=1#ct=1000&rt=2000&tt=3000&rc=0&rp=5xx,rt": most,
		"https://h.example/p?a=1#ct=1&rt=99999&tt=x&rc=6&rp=&e=dublin":   plain,
	} {
		if diff := cmp.Diff(twilioapi.ParseTarget(address), want); diff != "" {
			t.Errorf("%s (-got +want):\n%s", address, diff)
		}
	}
	if !all.RetriesOn("5xx") || plain.RetriesOn("5xx") || !plain.RetriesOn("ct") || !most.RetriesOn("rt") {
		t.Error("RetriesOn does not follow rp")
	}
}

func TestSids(t *testing.T) {
	for s, want := range map[string]bool{call: true, account: false, call[:33]: false, call + "0": false, "CAg" + call[3:]: false, "": false} {
		if got := twilioapi.IsSid(twilioapi.KindCall, s); got != want {
			t.Errorf("IsSid(CA, %q) = %v, want %v", s, got, want)
		}
	}
}
