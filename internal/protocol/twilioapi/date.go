package twilioapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Date is a point in time of a resource; the zero one is null.
type Date struct{ time.Time }

// DateOf returns t as the wire has it: whole seconds in UTC.
func DateOf(t time.Time) Date { return Date{t.UTC().Truncate(time.Second)} }

// FormatDate writes RFC 2822 in UTC, the form of resources and call webhooks.
func FormatDate(t time.Time) string { return t.UTC().Format(time.RFC1123Z) }

// dateForms are tried in turn. The vendor's samples differ in the padding of
// the day; parameters of lists and stream callbacks are ISO 8601.
var dateForms = []string{
	"Mon, 2 Jan 2006 15:04:05 -0700", "2 Jan 2006 15:04:05 -0700", "Mon, 2 Jan 2006 15:04:05 MST",
	time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02 15:04:05", time.DateOnly,
}

// ParseDate reads every form of date Twilio uses.
func ParseDate(s string) (time.Time, error) {
	for _, form := range dateForms {
		if t, err := time.Parse(form, strings.TrimSpace(s)); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is not a date of Twilio's", s)
}

// MarshalJSON writes RFC 2822 or null.
func (d Date) MarshalJSON() ([]byte, error) {
	if d.IsZero() {
		return []byte("null"), nil
	}
	return json.Marshal(FormatDate(d.Time))
}

// UnmarshalJSON reads a date; null and "" give the zero Date.
func (d *Date) UnmarshalJSON(b []byte) (err error) {
	var t Text
	if err := t.UnmarshalJSON(b); err != nil {
		return err
	}
	if d.Time = (time.Time{}); t == "" {
		return nil
	}
	d.Time, err = ParseDate(string(t))
	return err
}

// Text is a string that is null when empty. Some of them carry numbers, which
// Twilio writes as strings in one resource and plainly in another.
type Text string

// MarshalJSON writes a string or null.
func (t Text) MarshalJSON() ([]byte, error) {
	if t == "" {
		return []byte("null"), nil
	}
	return json.Marshal(string(t))
}

// UnmarshalJSON reads a string, a number or null.
func (t *Text) UnmarshalJSON(b []byte) error {
	switch {
	case bytes.Equal(b, []byte("null")):
		*t = ""
	case len(b) > 0 && b[0] == '"':
		return json.Unmarshal(b, (*string)(t))
	case len(b) > 0 && (b[0] == '-' || b[0] >= '0' && b[0] <= '9'):
		*t = Text(b)
	default:
		return fmt.Errorf("%s is neither text, number nor null", b)
	}
	return nil
}
