package gateway

import (
	"sync"
	"time"
)

// remembered is how long the answer to a commandId is kept: longer than a
// command may be on its way.
const remembered = 3 * stale

// memory gives a repeated command its first answer. A refusal is not kept: who
// was refused may ask again, as over REST.
type memory struct {
	mu    sync.Mutex
	first map[string]*attempt
	swept time.Time
}

type attempt struct {
	begun time.Time
	done  chan struct{}
	given answer
}

func newMemory() *memory { return &memory{first: map[string]*attempt{}} }

// do answers a command, once for all who ask with the same key.
func (m *memory) do(key string, f func() answer) answer {
	m.mu.Lock()
	m.sweepLocked(time.Now())
	if a, ok := m.first[key]; ok {
		m.mu.Unlock()
		<-a.done
		return a.given
	}
	a := &attempt{begun: time.Now(), done: make(chan struct{})}
	m.first[key] = a
	m.mu.Unlock()
	defer func() {
		if a.given.no != nil || a.given.body == nil {
			m.mu.Lock()
			delete(m.first, key)
			m.mu.Unlock()
		}
		close(a.done)
	}()
	a.given = f()
	return a.given
}

// sweepLocked forgets what nobody will repeat any more.
func (m *memory) sweepLocked(now time.Time) {
	if now.Sub(m.swept) < remembered {
		return
	}
	m.swept = now
	for key, a := range m.first {
		if now.Sub(a.begun) > 2*remembered {
			delete(m.first, key)
		}
	}
}
