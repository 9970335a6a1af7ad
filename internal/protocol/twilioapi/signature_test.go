package twilioapi_test

import (
	"errors"
	"net/url"
	"testing"

	"softphone/internal/protocol/twilioapi"
)

const (
	testToken  = "12345"
	page       = "https://mycompany.com/myapp.php?foo=1&bar=2"
	bodySum    = "0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620"
	signedBody = `{"property": "value", "boolean": true}`
)

func params(pairs ...string) url.Values {
	f := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		f.Add(pairs[i], pairs[i+1])
	}
	return f
}

func callParams() url.Values {
	return params("CallSid", "CA1234567890ABCDE", "Caller", "+14158675309", "Digits", "1234",
		"From", "+14158675309", "To", "+18005551212")
}

// vectors are those of the test suites of twilio-python (test_request_validator),
// twilio-node (validation.spec) and twilio-go (request_validator_test).
var vectors = []struct {
	name      string
	url       string
	form      url.Values
	signature string
}{
	{"1 form", page, callParams(), "RSOYDt4T1cUTdK1PDd93/VVr8B8="},
	{"2 port 443", "https://mycompany.com:443/myapp.php?foo=1&bar=2", callParams(), "kvajT1Ptam85bY51eRf/AJRuM3w="},
	{"3 port 1234", "http://mycompany.com:1234/myapp.php?foo=1&bar=2", callParams(), "Zmvh+3yNM1Phv2jhDCwEM3q5ebU="},
	{"4 port 80", "http://mycompany.com:80/myapp.php?foo=1&bar=2", callParams(), "0ZXoZLH/DfblKGATFgpif+LLRf4="},
	{"5 credentials", "https://user:pass@mycompany.com/myapp.php?foo=1&bar=2", callParams(), "CukzLTc1tT5dXEDIHm/tKBanW10="},
	{"6 credentials and port", "https://user:pass@mycompany.com:443/myapp.php?foo=1&bar=2", callParams(), "ZQFR1PTIZXF2MXB8ZnKCvnnA+rI="},
	{"7 user", "https://user@mycompany.com/myapp.php?foo=1&bar=2", callParams(), "2YRLlVAflCqxaNicjMpJcSTgzSs="},
	{"8 apostrophe", page + "&Body=It's+amazing", callParams(), "TfZzewPq8wqrGlMfyAud8+/IvJ0="},
	{"9 repeated", page, params("Sid", "CA123", "SidAccount", "AC123", "Digits", "5678", "Digits", "1234", "Digits", "1234"), "IK+Dwps556ElfBT0I3Rgjkr1wJU="},
	{"10 two values", page, params("MessagingBinding.Address", "+1325xxxxxxx", "MessagingBinding.Address", "+1415xxxxxxx"), "83O6e2vORAoJHUNzJjDWN1jz+BA="},
	{"11 body", page + "&bodySHA256=" + bodySum, nil, "a9nBmqA0ju/hNViExpshrM61xv4="},
	{"12 body only", "https://mycompany.com/myapp.php?bodySHA256=" + bodySum, nil, "y77kIzt2vzLz71DgmJGsen2scGs="},
	{"13 name within a name", page, addReasons(callParams()), "vOEb5UThFn24KEfnOFLQY2AE5FY="},
	{"14 small form", page, params("property", "value", "boolean", "true"), "NBdBDr/T/lgjI+tlgpXjKZQZs/k="},
	{"15 socket", "wss://mycompany.com/media", nil, "okykUWKkAOgQseVjzERZh4soLeU="},
}

func addReasons(f url.Values) url.Values {
	f.Set("ReasonConferenceEnded", "test")
	f.Set("Reason", "Participant")
	return f
}

func TestSignatureVectors(t *testing.T) {
	for _, v := range vectors {
		if err := twilioapi.Validate(testToken, v.url, v.form, v.signature); err != nil {
			t.Errorf("%s: %v", v.name, err)
		}
		if v.name == "8 apostrophe" {
			continue // signed as %27, validated raw
		}
		if got := twilioapi.Sign(testToken, v.url, v.form); got != v.signature {
			t.Errorf("%s: signature = %s, want %s", v.name, got, v.signature)
		}
	}
}

// TestPortQuirk says that the port may be there on one side only.
func TestPortQuirk(t *testing.T) {
	for _, c := range []struct{ signed, received string }{
		{"https://h.example/p", "https://h.example:443/p"},
		{"https://h.example:443/p?x=1", "https://h.example/p?x=1"},
		{"https://h.example/p", "https://h.example:8443/p"},
		{"http://h.example:80", "http://h.example"},
		{"wss://h.example:443/m", "wss://h.example/m"},
		{"wss://h.example/m", "wss://h.example:4433/m"},
		{"https://[2001:db8::1]/p", "https://[2001:db8::1]:443/p"},
		{"https://[2001:db8::1]:443/p", "https://[2001:db8::1]/p"},
		{"https://u:p@h.example/p", "https://u:p@h.example:443/p"},
		{"https://h.example/p#rc=5&rp=all", "https://h.example/p"},
	} {
		signature := twilioapi.Sign(testToken, c.signed, callParams())
		if err := twilioapi.Validate(testToken, c.received, callParams(), signature); err != nil {
			t.Errorf("signed %s, received %s: %v", c.signed, c.received, err)
		}
	}
}

func TestForgeries(t *testing.T) {
	good := vectors[0].signature
	changed := callParams()
	changed.Set("To", "+18005551213")
	for name, c := range map[string]struct {
		token, url string
		form       url.Values
		signature  string
		want       error
	}{
		"other token":     {"12346", page, callParams(), good, twilioapi.ErrSignature},
		"other path":      {testToken, "https://mycompany.com/other.php?foo=1&bar=2", callParams(), good, twilioapi.ErrSignature},
		"other query":     {testToken, page + "&x=1", callParams(), good, twilioapi.ErrSignature},
		"http for https":  {testToken, "http://mycompany.com/myapp.php?foo=1&bar=2", callParams(), good, twilioapi.ErrSignature},
		"other host":      {testToken, "https://mycompany.org/myapp.php?foo=1&bar=2", callParams(), good, twilioapi.ErrSignature},
		"changed value":   {testToken, page, changed, good, twilioapi.ErrSignature},
		"no form":         {testToken, page, nil, good, twilioapi.ErrSignature},
		"no signature":    {testToken, page, callParams(), "", twilioapi.ErrSignature},
		"not base64":      {testToken, page, callParams(), "?" + good, twilioapi.ErrSignature},
		"cut short":       {testToken, page, callParams(), good[:8], twilioapi.ErrSignature},
		"loose base64":    {testToken, page, callParams(), good[:len(good)-2] + "9=", twilioapi.ErrSignature},
		"order of vector": {testToken, page, addReasons(callParams()), "95+Bu0JVPi0r/SsESZCVf0dWAjw=", twilioapi.ErrSignature},
		"no token":        {"", page, callParams(), twilioapi.Sign("", page, callParams()), twilioapi.ErrNoToken},
	} {
		if got := twilioapi.Validate(c.token, c.url, c.form, c.signature); !errors.Is(got, c.want) {
			t.Errorf("%s: error = %v, want %v", name, got, c.want)
		}
	}
}

func TestBody(t *testing.T) {
	address := page + "&bodySHA256=" + bodySum
	if err := twilioapi.CheckBody(address, []byte(signedBody)); err != nil {
		t.Error(err)
	}
	for _, c := range []struct{ address, body string }{
		{address, signedBody + " "}, {page, signedBody}, {page, ""}, {"https://h/\x7f", signedBody},
	} {
		if err := twilioapi.CheckBody(c.address, []byte(c.body)); !errors.Is(err, twilioapi.ErrSignature) {
			t.Errorf("CheckBody(%q, %q) = %v, want ErrSignature", c.address, c.body, err)
		}
	}
}
