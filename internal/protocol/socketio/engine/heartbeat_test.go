package engine_test

import (
	"testing"
	"testing/synctest"
	"time"

	"softphone/internal/protocol/socketio/engine"
)

// "Heartbeat": the server pings at the interval, the client answers, and so on.
func TestHeartbeatPolling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, quick)
		query := d.shake(t)
		for range 5 {
			asked := time.Now()
			if got := d.Get(query).Body; got != "2" {
				t.Fatalf("poll: got %q, want a ping", got)
			}
			if waited := time.Since(asked); waited != quick.PingInterval {
				t.Errorf("ping after %v, want %v", waited, quick.PingInterval)
			}
			d.Post(query, "3")
		}
		if got := d.closedBecause(); got != "" {
			t.Errorf("session closed: %q", got)
		}
	})
}

func TestHeartbeatWebSocket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		line := open(t, quick).opened()
		for range 5 {
			asked := time.Now()
			line.Expect("2")
			if waited := time.Since(asked); waited != quick.PingInterval {
				t.Errorf("ping after %v, want %v", waited, quick.PingInterval)
			}
			line.Send("3")
		}
		line.Send("4still here")
		line.Expect("4still here")
	})
}

// "If the server does not receive a pong packet back, then it SHOULD consider that the connection
// is closed."
func TestPingTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, quick)
		query, line, began := d.shake(t), d.opened(), time.Now()
		line.Expect("2")
		code, reason := line.Closed()
		if code != engine.Policy || reason != "ping timeout" {
			t.Errorf("WebSocket: closed with %d %q, want 1008 ping timeout", code, reason)
		}
		if waited, want := time.Since(began), quick.PingInterval+quick.PingTimeout; waited != want {
			t.Errorf("closed after %v, want %v", waited, want)
		}
		if got := d.Get(query).Status; got != 400 {
			t.Errorf("poll after the time-out: got %d, want 400", got)
		}
		synctest.Wait()
		if got := d.server.Stats(); got.TimedOut != 2 || got.Sessions != 0 {
			t.Errorf("stats: got %+v, want 2 timed out and none open", got)
		}
	})
}

// A pong nobody asked for must not put the next ping off.
func TestUnaskedPongs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		line := open(t, quick).opened()
		began := time.Now()
		for range 2 {
			time.Sleep(100 * time.Millisecond)
			line.Send("3")
		}
		line.Expect("2")
		if waited := time.Since(began); waited != quick.PingInterval {
			t.Errorf("ping after %v, want %v", waited, quick.PingInterval)
		}
	})
}

// Messages are no substitute for a pong: the client may be able to send and not to receive.
func TestMessagesAreNoPongs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, quick)
		query := d.shake(t)
		for range 9 {
			d.Post(query, "4x")
			time.Sleep(50 * time.Millisecond)
		}
		time.Sleep(50 * time.Millisecond)
		if got := d.Get(query).Status; got != 400 {
			t.Errorf("poll: got %d, want 400", got)
		}
	})
}
