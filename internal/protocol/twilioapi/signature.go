package twilioapi

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // the vendor's signature is HMAC-SHA1
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"maps"
	"net/url"
	"slices"
	"strings"
)

// Headers of webhooks.
const (
	SignatureHeader   = "X-Twilio-Signature"
	IdempotencyHeader = "I-Twilio-Idempotency-Token"
)

// ErrSignature says that a request does not come from Twilio, or not from this
// account.
var ErrSignature = errors.New("signature does not match")

// ErrNoToken says that there is nothing to check a signature with: without a
// secret everybody could sign.
var ErrNoToken = errors.New("no auth token to check the signature with")

// Sign returns the X-Twilio-Signature of a request ("Webhooks security"): the
// address as it is on the wire without its fragment, then every parameter of a
// posted form, sorted by name, as name and value with nothing between. A
// parameter that is repeated counts once for each different value, sorted. GET
// requests, JSON bodies and WebSocket upgrades have no form.
func Sign(token, address string, form url.Values) string {
	address, _, _ = strings.Cut(address, "#")
	return base64.StdEncoding.EncodeToString(mac(token, address, form))
}

func mac(token, address string, form url.Values) []byte {
	h := hmac.New(sha1.New, []byte(token))
	h.Write([]byte(address))
	for _, name := range slices.Sorted(maps.Keys(form)) {
		values := slices.Compact(slices.Sorted(slices.Values(form[name])))
		for _, value := range values {
			h.Write([]byte(name))
			h.Write([]byte(value))
		}
	}
	return h.Sum(nil)
}

// Validate checks the signature of a request against the public address it was
// sent to. Twilio is not of one mind about the port and about apostrophes, so
// the address counts with and without its port, and with %27 for '. It takes
// the same time whatever is wrong.
//
// It says who signed, not that the form is sane: see CheckForm.
func Validate(token, address string, form url.Values, signature string) error {
	if token == "" {
		return ErrNoToken
	}
	given, err := base64.StdEncoding.Strict().DecodeString(signature)
	if err != nil {
		given = nil
	}
	same := 0
	for _, candidate := range candidates(address) {
		same |= subtle.ConstantTimeCompare(mac(token, candidate, form), given)
	}
	if same == 0 {
		return ErrSignature
	}
	return nil
}

// candidates returns the forms of an address that Twilio may have signed.
func candidates(address string) []string {
	address, _, _ = strings.Cut(address, "#")
	address = strings.ReplaceAll(address, "'", "%27")
	scheme, rest, ok := strings.Cut(address, "://")
	if !ok {
		return []string{address}
	}
	end := strings.IndexAny(rest, "/?")
	if end < 0 {
		end = len(rest)
	}
	authority, path := rest[:end], rest[end:]
	bare := withoutPort(authority)
	forms := []string{address, scheme + "://" + bare + path}
	if bare == authority {
		forms = append(forms, scheme+"://"+bare+":"+defaultPort(scheme)+path)
	}
	return forms
}

// withoutPort cuts the port off "user:pass@host:port"; the host may be an IPv6
// address in brackets.
func withoutPort(authority string) string {
	host := strings.LastIndexByte(authority, '@') + 1
	colon := strings.LastIndexByte(authority, ':')
	if colon < host || colon < strings.LastIndexByte(authority, ']') {
		return authority
	}
	return authority[:colon]
}

func defaultPort(scheme string) string {
	if scheme == "http" || scheme == "ws" {
		return "80"
	}
	return "443"
}

// CheckBody checks a body that is not a form: its SHA-256 is the parameter
// bodySHA256 of the signed address.
func CheckBody(address string, body []byte) error {
	u, err := url.Parse(address)
	if err != nil {
		return ErrSignature
	}
	sum := sha256.Sum256(body)
	want := hex.EncodeToString(sum[:])
	if subtle.ConstantTimeCompare([]byte(strings.ToLower(u.Query().Get("bodySHA256"))), []byte(want)) != 1 {
		return ErrSignature
	}
	return nil
}
