package socketio_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"softphone/internal/protocol/socketio"
	"softphone/internal/protocol/socketio/engine"
)

// hall makes a server whose main namespace gives its sockets to the test.
func hall(t *testing.T, config socketio.Config, welcome func(*socketio.Socket)) *place {
	p := open(t, config)
	p.server.Of("/").OnConnect(func(s *socketio.Socket, _ json.RawMessage) error {
		welcome(s)
		return nil
	})
	return p
}

// What a ConnectHandler emits, and what is broadcast meanwhile, comes behind the admission.
func TestEmitWhileConnecting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := open(t, socketio.Config{})
		p.server.Of("/").OnConnect(func(s *socketio.Socket, _ json.RawMessage) error {
			s.Join("team")
			if err := errors.Join(s.Emit("first", s.Rooms()), p.server.Of("/").To("team").Emit("second", 2)); err != nil {
				t.Errorf("emit: %v", err)
			}
			return s.Emit("third", socketio.Binary{3})
		})
		line := p.line()
		line.Send("40")
		sidOf(t, line.Next(), "40")
		line.Expect(`42["first",["team"]]`, `42["second",2]`, `451-["third",{"_placeholder":true,"num":0}]`)
		line.ExpectBytes(3)
	})
}

func TestRooms(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sockets []*socketio.Socket
		p := hall(t, socketio.Config{}, func(s *socketio.Socket) { sockets = append(sockets, s) })
		ann, bob, eve := p.joined(t), p.joined(t), p.joined(t)
		ns := p.server.Of("/")
		sockets[0].Join("a")
		sockets[0].Join("b")
		sockets[1].Join("b")
		sockets[1].Join("b")
		sockets[2].Join("c")
		sockets[2].Leave("c")
		sockets[2].Leave("never joined")
		message, err := ns.Prepare("word", "all")
		if err != nil {
			t.Fatal(err)
		}
		for _, got := range []struct{ sent, want int }{
			{ns.Send(message), 3},
			{ns.To("a").Send(message), 1},
			{ns.To("a", "b").Send(message), 2},
			{ns.To("b").Except(sockets[0]).Send(message), 1},
			{ns.To("c").Send(message), 0},
		} {
			if got.sent != got.want {
				t.Errorf("sockets reached: got %d, want %d", got.sent, got.want)
			}
		}
		if err := ns.Emit("end"); err != nil {
			t.Error(err)
		}
		const word, end = `42["word","all"]`, `42["end"]`
		ann.Expect(word, word, word, end)
		bob.Expect(word, word, word, end)
		eve.Expect(word, end)
		if diff := cmp.Diff(sockets[0].Rooms(), []string{"a", "b"}); diff != "" {
			t.Errorf("rooms (-got +want):\n%s", diff)
		}

		ann.Hangup()
		synctest.Wait()
		sockets[0].Join("a") // too late
		if got := ns.To("a").Send(message); got != 0 {
			t.Errorf("sockets in the room of one that is gone: got %d, want 0", got)
		}
		if ns.Len() != 2 || ns.Socket(sockets[0].ID()) != nil {
			t.Errorf("namespace: got %d sockets, want 2 without the one that is gone", ns.Len())
		}
	})
}

func TestForeignMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var socket *socketio.Socket
		p := hall(t, socketio.Config{}, func(s *socketio.Socket) { socket = s })
		p.joined(t)
		message, err := p.server.Of("/other").Prepare("word")
		if err != nil {
			t.Fatal(err)
		}
		if err := socket.Send(message); !errors.Is(err, socketio.ErrNamespaceMismatch) {
			t.Errorf("message of another namespace: got %v, want ErrNamespaceMismatch", err)
		}
		if err := socket.Emit("word", make(chan int)); err == nil {
			t.Error("a channel was encoded")
		}
	})
}

// The server asks, the client answers ("Acknowledgement"), and a handler may wait for that.
func TestEmitAck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		answers := make(chan any, 8)
		p := hall(t, socketio.Config{}, func(s *socketio.Socket) {
			s.On("begin", func(*socketio.Event) {
				ctx, cancel := context.WithTimeout(s.Context(), time.Second)
				defer cancel()
				reply, err := s.EmitAck(ctx, "question", 42)
				var text string
				if err == nil {
					err = reply.Decode(0, &text)
				}
				data, _ := reply.Bytes(1) // only one of the answers has it
				answers <- []any{text, data, err}
			})
		})
		line := p.joined(t)
		line.Send(`42["begin"]`)
		line.Expect(`421["question",42]`)
		line.Send(`4399["made up"]`, `461-1["yes",{"_placeholder":true,"num":0}]`)
		line.SendBytes(7)
		if diff := cmp.Diff(<-answers, any([]any{"yes", []byte{7}, error(nil)})); diff != "" {
			t.Errorf("answer (-got +want):\n%s", diff)
		}
		line.Send(`431["twice"]`, `42["begin"]`)
		line.Expect(`422["question",42]`)
		if got := (<-answers).([]any)[2]; !errors.Is(got.(error), context.DeadlineExceeded) {
			t.Errorf("unanswered: got %v, want deadline exceeded", got)
		}
		line.Send(`432["late"]`, `42["begin"]`)
		line.Expect(`423["question",42]`)
		line.Hangup()
		if got := (<-answers).([]any)[2]; got == nil {
			t.Error("answer of a client that is gone: got no error")
		}
	})
}

func TestAckOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got := make(chan []any, 1)
		p := hall(t, socketio.Config{}, func(s *socketio.Socket) {
			s.On("ask", func(e *socketio.Event) { got <- []any{e.WantsAck(), e.Ack(1), e.Ack(2)} })
			s.OnOther(func(e *socketio.Event) { got <- []any{e.Name, e.Len(), e.WantsAck(), e.Ack()} })
		})
		line := p.joined(t)
		line.Send(`425["ask"]`)
		line.Expect("435[1]")
		if answer := <-got; answer[0] != true || answer[1] != nil || !is(answer[2], socketio.ErrAcknowledged) {
			t.Errorf("asked: got %v", answer)
		}
		line.Send(`42["other",1,2]`)
		if diff := cmp.Diff(<-got, []any{"other", 2, false, nil}); diff != "" {
			t.Errorf("not asked (-got +want):\n%s", diff)
		}
	})
}

// Handlers run in order even when the first is slow, and the heartbeat goes on meanwhile.
func TestHandlersInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var seen []string
		p := hall(t, socketio.Config{}, func(s *socketio.Socket) {
			s.OnOther(func(e *socketio.Event) {
				if e.Name == "0" {
					time.Sleep(2 * time.Minute) // four heartbeats
				}
				seen = append(seen, e.Name)
				if e.Name == "19" {
					_ = s.Emit("done")
				}
			})
		})
		line := p.joined(t)
		for i := range 20 {
			line.Send(fmt.Sprintf(`42["%d"]`, i))
		}
		if got := line.NextSpoken(); got != `42["done"]` {
			t.Fatalf("got %q", got)
		}
		for i, name := range seen {
			if name != fmt.Sprint(i) {
				t.Fatalf("order: got %v", seen)
			}
		}
	})
}

// Disconnect lets everything out that was emitted before, says goodbye, and closes.
func TestDisconnectFlushes(t *testing.T) {
	for _, transport := range []string{"websocket", "polling"} {
		t.Run(transport, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				reasons := make(chan string, 2)
				p := hall(t, socketio.Config{}, func(s *socketio.Socket) {
					s.OnDisconnect(func(reason string) { reasons <- reason })
					s.On("go", func(*socketio.Event) {
						for i := range 100 {
							if err := s.Emit("word", i); err != nil {
								t.Errorf("emit %d: %v", i, err)
							}
						}
						s.Disconnect("thrown out")
						s.Disconnect("twice")
						if err := s.Emit("late"); !errors.Is(err, socketio.ErrClosed) {
							t.Errorf("emit after it: got %v, want ErrClosed", err)
						}
						if s.Context().Err() == nil {
							t.Error("context is not cancelled")
						}
					})
				})
				var want []string
				for i := range 100 {
					want = append(want, fmt.Sprintf(`42["word",%d]`, i))
				}
				want = append(want, "41")
				if transport == "websocket" {
					line := p.joined(t)
					line.Send(`42["go"]`)
					line.Expect(want...)
					if code, reason := line.Closed(); code != engine.Normal || reason != "thrown out" {
						t.Errorf("closed with %d %q, want 1000 thrown out", code, reason)
					}
				} else {
					query := polling + "&sid=" + p.lastOpen(t)
					p.Post(query, "40")
					p.Get(query)
					p.Post(query, `42["go"]`)
					synctest.Wait()
					if got := p.Get(query).Body; got != strings.Join(want, "\x1e") {
						t.Errorf("poll: got %.200q", got)
					}
				}
				if got := <-reasons; got != "thrown out" || len(reasons) > 0 {
					t.Errorf("reason: got %q and %d more, want thrown out once", got, len(reasons))
				}
			})
		})
	}
}

func TestDisconnectReasons(t *testing.T) {
	for want, leave := range map[string]func(p *place, line hanger){
		"client namespace disconnect": func(_ *place, line hanger) { line.Send("41") },
		"transport close":             func(_ *place, line hanger) { line.Hangup() },
		"ping timeout":                func(*place, hanger) { time.Sleep(time.Minute) },
		"unknown packet type":         func(_ *place, line hanger) { line.Send("4x") },
		"server shutting down": func(p *place, line hanger) {
			go line.Closed()
			if err := p.server.Close(context.Background()); err != nil {
				panic(err)
			}
		},
	} {
		t.Run(want, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				reasons := make(chan string, 2)
				p := hall(t, socketio.Config{}, func(s *socketio.Socket) {
					s.OnDisconnect(func(reason string) { reasons <- reason })
				})
				leave(p, p.joined(t))
				if got := <-reasons; got != want {
					t.Errorf("reason: got %q, want %q", got, want)
				}
			})
		})
	}
}

type hanger interface {
	Send(...string)
	Hangup()
	Closed() (engine.Code, string)
}

// A panic in a handler costs its own connection only, and is logged.
func TestPanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := open(t, socketio.Config{})
		gone := make(chan string, 1)
		p.server.Of("/").OnConnect(func(s *socketio.Socket, auth json.RawMessage) error {
			if string(auth) != "{}" {
				panic("while connecting")
			}
			s.OnDisconnect(func(reason string) { gone <- reason; panic("while leaving") })
			s.On("panic", func(*socketio.Event) { panic("while handling") })
			s.On("say", func(e *socketio.Event) { _ = e.Ack() })
			return nil
		})
		bystander, handling, connecting := p.joined(t), p.joined(t), p.line()
		handling.Send(`42["panic"]`)
		connecting.Send(`40{"token":1}`)
		for name, line := range map[string]hanger{"handling": handling, "connecting": connecting} {
			if code, reason := line.Closed(); code != engine.Internal || reason != "internal error" {
				t.Errorf("%s: closed with %d %q, want 1011", name, code, reason)
			}
		}
		if got := <-gone; got != "internal error" {
			t.Errorf("reason: got %q", got)
		}
		bystander.Send(`421["say"]`)
		bystander.Expect("431[]")
		if got := p.server.Of("/").Len(); got != 1 {
			t.Errorf("sockets: got %d, want the bystander only", got)
		}
	})
}

// Close leaves a handler behind that does not return, and says so.
func TestCloseWithStuckHandler(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stuck := make(chan struct{})
		p := hall(t, socketio.Config{}, func(s *socketio.Socket) {
			s.On("wait", func(*socketio.Event) { <-stuck })
		})
		line := p.joined(t)
		line.Send(`42["wait"]`)
		synctest.Wait()
		go line.Closed()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := p.server.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("close: got %v, want deadline exceeded", err)
		}
		close(stuck)
	})
}

// is reports whether a value is the error that is wanted.
func is(got any, want error) bool {
	err, ok := got.(error)
	return ok && errors.Is(err, want)
}
