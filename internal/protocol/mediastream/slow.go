package mediastream

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// wire is a message as encoding/json sees it.
type wire struct {
	Event     Event      `json:"event"`
	StreamSid string     `json:"streamSid"`
	Sequence  wireNumber `json:"sequenceNumber"`
	Protocol  string     `json:"protocol"`
	Version   string     `json:"version"`
	Start     *wireStart `json:"start"`
	Media     *wireMedia `json:"media"`
	DTMF      struct {
		Digit string `json:"digit"`
	} `json:"dtmf"`
	Mark struct {
		Name string `json:"name"`
	} `json:"mark"`
	Stop *struct {
		AccountSid string `json:"accountSid"`
		CallSid    string `json:"callSid"`
	} `json:"stop"`
}

type wireStart struct {
	AccountSid string            `json:"accountSid"`
	CallSid    string            `json:"callSid"`
	StreamSid  string            `json:"streamSid"`
	Tracks     []string          `json:"tracks"`
	Format     Format            `json:"mediaFormat"`
	Parameters map[string]string `json:"customParameters"`
}

type wireMedia struct {
	Track     string     `json:"track"`
	Chunk     wireNumber `json:"chunk"`
	Timestamp wireNumber `json:"timestamp"`
	Payload   *string    `json:"payload"`
}

// wireNumber is a number that the document writes as a string; a plain number
// is taken as well, because nobody promised that it stays so.
type wireNumber int64

// UnmarshalJSON reads "42" or 42.
func (n *wireNumber) UnmarshalJSON(b []byte) error {
	text := strings.Trim(string(b), `"`)
	v, ok := number([]byte(text))
	if !ok || len(text) != len(b) && len(text) != len(b)-2 {
		return fmt.Errorf("%q is not a number", b)
	}
	*n = wireNumber(v)
	return nil
}

func (d *Decoder) slow(frame []byte) (Message, error) {
	var w wire
	if err := json.Unmarshal(frame, &w); err != nil {
		return Message{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	m := Message{
		Event: w.Event, StreamSid: w.StreamSid, Sequence: int64(w.Sequence),
		Protocol: w.Protocol, Version: w.Version,
	}
	if err := d.fill(&m, &w); err != nil {
		return Message{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return m, nil
}

// fill copies the part that belongs to the event and no other.
func (d *Decoder) fill(m *Message, w *wire) error {
	switch w.Event {
	case "":
		return fmt.Errorf("no event")
	case EventStart:
		return w.Start.fill(m)
	case EventMedia:
		return d.fillMedia(m, w.Media)
	case EventDTMF:
		m.Digit = w.DTMF.Digit
	case EventMark:
		m.Mark = w.Mark.Name
	case EventStop:
		m.Stop = &Stop{}
		if w.Stop != nil {
			*m.Stop = Stop(*w.Stop)
		}
	}
	return nil
}

func (s *wireStart) fill(m *Message) error {
	if s == nil {
		return fmt.Errorf("start without its body")
	}
	m.Start = &Start{
		AccountSid: s.AccountSid, CallSid: s.CallSid, StreamSid: s.StreamSid,
		Tracks: s.Tracks, Format: s.Format, Parameters: s.Parameters,
	}
	return nil
}

func (d *Decoder) fillMedia(m *Message, w *wireMedia) error {
	if w == nil || w.Payload == nil {
		return fmt.Errorf("media without payload")
	}
	if w.Timestamp > maxMillis {
		return fmt.Errorf("timestamp %d", w.Timestamp)
	}
	var ok bool
	if d.payload, ok = unpack(d.payload, []byte(*w.Payload)); !ok {
		return fmt.Errorf("payload is not base64")
	}
	m.Media = Media{
		Track: w.Track, Chunk: int64(w.Chunk),
		At: time.Duration(w.Timestamp) * time.Millisecond, Payload: d.payload,
	}
	return nil
}
