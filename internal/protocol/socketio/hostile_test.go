package socketio_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"softphone/internal/protocol/socketio"
	"softphone/internal/protocol/socketio/internal/linetest"
)

// lines are what a client may say, to be sent in any order and damaged.
var lines = []string{
	"40", "40/voice,", `40{"token":"x"}`, "41", `42["say",1]`, `421["ask"]`, `42["throw me out"]`, `43["x"]`, `431[]`,
	`451-["say",{"_placeholder":true,"num":0}]`, `4510-["say"]`, "2", "3", "5", "6", "2probe", "1", "4", "", "b", "bAQID",
	`42["ask me"]`, `42["` + "\xff" + `"]`, `42[[[[[[[[`, "0{}", "4299999999999999999999[]",
}

// damaged returns a line, often with a byte changed, doubled or missing.
func damaged(random *rand.Rand) string {
	line := []byte(lines[random.IntN(len(lines))])
	if len(line) == 0 || random.IntN(3) > 0 {
		return string(line)
	}
	at := random.IntN(len(line))
	switch random.IntN(3) {
	case 0:
		line[at] = byte(random.IntN(256))
	case 1:
		line = append(line[:at+1], line[at:]...)
	default:
		line = append(line[:at], line[at+1:]...)
	}
	return string(line)
}

// Whatever clients say, the server stays whole: it forgets them and serves the next one.
func TestHostileSessions(t *testing.T) {
	for seed := range uint64(200) {
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 7))
			p := open(t, socketio.Config{})
			p.server.Of("/").OnConnect(hostile)
			p.server.Of("/voice").OnConnect(hostile)
			for range 5 {
				if random.IntN(2) == 0 {
					overLine(p, random)
				} else {
					overPolls(t, p, random)
				}
			}
			time.Sleep(2 * time.Minute) // whoever is left does not answer pings
			synctest.Wait()
			if got := p.server.Stats().Sessions; got != 0 {
				t.Errorf("seed %d: %d sessions left", seed, got)
			}
			if got := p.server.Of("/").Len() + p.server.Of("/voice").Len(); got != 0 {
				t.Errorf("seed %d: %d sockets left", seed, got)
			}
			line := p.joined(t)
			line.Send(`421["ask"]`)
			line.Expect("431[]")
		})
	}
}

func hostile(s *socketio.Socket, _ json.RawMessage) error {
	s.Join("room")
	s.On("ask", func(e *socketio.Event) { _ = e.Ack() })
	s.On("say", func(e *socketio.Event) { _ = s.Namespace().To("room").Emit("said", e.Echo()...) })
	s.On("ask me", func(*socketio.Event) { _, _ = s.EmitAck(s.Context(), "question") })
	s.On("throw me out", func(*socketio.Event) { s.Disconnect("as you wish") })
	return nil
}

func overLine(p *place, random *rand.Rand) {
	line := p.line()
	go drain(line, random.IntN(4))
	for range random.IntN(30) {
		if line.Try(damaged(random)) != nil {
			break
		}
	}
	if random.IntN(2) == 0 {
		line.Hangup()
	}
}

// drain reads until the server closes, or stops reading early.
func drain(line *linetest.Line, patience int) {
	if patience > 0 {
		line.Closed()
	}
}

func overPolls(t *testing.T, p *place, random *rand.Rand) {
	query := polling + "&sid=" + p.lastOpen(t)
	for range random.IntN(20) {
		switch random.IntN(5) {
		case 0:
			p.Later(query)
		case 1:
			upgrade := fmt.Sprint("EIO=4&transport=websocket", query[len(polling):])
			if line, _, err := p.Dial(upgrade); err == nil {
				_ = line.Try(damaged(random)) // the server may have closed it
			}
		default:
			if got := p.Post(query, damaged(random)+"\x1e"+damaged(random)).Status; got >= http.StatusInternalServerError {
				t.Errorf("POST: got %d", got)
			}
		}
	}
}
