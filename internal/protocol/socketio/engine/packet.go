package engine

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"unicode/utf8"
)

// Type is the first character of a text packet ("Protocol", list of packet types).
type Type byte

// The seven packet types of the protocol.
const (
	Open    Type = '0'
	Close   Type = '1'
	Ping    Type = '2'
	Pong    Type = '3'
	Message Type = '4'
	Upgrade Type = '5'
	Noop    Type = '6'
)

// Packet is one packet as it was received. Binary packets are always messages.
type Packet struct {
	Type   Type
	Binary bool
	Data   []byte
}

// separator stands between two packets of a long-polling body
// ("Packet encoding", "HTTP long-polling").
const separator = 0x1e

// binaryPrefix marks a base64 packet of a long-polling body.
const binaryPrefix = 'b'

// maxPacketsPerPayload bounds how many packets one request body may hold. A well-behaved client
// gathers what it emitted during one round trip; thousands of one-byte packets are an attack on
// the allocator, not a conversation.
const maxPacketsPerPayload = 1024

// The ways a received packet can be wrong.
var (
	ErrEmptyPacket    = errors.New("empty packet")
	ErrUnknownType    = errors.New("unknown packet type")
	ErrNotUTF8        = errors.New("text packet is not UTF-8")
	ErrBadBase64      = errors.New("binary packet is not base64")
	ErrTooManyPackets = errors.New("too many packets in one payload")
)

// ParseText reads one text packet, `<packet type>[<data>]`. Data aliases text.
func ParseText(text []byte) (Packet, error) {
	if len(text) == 0 {
		return Packet{}, ErrEmptyPacket
	}
	kind := Type(text[0])
	if kind < Open || kind > Noop {
		return Packet{}, ErrUnknownType
	}
	if !utf8.Valid(text) {
		return Packet{}, ErrNotUTF8
	}
	return Packet{Type: kind, Data: text[1:]}, nil
}

// ParseBinary reads the content of a binary WebSocket frame, which is a message as it is.
func ParseBinary(data []byte) Packet {
	return Packet{Type: Message, Binary: true, Data: data}
}

// ParsePayload splits the body of a long-polling request into its packets.
func ParsePayload(body []byte) ([]Packet, error) {
	if n := bytes.Count(body, []byte{separator}) + 1; n > maxPacketsPerPayload {
		return nil, fmt.Errorf("%w: %d", ErrTooManyPackets, n)
	}
	var packets []Packet
	for part := range bytes.SplitSeq(body, []byte{separator}) {
		packet, err := parsePart(part)
		if err != nil {
			return nil, err
		}
		packets = append(packets, packet)
	}
	return packets, nil
}

func parsePart(part []byte) (Packet, error) {
	if len(part) == 0 || part[0] != binaryPrefix {
		return ParseText(part)
	}
	data, err := base64.StdEncoding.DecodeString(string(part[1:]))
	if err != nil {
		return Packet{}, fmt.Errorf("%w: %w", ErrBadBase64, err)
	}
	return ParseBinary(data), nil
}

// Frame is one outgoing packet in the form a WebSocket carries: text with its type in front, or
// bare bytes. A frame may stand in the queues of a thousand sessions at once: never change it.
type Frame struct {
	Data   []byte
	Binary bool
}

// TextFrame makes the frame of a packet with text data.
func TextFrame(kind Type, data string) Frame {
	text := make([]byte, 0, 1+len(data))
	text = append(text, byte(kind))
	return Frame{Data: append(text, data...)}
}

// BinaryFrame makes the frame of a binary message. Data is kept, not copied.
func BinaryFrame(data []byte) Frame { return Frame{Data: data, Binary: true} }

// AppendPayload appends frames as the body of a long-polling response.
func AppendPayload(dst []byte, frames []Frame) []byte {
	for i, frame := range frames {
		if i > 0 {
			dst = append(dst, separator)
		}
		dst = appendPart(dst, frame)
	}
	return dst
}

func appendPart(dst []byte, frame Frame) []byte {
	if !frame.Binary {
		return append(dst, frame.Data...)
	}
	dst = append(dst, binaryPrefix)
	return base64.StdEncoding.AppendEncode(dst, frame.Data)
}
