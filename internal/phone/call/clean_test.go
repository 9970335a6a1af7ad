package call_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"softphone/internal/phone/call"
)

// TestWordsOfAVendorAreCleanedAtTheDoor: what a database refuses must not come
// near it, whatever a transcriber sends.
func TestWordsOfAVendorAreCleanedAtTheDoor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &line{}
		c, _ := talking(t, l)
		long := strings.Repeat("ä", 10_000)
		for i, text := range []string{"a\x00b\x1b[31m", "x\xff\xfey", "one\nAgent: two", long} {
			in := said(string(rune('a'+i)), "caller", text, time.Duration(i)*time.Second)
			in.Body, _ = json.Marshal(map[string]any{"text": text, "deep": []any{map[string]any{"k": text}}, "n": 12345678901234567})
			do(t, c, in)
		}
		do(t, c, call.Remark{Type: "ai:action", Body: json.RawMessage("no json")})
		var got []string
		for _, change := range l.changes {
			for _, line := range change.Lines {
				got = append(got, line.Text)
			}
			for _, e := range change.Events {
				if body := string(e.Body); !json.Valid(e.Body) || strings.Contains(body, `\u0000`) || strings.Contains(body, `\u001b`) || !utf8.ValidString(body) || len(body) > 17_000 {
					t.Errorf("event %s says %.100q", e.Type, body)
				}
				if e.Type == "ai:transcript" && !strings.Contains(string(e.Body), "12345678901234567") {
					t.Errorf("number was changed: %.100s", e.Body)
				}
			}
		}
		want := []string{"a b [31m", "x\uFFFDy", "one Agent: two", long[:8000]}
		if len(got) != len(want) {
			t.Fatalf("stored %q", got)
		}
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("line %d: got %.60q, want %.60q", i, got[i], want[i])
			}
		}
		l.numbered(t)
		do(t, c, told("completed"))
		<-c.Done()
	})
}

// TestWordsThatCannotBeStoredDoNotKeepACallFromEnding: the end and the agent's
// freedom are stored without them, and what can be kept of the rest is.
func TestWordsThatCannotBeStoredDoNotKeepACallFromEnding(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &line{refuses: func(c call.Change) error {
			for _, line := range c.Lines {
				if line.ID == "bad" {
					return errors.New("this line is poison")
				}
			}
			return nil
		}}
		c, _ := talking(t, l)
		if err := c.Do(t.Context(), said("bad", "caller", "boo", 0)); err != nil {
			t.Fatal(err)
		}
		if err := c.Do(t.Context(), said("good", "caller", "hello", time.Second)); err != nil {
			t.Fatal(err)
		}
		do(t, c, told("completed"))
		<-c.Done()
		l.numbered(t)
		var lines []string
		claims, ended := 0, call.Status("")
		for _, change := range l.changes {
			claims += len(change.Claims)
			ended = change.Call.Status
			for _, line := range change.Lines {
				lines = append(lines, line.ID)
			}
		}
		if ended != call.Completed || claims != 2 || len(lines) != 1 || lines[0] != "good" {
			t.Errorf("status %s, %d claims, lines %v", ended, claims, lines)
		}
	})
}

// TestTimesAreToldInMilliseconds, as the database keeps them.
func TestTimesAreToldInMilliseconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(123456 * time.Nanosecond)
		l := &line{}
		c, _ := talking(t, l)
		do(t, c, told("completed"))
		<-c.Done()
		v := c.View()
		for what, at := range map[string]*time.Time{"started": &v.StartedAt, "answered": v.AnsweredAt, "ended": v.EndedAt} {
			if at == nil || !at.Equal(at.Truncate(time.Millisecond)) || at.Location() != time.UTC {
				t.Errorf("%s at %v", what, at)
			}
		}
	})
}
