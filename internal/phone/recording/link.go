package recording

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"time"
)

// LinkLife is how long a link opens a recording: a player that seeks comes again
// within it, and asks for another after it.
const LinkLife = 5 * time.Minute

// ErrLink is the answer to every link that is not ours, not valid or not any
// more.
var ErrLink = errors.New("link refused")

// Pass is what a link stands for.
type Pass struct {
	Tenant    string    `json:"t"`
	Session   string    `json:"s"` // of the user who asked for it
	User      string    `json:"u"`
	Call      string    `json:"c"`
	Recording ID        `json:"r"`
	Checksum  string    `json:"h"` // of the file as it was
	Expires   time.Time `json:"-"`
	ExpiresMs int64     `json:"e"`
}

// Links signs and opens links.
type Links struct {
	Key []byte // 32 bytes
	Now func() time.Time
}

// linkMost is longer than any link of ours.
const linkMost = 1024

// Sign makes a link that opens until LinkLife has passed.
func (l Links) Sign(p Pass) (link string, expires time.Time) {
	p.Expires = l.Now().Add(LinkLife).Truncate(time.Millisecond)
	p.ExpiresMs = p.Expires.UnixMilli()
	body, err := json.Marshal(p)
	if err != nil {
		panic(err) // strings and a number
	}
	return encode(body) + "." + encode(l.mac("link", body)), p.Expires
}

// Open returns what a link stands for, or ErrLink.
func (l Links) Open(link string) (Pass, error) {
	var p Pass
	head, tail, ok := strings.Cut(link, ".")
	body, err := decode(head)
	mac, err2 := decode(tail)
	if !ok || len(link) > linkMost || strings.ContainsAny(link, "\r\n") || // which the decoder would pass over
		err != nil || err2 != nil || !hmac.Equal(mac, l.mac("link", body)) {
		return Pass{}, ErrLink
	}
	if err := json.Unmarshal(body, &p); err != nil {
		return Pass{}, ErrLink
	}
	p.Expires = time.UnixMilli(p.ExpiresMs)
	if now := l.Now(); !now.Before(p.Expires) || p.Expires.After(now.Add(LinkLife)) {
		return Pass{}, ErrLink
	}
	return p, nil
}

// Browser is what the browser of a session shows beside a link, so that the link
// alone opens nothing elsewhere.
func (l Links) Browser(session string) string {
	return hex.EncodeToString(l.mac("browser", []byte(session)))
}

func (l Links) mac(purpose string, body []byte) []byte {
	m := hmac.New(sha256.New, l.Key)
	m.Write([]byte("recording " + purpose + "\x00"))
	m.Write(body)
	return m.Sum(nil)
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func decode(s string) ([]byte, error) { return base64.RawURLEncoding.Strict().DecodeString(s) }
