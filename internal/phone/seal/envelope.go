package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
)

// Envelope seals what is large, for one tenant: under data keys that the Ring
// wraps, so that a new master key rewraps a few lines and leaves the sound as it
// is. Bytes are IV || ciphertext || tag; the tag also covers version, key,
// tenant and place, so that what was sealed for one place opens at no other.
type Envelope struct {
	ring   *Ring
	tenant string

	mu      sync.RWMutex
	keys    map[string]key
	current string
}

// ErrNoKey says that no data key was added yet.
var ErrNoKey = errors.New("tenant has no data key")

// NewEnvelope returns an envelope without keys.
func NewEnvelope(r *Ring, tenant string) *Envelope {
	return &Envelope{ring: r, tenant: tenant, keys: map[string]key{}}
}

// WrapKey makes a data key for an id and returns it wrapped, for storage.
func (e *Envelope) WrapKey(id string) (wrapped string, err error) {
	var master [32]byte
	rand.Read(master[:])
	return e.ring.Seal(e.tenant, keyField(id), master[:])
}

// Rewrap wraps a stored key with the Ring's current key; fresh is false when it
// is wrapped with it already.
func (e *Envelope) Rewrap(id, wrapped string) (again string, fresh bool, err error) {
	if e.ring.Current(wrapped) {
		return wrapped, false, nil
	}
	master, err := e.ring.Open(e.tenant, keyField(id), wrapped)
	if err != nil {
		return "", false, fmt.Errorf("data key %s: %w", id, err)
	}
	again, err = e.ring.Seal(e.tenant, keyField(id), master)
	return again, err == nil, err
}

// Add lets the envelope open what a stored key sealed. The key added last seals.
func (e *Envelope) Add(id, wrapped string) error {
	master, err := e.ring.Open(e.tenant, keyField(id), wrapped)
	if err != nil {
		return fmt.Errorf("data key %s: %w", id, err)
	}
	k := key{id: id, cipher: []byte(derive(master, "data cipher")), auth: []byte(derive(master, "data auth"))}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.keys[id], e.current = k, id
	return nil
}

func keyField(id string) string { return "data key " + id }

// Seal encrypts plain for a place with the current key, which it names.
func (e *Envelope) Seal(place string, plain []byte) (keyID string, sealed []byte, err error) {
	k, ok := e.key("")
	if !ok {
		return "", nil, ErrNoKey
	}
	block, err := aes.NewCipher(k.cipher)
	if err != nil {
		return "", nil, err
	}
	sealed = make([]byte, aes.BlockSize, aes.BlockSize+len(plain)+aes.BlockSize+sha256.Size)
	rand.Read(sealed)
	padded := pad(plain)
	cipher.NewCBCEncrypter(block, sealed[:aes.BlockSize]).CryptBlocks(padded, padded)
	sealed = append(sealed, padded...)
	return k.id, append(sealed, k.tag(e.tenant, place, sealed)...), nil
}

// Open decrypts what Seal made for the same place, or says ErrRefused. A key
// that is not there is ErrNoKey: it may have been added elsewhere.
func (e *Envelope) Open(keyID, place string, sealed []byte) ([]byte, error) {
	k, ok := e.key(keyID)
	if !ok || keyID == "" {
		return nil, ErrNoKey
	}
	if len(sealed) < 2*aes.BlockSize+sha256.Size || (len(sealed)-sha256.Size)%aes.BlockSize != 0 {
		return nil, ErrRefused
	}
	body, tag := sealed[:len(sealed)-sha256.Size], sealed[len(sealed)-sha256.Size:]
	if !hmac.Equal(tag, k.tag(e.tenant, place, body)) {
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

// key returns a key, the current one for an empty id.
func (e *Envelope) key(id string) (key, bool) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	if id == "" {
		id = e.current
	}
	k, ok := e.keys[id]
	return k, ok
}
