package openai

import (
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Config says what kind of OpenAI this is.
type Config struct {
	Keys       []string         // API keys it accepts; none accepts any
	Voices     []fs.FS          // what it understands; none: DefaultVoices
	Now        func() time.Time // nil: time.Now
	MaxSession time.Duration    // 0: 60 minutes, as the vendor
	Ledger     io.Writer        // each line of the ledger is written here too; may be nil
	Logger     *slog.Logger     // nil: discarded
}

// Sim plays OpenAI.
type Sim struct {
	cfg    Config
	voices []voice
	ledger *ledger
	mux    *http.ServeMux

	mu       sync.Mutex
	sessions map[string]*session
	past     []view         // of sessions that have ended, the newest first
	faults   map[string]int // armed faults by kind
	rules    []rule
	secrets  map[string]time.Time // ephemeral keys and when they expire
	closed   bool
	wg       sync.WaitGroup
}

// New makes one.
func New(cfg Config) (*Sim, error) {
	cfg = withDefaults(cfg)
	var known []voice
	for _, dir := range cfg.Voices {
		more, err := loadVoices(dir)
		if err != nil {
			return nil, fmt.Errorf("load voices: %w", err)
		}
		known = append(known, more...)
	}
	rules, err := parseRules(defaultRules)
	if err != nil {
		return nil, fmt.Errorf("load rules: %w", err)
	}
	s := &Sim{cfg: cfg, voices: known, rules: rules, ledger: &ledger{now: cfg.Now, file: cfg.Ledger},
		sessions: map[string]*session{}, faults: map[string]int{}, secrets: map[string]time.Time{}}
	s.mux = s.routes()
	return s, nil
}

func withDefaults(cfg Config) Config {
	if len(cfg.Voices) == 0 {
		cfg.Voices = []fs.FS{DefaultVoices()}
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.MaxSession == 0 {
		cfg.MaxSession = time.Hour
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	return cfg
}

// Handler serves everything, root-relative; strip a prefix before it.
func (s *Sim) Handler() http.Handler { return s.mux }

// Close ends every session and waits for them.
func (s *Sim) Close() {
	s.mu.Lock()
	s.closed = true
	live := s.liveLocked()
	s.mu.Unlock()
	for _, one := range live {
		one.cancel()
	}
	s.wg.Wait()
}

func (s *Sim) liveLocked() []*session {
	live := make([]*session, 0, len(s.sessions))
	for _, one := range s.sessions {
		live = append(live, one)
	}
	slices.SortFunc(live, func(a, b *session) int { return a.began.Compare(b.began) })
	return live
}

func (s *Sim) live() []*session {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.liveLocked()
}

// maxPast is how many sessions are shown after their end: two calls.
const maxPast = 6

// enter and leave keep the list of live sessions.
func (s *Sim) enter(one *session) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.sessions[one.id] = one
	s.wg.Add(1)
	return true
}

func (s *Sim) leave(one *session) {
	now := s.cfg.Now().UTC()
	s.mu.Lock()
	delete(s.sessions, one.id)
	if one.ran {
		one.view.Ended, one.view.Level, one.view.Now = &now, 0, ""
		s.past = append([]view{one.view.copy()}, s.past[:min(len(s.past), maxPast-1)]...)
	}
	s.mu.Unlock()
	s.wg.Done()
}

// takes reports whether a key is good: one of the list, or an ephemeral one
// that has not expired.
func (s *Sim) takes(key string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if until, ok := s.secrets[key]; ok {
		return s.cfg.Now().Before(until)
	}
	return key != "" && (len(s.cfg.Keys) == 0 || slices.Contains(s.cfg.Keys, key))
}

// strikes uses up one armed fault of this kind.
func (s *Sim) strikes(kind string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.faults[kind] == 0 {
		return false
	}
	s.faults[kind]--
	return true
}
