package twilioapi

import (
	"net/url"
	"strconv"
	"time"
)

// CreateCall is the parameters of POST /Calls.json that a telephone desk uses;
// CheckCreateCall knows the others too.
type CreateCall struct {
	To                   string
	From                 string
	URL                  string
	Method               string
	Twiml                string
	FallbackURL          string
	FallbackMethod       string
	StatusCallback       string
	StatusCallbackMethod string
	StatusCallbackEvents []string
	Timeout              time.Duration // of ringing
	TimeLimit            time.Duration // of the whole call
	SendDigits           string
	// CallToken, of the voice request of a caller, lets From be that caller's
	// own number.
	CallToken string
}

// Form returns the parameters as they are posted; what is not set is left out.
func (c CreateCall) Form() url.Values {
	f := url.Values{}
	for name, value := range map[string]string{
		"To": c.To, "From": c.From, "Url": c.URL, "Method": c.Method, "Twiml": c.Twiml,
		"FallbackUrl": c.FallbackURL, "FallbackMethod": c.FallbackMethod,
		"StatusCallback": c.StatusCallback, "StatusCallbackMethod": c.StatusCallbackMethod,
		"SendDigits": c.SendDigits, "CallToken": c.CallToken, "Timeout": seconds(c.Timeout), "TimeLimit": seconds(c.TimeLimit),
	} {
		setUnlessEmpty(f, name, value)
	}
	for _, event := range c.StatusCallbackEvents {
		f.Add("StatusCallbackEvent", event)
	}
	return f
}

// UpdateCall is the parameters of POST /Calls/{Sid}.json.
type UpdateCall struct {
	Status string // StatusCanceled or StatusCompleted
	URL    string // a new document, instead of Twiml
	Method string
	Twiml  string
}

// Form returns the parameters as they are posted.
func (u UpdateCall) Form() url.Values {
	f := url.Values{}
	setUnlessEmpty(f, "Status", u.Status)
	setUnlessEmpty(f, "Url", u.URL)
	setUnlessEmpty(f, "Method", u.Method)
	setUnlessEmpty(f, "Twiml", u.Twiml)
	return f
}

func setUnlessEmpty(f url.Values, name, value string) {
	if value != "" {
		f.Set(name, value)
	}
}

func seconds(d time.Duration) string {
	if d <= 0 {
		return ""
	}
	return strconv.Itoa(int((d + time.Second - 1) / time.Second))
}
