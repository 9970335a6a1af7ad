package openai_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"softphone/internal/adapter/openai"
	"softphone/internal/phone/assist"
	"softphone/internal/protocol/realtime"
	sim "softphone/internal/sim/openai"
)

const key = "sk-test-0123456789"

// vendor is a simulator of OpenAI.
type vendor struct {
	*testing.T
	url  string
	wire *wire
}

func begin(t *testing.T) vendor {
	t.Helper()
	s, err := sim.New(sim.Config{Keys: []string{key}})
	if err != nil {
		t.Fatal(err)
	}
	real := httptest.NewServer(s.Handler())
	w := &wire{t: t, to: real.URL, seen: map[string]int{}}
	mux := http.NewServeMux()
	mux.Handle("/sim/openai/", http.StripPrefix("/sim/openai", s.Handler()))
	mux.Handle("/sim/openai/v1/realtime", w)
	server := httptest.NewServer(mux)
	t.Cleanup(func() { s.Close(); server.Close(); real.Close(); http.DefaultClient.CloseIdleConnections() })
	return vendor{t, server.URL + "/sim/openai", w}
}

func (v vendor) account(change func(*openai.Config)) *openai.Account {
	v.Helper()
	cfg := openai.Config{Key: key, Base: v.url + "/v1"}
	if change != nil {
		change(&cfg)
	}
	a, err := openai.New(cfg)
	if err != nil {
		v.Fatal(err)
	}
	return a
}

func (v vendor) fault(kind string) {
	v.Helper()
	res, err := http.Post(v.url+"/control/faults", "application/json", strings.NewReader(`{"kind":"`+kind+`"}`))
	if err != nil {
		v.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusNoContent {
		v.Fatalf("fault %s: %s", kind, res.Status)
	}
}

// received returns the client events of a type, from the vendor's ledger.
func (v vendor) received(kind string) []json.RawMessage {
	v.Helper()
	res, err := http.Get(v.url + "/control/ledger")
	if err != nil {
		v.Fatal(err)
	}
	defer res.Body.Close()
	var found []json.RawMessage
	for lines := json.NewDecoder(res.Body); ; {
		var entry struct {
			Direction, Type string
			Detail          json.RawMessage
		}
		if err := lines.Decode(&entry); errors.Is(err, io.EOF) {
			return found
		} else if err != nil {
			v.Fatal(err)
		}
		if entry.Direction == "in" && entry.Type == kind {
			found = append(found, entry.Detail)
		}
	}
}

func soon(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func clip(t *testing.T, name string) []byte {
	t.Helper()
	sound, err := fs.ReadFile(sim.DefaultVoices(), name)
	if err != nil {
		t.Fatal(err)
	}
	return sound
}

func TestListenWritesDown(t *testing.T) {
	v, ctx := begin(t), soon(t)
	h, err := v.account(nil).Listen(ctx, assist.Hints{Speaker: assist.Caller, Languages: []string{"en"}, Keywords: []string{"Dupont"}})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	sound := clip(t, "customer-2.ulaw")
	for ; len(sound) > 800; sound = sound[800:] {
		if err := h.Append(ctx, sound[:800]); err != nil {
			t.Fatal(err)
		}
	}
	if err := h.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	partial, taken := "", ""
	for {
		got, err := h.Next(ctx)
		if err != nil {
			t.Fatal(err)
		}
		switch got.Kind {
		case assist.Partial:
			partial += got.Text
		case assist.Taken:
			taken = got.Item
		case assist.Final:
			const want = "Oh good. I was charged twice for the same order."
			if got.Text != want || got.Item != taken || strings.TrimSpace(partial) != want {
				t.Errorf("got %q of %s after %q of %s, want %q", got.Text, got.Item, partial, taken, want)
			}
			return
		default:
			t.Fatalf("got %v", got)
		}
	}
}

func TestListenReportsATooShortCommit(t *testing.T) {
	v, ctx := begin(t), soon(t)
	h, err := v.account(nil).Listen(ctx, assist.Hints{})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	if err := h.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	got, err := h.Next(ctx)
	if err != nil || got.Kind != assist.Rejected {
		t.Errorf("got %v, %v; want a rejection", got, err)
	}
}

func TestFaults(t *testing.T) {
	tests := map[string]struct {
		change func(*openai.Config)
		fault  string
		reason string
		fatal  bool
	}{
		"no key":        {change: func(c *openai.Config) { c.Key = "" }, reason: assist.NotConfigured, fatal: true},
		"bad key":       {change: func(c *openai.Config) { c.Key = "sk-wrong" }, reason: assist.BadKey, fatal: true},
		"retired model": {change: func(c *openai.Config) { c.Model = "gpt-4o-realtime-preview" }, reason: assist.Model, fatal: true},
		"instant close": {fault: "instant_close", reason: assist.Unreachable},
		"503":           {fault: "refuse", reason: assist.Unreachable},
		"nobody there":  {change: func(c *openai.Config) { c.Base = "http://127.0.0.1:1/v1" }, reason: assist.Unreachable},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			v := begin(t)
			if test.fault != "" {
				v.fault(test.fault)
			}
			_, err := v.account(test.change).Think(soon(t), assist.Brief{})
			fault, ok := errors.AsType[*assist.Fault](err)
			if !ok {
				t.Fatalf("got %v, want a fault", err)
			}
			if fault.Reason != test.reason || fault.Fatal != test.fatal {
				t.Errorf("got %s, fatal %v; want %s, %v", fault.Reason, fault.Fatal, test.reason, test.fatal)
			}
		})
	}
}

func TestUnknownTranscriberIsFatal(t *testing.T) {
	v := begin(t)
	_, err := v.account(func(c *openai.Config) { c.Transcriber = "nope" }).Listen(soon(t), assist.Hints{})
	fault, ok := errors.AsType[*assist.Fault](err)
	if !ok || fault.Reason != assist.Model || !fault.Fatal {
		t.Errorf("got %v, want a fatal fault of the model", err)
	}
}

func TestLostSessionMayBeTriedAgain(t *testing.T) {
	v, ctx := begin(t), soon(t)
	for _, kind := range []string{"abort", "garbage", "expire"} {
		h, err := v.account(nil).Listen(ctx, assist.Hints{})
		if err != nil {
			t.Fatal(err)
		}
		v.fault(kind)
		_, err = h.Next(ctx)
		fault, ok := errors.AsType[*assist.Fault](err)
		if !ok || fault.Fatal || fault.Reason != assist.Unreachable {
			t.Errorf("%s: got %v, want a fault worth another try", kind, err)
		}
		h.Close()
	}
}

func TestSessionSurvivesWhatItDoesNotKnow(t *testing.T) {
	v, ctx := begin(t), soon(t)
	h, err := v.account(nil).Listen(ctx, assist.Hints{})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	for _, kind := range []string{"unknown_event", "big_frame", "server_error", "flood"} {
		v.fault(kind)
	}
	if err := h.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	if got, err := h.Next(ctx); err != nil || got.Kind != assist.Rejected {
		t.Errorf("got %v, %v; want the answer to the commit", got, err)
	}
}

func TestThinkSuggestsForTheNewestTurn(t *testing.T) {
	v, ctx := begin(t), soon(t)
	m, err := v.account(nil).Think(ctx, assist.Brief{Instructions: "Help."})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	for _, step := range []error{
		m.Add(ctx, "CALLER: Hello."), m.Ask(ctx, "caller-1"),
		m.Add(ctx, "CALLER: I was charged twice for the same order."), m.Ask(ctx, "caller-2"),
	} {
		if step != nil {
			t.Fatal(step)
		}
	}
	for {
		idea, err := m.Next(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if idea.Turn != "caller-2" {
			continue
		}
		if idea.Kind != assist.Advice || !strings.Contains(idea.Text, "refund the second charge") {
			t.Errorf("got %+v, want the advice", idea)
		}
		return
	}
}

func TestQuotaIsFatal(t *testing.T) {
	v, ctx := begin(t), soon(t)
	m, err := v.account(nil).Think(ctx, assist.Brief{})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	v.fault("quota")
	if err := m.Ask(ctx, "caller-1"); err != nil {
		t.Fatal(err)
	}
	_, err = m.Next(ctx)
	fault, ok := errors.AsType[*assist.Fault](err)
	if !ok || fault.Reason != assist.Quota || !fault.Fatal {
		t.Errorf("got %v, want a fatal quota", err)
	}
}

// TestSettings holds what is sent against OpenAI, Realtime transcription, and
// Realtime VAD: a null turn detection, mu-law, languages and not language.
func TestSettings(t *testing.T) {
	v, ctx := begin(t), soon(t)
	h, err := v.account(nil).Listen(ctx, assist.Hints{Speaker: assist.Agent, Languages: []string{"en"}, Keywords: []string{" Du<po\r\nnt>", ">"}})
	if err != nil {
		t.Fatal(err)
	}
	h.Close()
	sent := v.received(realtime.SessionUpdateType)
	if len(sent) != 1 {
		t.Fatalf("got %d session.update, want 1", len(sent))
	}
	const want = `{"type":"session.update","event_id":"evt_cfg","session":{"type":"transcription","audio":{"input":{
		"format":{"type":"audio/pcmu"},"noise_reduction":{"type":"near_field"},
		"transcription":{"model":"gpt-live-transcribe","languages":["en"],"keywords":["Du po nt"],"delay":"low"},"turn_detection":null}}}}`
	if diff := cmp.Diff(tree(t, sent[0]), tree(t, []byte(want))); diff != "" {
		t.Errorf("session.update (-got +want):\n%s", diff)
	}
}

func tree(t *testing.T, text []byte) any {
	t.Helper()
	var out any
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestProbe(t *testing.T) {
	v := begin(t)
	if err := v.account(nil).Probe(soon(t)); err != nil {
		t.Errorf("got %v, want a good account", err)
	}
	tests := map[string]struct {
		change func(*openai.Config)
		want   string
	}{
		"no key":       {func(c *openai.Config) { c.Key = "" }, assist.NotConfigured},
		"bad key":      {func(c *openai.Config) { c.Key = "sk-wrong" }, assist.BadKey},
		"no model":     {func(c *openai.Config) { c.Model = "nope" }, assist.Model},
		"nobody there": {func(c *openai.Config) { c.Base = "http://127.0.0.1:1/v1" }, assist.Unreachable},
	}
	for name, test := range tests {
		err := v.account(test.change).Probe(soon(t))
		fault, ok := errors.AsType[*assist.Fault](err)
		if !ok || fault.Reason != test.want {
			t.Errorf("%s: got %v, want %s", name, err, test.want)
		}
	}
}

func TestNewRefusesAnAddressThatIsNone(t *testing.T) {
	for _, base := range []string{"ftp://x/v1", "api.openai.com/v1", "://"} {
		if _, err := openai.New(openai.Config{Base: base}); err == nil {
			t.Errorf("%q: got no error", base)
		}
	}
}
