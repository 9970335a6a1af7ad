package socketio_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"softphone/internal/protocol/socketio"
	"softphone/internal/protocol/socketio/engine"
)

// The clauses are those of "Socket.IO Protocol", version 5.

// suite makes a server with the behaviour the sample sessions of the protocol need.
func suite(t *testing.T) *place {
	p := open(t, socketio.Config{})
	p.server.Of("/").OnConnect(func(s *socketio.Socket, auth json.RawMessage) error {
		s.On("say", func(e *socketio.Event) {
			if err := s.Emit("said", e.Echo()...); err != nil {
				t.Errorf("emit: %v", err)
			}
		})
		s.On("ask", func(e *socketio.Event) {
			if err := e.Ack(e.Echo()...); err != nil {
				t.Errorf("ack: %v", err)
			}
		})
		return nil
	})
	p.server.Of("/admin").OnConnect(func(s *socketio.Socket, auth json.RawMessage) error {
		s.On("ask", func(e *socketio.Event) {
			if err := e.Ack("admin"); err != nil {
				t.Errorf("ack: %v", err)
			}
		})
		return s.Emit("auth", auth)
	})
	p.server.Of("/closed").OnConnect(func(*socketio.Socket, json.RawMessage) error {
		return socketio.Refuse("Not authorized", map[string]any{"code": "unauthorized"})
	})
	p.server.Of("/shut").OnConnect(func(*socketio.Socket, json.RawMessage) error {
		return &socketio.Refusal{Message: "Not authorized"}
	})
	p.server.Of("/broken").OnConnect(func(*socketio.Socket, json.RawMessage) error {
		return errors.New("dial tcp 10.0.0.7: secret detail")
	})
	p.server.Of("/left at once").OnConnect(func(s *socketio.Socket, _ json.RawMessage) error {
		s.Disconnect("not today")
		return nil
	})
	return p
}

// "Connection to a namespace".
func TestConnect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := suite(t)
		line := p.line()
		line.Send("40")
		first := sidOf(t, line.Next(), "40")
		for _, test := range []struct{ text, auth string }{
			{"40/admin,", `{}`},
			{"40/admin", `{}`}, // the comma may be missing at the end
			{`40/admin,{"token":"123"}`, `{"token":"123"}`},
		} {
			line.Send(test.text)
			second := sidOf(t, line.Next(), "40/admin,")
			line.Expect(`42/admin,["auth",` + test.auth + `]`)
			if first == second {
				t.Errorf("two sockets have the id %s", first)
			}
			if got := p.server.Of("/admin").Socket(second); got == nil || got.ID() != second {
				t.Errorf("socket of %s: got %v", second, got)
			}
			line.Send("41/admin,")
			synctest.Wait()
		}
	})
}

func TestRefusals(t *testing.T) {
	for ask, want := range map[string]string{
		"40/random":           `44/random,{"message":"Invalid namespace"}`,
		"40/random,{}":        `44/random,{"message":"Invalid namespace"}`,
		"40/closed,":          `44/closed,{"message":"Not authorized","data":{"code":"unauthorized"}}`,
		"40/shut,{\"a\":1}":   `44/shut,{"message":"Not authorized"}`,
		"40/broken,":          `44/broken,{"message":"Internal error"}`,
		"40/left at once,":    `44/left at once,{"message":"not today"}`,
		"40/admin?token=123,": `44/admin?token=123,{"message":"Invalid namespace"}`,
	} {
		synctest.Test(t, func(t *testing.T) {
			p := suite(t)
			line := p.joined(t)
			line.Send(ask)
			line.Expect(want)
			line.Send(ask, `42["say","still here"]`) // a refused client may ask again
			line.Expect(want, `42["said","still here"]`)
		})
	}
}

// "If the server does not receive a CONNECT packet first, then it MUST close the connection
// immediately." The same holds for each namespace.
func TestNotConnected(t *testing.T) {
	for _, test := range []struct {
		name string
		text string
		join bool
	}{
		{"event first", `42["say"]`, false},
		{"disconnect first", "41", false},
		{"unknown type first", "4abc", false},
		{"event in another namespace", `42/admin,["say"]`, true},
		{"connect twice", "40", true},
		{"refusal from the client", `44{"message":"no"}`, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := suite(t)
				line := p.line()
				if test.join {
					line.Send("40")
					line.Next()
				}
				line.Send(test.text)
				if code, _ := line.Closed(); code != engine.ProtocolError {
					t.Errorf("closed with %d, want 1002", code)
				}
			})
		})
	}
}

func TestConnectTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := suite(t)
		began := time.Now()
		quiet, refused, joined := p.line(), p.line(), p.joined(t)
		refused.Send("40/closed,")
		refused.Next()
		for name, line := range map[string]interface {
			Closed() (engine.Code, string)
		}{"quiet": quiet, "refused": refused} {
			if code, reason := line.Closed(); code != engine.Policy || reason != "no namespace joined in time" {
				t.Errorf("%s: closed with %d %q", name, code, reason)
			}
		}
		if waited := time.Since(began); waited != 10*time.Second {
			t.Errorf("closed after %v, want 10s", waited)
		}
		joined.Send(`42["say","hi"]`)
		joined.Expect(`42["said","hi"]`)
	})
}

// A client is not closed while its ConnectHandler still thinks.
func TestSlowAdmission(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := open(t, socketio.Config{})
		p.server.Of("/").OnConnect(func(*socketio.Socket, json.RawMessage) error {
			time.Sleep(15 * time.Second)
			return nil
		})
		line := p.line()
		line.Send("40")
		sidOf(t, line.Next(), "40")
	})
}

// "Sending and receiving data", and "Packet encoding" with its examples.
func TestEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		line := suite(t).joined(t)
		for send, want := range map[string]string{
			`42["say"]`:                         `42["said"]`,
			`42["say",1,"2",{"3":[true]},null]`: `42["said",1,"2",{"3":[true]},null]`,
			`42["say","<b>&amp;</b> \u20ac €"]`: `42["said","<b>&amp;</b> \u20ac €"]`,
			`42["say",1e400]`:                   `42["said",1e400]`, // a number is text to us
			`42["say",{"__proto__":{"x":1}}]`:   `42["said",{"__proto__":{"x":1}}]`,
			"42[\"say\",\n\t1 ]":                `42["said",1]`,
			`4212["ask","bar"]`:                 `4312["bar"]`,
			`420["ask"]`:                        `430[]`,
			`42456["ask",1,"2",{"3":[false]}]`:  `43456[1,"2",{"3":[false]}]`,
			`4218446744073709551615["ask"]`:     `4318446744073709551615[]`,
			`450-["say"]`:                       `42["said"]`, // announced, but none
			`42["say",{"_placeholder":1}]`:      `42["said",{"_placeholder":1}]`,
		} {
			line.Send(send)
			if got := line.NextSpoken(); got != want {
				t.Errorf("%s: got %s, want %s", send, got, want)
			}
		}
		line.Send(`42[7,"a number is a name too"]`, `42["nobody listens"]`, `425["nobody answers"]`, `42["say",1]`)
		line.Expect(`42["said",1]`)
	})
}

// "with binary data": the header, then each attachment as it is.
func TestBinary(t *testing.T) {
	const values = `{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}`
	synctest.Test(t, func(t *testing.T) {
		p := suite(t)
		line := p.joined(t)
		for send, want := range map[string]string{
			`452-["say",` + values + `]`:    `452-["said",` + values + `]`,
			`452-789["ask",` + values + `]`: `462-789[` + values + `]`,
		} {
			line.Send(send)
			line.SendBytes(1, 2, 3)
			line.SendBytes(4, 5, 6)
			line.Expect(want)
			line.ExpectBytes(1, 2, 3)
			line.ExpectBytes(4, 5, 6)
		}
		line.Hangup()

		query := polling + "&sid=" + p.lastOpen(t)
		p.Post(query, "40\x1e451-[\"say\",{\"_placeholder\":true,\"num\":0}]\x1ebAQID")
		synctest.Wait()
		_, got, _ := strings.Cut(p.Get(query).Body, "\x1e")
		if want := "451-[\"said\",{\"_placeholder\":true,\"num\":0}]\x1ebAQID"; got != want {
			t.Errorf("polling: got %q, want %q", got, want)
		}
	})
}

// "Disconnection from a namespace": the others on the connection are not concerned.
func TestDisconnect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := suite(t)
		line := p.joined(t)
		line.Send("40/admin,")
		line.Next()
		line.Next()
		line.Send("41/admin", `42["say","to main"]`)
		line.Expect(`42["said","to main"]`)
		line.Send(`42/admin,["late"]`, `42["say","alive"]`) // it crossed the server's goodbye
		line.Expect(`42["said","alive"]`)
		line.Send("41")
		synctest.Wait()
		if got := p.server.Of("/").Len(); got != 0 {
			t.Errorf("sockets in /: got %d, want 0", got)
		}
		line.Expect("2") // the connection lives on
		line.Send("3", "40")
		sidOf(t, line.Next(), "40")
	})
}

// Packets that close the connection, as "the receiver MUST close the connection".
func TestIllegalPackets(t *testing.T) {
	deep := strings.Repeat("[", 40) + strings.Repeat("]", 40)
	for name, text := range map[string]string{
		"unknown type":                 "4abc",
		"type 7":                       "47",
		"empty":                        "4",
		"payload is an object":         "42{}",
		"payload is missing":           "42",
		"payload is empty":             "42[]",
		"payload is no JSON":           `42["say",]`,
		"payload is cut":               `42["say"`,
		"payload and more":             `42["say"] x`,
		"name is an object":            `42[{"name":"say"}]`,
		"name is null":                 `42[null]`,
		"name is reserved":             `42["disconnect"]`,
		"name is escaped and reserved": `42["\u0063onnect"]`,
		"illegal id":                   `42abc["ask"]`,
		"id out of range":              `4299999999999999999999["ask"]`,
		"answer without id":            `43["x"]`,
		"answer without payload":       "4312",
		"answer is an object":          "4312{}",
		"disconnect with payload":      `41{}`,
		"connect with array":           `40/admin,[]`,
		"connect with text":            `40/admin,"x"`,
		"binary without count":         `45["say"]`,
		"binary without dash":          `451["say"]`,
		"negative count":               `45-1-["say"]`,
		"eleven attachments":           `4511-["say"]`,
		"many attachments":             `4599999-["say"]`,
		"endless attachments":          `4599999999999999999999-["say"]`,
		"long namespace":               "40/" + strings.Repeat("x", 200) + ",",
		"deep payload":                 `42["say",` + deep + `]`,
		"deep and broken":              `42["say",` + strings.Repeat(`{"a":`, 9000),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				line := suite(t).joined(t)
				line.Send(text)
				if code, reason := line.Closed(); code != engine.ProtocolError || reason == "" {
					t.Errorf("%.60s: closed with %d %q, want 1002 and a reason", text, code, reason)
				}
			})
		})
	}
}

func TestIllegalAttachments(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := suite(t)
		unannounced := p.joined(t)
		unannounced.SendBytes(1)
		interrupted := p.joined(t)
		interrupted.Send(`452-["say"]`, `42["say"]`)
		for name, line := range map[string]interface {
			Closed() (engine.Code, string)
		}{"unannounced": unannounced, "interrupted": interrupted} {
			if code, reason := line.Closed(); code != engine.ProtocolError {
				t.Errorf("%s: closed with %d %q, want 1002", name, code, reason)
			}
		}
	})
}

// "Sample session": polling, then the upgrade, then a second namespace.
func TestSampleSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := suite(t)
		query := polling + "&sid=" + p.lastOpen(t)
		p.Post(query, "40")
		sidOf(t, p.Get(query).Body, "40")
		p.Post(query, "42[\"say\",1]\x1e42[\"say\",2]")
		synctest.Wait()
		if got, want := p.Get(query).Body, "42[\"said\",1]\x1e42[\"said\",2]"; got != want {
			t.Errorf("poll: got %q, want %q", got, want)
		}
		line := p.Open(strings.Replace(query, "polling", "websocket", 1))
		line.Send("2probe")
		line.Expect("3probe")
		line.Send("5", `42["say","hello"]`, "40/admin,")
		line.Expect(`42["said","hello"]`)
		sidOf(t, line.Next(), "40/admin,")
		line.Expect(`42/admin,["auth",{}]`)
		line.Send(`42/admin,1["ask"]`)
		line.Expect(`43/admin,1["admin"]`)
		line.Send("1")
		line.Closed()
		synctest.Wait()
		if got := p.server.Of("/").Len() + p.server.Of("/admin").Len(); got != 0 {
			t.Errorf("sockets left: got %d, want 0", got)
		}
	})
}

// lastOpen opens a polling session and returns its id.
func (p *place) lastOpen(t *testing.T) string {
	t.Helper()
	var greeting struct{ SID string }
	if err := json.Unmarshal([]byte(p.Get(polling).Body[1:]), &greeting); err != nil {
		t.Fatal(err)
	}
	return greeting.SID
}
