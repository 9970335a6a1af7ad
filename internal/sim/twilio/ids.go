package twilio

import (
	"encoding/hex"
	"math/rand/v2"
	"sync"
)

// ids makes the ids of things.
type ids struct {
	mu     sync.Mutex
	random *rand.ChaCha8
}

func newIDs(seed uint64) *ids {
	if seed == 0 {
		seed = rand.Uint64()
	}
	var key [32]byte
	for i := range 8 {
		key[i] = byte(seed >> (8 * i))
	}
	return &ids{random: rand.NewChaCha8(key)}
}

// next returns an id of a kind: its two letters and 32 hexadecimal digits.
func (s *ids) next(kind string) string {
	var b [16]byte
	s.mu.Lock()
	_, _ = s.random.Read(b[:]) // never fails
	s.mu.Unlock()
	return kind + hex.EncodeToString(b[:])
}
