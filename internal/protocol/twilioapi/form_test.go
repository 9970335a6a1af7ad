package twilioapi_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"softphone/internal/protocol/twilioapi"

	"github.com/google/go-cmp/cmp"
)

const (
	account = "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	call    = "CA00000000000000000000000000000001"
)

// statusForm is a callback as "Call resource", StatusCallback, describes it.
func statusForm() url.Values {
	return params("AccountSid", account, "ApiVersion", "2010-04-01", "CallSid", call,
		"From", "+12015550100", "To", "+12015550123", "Caller", "+12015550100", "Called", "+12015550123",
		"FromCity", "", "ToCity", "NORTH METRO", "ToState", "NJ", "Direction", "outbound-api",
		"CallStatus", "completed", "Timestamp", "Tue, 31 Aug 2010 20:36:28 +0000",
		"CallbackSource", "call-progress-events", "SequenceNumber", "3",
		"CallDuration", "15", "Duration", "1", "SipResponseCode", "200", "NewThing", "whatever it is")
}

func TestStatusCallback(t *testing.T) {
	form, err := twilioapi.ParseForm([]byte(statusForm().Encode()))
	if err != nil {
		t.Fatal(err)
	}
	got, err := twilioapi.ParseStatusCallback(form)
	if err != nil {
		t.Fatal(err)
	}
	want := twilioapi.StatusCallback{
		AccountSid: account, CallSid: call, From: "+12015550100", To: "+12015550123", Direction: "outbound-api",
		Status: "completed", Sequence: 3, At: time.Date(2010, 8, 31, 20, 36, 28, 0, time.UTC),
		CallDuration: 15, SipResponseCode: 200,
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("(-got +want):\n%s", diff)
	}
}

func TestStatusCallbackWithoutSequence(t *testing.T) {
	form := params("AccountSid", account, "CallSid", call, "CallStatus", "cancelled")
	got, err := twilioapi.ParseStatusCallback(form)
	if err != nil {
		t.Fatal(err)
	}
	want := twilioapi.StatusCallback{AccountSid: account, CallSid: call, Status: "canceled", Sequence: twilioapi.NoSequence}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("(-got +want):\n%s", diff)
	}
}

func TestVoiceRequest(t *testing.T) {
	form := statusForm()
	form.Set("CallStatus", "in-progress")
	form.Set("ErrorCode", "11200")
	form.Set("ErrorUrl", "https://h.example/twiml")
	got, err := twilioapi.ParseVoiceRequest(form)
	if err != nil {
		t.Fatal(err)
	}
	want := twilioapi.VoiceRequest{AccountSid: account, CallSid: call, From: "+12015550100", To: "+12015550123",
		Direction: "outbound-api", Status: "in-progress", ErrorCode: 11200, ErrorURL: "https://h.example/twiml"}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("(-got +want):\n%s", diff)
	}
}

func TestMissingFields(t *testing.T) {
	for _, name := range []string{"AccountSid", "CallSid", "CallStatus"} {
		form := statusForm()
		form.Del(name)
		if _, err := twilioapi.ParseStatusCallback(form); !errors.Is(err, twilioapi.ErrForm) {
			t.Errorf("callback without %s: error = %v, want ErrForm", name, err)
		}
		if _, err := twilioapi.ParseVoiceRequest(form); !errors.Is(err, twilioapi.ErrForm) {
			t.Errorf("voice request without %s: error = %v, want ErrForm", name, err)
		}
	}
}

func TestGoodFields(t *testing.T) {
	for _, c := range []struct{ name, value string }{
		{"From", "client:agent_1"}, {"From", "sip:bob@example.com;user=phone"}, {"From", "anonymous"},
		{"From", "+266696687"}, {"To", ""}, {"To", "86282452253"}, {"ParentCallSid", ""}, {"StirVerstat", "TN-Validation-Passed-A"},
		{"CallToken", `%7B%22parentCallInfoToken%22%3A%22eyJhbGciOiJFUzI1NiJ9%22%7D`},
		{"Timestamp", "Thu, 1 Jun 2017 20:36:28 +0000"}, {"Timestamp", "2026-11-24T02:00:00Z"},
		{"CallerName", "Zoë Tokyo Fromage"}, {"unknown-key.1", "x"},
	} {
		form := statusForm()
		form.Set(c.name, c.value)
		if err := twilioapi.CheckForm(form); err != nil {
			t.Errorf("%s=%q: %v", c.name, c.value, err)
		}
	}
}

func TestBadFields(t *testing.T) {
	for _, c := range []struct{ name, value string }{
		{"CallSid", "CA1"}, {"CallSid", account}, {"CallSid", call + "\n"}, {"AccountSid", ""}, {"AccountSid", call},
		{"CallStatus", "COMPLETED"}, {"CallStatus", "answered"}, {"CallStatus", "in-progress "},
		{"SequenceNumber", "-1"}, {"SequenceNumber", "1e3"}, {"SequenceNumber", "99999999999999999999"}, {"SequenceNumber", ""},
		{"CallDuration", "+5"}, {"Duration", "one"}, {"SipResponseCode", "99"}, {"SipResponseCode", "2000"},
		{"From", "+1 201 555 0100"}, {"From", "+12015550100\x00"}, {"To", "tel:+1"}, {"To", "+0123"}, {"To", strings.Repeat("1", 40)},
		{"Direction", "outbound_api"}, {"ApiVersion", "2008-08-01"}, {"Timestamp", "yesterday"}, {"CallbackSource", "me"},
		{"ToCity", "\xff"}, {"a b", "x"}, {"", "x"}, {"1st", "x"}, {strings.Repeat("k", 65), "x"},
	} {
		form := statusForm()
		form.Set(c.name, c.value)
		if err := twilioapi.CheckForm(form); !errors.Is(err, twilioapi.ErrForm) {
			t.Errorf("%q=%q: error = %v, want ErrForm", c.name, c.value, err)
		}
	}
}

func TestDuplicatesAndBadEncoding(t *testing.T) {
	good := statusForm().Encode()
	for _, body := range []string{
		good + "&CallStatus=busy", good + "&NewThing=again", good + "&x=%zz", good + "&a;b=1", good + "&=1",
		good + strings.Repeat("&x=", 300),
	} {
		if _, err := twilioapi.ParseForm([]byte(body)); !errors.Is(err, twilioapi.ErrForm) {
			t.Errorf("...%.40s: error = %v, want ErrForm", body[len(good):], err)
		}
	}
}

// TestBoundaryShift moves every parameter of a signed form into the value of
// the one sorted before it. The signature still fits; the form must not.
func TestBoundaryShift(t *testing.T) {
	names := []string{"AccountSid", "ApiVersion", "CallDuration", "CallSid", "CallStatus", "CallbackSource",
		"SequenceNumber", "SipResponseCode", "Timestamp"}
	for _, moved := range names {
		for _, host := range []string{"", "A", "Before"} {
			form := statusForm()
			signature := twilioapi.Sign(testToken, page, form)
			shifted := shift(form, moved, host)
			if host == "" && twilioapi.Validate(testToken, page, shifted, signature) != nil {
				t.Fatalf("%s: the shifted form has another signature, so this test shows nothing", moved)
			}
			err := twilioapi.CheckForm(shifted)
			if err == nil {
				_, err = twilioapi.ParseStatusCallback(shifted)
			}
			if !errors.Is(err, twilioapi.ErrForm) {
				t.Errorf("%s moved into %q: error = %v, want ErrForm", moved, host, err)
			}
		}
	}
}

// shift appends name and value of moved to the value of the parameter sorted
// before it, or to an unknown one called host. What nothing comes before is
// cut within its own name.
func shift(form url.Values, moved, host string) url.Values {
	before, value := host, form.Get(moved)
	for name := range form {
		if host == "" && name < moved && name > before {
			before = name
		}
	}
	form.Del(moved)
	if before == "" {
		form.Set(moved[:1], moved[1:]+value)
		return form
	}
	form.Set(before, form.Get(before)+moved+value)
	return form
}

func FuzzForm(f *testing.F) {
	f.Add(statusForm().Encode())
	f.Fuzz(func(t *testing.T, body string) {
		form, err := twilioapi.ParseForm([]byte(body))
		if err != nil {
			return
		}
		c, err := twilioapi.ParseStatusCallback(form)
		if err == nil && !twilioapi.IsSid(twilioapi.KindCall, c.CallSid) {
			t.Fatalf("%q gave the call %q", body, c.CallSid)
		}
	})
}
