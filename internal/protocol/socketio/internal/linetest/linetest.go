// Package linetest lets tests of Socket.IO speak to a server over connections that exist in memory
// only. Inside a synctest bubble time then passes when everybody waits, so that a test may speak
// about heartbeats and time-outs without waiting for one.
//
// A Place is the server's address. It owns the server and closes it with the test.
// One rule: a reader that does not read holds the writer up at once, as net.Pipe has no buffer.
package linetest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// Place is a server that listens in memory.
type Place struct {
	t      testing.TB
	calls  chan net.Conn
	closed chan struct{}
	once   sync.Once

	// Path is the path requests go to.
	Path string
	// Client reaches the server under any host name.
	Client *http.Client
}

// Serve starts a server under a path.
func Serve(t testing.TB, path string, handler http.Handler) *Place {
	t.Helper()
	p := &Place{t: t, Path: path, calls: make(chan net.Conn), closed: make(chan struct{})}
	transport := &http.Transport{DialContext: p.dial}
	p.Client = &http.Client{Transport: transport}
	server := &http.Server{Handler: handler}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := server.Serve(p); !errors.Is(err, http.ErrServerClosed) {
			t.Errorf("serve: %v", err)
		}
	}()
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		if err := server.Close(); err != nil {
			t.Errorf("close server: %v", err)
		}
		<-done
		time.Sleep(time.Second) // net/http lingers half a second on a connection it closed early
	})
	return p
}

func (p *Place) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case p.calls <- theirs:
		return ours, nil
	case <-p.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Accept implements net.Listener.
func (p *Place) Accept() (net.Conn, error) {
	select {
	case conn := <-p.calls:
		return conn, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (p *Place) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

// Addr implements net.Listener.
func (p *Place) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 3000} }

// URL returns the address with a query.
func (p *Place) URL(query string) string { return "http://desk.test" + p.Path + "?" + query }

// Answer is what an HTTP request came back with.
type Answer struct {
	Status int
	Body   string
	Header http.Header
}

// Request makes one HTTP request. Header is given as names and values in turn.
func (p *Place) Request(ctx context.Context, method, query, body string, header ...string) (Answer, error) {
	r, err := http.NewRequestWithContext(ctx, method, p.URL(query), strings.NewReader(body))
	if err != nil {
		return Answer{}, err
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	response, err := p.Client.Do(r)
	if err != nil {
		return Answer{}, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return Answer{Status: response.StatusCode, Body: string(text), Header: response.Header}, err
}

// Do makes one HTTP request that must be answered.
func (p *Place) Do(method, query, body string, header ...string) Answer {
	p.t.Helper()
	answer, err := p.Request(context.Background(), method, query, body, header...)
	if err != nil {
		p.t.Fatalf("%s %s: %v", method, query, err)
	}
	return answer
}

// Get makes a GET request.
func (p *Place) Get(query string) Answer { p.t.Helper(); return p.Do(http.MethodGet, query, "") }

// Post makes a POST request.
func (p *Place) Post(query, body string) Answer {
	p.t.Helper()
	return p.Do(http.MethodPost, query, body)
}

// Later makes a GET request in the background.
func (p *Place) Later(query string) <-chan Answer {
	answers := make(chan Answer, 1)
	go func() {
		answer, err := p.Request(context.Background(), http.MethodGet, query, "")
		if err != nil {
			answer.Body = err.Error()
		}
		answers <- answer
	}()
	return answers
}

// Line is the client's end of a WebSocket.
type Line struct {
	t      testing.TB
	socket *websocket.Conn
}

// Dial opens a WebSocket and returns the HTTP answer when that fails.
func (p *Place) Dial(query string, header ...string) (*Line, Answer, error) {
	headers := http.Header{}
	for i := 0; i+1 < len(header); i += 2 {
		headers.Set(header[i], header[i+1])
	}
	socket, response, err := websocket.Dial(context.Background(), p.URL(query), &websocket.DialOptions{HTTPClient: p.Client, HTTPHeader: headers})
	if err != nil {
		answer := Answer{}
		if response != nil {
			answer.Status = response.StatusCode
		}
		return nil, answer, err
	}
	socket.SetReadLimit(8 << 20)
	p.t.Cleanup(func() { _ = socket.CloseNow() })
	return &Line{t: p.t, socket: socket}, Answer{Status: http.StatusSwitchingProtocols}, nil
}

// Open opens a WebSocket that must be accepted.
func (p *Place) Open(query string) *Line {
	p.t.Helper()
	line, _, err := p.Dial(query)
	if err != nil {
		p.t.Fatalf("open WebSocket %s: %v", query, err)
	}
	return line
}

// Send sends text.
func (l *Line) Send(texts ...string) {
	l.t.Helper()
	for _, text := range texts {
		if err := l.socket.Write(context.Background(), websocket.MessageText, []byte(text)); err != nil {
			l.t.Fatalf("send %.60q: %v", text, err)
		}
	}
}

// Try sends text and returns the error, for a peer that may close at any moment.
func (l *Line) Try(text string) error {
	return l.socket.Write(context.Background(), websocket.MessageText, []byte(text))
}

// SendBytes sends a binary message.
func (l *Line) SendBytes(data ...byte) {
	l.t.Helper()
	if err := l.socket.Write(context.Background(), websocket.MessageBinary, data); err != nil {
		l.t.Fatalf("send %d bytes: %v", len(data), err)
	}
}

// Next returns the next message as text.
func (l *Line) Next() string {
	l.t.Helper()
	_, data, err := l.read()
	if err != nil {
		l.t.Fatalf("read: %v", err)
	}
	return string(data)
}

// NextSpoken returns the next message that is no ping, and answers those.
func (l *Line) NextSpoken() string {
	l.t.Helper()
	for {
		text := l.Next()
		if text != "2" {
			return text
		}
		l.Send("3")
	}
}

// Expect fails unless the next messages are these.
func (l *Line) Expect(texts ...string) {
	l.t.Helper()
	for _, want := range texts {
		if got := l.Next(); got != want {
			l.t.Fatalf("message: got %.200q, want %.200q", got, want)
		}
	}
}

// ExpectBytes fails unless the next message is binary and these bytes.
func (l *Line) ExpectBytes(want ...byte) {
	l.t.Helper()
	kind, got, err := l.read()
	if err != nil || kind != websocket.MessageBinary || !bytes.Equal(got, want) {
		l.t.Fatalf("message: got %v %v %v, want bytes %v", kind, got, err, want)
	}
}

// Closed reads until the server closes, and returns its status and reason; status -1 means that
// the connection was cut without a word.
func (l *Line) Closed() (websocket.StatusCode, string) {
	l.t.Helper()
	for {
		_, _, err := l.read()
		var closed websocket.CloseError
		switch {
		case err == nil:
		case errors.As(err, &closed):
			return closed.Code, closed.Reason
		case errors.Is(err, context.DeadlineExceeded):
			l.t.Fatal("not closed within five minutes")
		default:
			return -1, ""
		}
	}
}

// Hangup closes the connection without a word.
func (l *Line) Hangup() { _ = l.socket.CloseNow() }

func (l *Line) read() (websocket.MessageType, []byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	return l.socket.Read(ctx)
}
