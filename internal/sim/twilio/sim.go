// Package twilio plays Twilio: its REST API for calls and numbers, its signed
// webhooks, its documents and media streams, and the people behind the numbers,
// who answer, speak, listen and hang up. It is written from Twilio's documents
// and speaks only over the wire, so whatever works against it works without it.
//
// A Sim owns its accounts; each call has one goroutine that lives through it,
// and one more for its sound from answer to end.
//
// The one rule: what Twilio refuses is refused here, and noted in the ledger as
// a violation, so that a test can ask for none.
package twilio

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"softphone/internal/protocol/twilioapi"
)

// Config says who is simulated. Fields are set before New.
type Config struct {
	Accounts []Account
	// People answer their numbers; everybody else is DefaultPerson.
	People []Person
	// Insecure allows ws:// streams and http:// webhooks, which Twilio refuses
	// or frowns upon; for one machine without certificates.
	Insecure bool
	// Seed makes ids repeatable; 0 takes a random one.
	Seed uint64
	// Ledger is the path of a file that everything is written to as JSON lines
	// as well; empty keeps the ledger in memory only.
	Ledger string
	// KeepSound is how much of what a person hears and says is kept for
	// listening to it later. Default 10 minutes, which is 9.6 MB a call.
	KeepSound time.Duration
	// URL is where the Handler is reached from outside, for the addresses of
	// recordings. Default: where the last request went.
	URL string
	// Fast is how much Twilio's sound clock is faster than ours, in parts per
	// million; negative is slower. Real ones differ by some hundred. Timelines
	// do not know it.
	Fast float64
	// TLS is used for webhooks and streams. Default: the machine's roots.
	TLS *tls.Config
	// Logger gets what goes wrong inside the simulator. Default discards.
	Logger *slog.Logger
}

// Account is a customer of the simulated Twilio.
type Account struct {
	Sid     string   `json:"sid"`
	Token   string   `json:"-"`
	Name    string   `json:"name"`
	Keys    []Key    `json:"-"`
	Numbers []Number `json:"numbers"`
	// Verified are caller ids the account may use without owning them.
	Verified []string `json:"verified,omitempty"`
	// CallsPerSecond is how many queued calls are started in a second. Default
	// 1, as at Twilio; negative is no limit.
	CallsPerSecond float64 `json:"callsPerSecond"`
}

// Key is an API key of an account.
type Key struct {
	Sid    string
	Secret string
}

// Number is a telephone number of an account. Its addresses are those that
// IncomingPhoneNumbers changes.
type Number struct {
	Number           string `json:"number"`
	Name             string `json:"name,omitempty"`
	VoiceURL         string `json:"voiceUrl,omitempty"`
	VoiceFallbackURL string `json:"voiceFallbackUrl,omitempty"`
	StatusCallback   string `json:"statusCallback,omitempty"`
}

// Sim is a simulated Twilio. Its Handler may be mounted under any path.
type Sim struct {
	config   Config
	log      *slog.Logger
	accounts map[string]*account
	people   *people
	voices   *voices
	sounds   sounds
	ledger   *ledger
	faults   *faults
	ids      *ids
	hooks    *http.Client

	mu      sync.Mutex
	reached string                           // see learnBase
	spawn   func(func(context.Context)) bool // nil before Start and after Close
	stop    context.CancelFunc
	work    sync.WaitGroup
}

// New checks the configuration. The simulator runs from Start to Close.
func New(c Config) (*Sim, error) {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.KeepSound == 0 {
		c.KeepSound = 10 * time.Minute
	}
	s := &Sim{config: c, log: c.Logger, accounts: map[string]*account{}, faults: &faults{}, ids: newIDs(c.Seed)}
	if err := s.openAccounts(); err != nil {
		return nil, err
	}
	return s, s.openPeople()
}

func (s *Sim) openAccounts() error {
	for _, a := range s.config.Accounts {
		if !twilioapi.IsSid(twilioapi.KindAccount, a.Sid) || a.Token == "" {
			return fmt.Errorf("account %q needs a sid of AC and 32 hexadecimal digits, and a token", a.Sid)
		}
		if s.accounts[a.Sid] != nil {
			return fmt.Errorf("account %s is there twice", a.Sid)
		}
		account, err := newAccount(s, a)
		if err != nil {
			return err
		}
		s.accounts[a.Sid] = account
	}
	return nil
}

func (s *Sim) openPeople() (err error) {
	if s.voices, err = loadVoices(); err != nil {
		return err
	}
	s.people = newPeople(s.voices)
	for _, p := range s.config.People {
		if err := s.people.put(p); err != nil {
			return err
		}
	}
	return nil
}

// errNotRunning says that Start was not called, or Close was.
var errNotRunning = errors.New("the simulator is not running")

// Start opens the ledger and lets calls be placed until Close, or until ctx
// ends.
func (s *Sim) Start(ctx context.Context) error {
	ledger, err := openLedger(s.config.Ledger)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ledger, s.stop, s.hooks = ledger, stop, &http.Client{Transport: s.newTransport()}
	s.spawn = func(work func(context.Context)) bool {
		s.work.Go(func() { work(ctx) })
		return true
	}
	return nil
}

// goes runs work until the simulator ends; false when it has ended already.
func (s *Sim) goes(work func(context.Context)) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.spawn != nil && s.spawn(work)
}

// Close hangs up every call without a word, waits until nothing runs any more
// and closes the ledger's file.
func (s *Sim) Close() error {
	s.mu.Lock()
	running := s.spawn != nil
	s.spawn = nil
	s.mu.Unlock()
	if !running {
		return nil
	}
	s.stop()
	s.work.Wait()
	s.hooks.CloseIdleConnections()
	return s.ledger.close()
}
