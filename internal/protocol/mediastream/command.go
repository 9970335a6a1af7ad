package mediastream

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
)

// CommandDecoder reads the server's messages of one socket as Twilio does:
// strictly. What it refuses, Twilio ignores with warning 31951. It is used by
// one goroutine.
type CommandDecoder struct {
	payload   []byte
	streamSid string
	scan      scanner
	seen      uint8
	c         Command
}

// Decode reads one frame; Command.Payload lives until the next Decode.
func (d *CommandDecoder) Decode(frame []byte) (Command, error) {
	if c, ok := d.quick(frame); ok {
		return c, nil
	}
	return d.slow(frame)
}

func (d *CommandDecoder) quick(frame []byte) (Command, bool) {
	d.scan, d.seen = scanner{b: frame}, 0
	d.c = Command{Event: EventMedia}
	s := &d.scan
	if !s.byte('{') {
		return Command{}, false
	}
	for {
		key, ok := s.text()
		if !ok || !s.byte(':') || !d.key(key) {
			return Command{}, false
		}
		if !s.byte(',') {
			break
		}
	}
	const needed = sawEvent | sawStream | sawMedia
	return d.c, s.byte('}') && s.atEnd() && d.seen == needed && d.c.StreamSid != "" && len(d.c.Payload) > 0
}

func (d *CommandDecoder) key(key []byte) bool {
	switch string(key) {
	case "event":
		v, ok := d.scan.text()
		return ok && string(v) == string(EventMedia) && d.once(sawEvent)
	case "streamSid":
		v, ok := d.scan.text()
		d.streamSid = intern(d.streamSid, v)
		d.c.StreamSid = d.streamSid
		return ok && d.once(sawStream)
	case "media":
		return d.once(sawMedia) && d.media()
	}
	return false
}

func (d *CommandDecoder) once(key uint8) bool {
	first := d.seen&key == 0
	d.seen |= key
	return first
}

// media reads {"payload":"..."}, the only form there is.
func (d *CommandDecoder) media() bool {
	s := &d.scan
	if !s.byte('{') {
		return false
	}
	key, ok := s.text()
	if !ok || string(key) != "payload" || !s.byte(':') {
		return false
	}
	text, ok := s.text()
	if !ok || !s.byte('}') {
		return false
	}
	d.payload, ok = unpack(d.payload, text)
	d.c.Payload = d.payload
	return ok
}

// The exact forms of "Messages sent to Twilio": a missing or an extra field is
// against the protocol (error 31951).
type (
	wireEvent struct {
		Event Event `json:"event"`
	}
	wireMediaCommand struct {
		Event     Event  `json:"event"`
		StreamSid string `json:"streamSid"`
		Media     struct {
			Payload string `json:"payload"`
		} `json:"media"`
	}
	wireMarkCommand struct {
		Event     Event  `json:"event"`
		StreamSid string `json:"streamSid"`
		Mark      struct {
			Name string `json:"name"`
		} `json:"mark"`
	}
	wireClearCommand struct {
		Event     Event  `json:"event"`
		StreamSid string `json:"streamSid"`
	}
)

func (d *CommandDecoder) slow(frame []byte) (Command, error) {
	var w wireEvent
	if err := json.Unmarshal(frame, &w); err != nil {
		return Command{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	c, err := d.parse(w.Event, frame)
	if err != nil {
		return Command{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if c.StreamSid == "" {
		return Command{}, fmt.Errorf("%w: no streamSid", ErrMalformed)
	}
	return c, nil
}

func (d *CommandDecoder) parse(event Event, frame []byte) (Command, error) {
	switch event {
	case EventMedia:
		return d.parseMedia(frame)
	case EventMark:
		return parseMark(frame)
	case EventClear:
		var w wireClearCommand
		err := strict(frame, &w)
		return Command{Event: event, StreamSid: w.StreamSid}, err
	}
	return Command{}, fmt.Errorf("event %q", event)
}

func (d *CommandDecoder) parseMedia(frame []byte) (Command, error) {
	var w wireMediaCommand
	if err := strict(frame, &w); err != nil {
		return Command{}, err
	}
	var ok bool
	if d.payload, ok = unpack(d.payload, []byte(w.Media.Payload)); !ok || len(d.payload) == 0 {
		return Command{}, fmt.Errorf("media without base64 payload")
	}
	return Command{Event: EventMedia, StreamSid: w.StreamSid, Payload: d.payload}, nil
}

func parseMark(frame []byte) (Command, error) {
	var w wireMarkCommand
	if err := strict(frame, &w); err != nil {
		return Command{}, err
	}
	if w.Mark.Name == "" {
		return Command{}, fmt.Errorf("mark without a name")
	}
	return Command{Event: EventMark, StreamSid: w.StreamSid, Mark: w.Mark.Name}, nil
}

func strict(frame []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(frame))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return fmt.Errorf("more than one object")
	}
	return nil
}
