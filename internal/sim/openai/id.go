package openai

import (
	"crypto/rand"
	"encoding/hex"
)

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// newID returns prefix and n characters, as captures of the live service show:
// 21 for most, 16 for call_.
func newID(prefix string, n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails, says crypto/rand
	for i := range b {
		b[i] = alphabet[int(b[i])%len(alphabet)]
	}
	return prefix + string(b)
}

// newSecret is the value of an ephemeral key.
func newSecret() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b)
	return "ek_" + hex.EncodeToString(b)
}

// obfuscation hides the length of a delta from those who watch the line: both
// together are 16 characters long.
func obfuscation(delta string) string {
	return newID("", max(16-len(delta), 0))
}
