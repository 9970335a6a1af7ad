package socketio_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"softphone/internal/protocol/socketio"
	"softphone/internal/protocol/socketio/engine"
)

// The limits of Config, with their defaults. Each ends with the connection closed for a reason.
func TestLimits(t *testing.T) {
	for _, test := range []struct {
		name   string
		attack func(line attacker)
		code   engine.Code
		reason string
	}{
		{"65 KiB packet", func(line attacker) { _ = line.Try(`42["say","` + strings.Repeat("x", 65<<10) + `"]`) }, 1009, ""},
		{"1,000 attachments", func(line attacker) { line.Send(`451000-["say"]`) }, engine.ProtocolError, "illegal attachments: 1000"},
		{"unfinished packet", func(line attacker) { line.Send(`452-["say"]`); line.SendBytes(1) }, engine.Policy, "unfinished packet"},
		{"1,000 events at once", func(line attacker) { pour(line, 1000, `42["say"]`) }, engine.Policy, "too many packets a second"},
		{"1,000 answers at once", func(line attacker) { pour(line, 1000, `431[]`) }, engine.Policy, "too many packets a second"},
		{"1,000 namespaces", func(line attacker) {
			for i := range 1000 {
				if line.Try(fmt.Sprintf("40/%d,", i)) != nil {
					return
				}
			}
		}, engine.Policy, "too many packets a second"},
		{"deep JSON", func(line attacker) { line.Send(`42["say",` + strings.Repeat("[", 60_000)) }, engine.ProtocolError, "payload nested too deeply"},
		{"much for a handler that waits", func(line attacker) { pour(line, 6, `42["wait","`+strings.Repeat("x", 60_000)+`"]`) }, engine.TryAgain, "too many waiting events"},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				stuck := make(chan struct{})
				defer close(stuck)
				p := hall(t, socketio.Config{}, func(s *socketio.Socket) {
					s.On("wait", func(*socketio.Event) { <-stuck })
				})
				line := p.joined(t)
				go test.attack(line)
				code, reason := line.Closed()
				if code != test.code || test.reason != "" && reason != test.reason {
					t.Errorf("closed with %d %q, want %d %q", code, reason, test.code, test.reason)
				}
				synctest.Wait()
				if got := p.server.Stats().Sessions; got != 0 {
					t.Errorf("sessions: got %d, want 0", got)
				}
			})
		})
	}
}

type attacker interface {
	Send(...string)
	SendBytes(...byte)
	Try(string) error
}

// pour sends until the server has had enough.
func pour(line attacker, times int, text string) {
	for range times {
		if line.Try(text) != nil {
			return
		}
	}
}

// What an honest client does stays below every limit.
func TestWithinLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		count := 0
		p := hall(t, socketio.Config{}, func(s *socketio.Socket) {
			s.On("say", func(*socketio.Event) { count++ })
			s.On("end", func(e *socketio.Event) { _ = e.Ack(count) })
		})
		line := p.joined(t)
		for range 90 { // what was buffered while offline
			line.Send(`42["say"]`)
		}
		for range 100 { // 40 a second
			time.Sleep(25 * time.Millisecond)
			line.Send(`42["say"]`)
		}
		line.Send(`42["say","`+strings.Repeat("x", 65_000)+`"]`, `4510-["say"]`)
		for i := range 10 {
			line.SendBytes(byte(i))
		}
		line.Send(`421["end"]`)
		line.Expect("431[192]")
	})
}

// A browser that stops reading is closed, and the others do not notice.
func TestSlowSocket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reasons := make(chan string, 1)
		p := hall(t, socketio.Config{}, func(s *socketio.Socket) {
			s.Join("team")
			s.OnDisconnect(func(reason string) { reasons <- reason })
		})
		slow := p.joined(t)
		quick := p.joined(t)
		heard := make(chan int)
		go func() {
			for i := range 600 {
				quick.Expect(fmt.Sprintf(`42["page",%d,"%s"]`, i, strings.Repeat("x", 1000)))
			}
			heard <- 600
		}()
		for i := range 600 {
			if err := p.server.Of("/").To("team").Emit("page", i, strings.Repeat("x", 1000)); err != nil {
				t.Fatal(err)
			}
			synctest.Wait() // let the quick one read
		}
		if got := <-heard; got != 600 {
			t.Errorf("the quick one heard %d, want 600", got)
		}
		if got := <-reasons; got != "slow consumer" {
			t.Errorf("reason: got %q, want slow consumer", got)
		}
		if code, reason := slow.Closed(); code != engine.TryAgain || reason != "slow consumer" {
			t.Errorf("closed with %d %q, want 1013 slow consumer", code, reason)
		}
	})
}
