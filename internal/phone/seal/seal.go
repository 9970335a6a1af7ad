// Package seal keeps secrets at rest: AES-256-CBC, then HMAC-SHA-256 over
// everything that gives the ciphertext its meaning (version, key id, tenant,
// field, IV, ciphertext). The two keys are separate and derive from one master
// key. CBC with a padding check alone accepts most single-bit changes, which is
// why the tag is checked first and in constant time.
//
// The one rule: a sealed text opens only with the tenant and the field it was
// sealed for; every other text gets the same error.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// ErrRefused is the answer to every text that does not open: wrong key,
// changed, truncated, or sealed for something else.
var ErrRefused = errors.New("sealed text refused")

// version of the format; the first part of a sealed text.
const version = "v1"

// key is one master key with what derives from it.
type key struct {
	id           string // first bytes of its hash: tells which key sealed
	cipher, auth []byte
	master       []byte
}

// Ring seals with its first key and opens with any.
type Ring struct{ keys []key }

// NewRing takes 32-byte keys in hex: the current one first, then earlier ones.
func NewRing(current string, earlier ...string) (*Ring, error) {
	r := &Ring{}
	for _, text := range append([]string{current}, earlier...) {
		master, err := hex.DecodeString(text)
		if err != nil || len(master) != 32 {
			return nil, errors.New("an encryption key is 32 bytes in hex (64 characters)")
		}
		r.keys = append(r.keys, key{id: derive(master, "id")[:8], cipher: []byte(derive(master, "cipher")), auth: []byte(derive(master, "auth")), master: master})
	}
	for i := range r.keys {
		r.keys[i].id = hex.EncodeToString([]byte(r.keys[i].id))
	}
	return r, nil
}

// NewKey makes a key in hex.
func NewKey() string {
	var b [32]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// Derive returns a 32-byte key for another purpose, such as signing tokens.
func (r *Ring) Derive(purpose string) []byte { return []byte(derive(r.keys[0].master, "for "+purpose)) }

func derive(master []byte, purpose string) string {
	m := hmac.New(sha256.New, master)
	m.Write([]byte("softphone seal " + version + " " + purpose))
	return string(m.Sum(nil))
}

// Seal encrypts plain for one field of one tenant:
// "v1.KEYID.base64(IV || ciphertext || tag)".
func (r *Ring) Seal(tenant, field string, plain []byte) (string, error) {
	k := r.keys[0]
	block, err := aes.NewCipher(k.cipher)
	if err != nil {
		return "", fmt.Errorf("seal %s: %w", field, err)
	}
	body := make([]byte, aes.BlockSize, aes.BlockSize+len(plain)+aes.BlockSize+sha256.Size)
	rand.Read(body)
	padded := pad(plain)
	cipher.NewCBCEncrypter(block, body[:aes.BlockSize]).CryptBlocks(padded, padded)
	body = append(body, padded...)
	body = append(body, k.tag(tenant, field, body)...)
	return version + "." + k.id + "." + base64.RawStdEncoding.Strict().EncodeToString(body), nil
}

// Open decrypts what Seal made for the same field of the same tenant.
func (r *Ring) Open(tenant, field, sealed string) ([]byte, error) {
	k, body, ok := r.parse(sealed)
	if !ok {
		return nil, ErrRefused
	}
	body, tag := body[:len(body)-sha256.Size], body[len(body)-sha256.Size:]
	if !hmac.Equal(tag, k.tag(tenant, field, body)) {
		return nil, ErrRefused
	}
	block, err := aes.NewCipher(k.cipher)
	if err != nil {
		return nil, ErrRefused
	}
	plain := make([]byte, len(body)-aes.BlockSize)
	cipher.NewCBCDecrypter(block, body[:aes.BlockSize]).CryptBlocks(plain, body[aes.BlockSize:])
	return unpad(plain)
}

// Current reports whether a sealed text uses the current key; one that does not
// is sealed anew by key rotation.
func (r *Ring) Current(sealed string) bool {
	k, _, ok := r.parse(sealed)
	return ok && k.id == r.keys[0].id
}

func (r *Ring) parse(sealed string) (key, []byte, bool) {
	parts := strings.Split(sealed, ".")
	if len(parts) != 3 || parts[0] != version {
		return key{}, nil, false
	}
	body, err := base64.RawStdEncoding.Strict().DecodeString(parts[2])
	if err != nil || len(body) < 2*aes.BlockSize+sha256.Size || (len(body)-sha256.Size)%aes.BlockSize != 0 {
		return key{}, nil, false
	}
	for _, k := range r.keys {
		if k.id == parts[1] {
			return k, body, true
		}
	}
	return key{}, nil, false
}

// tag authenticates body (IV and ciphertext) and its place. Lengths go before
// texts, so that no boundary can be shifted.
func (k key) tag(tenant, field string, body []byte) []byte {
	m := hmac.New(sha256.New, k.auth)
	for _, part := range [][]byte{[]byte(version), []byte(k.id), []byte(tenant), []byte(field), body} {
		var n [8]byte
		binary.BigEndian.PutUint64(n[:], uint64(len(part)))
		m.Write(n[:])
		m.Write(part)
	}
	return m.Sum(nil)
}

func pad(plain []byte) []byte {
	n := aes.BlockSize - len(plain)%aes.BlockSize
	out := append(make([]byte, 0, len(plain)+n), plain...)
	for range n {
		out = append(out, byte(n))
	}
	return out
}

func unpad(b []byte) ([]byte, error) {
	n := int(b[len(b)-1])
	if n == 0 || n > aes.BlockSize || n > len(b) {
		return nil, ErrRefused
	}
	return b[:len(b)-n], nil
}
