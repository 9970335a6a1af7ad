package mediastream

import (
	"encoding/base64"
	"math"
)

// scanner walks over the plain kind of JSON that machines write: objects of
// known keys, strings of printable ASCII without escapes. At everything else it
// gives up, and the frame goes to encoding/json, which decides.
type scanner struct {
	b []byte
	i int
}

func (s *scanner) space() {
	for s.i < len(s.b) {
		switch s.b[s.i] {
		case ' ', '\t', '\n', '\r':
			s.i++
		default:
			return
		}
	}
}

func (s *scanner) byte(c byte) bool {
	s.space()
	if s.i < len(s.b) && s.b[s.i] == c {
		s.i++
		return true
	}
	return false
}

// text reads a string and returns what is between its quotes.
func (s *scanner) text() ([]byte, bool) {
	if !s.byte('"') {
		return nil, false
	}
	start := s.i
	for ; s.i < len(s.b); s.i++ {
		switch c := s.b[s.i]; {
		case c == '"':
			s.i++
			return s.b[start : s.i-1], true
		case c == '\\' || c < 0x20 || c > 0x7E:
			return nil, false
		}
	}
	return nil, false
}

func (s *scanner) atEnd() bool {
	s.space()
	return s.i == len(s.b)
}

// number reads the digits of a string such as "42".
func number(text []byte) (int64, bool) {
	if len(text) == 0 || len(text) > 18 {
		return 0, false
	}
	var n int64
	for _, c := range text {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, true
}

// maxMillis is the largest number of milliseconds a time.Duration holds.
const maxMillis = math.MaxInt64 / 1_000_000

// unpack decodes base64 into buf, growing it as needed.
func unpack(buf, text []byte) ([]byte, bool) {
	size := base64.StdEncoding.DecodedLen(len(text))
	if cap(buf) < size {
		buf = make([]byte, size)
	}
	n, err := base64.StdEncoding.Decode(buf[:size], text)
	return buf[:n], err == nil
}

// intern returns text as a string, reusing old when it says the same: the
// names in a stream's frames never change.
func intern(old string, text []byte) string {
	if old == string(text) {
		return old
	}
	return string(text)
}
