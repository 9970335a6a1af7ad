package engine_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"softphone/internal/protocol/socketio/engine"
	"softphone/internal/protocol/socketio/internal/linetest"
)

// The close packet of the client ("Protocol", list of packet types). The pending GET gets a noop;
// so does one that comes just after, as the two requests race on the wire.
func TestClientCloses(t *testing.T) {
	for _, late := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			d := open(t, quick)
			query := d.shake(t)
			var pending <-chan linetest.Answer
			if !late {
				pending = d.Later(query)
				synctest.Wait()
			}
			if got := d.Post(query, "1"); got.Body != "ok" {
				t.Errorf("POST: got %d %q, want ok", got.Status, got.Body)
			}
			if late {
				pending = d.Later(query)
			}
			if got := <-pending; got.Status != 200 || got.Body != "6" {
				t.Errorf("poll (late %v): got %d %q, want 200 and a noop", late, got.Status, got.Body)
			}
			if got := d.Get(query).Status; got != 400 {
				t.Errorf("poll after it (late %v): got %d, want 400", late, got)
			}
			if got := d.closedBecause(); got != "transport close" {
				t.Errorf("reason: got %q", got)
			}
		})
	}
}

func TestClientClosesWebSocket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, quick)
		line := d.opened()
		line.Send("1")
		if code, _ := line.Closed(); code != engine.Normal {
			t.Errorf("closed with %d, want 1000", code)
		}
		d.opened().Hangup()
		synctest.Wait()
		if got := d.closedBecause(); got != "transport close, transport close" {
			t.Errorf("reasons: got %q", got)
		}
	})
}

// Close sends what is queued before it closes, on both transports.
func TestFlushBeforeClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, engine.Config{})
		words := []engine.Frame{engine.TextFrame(engine.Message, "one"), engine.BinaryFrame([]byte{2}), engine.TextFrame(engine.Message, "three")}
		leave := func() {
			for range 50 {
				if err := d.session().Send(words...); err != nil {
					t.Fatal(err)
				}
			}
			d.session().Close(engine.GoingAway, "we close")
			if err := d.session().Send(words...); !errors.Is(err, engine.ErrClosed) {
				t.Errorf("send after close: got %v, want ErrClosed", err)
			}
		}
		line := d.opened()
		leave()
		for range 50 {
			line.Expect("4one")
			line.ExpectBytes(2)
			line.Expect("4three")
		}
		if code, reason := line.Closed(); code != engine.GoingAway || reason != "we close" {
			t.Errorf("closed with %d %q, want 1001 we close", code, reason)
		}

		query := d.shake(t)
		leave()
		want := strings.TrimSuffix(strings.Repeat("4one\x1ebAg==\x1e4three\x1e", 50), "\x1e")
		if got := d.Get(query).Body; got != want {
			t.Errorf("last messages: got %.80q, want %.80q", got, want)
		}
		if got := d.Post(query, "1"); got.Body != "ok" { // the client's goodbye crosses ours
			t.Errorf("late POST: got %d %q, want ok", got.Status, got.Body)
		}
		// The close packet comes alone: the reference client would lose messages in one body with it.
		if got := d.Get(query).Body; got != "1" {
			t.Errorf("last poll: got %q, want a close packet", got)
		}
		if got := d.Get(query).Status; got != 400 {
			t.Errorf("poll after it: got %d, want 400", got)
		}
	})
}

// A client that does not read is closed when its queue is full, and nobody waits for it.
func TestSlowConsumer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, engine.Config{QueueBytes: 64 << 10})
		query := d.shake(t)
		line := d.opened()
		page := engine.TextFrame(engine.Message, strings.Repeat("x", 1000))
		for i, session := range d.sessions {
			began, sent := time.Now(), 0
			var err error
			for err == nil {
				err = session.Send(page)
				sent++
			}
			if !errors.Is(err, engine.ErrSlow) {
				t.Errorf("session %d: got %v, want ErrSlow", i, err)
			}
			if sent < 60 || sent > 66 {
				t.Errorf("session %d: closed at frame %d, want about 62", i, sent)
			}
			if waited := time.Since(began); waited != 0 {
				t.Errorf("session %d: sending took %v", i, waited)
			}
		}
		if got := d.Get(query).Status; got != 400 {
			t.Errorf("poll: got %d, want 400", got)
		}
		if code, reason := line.Closed(); code != engine.TryAgain || reason != "slow consumer" {
			t.Errorf("WebSocket: closed with %d %q, want 1013 slow consumer", code, reason)
		}
		synctest.Wait()
		if got := d.closedBecause(); got != "slow consumer, slow consumer" {
			t.Errorf("reasons: got %q", got)
		}
		if got := d.server.Stats().Slow; got != 2 {
			t.Errorf("slow sessions counted: got %d, want 2", got)
		}
	})
}

// A client that never reads again is cut off after the grace.
func TestDeafClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, engine.Config{CloseGrace: 3 * time.Second})
		d.Open(websocket) // not even the open packet is read
		synctest.Wait()
		d.session().Close(engine.Normal, "bye")
		synctest.Wait()
		if got := d.server.Stats().Sessions; got != 1 {
			t.Errorf("sessions within the grace: got %d, want 1", got)
		}
		time.Sleep(3 * time.Second)
		synctest.Wait()
		if got := d.server.Stats().Sessions; got != 0 {
			t.Errorf("sessions after the grace: got %d, want 0", got)
		}
	})
}

// A queue that was emptied is as good as new: the bound is on what waits, not on what was sent.
func TestQueueIsGivenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, engine.Config{QueueBytes: 2000})
		query := d.shake(t)
		for range 100 {
			if err := d.session().Send(engine.TextFrame(engine.Message, strings.Repeat("x", 1500))); err != nil {
				t.Fatal(err)
			}
			d.Get(query)
			synctest.Wait()
		}
	})
}

func TestServerCloses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, engine.Config{})
		line, query := d.opened(), d.shake(t)
		pending := d.Later(query)
		synctest.Wait()
		closed := make(chan error, 1)
		go func() { closed <- d.server.Close(t.Context()) }()
		if code, reason := line.Closed(); code != engine.GoingAway || reason != "server shutting down" {
			t.Errorf("closed with %d %q, want 1001", code, reason)
		}
		if got := (<-pending).Body; got != "1" {
			t.Errorf("poll: got %q, want a close packet", got)
		}
		if err := <-closed; err != nil {
			t.Errorf("close: %v", err)
		}
		if got := d.Get(polling).Status; got != 503 {
			t.Errorf("handshake after close: got %d, want 503", got)
		}
	})
}

// Close does not wait longer than it is told to.
func TestServerClosesAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, engine.Config{})
		d.Open(websocket)
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		if err := d.server.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("close: got %v, want deadline exceeded", err)
		}
		if waited := time.Since(began); waited != time.Second {
			t.Errorf("close took %v, want 1s", waited)
		}
	})
}
