package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/coder/websocket"

	"softphone/internal/protocol/socketio"
	"softphone/internal/protocol/socketio/engine"
)

// Emit sends an event.
func (c *Client) Emit(ctx context.Context, event string, args ...any) error {
	packet, err := socketio.EventOf(c.Namespace, event, args...)
	if err != nil {
		return err
	}
	return c.send(ctx, packet)
}

// EmitAck sends an event and waits for its acknowledgement, of which it returns the first value.
func (c *Client) EmitAck(ctx context.Context, event string, args ...any) (json.RawMessage, error) {
	packet, err := socketio.EventOf(c.Namespace, event, args...)
	if err != nil {
		return nil, err
	}
	id, answer := c.expectAck()
	defer c.forgetAck(id)
	packet.ID, packet.HasID = id, true
	if err := c.send(ctx, packet); err != nil {
		return nil, err
	}
	select {
	case reply := <-answer:
		return reply, nil
	case <-c.done:
		return nil, c.Err()
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for the answer to %s: %w", event, ctx.Err())
	}
}

func (c *Client) expectAck() (uint64, <-chan json.RawMessage) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lastAck++
	answer := make(chan json.RawMessage, 1)
	c.acks[c.lastAck] = answer
	return c.lastAck, answer
}

func (c *Client) forgetAck(id uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.acks, id)
}

// send writes a packet and its attachments. A context that ends while it writes breaks the line.
func (c *Client) send(ctx context.Context, packet socketio.Packet) error {
	c.sending.Lock()
	defer c.sending.Unlock()
	for _, frame := range packet.Frames() {
		kind := websocket.MessageText
		if frame.Binary {
			kind = websocket.MessageBinary
		}
		if err := c.socket.Write(ctx, kind, frame.Data); err != nil {
			return fmt.Errorf("send: %w", err)
		}
	}
	return nil
}

// read takes packets until the line is gone. It is the only one who adds to the inbox.
func (c *Client) read() {
	defer close(c.inbox)
	for {
		kind, data, err := c.socket.Read(context.Background())
		if err != nil {
			c.end(fmt.Errorf("socket.io: line lost: %w", err))
			return
		}
		if err := c.receive(kind == websocket.MessageBinary, data); err != nil {
			c.end(err)
			return
		}
	}
}

// receive handles one Engine.IO packet.
func (c *Client) receive(binary bool, data []byte) error {
	if binary {
		return c.receiveMessage(data, true)
	}
	packet, err := engine.ParseText(data)
	if err != nil {
		return errors.Join(ErrProtocol, err)
	}
	switch packet.Type {
	case engine.Message:
		return c.receiveMessage(packet.Data, false)
	case engine.Ping: // the client answers ("Heartbeat")
		return c.answerPing()
	case engine.Close:
		return ErrDisconnected
	}
	return nil // the open packet tells a WebSocket-only client nothing it needs
}

func (c *Client) answerPing() error {
	pong := engine.TextFrame(engine.Pong, "")
	return c.socket.Write(context.Background(), websocket.MessageText, pong.Data)
}

func (c *Client) receiveMessage(data []byte, binary bool) error {
	packet, err := c.decoder.Add(data, binary)
	if err != nil {
		return errors.Join(ErrProtocol, err)
	}
	if packet == nil || packet.Namespace != c.Namespace {
		return nil
	}
	switch packet.Type {
	case socketio.Connect:
		return c.welcome(packet.Data)
	case socketio.ConnectError:
		return refusal(packet.Data)
	case socketio.Disconnect:
		return ErrDisconnected
	case socketio.AckPacket, socketio.BinaryAck:
		return c.acknowledged(packet)
	default:
		return c.enqueue(packet)
	}
}

func (c *Client) welcome(data json.RawMessage) error {
	var session struct{ SID string }
	if err := json.Unmarshal(data, &session); err != nil || c.sid != "" {
		return ErrProtocol
	}
	c.sid = session.SID
	close(c.admitted)
	return nil
}

func refusal(data json.RawMessage) error {
	refused := new(socketio.Refusal)
	if err := json.Unmarshal(data, refused); err != nil {
		return errors.Join(ErrProtocol, err)
	}
	return refused
}

func (c *Client) acknowledged(packet *socketio.Packet) error {
	args, err := packet.Arguments()
	if err != nil {
		return errors.Join(ErrProtocol, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if answer := c.acks[packet.ID]; answer != nil {
		delete(c.acks, packet.ID)
		answer <- first(args)
	}
	return nil
}

// first is the first argument, null when there is none.
func first(args socketio.Arguments) json.RawMessage {
	if args.Len() == 0 {
		return json.RawMessage("null")
	}
	return args.JSON[0]
}

func (c *Client) enqueue(packet *socketio.Packet) error {
	name, args, err := packet.Event()
	if err != nil {
		return errors.Join(ErrProtocol, err)
	}
	c.mu.Lock()
	handler := c.handlers[name]
	c.mu.Unlock()
	if handler == nil {
		return nil
	}
	select {
	case c.inbox <- event{handler, first(args)}:
		return nil
	default:
		return ErrBehind
	}
}

// handle runs the handlers until the reader has closed the inbox.
func (c *Client) handle() {
	for event := range c.inbox {
		event.handler(event.payload)
	}
}
