package mediastream

import "time"

// Decoder reads Twilio's messages of one socket. It is used by one goroutine.
type Decoder struct {
	payload   []byte
	streamSid string
	track     string
	scan      scanner
	seen      uint8
	m         Message
}

// keys of a media message, each allowed once on the quick way: encoding/json
// has its own idea of repeated ones.
const (
	sawEvent uint8 = 1 << iota
	sawSequence
	sawStream
	sawMedia
	sawTrack
	sawChunk
	sawTimestamp
	sawPayload
)

// Decode reads one frame. What the message borrows (Media.Payload) lives until
// the next Decode. A message of an unknown event is no error.
func (d *Decoder) Decode(frame []byte) (Message, error) {
	if m, ok := d.quick(frame); ok {
		return m, nil
	}
	return d.slow(frame)
}

func (d *Decoder) quick(frame []byte) (Message, bool) {
	d.scan, d.seen = scanner{b: frame}, 0
	d.m = Message{Event: EventMedia}
	if !d.message() || !d.scan.atEnd() {
		return Message{}, false
	}
	const needed = sawEvent | sawMedia | sawPayload
	return d.m, d.seen&needed == needed
}

// once marks a key and says whether it is there for the first time.
func (d *Decoder) once(key uint8) bool {
	first := d.seen&key == 0
	d.seen |= key
	return first
}

// message and media are written out instead of passing closures to a walker:
// a closure that escapes would be an allocation a frame.
func (d *Decoder) message() bool {
	s := &d.scan
	if !s.byte('{') {
		return false
	}
	for {
		key, ok := s.text()
		if !ok || !s.byte(':') || !d.messageKey(key) {
			return false
		}
		if !s.byte(',') {
			return s.byte('}')
		}
	}
}

func (d *Decoder) messageKey(key []byte) bool {
	switch string(key) {
	case "event":
		v, ok := d.scan.text()
		return ok && string(v) == string(EventMedia) && d.once(sawEvent)
	case "sequenceNumber":
		return d.number(&d.m.Sequence) && d.once(sawSequence)
	case "streamSid":
		v, ok := d.scan.text()
		d.streamSid = intern(d.streamSid, v)
		d.m.StreamSid = d.streamSid
		return ok && d.once(sawStream)
	case "media":
		return d.once(sawMedia) && d.media()
	}
	return false
}

func (d *Decoder) media() bool {
	s := &d.scan
	if !s.byte('{') {
		return false
	}
	for {
		key, ok := s.text()
		if !ok || !s.byte(':') || !d.mediaKey(key) {
			return false
		}
		if !s.byte(',') {
			return s.byte('}')
		}
	}
}

func (d *Decoder) mediaKey(key []byte) bool {
	switch string(key) {
	case "track":
		v, ok := d.scan.text()
		d.track = intern(d.track, v)
		d.m.Media.Track = d.track
		return ok && d.once(sawTrack)
	case "chunk":
		return d.number(&d.m.Media.Chunk) && d.once(sawChunk)
	case "timestamp":
		var ms int64
		ok := d.number(&ms) && ms <= maxMillis && d.once(sawTimestamp)
		d.m.Media.At = time.Duration(ms) * time.Millisecond
		return ok
	case "payload":
		return d.once(sawPayload) && d.unpack()
	}
	return false
}

func (d *Decoder) number(into *int64) bool {
	text, ok := d.scan.text()
	if !ok {
		return false
	}
	*into, ok = number(text)
	return ok
}

func (d *Decoder) unpack() bool {
	text, ok := d.scan.text()
	if !ok {
		return false
	}
	d.payload, ok = unpack(d.payload, text)
	d.m.Media.Payload = d.payload
	return ok
}
