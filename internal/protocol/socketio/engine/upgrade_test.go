package engine_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"softphone/internal/protocol/socketio/engine"
)

// "Upgrade": probe, noop for the pending GET, upgrade, and messages over the WebSocket.
func TestUpgrade(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, engine.Config{})
		query := d.shake(t)
		pending := d.Later(query)
		synctest.Wait()
		line := d.Open(overWebSocket(query))
		line.Send("2probe")
		line.Expect("3probe")
		if got := <-pending; got.Status != 200 || got.Body != "6" {
			t.Errorf("pending poll: got %d %q, want 200 and a noop", got.Status, got.Body)
		}
		line.Send("5", "4hello")
		line.Expect("4hello")
		if got := d.server.Stats(); got.Upgraded != 1 || got.Opened != 1 {
			t.Errorf("stats: got %+v, want one session, upgraded", got)
		}
	})
}

// A poll that begins while the probe runs is answered too, or the client would never pause.
func TestPollDuringProbe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, engine.Config{})
		query := d.shake(t)
		line := d.Open(overWebSocket(query))
		line.Send("2probe")
		line.Expect("3probe")
		if got := d.Get(query); got.Status != 200 || got.Body != "6" {
			t.Errorf("poll: got %d %q, want 200 and a noop", got.Status, got.Body)
		}
		line.Send("5", "4hello")
		line.Expect("4hello")
	})
}

// What is emitted around an upgrade arrives once and in order, whichever way it takes.
func TestOrderThroughUpgrade(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, engine.Config{})
		query := d.shake(t)
		sent := 0
		emit := func(n int) {
			for range n {
				if err := d.session().Send(engine.TextFrame(engine.Message, fmt.Sprint(sent))); err != nil {
					t.Fatalf("send %d: %v", sent, err)
				}
				sent++
			}
		}
		emit(3)
		var got []string
		got = append(got, strings.Split(d.Get(query).Body, "\x1e")...)
		line := d.Open(overWebSocket(query))
		emit(3)
		line.Send("2probe")
		line.Expect("3probe")
		emit(3)
		got = append(got, strings.Split(d.Get(query).Body, "\x1e")...)
		emit(3)
		line.Send("5")
		synctest.Wait()
		emit(3)
		for len(got) < sent {
			got = append(got, line.Next())
		}
		for i, text := range got {
			if want := fmt.Sprint("4", i); text != want {
				t.Fatalf("message %d of %q: got %q, want %q", i, got, text, want)
			}
		}
	})
}

// A WebSocket that is not what it should be is closed, and polling goes on.
func TestFailedProbe(t *testing.T) {
	for name, words := range map[string][]string{
		"not a ping":        {"4hello"},
		"another ping":      {"2"},
		"no packet":         {"x"},
		"not upgraded":      {"2probe", "4hello"},
		"upgrade with data": {"2probe", "5now"},
		"silence":           {},
		"probe only":        {"2probe"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := open(t, engine.Config{UpgradeTimeout: time.Second})
				query := d.shake(t)
				line := d.Open(overWebSocket(query))
				line.Send(words[:min(1, len(words))]...)
				if len(words) > 0 && words[0] == "2probe" {
					line.Expect("3probe")
					line.Send(words[1:]...)
				}
				line.Closed()
				synctest.Wait()
				d.Post(query, "4still polling")
				if got := d.Get(query).Body; got != "4still polling" {
					t.Errorf("poll: got %q, want the message", got)
				}
				if got := d.closedBecause(); got != "" {
					t.Errorf("session closed: %q", got)
				}
				again := d.Open(overWebSocket(query))
				again.Send("2probe")
				again.Expect("3probe")
			})
		})
	}
}

// After the upgrade nothing but the WebSocket counts.
func TestRequestsAfterUpgrade(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, engine.Config{})
		query, line := d.upgraded(t)
		synctest.Wait()
		if got := d.Get(query).Status; got != 400 {
			t.Errorf("GET: got %d, want 400", got)
		}
		if got := d.Post(query, "4hi").Status; got != 400 {
			t.Errorf("POST: got %d, want 400", got)
		}
		// "A client MUST NOT open more than one WebSocket connection per session. Should it happen,
		// the server MUST close the WebSocket connection."
		if code, _ := d.Open(overWebSocket(query)).Closed(); code != engine.Policy {
			t.Errorf("second WebSocket: closed with %d, want 1008", code)
		}
		line.Send("4hello")
		line.Expect("4hello")
	})
}

// A GET that overlaps the end of the upgrade is told that it is over, not given a noop.
func TestPollMeetsUpgrade(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, engine.Config{})
		query := d.shake(t)
		line := d.Open(overWebSocket(query))
		line.Send("2probe")
		line.Expect("3probe")
		meeting := d.Later(query)
		synctest.Wait()
		line.Send("5")
		if got := (<-meeting).Status; got != 400 {
			t.Errorf("poll: got %d, want 400", got)
		}
	})
}

func TestTwoProbes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, engine.Config{})
		query := d.shake(t)
		line := d.Open(overWebSocket(query))
		line.Send("2probe")
		line.Expect("3probe")
		if code, _ := d.Open(overWebSocket(query)).Closed(); code != engine.Policy {
			t.Errorf("second probe: closed with %d, want 1008", code)
		}
		line.Send("5", "4hello")
		line.Expect("4hello")
	})
}

// A session that is closed while it is probed takes the probing WebSocket with it.
func TestClosedWhileProbing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, engine.Config{})
		query := d.shake(t)
		line := d.Open(overWebSocket(query))
		line.Send("2probe")
		line.Expect("3probe")
		d.session().Close(engine.Normal, "enough")
		if got := d.Get(query).Body; got != "1" {
			t.Errorf("poll: got %q, want a close packet", got)
		}
		line.Closed()
	})
}

// A poll that is given up after the upgrade was the client's own business.
func TestPollAbandonedAfterUpgrade(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, engine.Config{})
		query, line := d.upgraded(t)
		synctest.Wait()
		ctx, cancel := context.WithCancel(t.Context())
		gone := make(chan struct{})
		go func() {
			defer close(gone)
			_, _ = d.Request(ctx, "GET", query, "") // cancelled below
		}()
		time.Sleep(time.Millisecond)
		cancel()
		<-gone
		synctest.Wait()
		if got := d.Get(query).Status; got != 400 {
			t.Errorf("next poll: got %d, want 400", got)
		}
		line.Send("4hello")
		line.Expect("4hello")
	})
}

// An upgrade that never becomes a WebSocket leaves the session free for another.
func TestUpgradeRefusedByHTTP(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, engine.Config{})
		query := overWebSocket(d.shake(t))
		if got := d.Do("GET", query, "", "Upgrade", "websocket").Status; got == 101 {
			t.Errorf("upgrade without a key: got %d", got)
		}
		line := d.Open(query)
		line.Send("2probe")
		line.Expect("3probe")
	})
}
