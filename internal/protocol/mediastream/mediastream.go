// Package mediastream is the WebSocket of a call's sound: JSON text frames in
// both directions as "Twilio, Media Streams WebSocket messages" writes them.
// Twilio sends connected, start, media, dtmf, mark and stop (Message); the
// server sends media, mark and clear (Command). Both ends are here, because
// the product plays one and the simulator the other.
//
// The one rule: 50 frames a second each way must cost nothing, so a media frame
// is scanned by hand into buffers that are used again; every other frame, and
// every media frame that looks unusual, goes through encoding/json, and both
// ways give the same answer.
package mediastream

import (
	"errors"
	"time"
)

// Event names a message. Names this package does not know are passed on: the
// vendor adds events without notice.
type Event string

// Events of both directions; Media and Mark go both ways.
const (
	EventConnected Event = "connected"
	EventStart     Event = "start"
	EventMedia     Event = "media"
	EventDTMF      Event = "dtmf"
	EventMark      Event = "mark"
	EventStop      Event = "stop"
	EventClear     Event = "clear"
)

// Tracks as the media message names them; dtmf says "inbound_track".
const (
	TrackInbound  = "inbound"
	TrackOutbound = "outbound"
	TrackDTMF     = "inbound_track"
)

// ErrMalformed is wrapped by every error about what is in a frame.
var ErrMalformed = errors.New("malformed media stream message")

// Message is what Twilio sent. Which of the fields count is said by Event.
type Message struct {
	Event     Event
	StreamSid string
	Sequence  int64 // counts the messages of a socket, start is 1
	Protocol  string
	Version   string // of connected: "1.0.0"
	Start     *Start
	Media     Media
	Digit     string // of dtmf
	Mark      string // name of a mark that was played or cleared
	Stop      *Stop
}

// Start describes the stream.
type Start struct {
	AccountSid string
	CallSid    string
	StreamSid  string
	Tracks     []string
	Format     Format
	Parameters map[string]string // of the document's Parameter elements
}

// Format is the form of the sound; so far it is always PhoneFormat.
type Format struct {
	Encoding   string `json:"encoding"`
	SampleRate int    `json:"sampleRate"`
	Channels   int    `json:"channels"`
}

// PhoneFormat is raw G.711 mu-law without a header.
var PhoneFormat = Format{Encoding: "audio/x-mulaw", SampleRate: 8000, Channels: 1}

// Media is a piece of sound: 20 ms in practice, any length by the document.
type Media struct {
	Track   string
	Chunk   int64
	At      time.Duration // since the stream began
	Payload []byte        // mu-law, borrowed until the next Decode
}

// Stop ends the stream: the caller hung up, or the document went on.
type Stop struct {
	AccountSid string
	CallSid    string
}

// Command is what the server sent. Payload is borrowed until the next Decode.
type Command struct {
	Event     Event
	StreamSid string
	Payload   []byte
	Mark      string
}
