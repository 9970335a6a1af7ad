package mediastream

import (
	"encoding/base64"
	"encoding/json"
	"strconv"
	"time"
)

// AppendMedia appends the server's media message: sound for the caller.
func AppendMedia(dst []byte, streamSid string, payload []byte) []byte {
	dst = append(dst, `{"event":"media","streamSid":`...)
	dst = quote(dst, streamSid)
	dst = append(dst, `,"media":{"payload":"`...)
	dst = base64.StdEncoding.AppendEncode(dst, payload)
	return append(dst, `"}}`...)
}

// AppendMark appends the server's mark message: Twilio sends it back when all
// sound before it was played, or cleared.
func AppendMark(dst []byte, streamSid, name string) []byte {
	dst = append(dst, `{"event":"mark","streamSid":`...)
	dst = quote(dst, streamSid)
	dst = append(dst, `,"mark":{"name":`...)
	dst = quote(dst, name)
	return append(dst, `}}`...)
}

// AppendClear appends the server's clear message: Twilio drops what waits.
func AppendClear(dst []byte, streamSid string) []byte {
	dst = append(dst, `{"event":"clear","streamSid":`...)
	dst = quote(dst, streamSid)
	return append(dst, '}')
}

// AppendConnected appends Twilio's first message.
func AppendConnected(dst []byte) []byte {
	return append(dst, `{"event":"connected","protocol":"Call","version":"1.0.0"}`...)
}

// AppendStart appends Twilio's start message, number 1 of the socket.
func AppendStart(dst []byte, sequence int64, s Start) []byte {
	dst = envelope(dst, EventStart, sequence, s.StreamSid)
	parameters := s.Parameters
	if parameters == nil {
		parameters = map[string]string{} // "{}" where a document has none
	}
	body, _ := json.Marshal(wireStart{ // strings, numbers and maps of strings always marshal
		AccountSid: s.AccountSid, CallSid: s.CallSid, StreamSid: s.StreamSid,
		Tracks: s.Tracks, Format: s.Format, Parameters: parameters,
	})
	dst = append(append(dst, `,"start":`...), body...)
	return append(dst, '}')
}

// AppendSound appends Twilio's media message: sound from the caller.
func AppendSound(dst []byte, sequence int64, streamSid string, m Media) []byte {
	dst = envelope(dst, EventMedia, sequence, streamSid)
	dst = append(dst, `,"media":{"track":`...)
	dst = quote(dst, m.Track)
	dst = append(dst, `,"chunk":"`...)
	dst = strconv.AppendInt(dst, m.Chunk, 10)
	dst = append(dst, `","timestamp":"`...)
	dst = strconv.AppendInt(dst, int64(m.At/time.Millisecond), 10)
	dst = append(dst, `","payload":"`...)
	dst = base64.StdEncoding.AppendEncode(dst, m.Payload)
	return append(dst, `"}}`...)
}

// AppendDTMF appends Twilio's message of a key the caller pressed.
func AppendDTMF(dst []byte, sequence int64, streamSid, digit string) []byte {
	dst = envelope(dst, EventDTMF, sequence, streamSid)
	dst = append(dst, `,"dtmf":{"track":"`+TrackDTMF+`","digit":`...)
	dst = quote(dst, digit)
	return append(dst, `}}`...)
}

// AppendPlayed appends Twilio's echo of a mark.
func AppendPlayed(dst []byte, sequence int64, streamSid, name string) []byte {
	dst = envelope(dst, EventMark, sequence, streamSid)
	dst = append(dst, `,"mark":{"name":`...)
	dst = quote(dst, name)
	return append(dst, `}}`...)
}

// AppendStop appends Twilio's last message.
func AppendStop(dst []byte, sequence int64, streamSid string, s Stop) []byte {
	dst = envelope(dst, EventStop, sequence, streamSid)
	dst = append(dst, `,"stop":{"accountSid":`...)
	dst = quote(dst, s.AccountSid)
	dst = append(dst, `,"callSid":`...)
	dst = quote(dst, s.CallSid)
	return append(dst, `}}`...)
}

func envelope(dst []byte, event Event, sequence int64, streamSid string) []byte {
	dst = append(dst, `{"event":"`...)
	dst = append(dst, event...)
	dst = append(dst, `","sequenceNumber":"`...)
	dst = strconv.AppendInt(dst, sequence, 10)
	dst = append(dst, `","streamSid":`...)
	return quote(dst, streamSid)
}

// quote appends s as a JSON string; plain ones, which are all of Twilio's ids,
// without the detour over encoding/json.
func quote(dst []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c > 0x7E || c == '"' || c == '\\' {
			b, _ := json.Marshal(s) // a string always marshals
			return append(dst, b...)
		}
	}
	dst = append(dst, '"')
	dst = append(dst, s...)
	return append(dst, '"')
}
