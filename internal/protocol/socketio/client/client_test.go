package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"softphone/internal/protocol/socketio"
	"softphone/internal/protocol/socketio/client"
	"softphone/internal/protocol/socketio/engine"
	"softphone/internal/protocol/socketio/internal/linetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serve starts a server with a namespace /voice that welcome looks after.
func serve(t *testing.T, config socketio.Config, welcome socketio.ConnectHandler) (*socketio.Server, func() *client.Client) {
	t.Helper()
	server := socketio.NewServer(config)
	server.Of("/voice").OnConnect(welcome)
	place := linetest.Serve(t, "/socket.io/", server)
	t.Cleanup(func() {
		if err := server.Close(context.Background()); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return server, func() *client.Client {
		c := client.New("http://desk.test/socket.io/", "/voice")
		c.HTTP = place.Client
		c.Header = http.Header{"User-Agent": {"headless desk"}}
		t.Cleanup(func() {
			if c.Done() != nil {
				_ = c.Close() // it always returns nil
			}
		})
		return c
	}
}

func connect(t *testing.T, c *client.Client) {
	t.Helper()
	if err := c.Connect(t.Context(), map[string]string{"token": "secret"}); err != nil {
		t.Fatalf("connect: %v", err)
	}
}

func TestConversation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, dial := serve(t, socketio.Config{}, func(s *socketio.Socket, auth json.RawMessage) error {
			if got, want := string(auth), `{"token":"secret"}`; got != want {
				t.Errorf("auth: got %s, want %s", got, want)
			}
			if got := s.Handshake().Header.Get("User-Agent"); got != "headless desk" {
				t.Errorf("header: got %q", got)
			}
			s.On("ask", func(e *socketio.Event) { _ = e.Ack(e.Echo()...) })
			s.On("say", func(e *socketio.Event) { _ = s.Emit("said", e.Echo()...) })
			return s.Emit("call:state", map[string]any{"calls": []any{}})
		})
		c := dial()
		states, said := make(chan string, 1), make(chan string, 100)
		c.On("call:state", func(payload json.RawMessage) { states <- string(payload) })
		c.On("said", func(payload json.RawMessage) { said <- string(payload) })
		connect(t, c)
		if got := <-states; got != `{"calls":[]}` {
			t.Errorf("first event: got %s", got)
		}
		if c.ID() == "" {
			t.Error("no id")
		}
		answer, err := c.EmitAck(t.Context(), "ask", map[string]int{"n": 1})
		if err != nil || string(answer) != `{"n":1}` {
			t.Errorf("answer: got %s, %v", answer, err)
		}
		if answer, err := c.EmitAck(t.Context(), "ask"); err != nil || string(answer) != "null" {
			t.Errorf("empty answer: got %s, %v, want null", answer, err)
		}
		for i := range 80 {
			if err := c.Emit(t.Context(), "say", i); err != nil {
				t.Fatal(err)
			}
		}
		for i := range 80 {
			if got := <-said; got != fmt.Sprint(i) {
				t.Fatalf("event %d: got %s", i, got)
			}
		}
	})
}

func TestRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, dial := serve(t, socketio.Config{}, func(*socketio.Socket, json.RawMessage) error {
			return socketio.Refuse("token expired", map[string]string{"code": "expired"})
		})
		err := dial().Connect(t.Context(), nil)
		var refused *socketio.Refusal
		if !errors.As(err, &refused) {
			t.Fatalf("connect: got %v, want a refusal", err)
		}
		want := &socketio.Refusal{Message: "token expired", Data: json.RawMessage(`{"code":"expired"}`)}
		if diff := cmp.Diff(refused, want); diff != "" {
			t.Errorf("refusal (-got +want):\n%s", diff)
		}
	})
}

// The client answers pings, for as long as it takes.
func TestStaysConnected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, dial := serve(t, socketio.Config{}, func(s *socketio.Socket, _ json.RawMessage) error {
			s.On("ask", func(e *socketio.Event) { _ = e.Ack("yes") })
			return nil
		})
		c := dial()
		connect(t, c)
		time.Sleep(time.Hour)
		if answer, err := c.EmitAck(t.Context(), "ask"); err != nil || string(answer) != `"yes"` {
			t.Errorf("after an hour: got %s, %v", answer, err)
		}
	})
}

func TestUnanswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, dial := serve(t, socketio.Config{}, func(*socketio.Socket, json.RawMessage) error { return nil })
		c := dial()
		connect(t, c)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := c.EmitAck(ctx, "ask"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want deadline exceeded", err)
		}
		if c.Err() != nil {
			t.Errorf("an unanswered question broke the line: %v", c.Err())
		}
	})
}

// A handler may ask the server and wait for the answer.
func TestAskFromHandler(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, dial := serve(t, socketio.Config{}, func(s *socketio.Socket, _ json.RawMessage) error {
			s.On("ask", func(e *socketio.Event) { _ = e.Ack("yes") })
			return s.Emit("call:incoming")
		})
		c := dial()
		answers := make(chan string, 1)
		c.On("call:incoming", func(json.RawMessage) {
			answer, err := c.EmitAck(context.Background(), "ask")
			answers <- fmt.Sprint(string(answer), err)
		})
		connect(t, c)
		if got := <-answers; got != `"yes"<nil>` {
			t.Errorf("answer: got %s", got)
		}
	})
}

func TestLineEnds(t *testing.T) {
	for name, test := range map[string]struct {
		end  func(s *socketio.Socket)
		want error
	}{
		"disconnected": {func(s *socketio.Socket) { s.Disconnect("enough") }, client.ErrDisconnected},
		"dropped":      {func(s *socketio.Socket) { s.Drop(engine.TryAgain, "come again") }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, dial := serve(t, socketio.Config{}, func(s *socketio.Socket, _ json.RawMessage) error {
					s.On("end", func(*socketio.Event) { test.end(s) })
					return nil
				})
				c := dial()
				connect(t, c)
				if _, err := c.EmitAck(t.Context(), "end"); err == nil {
					t.Error("a question over a lost line was answered")
				}
				<-c.Done()
				if c.Err() == nil || test.want != nil && !errors.Is(c.Err(), test.want) {
					t.Errorf("got %v, want %v", c.Err(), test.want)
				}
			})
		})
	}
}

func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reasons := make(chan string, 1)
		_, dial := serve(t, socketio.Config{}, func(s *socketio.Socket, _ json.RawMessage) error {
			s.OnDisconnect(func(reason string) { reasons <- reason })
			return nil
		})
		c := dial()
		connect(t, c)
		if err := c.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
		if got := <-reasons; got != "client namespace disconnect" {
			t.Errorf("reason at the server: got %q", got)
		}
		if !errors.Is(c.Err(), client.ErrClosed) {
			t.Errorf("error: got %v, want ErrClosed", c.Err())
		}
		if err := c.Emit(t.Context(), "late"); err == nil {
			t.Error("emit after close: got no error")
		}
	})
}

func TestNobodyThere(t *testing.T) {
	c := client.New("http://127.0.0.1:1/socket.io/", "")
	if err := c.Connect(t.Context(), nil); err == nil {
		t.Error("connected to nobody")
	}
	if err := client.New(":", "").Connect(t.Context(), nil); err == nil {
		t.Error("connected to no address")
	}
}
