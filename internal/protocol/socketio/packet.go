package socketio

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"softphone/internal/protocol/socketio/engine"
)

// Type is the first character of a packet ("Exchange protocol", list of packet types).
type Type byte

// The seven packet types of the protocol.
const (
	Connect      Type = '0'
	Disconnect   Type = '1'
	EventPacket  Type = '2'
	AckPacket    Type = '3'
	ConnectError Type = '4'
	BinaryEvent  Type = '5'
	BinaryAck    Type = '6'
)

func (t Type) binary() bool { return t == BinaryEvent || t == BinaryAck }
func (t Type) ack() bool    { return t == AckPacket || t == BinaryAck }

// Packet is one Socket.IO packet. Binary values are taken out of Data: a placeholder object there
// gives the index of the value in Attachments.
type Packet struct {
	Type        Type
	Namespace   string // "/" is the main one
	ID          uint64 // of the acknowledgement, when HasID
	HasID       bool
	Data        json.RawMessage // nil when there is none
	Attachments [][]byte

	announced int // attachments the header promised
}

// The ways a received packet can be wrong. A connection that sends one is closed.
var (
	ErrPacketType  = errors.New("unknown packet type")
	ErrAttachments = errors.New("illegal attachments")
	ErrNamespace   = errors.New("illegal namespace")
	ErrAckID       = errors.New("illegal acknowledgement id")
	ErrPayload     = errors.New("illegal payload")
	ErrTooDeep     = errors.New("payload nested too deeply")
	ErrUnexpected  = errors.New("text packet before the attachments of the last one")
	ErrUnannounced = errors.New("binary packet that was not announced")
)

// maxNamespace bounds a namespace's name, which is kept for as long as the connection lasts.
const maxNamespace = 128

// ParsePacket reads the text of a packet ("Packet encoding", "Format"):
//
//	<type>[<attachments>-][<namespace>,][<acknowledgement id>][<JSON>]
//
// Data aliases text. Attachments follow in messages of their own; see Decoder.
func ParsePacket(text []byte) (Packet, error) {
	if len(text) == 0 || text[0] < byte(Connect) || text[0] > byte(BinaryAck) {
		return Packet{}, ErrPacketType
	}
	p := Packet{Type: Type(text[0])}
	rest, err := p.takeAttachments(text[1:])
	if err != nil {
		return Packet{}, err
	}
	if rest, err = p.takeNamespace(rest); err != nil {
		return Packet{}, err
	}
	if rest, err = p.takeID(rest); err != nil {
		return Packet{}, err
	}
	if len(rest) > 0 {
		p.Data = rest
	}
	return p, p.check()
}

func (p *Packet) takeAttachments(text []byte) ([]byte, error) {
	if !p.Type.binary() {
		return text, nil
	}
	digits, rest := takeDigits(text)
	count, err := strconv.ParseUint(string(digits), 10, 16)
	if err != nil || len(rest) == 0 || rest[0] != '-' {
		return nil, ErrAttachments
	}
	p.announced = int(count)
	return rest[1:], nil
}

func (p *Packet) takeNamespace(text []byte) ([]byte, error) {
	p.Namespace = "/"
	if len(text) == 0 || text[0] != '/' {
		return text, nil
	}
	name, rest, _ := bytes.Cut(text, []byte(",")) // the comma may be missing at the very end
	if len(name) > maxNamespace {
		return nil, ErrNamespace
	}
	p.Namespace = string(name)
	return rest, nil
}

func (p *Packet) takeID(text []byte) ([]byte, error) {
	digits, rest := takeDigits(text)
	if len(digits) == 0 {
		return text, nil
	}
	id, err := strconv.ParseUint(string(digits), 10, 64)
	if err != nil {
		return nil, ErrAckID
	}
	p.ID, p.HasID = id, true
	return rest, nil
}

func takeDigits(text []byte) (digits, rest []byte) {
	n := 0
	for n < len(text) && text[n] >= '0' && text[n] <= '9' {
		n++
	}
	return text[:n], text[n:]
}

// check looks at the payload as far as each type of packet prescribes it.
func (p *Packet) check() error {
	ok := false
	switch {
	case p.Type == Connect:
		ok = p.Data == nil || p.Data[0] == '{'
	case p.Type == Disconnect:
		ok = p.Data == nil
	case p.Type == ConnectError:
		ok = p.Data != nil
	case p.Type.ack() && !p.HasID:
		return ErrAckID
	default:
		ok = p.Data != nil && p.Data[0] == '['
	}
	if !ok || p.Data != nil && !json.Valid(p.Data) {
		return ErrPayload
	}
	return nil
}

// AppendText appends the text of a packet.
func (p Packet) AppendText(dst []byte) []byte {
	dst = append(dst, byte(p.Type))
	if p.Type.binary() {
		dst = strconv.AppendInt(dst, int64(len(p.Attachments)), 10)
		dst = append(dst, '-')
	}
	if p.Namespace != "/" {
		dst = append(dst, p.Namespace...)
		dst = append(dst, ',')
	}
	if p.HasID {
		dst = strconv.AppendUint(dst, p.ID, 10)
	}
	return append(dst, p.Data...)
}

// Frames encodes a packet as the engine sends it: its text, then each attachment.
func (p Packet) Frames() []engine.Frame {
	text := make([]byte, 0, len(p.Data)+len(p.Namespace)+32)
	text = p.AppendText(append(text, byte(engine.Message)))
	frames := make([]engine.Frame, 0, 1+len(p.Attachments))
	frames = append(frames, engine.Frame{Data: text})
	for _, attachment := range p.Attachments {
		frames = append(frames, engine.BinaryFrame(attachment))
	}
	return frames
}

// Decoder joins the messages of one connection into packets. Its limits are set before use.
type Decoder struct {
	MaxAttachments int
	MaxDepth       int

	unfinished *Packet
}

// Unfinished tells whether attachments are still to come.
func (d *Decoder) Unfinished() bool { return d.unfinished != nil }

// Add takes the next message and returns the packet it completes, or nil.
func (d *Decoder) Add(data []byte, binary bool) (*Packet, error) {
	if binary {
		return d.attach(data)
	}
	if d.unfinished != nil {
		return nil, ErrUnexpected
	}
	if tooDeep(data, d.MaxDepth) {
		return nil, ErrTooDeep
	}
	packet, err := ParsePacket(data)
	if err != nil {
		return nil, err
	}
	if packet.announced > d.MaxAttachments {
		return nil, fmt.Errorf("%w: %d", ErrAttachments, packet.announced)
	}
	if packet.announced > 0 {
		d.unfinished = &packet
		return nil, nil
	}
	return &packet, nil
}

func (d *Decoder) attach(data []byte) (*Packet, error) {
	packet := d.unfinished
	if packet == nil {
		return nil, ErrUnannounced
	}
	packet.Attachments = append(packet.Attachments, data)
	if len(packet.Attachments) < packet.announced {
		return nil, nil
	}
	d.unfinished = nil
	return packet, nil
}

// tooDeep is asked before any JSON is parsed: the parser recurses, and would do so 10,000 deep.
func tooDeep(text []byte, limit int) bool {
	depth, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '[' || c == '{':
			if depth++; depth > limit {
				return true
			}
		case c == ']' || c == '}':
			depth--
		}
	}
	return false
}
