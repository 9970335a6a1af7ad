package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"softphone/internal/phone/call"
	"softphone/internal/sim/twilio"
)

// startDemo runs the demo as the command does and returns its address.
func startDemo(t *testing.T, change ...func(*DemoCmd)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	demo := &DemoCmd{Listen: address, Data: t.TempDir(), JSON: true}
	for _, f := range change {
		f(demo)
	}
	go func() { ended <- demo.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("demo ended with %v", err)
		}
	})
	for range 200 {
		if res, err := http.Get("http://" + address + "/readyz"); err == nil {
			res.Body.Close()
			return "http://" + address
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal("the demo is not ready")
	return ""
}

// ask sends JSON and reads JSON.
func ask(t *testing.T, method, url, token string, body, into any) int {
	t.Helper()
	return askWith(t, method, url, token, nil, body, into)
}

// askWith sends headers as well.
func askWith(t *testing.T, method, url, token string, header http.Header, body, into any) int {
	t.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequest(method, url, bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range header {
		r.Header[name] = values
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(into); err != nil {
		t.Fatal(err)
	}
	return res.StatusCode
}

func TestACallDialledByRESTEndsAsItDidAtTheOtherEnd(t *testing.T) {
	url := startDemo(t)
	var pass struct{ AccessToken string }
	ask(t, "POST", url+"/api/auth/login", "", map[string]string{"email": "alex@northlight.example", "password": demoPassword}, &pass)
	for _, c := range []struct {
		number string
		status call.Status
		reason call.Reason
	}{
		{twilio.NumberBusy, call.Busy, call.BusyLine},
		{twilio.NumberInvalid, call.Failed, call.InvalidNumber},
		{twilio.NumberHangsUp, call.Completed, call.HungUp},
	} {
		var dialled struct{ Call call.View }
		if status := ask(t, "POST", url+"/api/voice/call", pass.AccessToken, map[string]string{"to": c.number}, &dialled); status != http.StatusCreated {
			t.Fatalf("%s: %d", c.number, status)
		}
		v := waitOver(t, url, pass.AccessToken, dialled.Call.ID)
		if v.Status != c.status || v.Verdict == nil || v.Verdict.Reason != c.reason {
			t.Errorf("%s ended %s, %+v; want %s, %s", c.number, v.Status, v.Verdict, c.status, c.reason)
		}
	}
	res, err := http.Get(url + "/sim/twilio/control/ledger?kind=" + twilio.KindViolation)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if refused, err := io.ReadAll(res.Body); err != nil || len(bytes.TrimSpace(refused)) > 0 {
		t.Errorf("Twilio would have refused: %s, %v", refused, err)
	}
}

func waitOver(t *testing.T, url, token string, id call.ID) call.View {
	t.Helper()
	var d struct{ Call call.View }
	for range 600 {
		ask(t, "GET", url+"/api/voice/calls/"+string(id), token, nil, &d)
		if d.Call.Status.Final() {
			return d.Call
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("call never ended: %+v", d.Call)
	return d.Call
}

func TestTheDemoServesTheAgentsPart(t *testing.T) {
	url := startDemo(t)
	var story struct{ Voice string }
	ask(t, "GET", url+"/api/demo", "", nil, &story)
	res, err := http.Get(url + story.Voice)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	part, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK || !bytes.HasPrefix(part, []byte("RIFF")) {
		t.Errorf("%s %q: %d bytes, %v", res.Status, story.Voice, len(part), err)
	}
}
