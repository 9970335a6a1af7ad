package switchboard

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"softphone/internal/phone/call"
)

// onceLife is how long an order is remembered by its key: a client that was
// down for a night asks again in the morning.
const onceLife = 24 * time.Hour

// DialOnce is Dial for those who may have to repeat themselves. The same order
// under the same key of the same user gives the same call; another order under
// it is refused. Only an order that made a call is remembered: one that was
// refused may be given again. An empty key is Dial.
func (s *Seat) DialOnce(ctx context.Context, key string, o Order) (call.View, error) {
	if key == "" {
		return s.Dial(ctx, o)
	}
	// Those who ask at once ask one after the other: only the first is an order
	// that counts. Between processes the key's row decides.
	defer s.turns.take(s.User.ID + " " + key)()
	once := &call.Once{Key: key, Hash: o.hash(), Expires: s.ex.Now().Add(onceLife)}
	if v, ok, err := s.repeated(ctx, once); ok || err != nil {
		return v, err
	}
	v, err := s.dial(ctx, o, once)
	if errors.Is(err, call.ErrRepeated) { // somebody was faster with the same key
		v, _, err = s.repeated(ctx, once)
	}
	return v, err
}

// repeated returns the call that came of an order given before.
func (s *Seat) repeated(ctx context.Context, once *call.Once) (call.View, bool, error) {
	id, hash, ok, err := s.store.Repeated(ctx, call.UserID(s.User.ID), once.Key)
	if !ok || err != nil {
		return call.View{}, false, err
	}
	if hash != once.Hash {
		return call.View{}, false, refuse(KeyConflict, "This Idempotency-Key was used for another call.")
	}
	if c, ok := s.live.byID(id); ok {
		return c.View(), true, nil
	}
	v, err := s.store.Call(ctx, id)
	return v, true, err
}

// turns lets one at a time do what has the same name.
type turns struct {
	mu sync.Mutex
	of map[string]*turn
}

type turn struct {
	sync.Mutex
	waiting int
}

// take waits for its turn; done ends it.
func (t *turns) take(name string) (done func()) {
	t.mu.Lock()
	if t.of == nil {
		t.of = map[string]*turn{}
	}
	one := t.of[name]
	if one == nil {
		one = &turn{}
		t.of[name] = one
	}
	one.waiting++
	t.mu.Unlock()
	one.Lock()
	return func() {
		one.Unlock()
		t.mu.Lock()
		defer t.mu.Unlock()
		if one.waiting--; one.waiting == 0 {
			delete(t.of, name)
		}
	}
}

// hash tells orders apart.
func (o Order) hash() string {
	b, err := json.Marshal(o)
	if err != nil {
		panic(err) // three strings
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
