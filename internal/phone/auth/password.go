package auth

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
)

// argon2id with 19 MiB, 2 passes, 1 lane: OWASP's first recommendation, 30 ms
// on a small server (64 MiB and 1 pass took 65 ms).
const (
	argonMemory = 19 * 1024
	argonTime   = 2
	argonLanes  = 1
	argonLength = 32
)

// hashing bounds how many passwords are hashed at once: each takes 19 MiB.
var hashing = make(chan struct{}, 4)

// HashPassword returns the password in the usual argon2id text form.
func HashPassword(password string) string {
	salt := make([]byte, 16)
	rand.Read(salt)
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonTime, argonLanes,
		encode(salt), encode(hash(password, salt, argonTime, argonMemory, argonLanes, argonLength)))
}

// CheckPassword reports whether a password belongs to a hash.
func CheckPassword(stored, password string) bool {
	parts := strings.Split(stored, "$")
	if len(parts) != 6 || parts[1] != "argon2id" {
		return false
	}
	var memory, passes uint32
	var lanes uint8
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &memory, &passes, &lanes); err != nil {
		return false
	}
	salt, err1 := base64.RawStdEncoding.DecodeString(parts[4])
	want, err2 := base64.RawStdEncoding.DecodeString(parts[5])
	if err1 != nil || err2 != nil || len(want) == 0 || passes == 0 || lanes == 0 {
		return false
	}
	got := hash(password, salt, passes, memory, lanes, uint32(len(want)))
	return subtle.ConstantTimeCompare(got, want) == 1
}

// WastePassword takes as long as CheckPassword, so that an unknown address
// answers no faster than a wrong password.
func WastePassword(password string) {
	hash(password, make([]byte, 16), argonTime, argonMemory, argonLanes, argonLength)
}

func hash(password string, salt []byte, passes, memory uint32, lanes uint8, length uint32) []byte {
	hashing <- struct{}{}
	defer func() { <-hashing }()
	return argon2.IDKey([]byte(password), salt, passes, memory, lanes, length)
}

func encode(b []byte) string { return base64.RawStdEncoding.EncodeToString(b) }
