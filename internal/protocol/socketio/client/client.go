// Package client is a Socket.IO client in Go for one namespace, over a WebSocket from the start.
//
// A Client is set up with On, then connected once; it does not reconnect, because who uses it
// wants to see the line break. Handlers run in order, one at a time, beside the reader, so that a
// handler may wait for an acknowledgement.
// One rule: after Connect has returned nil, Done tells when the line is gone and Err why.
package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"

	"github.com/coder/websocket"

	"softphone/internal/protocol/socketio"
	"softphone/internal/protocol/socketio/engine"
)

// maxWaiting bounds the events that wait for a handler; the client that is further behind closes.
const maxWaiting = 4096

// maxMessage is the longest message the client reads.
const maxMessage = 4 << 20

// The ways a connection ends, besides an error of the network.
var (
	ErrClosed       = errors.New("socket.io: closed by us")
	ErrDisconnected = errors.New("socket.io: disconnected by the server")
	ErrBehind       = errors.New("socket.io: handlers do not keep up")
	ErrProtocol     = errors.New("socket.io: protocol error")
)

// Client is one socket in one namespace. The exported fields are set before Connect.
type Client struct {
	// URL is the address of the server with its path ("http://127.0.0.1:3000/socket.io/").
	URL string
	// Namespace is the namespace to join ("/voice"). Default "/".
	Namespace string
	// Header is sent with the WebSocket handshake.
	Header http.Header
	// HTTP makes the connection. Default http.DefaultClient.
	HTTP *http.Client

	socket   *websocket.Conn
	decoder  socketio.Decoder
	admitted chan struct{}
	sid      string
	inbox    chan event

	sending sync.Mutex // a packet and its attachments go side by side

	mu       sync.Mutex
	handlers map[string]func(json.RawMessage)
	lastAck  uint64
	acks     map[uint64]chan json.RawMessage
	err      error
	done     chan struct{} // the line is gone
	running  sync.WaitGroup
}

type event struct {
	handler func(json.RawMessage)
	payload json.RawMessage
}

// New makes a client for a namespace of a server.
func New(url, namespace string) *Client { return &Client{URL: url, Namespace: namespace} }

// On sets the handler of an event, which is given the first argument. Set it before Connect: the
// server's first event may come right behind the admission.
func (c *Client) On(event string, handler func(payload json.RawMessage)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.handlers == nil {
		c.handlers = make(map[string]func(json.RawMessage))
	}
	c.handlers[event] = handler
}

// Connect opens the connection and joins the namespace with auth, which must encode to an object
// or be nil. A server that refuses gives a *socketio.Refusal.
func (c *Client) Connect(ctx context.Context, auth any) error {
	if err := c.open(ctx); err != nil {
		return err
	}
	c.running.Go(c.read)
	c.running.Go(c.handle)
	if err := c.join(ctx, auth); err != nil {
		c.end(err)
		c.running.Wait()
		return err
	}
	return nil
}

func (c *Client) open(ctx context.Context) error {
	address, err := c.address()
	if err != nil {
		return err
	}
	c.socket, _, err = websocket.Dial(ctx, address, &websocket.DialOptions{HTTPClient: c.HTTP, HTTPHeader: c.Header})
	if err != nil {
		return fmt.Errorf("open %s: %w", address, err)
	}
	c.socket.SetReadLimit(maxMessage)
	c.decoder = socketio.Decoder{MaxAttachments: 64, MaxDepth: 256}
	c.admitted = make(chan struct{})
	c.done = make(chan struct{})
	c.inbox = make(chan event, maxWaiting)
	c.acks = make(map[uint64]chan json.RawMessage)
	return nil
}

func (c *Client) address() (string, error) {
	if c.Namespace == "" {
		c.Namespace = "/"
	}
	address, err := url.Parse(c.URL)
	if err != nil {
		return "", fmt.Errorf("address of the server: %w", err)
	}
	query := address.Query()
	query.Set("EIO", "4")
	query.Set("transport", "websocket")
	address.RawQuery = query.Encode()
	return address.String(), nil
}

// join asks for the namespace and waits for the answer ("Connection to a namespace").
func (c *Client) join(ctx context.Context, auth any) error {
	packet := socketio.Packet{Type: socketio.Connect, Namespace: c.Namespace}
	if auth != nil {
		data, err := json.Marshal(auth)
		if err != nil {
			return fmt.Errorf("encode auth: %w", err)
		}
		packet.Data = data
	}
	if err := c.send(ctx, packet); err != nil {
		return err
	}
	select {
	case <-c.admitted:
		return nil
	case <-c.done:
		return c.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// ID returns the id the server gave this socket.
func (c *Client) ID() string { return c.sid }

// Done is closed when the line is gone. It is nil before Connect.
func (c *Client) Done() <-chan struct{} { return c.done }

// Err tells why the line is gone, nil while it is not.
func (c *Client) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// Close leaves the namespace, closes the connection and waits until the handlers have returned.
// It must not be called from a handler.
func (c *Client) Close() error {
	leave := socketio.Packet{Type: socketio.Disconnect, Namespace: c.Namespace}
	// When the line is gone there is nobody to tell.
	_ = c.send(context.Background(), leave)
	c.end(ErrClosed)
	c.running.Wait()
	return nil
}

// end records why the line is gone; the first reason counts.
func (c *Client) end(reason error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return
	}
	c.err = reason
	close(c.done)
	c.running.Go(func() { _ = c.socket.Close(engine.Normal, "") })
}
