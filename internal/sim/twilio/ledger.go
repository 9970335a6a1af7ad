package twilio

import (
	"encoding/json"
	"fmt"
	"os"
	"sync"
	"time"
)

// Kinds of ledger entries.
const (
	KindRequest   = "request"   // a REST request and its answer
	KindCall      = "call"      // a call changed its status
	KindCallback  = "callback"  // a status callback was sent, or not
	KindVoice     = "voice"     // a document was asked for
	KindVerb      = "verb"      // a verb of a document ran
	KindStream    = "stream"    // a media stream opened, changed, closed
	KindPerson    = "person"    // somebody answered, spoke, pressed keys, hung up
	KindDigit     = "digit"     // a person heard a keypad tone
	KindRecording = "recording" // a recording began, paused, ended
	KindRoom      = "room"      // somebody joined, left, was muted or held in a conference or a queue
	KindFault     = "fault"     // trouble that was ordered
	KindAlert     = "alert"     // what Twilio's debugger would show
	KindViolation = "violation" // what Twilio would refuse
)

// Entry is a line of the ledger.
type Entry struct {
	Seq     int64          `json:"seq"`
	Time    time.Time      `json:"time"`
	Account string         `json:"account,omitempty"`
	Call    string         `json:"call,omitempty"`
	Kind    string         `json:"kind"`
	What    string         `json:"what"`
	Detail  map[string]any `json:"detail,omitempty"`
}

// ledgerSize bounds what is kept in memory: some thousand calls. Older entries
// are only in the file.
const ledgerSize = 100_000

// ledger is everything that was sent and received, in order, never changed.
type ledger struct {
	mu      sync.Mutex
	entries []Entry
	seq     int64
	file    *os.File
	lost    error // the file's first error; the ledger goes on in memory
}

func openLedger(path string) (*ledger, error) {
	if path == "" {
		return &ledger{}, nil
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open ledger: %w", err)
	}
	return &ledger{file: f}, nil
}

func (l *ledger) add(e Entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seq++
	e.Seq, e.Time = l.seq, time.Now().UTC()
	if len(l.entries) == ledgerSize {
		l.entries = append(l.entries[:0], l.entries[ledgerSize/10:]...)
	}
	l.entries = append(l.entries, e)
	l.writeLocked(e)
}

func (l *ledger) writeLocked(e Entry) {
	if l.file == nil || l.lost != nil {
		return
	}
	line, err := json.Marshal(e)
	if err == nil {
		_, err = l.file.Write(append(line, '\n'))
	}
	l.lost = err
}

// find returns the entries after a number that are of a call and a kind; ""
// is any.
func (l *ledger) find(after int64, call, kind string) []Entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	found := []Entry{}
	for _, e := range l.entries {
		if e.Seq > after && (call == "" || e.Call == call) && (kind == "" || e.Kind == kind) {
			found = append(found, e)
		}
	}
	return found
}

func (l *ledger) close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file == nil {
		return nil
	}
	if err := l.file.Close(); err != nil {
		return fmt.Errorf("close ledger: %w", err)
	}
	if l.lost != nil {
		return fmt.Errorf("write ledger: %w", l.lost)
	}
	return nil
}

// Ledger returns the entries of a call and a kind; "" is any.
func (s *Sim) Ledger(call, kind string) []Entry { return s.ledger.find(0, call, kind) }

// record writes an entry; before Start there is no ledger yet.
func (s *Sim) record(e Entry) {
	s.mu.Lock()
	l := s.ledger
	s.mu.Unlock()
	if l != nil {
		l.add(e)
	}
}
