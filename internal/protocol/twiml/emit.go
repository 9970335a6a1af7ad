package twiml

import (
	"strconv"
	"unicode/utf8"
)

const header = `<?xml version="1.0" encoding="UTF-8"?>` + "\n"

// Bytes returns the document. Characters that XML cannot carry are left out.
func (r Response) Bytes() []byte {
	dst := append(make([]byte, 0, 512), header...)
	if len(r.Verbs) == 0 {
		return append(dst, "<Response/>"...)
	}
	dst = append(dst, "<Response>"...)
	for _, v := range r.Verbs {
		dst = v.appendTo(dst)
	}
	return append(dst, "</Response>"...)
}

func (c Connect) appendTo(dst []byte) []byte {
	dst = append(dst, "<Connect"...)
	dst = attribute(dst, "action", c.Action)
	dst = attribute(dst, "method", c.Method)
	dst = append(dst, '>')
	return append(c.Stream.appendTo(dst), "</Connect>"...)
}

func (s Stream) appendTo(dst []byte) []byte {
	dst = append(dst, "<Stream"...)
	dst = attribute(dst, "url", s.URL)
	dst = attribute(dst, "name", s.Name)
	dst = attribute(dst, "track", s.Track)
	dst = attribute(dst, "statusCallback", s.StatusCallback)
	dst = attribute(dst, "statusCallbackMethod", s.StatusCallbackMethod)
	if len(s.Parameters) == 0 {
		return append(dst, "/>"...)
	}
	dst = append(dst, '>')
	for _, p := range s.Parameters {
		dst = p.appendTo(dst)
	}
	return append(dst, "</Stream>"...)
}

// appendTo writes both attributes always: an empty value is a value.
func (p Parameter) appendTo(dst []byte) []byte {
	dst = append(dst, `<Parameter name="`...)
	dst = escape(dst, p.Name)
	dst = append(dst, `" value="`...)
	dst = escape(dst, p.Value)
	return append(dst, `"/>`...)
}

func (s Say) appendTo(dst []byte) []byte {
	dst = append(dst, "<Say"...)
	dst = attribute(dst, "voice", s.Voice)
	dst = attribute(dst, "language", s.Language)
	dst = loop(dst, s.Loop)
	return text(dst, "Say", s.Text)
}

func (p Play) appendTo(dst []byte) []byte {
	dst = append(dst, "<Play"...)
	dst = loop(dst, p.Loop)
	dst = attribute(dst, "digits", p.Digits)
	return text(dst, "Play", p.URL)
}

func (p Pause) appendTo(dst []byte) []byte {
	dst = append(dst, "<Pause"...)
	if p.Length > 0 {
		dst = attribute(dst, "length", strconv.Itoa(p.Length))
	}
	return append(dst, "/>"...)
}

func (r Redirect) appendTo(dst []byte) []byte {
	dst = append(dst, "<Redirect"...)
	dst = attribute(dst, "method", r.Method)
	return text(dst, "Redirect", r.URL)
}

func (Hangup) appendTo(dst []byte) []byte { return append(dst, "<Hangup/>"...) }

func (r Reject) appendTo(dst []byte) []byte {
	dst = append(dst, "<Reject"...)
	dst = attribute(dst, "reason", r.Reason)
	return append(dst, "/>"...)
}

func loop(dst []byte, times int) []byte {
	switch {
	case times == 0:
		return dst
	case times < 0:
		return attribute(dst, "loop", "0") // "<Say>": 0 repeats until the call ends
	}
	return attribute(dst, "loop", strconv.Itoa(times))
}

func attribute(dst []byte, name, value string) []byte {
	if value == "" {
		return dst
	}
	dst = append(dst, ' ')
	dst = append(dst, name...)
	dst = append(dst, `="`...)
	return append(escape(dst, value), '"')
}

func text(dst []byte, verb, body string) []byte {
	dst = escape(append(dst, '>'), body)
	dst = append(dst, "</"...)
	dst = append(dst, verb...)
	return append(dst, '>')
}

// escape writes s so that it means itself in a text and in an attribute. White
// space is written as references because parsers turn a line end or a tab in
// an attribute into a blank (XML 1.0, 3.3.3 and 2.11).
func escape(dst []byte, s string) []byte {
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		if i += size; r == utf8.RuneError && size == 1 || !isCharacter(r) {
			continue
		}
		switch r {
		case '&':
			dst = append(dst, "&amp;"...)
		case '<':
			dst = append(dst, "&lt;"...)
		case '>':
			dst = append(dst, "&gt;"...)
		case '"', '\'', '\t', '\n', '\r':
			dst = append(strconv.AppendInt(append(dst, "&#"...), int64(r), 10), ';')
		default:
			dst = utf8.AppendRune(dst, r)
		}
	}
	return dst
}

// isCharacter is production 2, Char, of XML 1.0.
func isCharacter(r rune) bool {
	return r == '\t' || r == '\n' || r == '\r' ||
		r >= 0x20 && r <= 0xD7FF || r >= 0xE000 && r <= 0xFFFD || r >= 0x10000 && r <= 0x10FFFF
}

// Clean returns s without the characters XML cannot carry: what Parse gives
// back for it.
func Clean(s string) string {
	kept := make([]byte, 0, len(s))
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		if !(r == utf8.RuneError && size == 1) && isCharacter(r) {
			kept = append(kept, s[i:i+size]...)
		}
		i += size
	}
	return string(kept)
}
