package openai

import (
	"encoding/json"
	"io"
	"strings"
	"sync"
	"time"
)

// entry is one line of the ledger.
type entry struct {
	At      time.Time `json:"at"`
	Session string    `json:"session,omitempty"`
	Kind    string    `json:"kind"`      // open, close, event, rest, fault
	Way     string    `json:"direction"` // in: from the client; out: to it
	Type    string    `json:"type"`
	Detail  any       `json:"detail,omitempty"`
}

// telling leaves out sound and the small change between events that say more.
func (e entry) telling() bool {
	for _, end := range []string{"buffer.append", ".delta", ".added", "part.done", "text.done", "arguments.done", "item.done", "limits.updated"} {
		if strings.HasSuffix(e.Type, end) {
			return false
		}
	}
	return true
}

// maxLedger bounds what is kept in memory; the oldest lines go first.
const maxLedger = 100_000

// ledger is what happened, in order. Sound is counted in it, not kept.
type ledger struct {
	now  func() time.Time
	file io.Writer

	mu    sync.Mutex
	lines []entry
}

func (l *ledger) add(e entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e.At = l.now().UTC()
	if len(l.lines) == maxLedger {
		l.lines = append(l.lines[:0], l.lines[maxLedger/10:]...)
	}
	l.lines = append(l.lines, e)
	if l.file != nil {
		_ = json.NewEncoder(l.file).Encode(e) // a full disk must not end a session
	}
}

// find returns the lines of a session and a kind or type; "" is any.
func (l *ledger) find(session, kind string) []entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	found := []entry{}
	for _, e := range l.lines {
		if (session == "" || e.Session == session) && (kind == "" || e.Kind == kind || e.Type == kind) {
			found = append(found, e)
		}
	}
	return found
}
