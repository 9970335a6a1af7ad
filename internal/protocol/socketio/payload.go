package socketio

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"softphone/internal/protocol/socketio/engine"
)

// Binary is an argument that travels as an attachment. A plain []byte travels as base64 in JSON.
type Binary []byte

// placeholder stands in the JSON where a binary value was ("Packet encoding", "with binary data").
type placeholder struct {
	Placeholder bool `json:"_placeholder"`
	Num         int  `json:"num"`
}

// ErrNotBinary is returned for an argument that is no binary value.
var ErrNotBinary = errors.New("argument is not binary")

// ErrNoArgument is returned for an argument that was not sent.
var ErrNoArgument = errors.New("no such argument")

// Arguments are the values of an event or of an acknowledgement.
type Arguments struct {
	JSON        []json.RawMessage
	Attachments [][]byte
}

// Len returns the number of arguments.
func (a Arguments) Len() int { return len(a.JSON) }

// Decode reads the argument with index i into the value that into points to.
func (a Arguments) Decode(i int, into any) error {
	if i < 0 || i >= len(a.JSON) {
		return fmt.Errorf("%w: %d of %d", ErrNoArgument, i, len(a.JSON))
	}
	return json.Unmarshal(a.JSON[i], into)
}

// Bytes returns the binary value with index i.
func (a Arguments) Bytes(i int) ([]byte, error) {
	var at placeholder
	if err := a.Decode(i, &at); err != nil {
		return nil, err
	}
	if !at.Placeholder || at.Num < 0 || at.Num >= len(a.Attachments) {
		return nil, ErrNotBinary
	}
	return a.Attachments[at.Num], nil
}

// Echo returns the arguments as they can be emitted again.
func (a Arguments) Echo() []any {
	values := make([]any, a.Len())
	for i := range values {
		values[i] = a.JSON[i]
		if data, err := a.Bytes(i); err == nil {
			values[i] = Binary(data)
		}
	}
	return values
}

// reserved names are those the client library keeps for itself (socket.io-parser, RESERVED_EVENTS).
var reserved = []string{"connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"}

// splitEvent takes the payload of an event apart ("Sending and receiving data": "MUST be a
// non-empty array"). A number as name is allowed by the reference parser, and becomes its text.
func splitEvent(data json.RawMessage) (name string, args []json.RawMessage, err error) {
	if err := json.Unmarshal(data, &args); err != nil || len(args) == 0 {
		return "", nil, ErrPayload
	}
	switch first := args[0][0]; {
	case first == '"':
		if err := json.Unmarshal(args[0], &name); err != nil || slices.Contains(reserved, name) {
			return "", nil, ErrPayload
		}
	case first == '-' || first >= '0' && first <= '9':
		name = string(args[0])
	default:
		return "", nil, ErrPayload
	}
	return name, args[1:], nil
}

// encodeArgs makes the JSON array of some values and takes the binary ones out.
func encodeArgs(values []any) (json.RawMessage, [][]byte, error) {
	var attachments [][]byte
	plain := make([]any, len(values))
	for i, value := range values {
		if data, ok := value.(Binary); ok {
			value = placeholder{Placeholder: true, Num: len(attachments)}
			attachments = append(attachments, data)
		}
		plain[i] = value
	}
	data, err := encodeJSON(plain)
	return data, attachments, err
}

// encodeJSON is json.Marshal without the escaping of <, > and &, which is for HTML.
func encodeJSON(value any) (json.RawMessage, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(text.Bytes(), []byte("\n")), nil
}

// EventOf makes the packet of an event.
func EventOf(namespace, event string, args ...any) (Packet, error) {
	data, attachments, err := encodeArgs(append([]any{event}, args...))
	if err != nil {
		return Packet{}, fmt.Errorf("encode event %s: %w", event, err)
	}
	p := Packet{Type: EventPacket, Namespace: namespace, Data: data, Attachments: attachments}
	if len(attachments) > 0 {
		p.Type = BinaryEvent
	}
	return p, nil
}

// AckOf makes the packet that answers the event with an id.
func AckOf(namespace string, id uint64, args ...any) (Packet, error) {
	data, attachments, err := encodeArgs(args)
	if err != nil {
		return Packet{}, fmt.Errorf("encode acknowledgement: %w", err)
	}
	p := Packet{Type: AckPacket, Namespace: namespace, ID: id, HasID: true, Data: data, Attachments: attachments}
	if len(attachments) > 0 {
		p.Type = BinaryAck
	}
	return p, nil
}

// Event takes the payload of a received event apart.
func (p Packet) Event() (name string, args Arguments, err error) {
	name, values, err := splitEvent(p.Data)
	return name, Arguments{JSON: values, Attachments: p.Attachments}, err
}

// Arguments takes the payload of a received acknowledgement apart.
func (p Packet) Arguments() (Arguments, error) {
	var values []json.RawMessage
	if err := json.Unmarshal(p.Data, &values); err != nil {
		return Arguments{}, ErrPayload
	}
	return Arguments{JSON: values, Attachments: p.Attachments}, nil
}

// Prepared is an event encoded once, to be sent to any number of sockets of one namespace.
type Prepared struct {
	namespace string
	frames    []engine.Frame
}

func prepare(p Packet) Prepared { return Prepared{namespace: p.Namespace, frames: p.Frames()} }

// size is how many bytes the message adds to the queue of a socket, without the queue's overhead.
func (m Prepared) size() int {
	n := 0
	for _, frame := range m.frames {
		n += len(frame.Data)
	}
	return n
}
