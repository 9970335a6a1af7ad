package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"time"

	"softphone/internal/protocol/socketio"
	"softphone/internal/protocol/socketio/engine"
)

// suiteServer has the two namespaces of the protocol suite, and /desk for the real client.
func suiteServer(log *slog.Logger) *socketio.Server {
	server := socketio.NewServer(socketio.Config{
		Engine: suiteEngine(log), ConnectTimeout: time.Second, Logger: log,
		EventsPerSecond: 10_000, EventBurst: 10_000, MaxWaiting: 10_000, MaxWaitingBytes: 4_000_000,
	})
	server.Of("/").OnConnect(func(s *socketio.Socket, auth json.RawMessage) error {
		s.On("message", func(e *socketio.Event) { _ = s.Emit("message-back", e.Echo()...) })
		s.On("message-with-ack", func(e *socketio.Event) { _ = e.Ack(e.Echo()...) })
		return s.Emit("auth", auth)
	})
	server.Of("/custom").OnConnect(func(s *socketio.Socket, auth json.RawMessage) error {
		return s.Emit("auth", auth)
	})
	server.Of("/desk").OnConnect(desk)
	return server
}

// limitedServer has the limits of the product and a heartbeat short enough for a test.
func limitedServer(log *slog.Logger) *socketio.Server {
	server := socketio.NewServer(socketio.Config{
		Engine: engine.Config{PingInterval: time.Second, PingTimeout: time.Second, Origins: []string{"*"}, Logger: log},
		Logger: log,
	})
	server.Of("/").OnConnect(desk)
	return server
}

// desk admits who knows the word, and does what each event is called.
func desk(s *socketio.Socket, auth json.RawMessage) error {
	var shown struct{ Token string }
	if err := json.Unmarshal(auth, &shown); err != nil || shown.Token != "open sesame" {
		return socketio.Refuse("who are you?", map[string]string{"code": "unauthorized"})
	}
	s.On("echo", func(e *socketio.Event) { _ = e.Ack(e.Echo()...) })
	s.On("silence", func(*socketio.Event) {})
	s.On("join", func(e *socketio.Event) { onRoom(e, s.Join) })
	s.On("leave", func(e *socketio.Event) { onRoom(e, s.Leave) })
	s.On("tell", tellRoom)
	s.On("ask me", askBack)
	s.On("count", countTo)
	s.On("throw me out", func(*socketio.Event) { sayGoodbye(s) })
	s.On("hang up on me", func(*socketio.Event) { s.Drop(engine.TryAgain, "come again") })
	s.On("flood me", flood)
	return nil
}

func onRoom(e *socketio.Event, do func(string)) {
	var room string
	if e.Decode(0, &room) == nil {
		do(room)
	}
	_ = e.Ack(e.Socket().Rooms())
}

// tellRoom sends to everybody else in a room: room, word.
func tellRoom(e *socketio.Event) {
	var room, word string
	if e.Decode(0, &room) == nil && e.Decode(1, &word) == nil {
		_ = e.Socket().Namespace().To(room).Except(e.Socket()).Emit("told", room, word)
	}
	_ = e.Ack()
}

// askBack asks the client a question and hands its answer back.
func askBack(e *socketio.Event) {
	ctx, cancel := context.WithTimeout(e.Socket().Context(), 500*time.Millisecond)
	defer cancel()
	answer, err := e.Socket().EmitAck(ctx, "question", e.Echo()...)
	if err != nil {
		_ = e.Ack(map[string]string{"error": err.Error()})
		return
	}
	_ = e.Ack(answer.Echo()...)
}

// countTo emits the numbers below the first argument.
func countTo(e *socketio.Event) {
	var limit int
	if e.Decode(0, &limit) != nil {
		return
	}
	for i := range limit {
		_ = e.Socket().Emit("number", i)
	}
}

// sayGoodbye disconnects right behind a last word, which must arrive first.
func sayGoodbye(s *socketio.Socket) {
	_ = s.Emit("last word", "goodbye")
	s.Disconnect("thrown out")
}

// flood emits more than the queue of a session holds, at once.
func flood(e *socketio.Event) {
	page := make([]byte, 32<<10)
	for range 64 {
		_ = e.Socket().Emit("page", socketio.Binary(page))
	}
}
