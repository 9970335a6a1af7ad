package twilioapi

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// Target is an address given to Twilio, with its fragment taken apart:
// "https://h/p#rc=2&rp=all" ("Webhooks, connection overrides"). The fragment
// is neither requested nor signed.
type Target struct {
	URL     string        // without fragment
	Connect time.Duration // ct: to connect
	Read    time.Duration // rt: to the first byte of the answer
	Total   time.Duration // tt: over all tries
	Retries int           // rc
	RetryOn []string      // rp: 4xx, 5xx, ct, rt, all
}

// Defaults and bounds of the overrides.
const (
	defaultConnect = 5 * time.Second
	maxConnect     = 10 * time.Second
	maxWait        = 15 * time.Second
	minWait        = 100 * time.Millisecond
	defaultRetries = 1
	maxRetries     = 5
)

// ParseTarget takes an address apart. An override that is not understood or
// out of its range leaves the default.
func ParseTarget(address string) Target {
	address, fragment, _ := strings.Cut(address, "#")
	t := Target{
		URL: address, Connect: defaultConnect, Read: maxWait, Total: maxWait,
		Retries: defaultRetries, RetryOn: []string{"ct"},
	}
	for pair := range strings.SplitSeq(fragment, "&") {
		key, value, _ := strings.Cut(pair, "=")
		t.override(key, value)
	}
	return t
}

func (t *Target) override(key, value string) {
	switch key {
	case "ct":
		millis(&t.Connect, value, maxConnect)
	case "rt":
		millis(&t.Read, value, maxWait)
	case "tt":
		millis(&t.Total, value, maxWait)
	case "rc":
		if n, err := strconv.Atoi(value); err == nil && n >= 0 && n <= maxRetries {
			t.Retries = n
		}
	case "rp":
		if value != "" {
			t.RetryOn = strings.Split(value, ",")
		}
	}
}

func millis(into *time.Duration, value string, most time.Duration) {
	n, err := strconv.Atoi(value)
	if d := time.Duration(n) * time.Millisecond; err == nil && d >= minWait && d <= most {
		*into = d
	}
}

// RetriesOn says whether a try that ended so is repeated: "ct" or "rt" for the
// time-outs, "4xx" or "5xx" for an answer.
func (t Target) RetriesOn(how string) bool {
	return slices.Contains(t.RetryOn, how) || slices.Contains(t.RetryOn, "all")
}
