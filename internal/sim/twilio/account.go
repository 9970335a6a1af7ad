package twilio

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"softphone/internal/protocol/twilioapi"
)

// account is an account with its calls and the queue before them.
type account struct {
	Account
	sim     *Sim
	created time.Time

	mu      sync.Mutex
	calls   []*call // in the order they were made
	numbers []twilioapi.IncomingPhoneNumber
	free    time.Time // when the next queued call may start
	silent  []*call   // calls that are over and still have their sound

	recordings  []*take
	conferences []*conference
	queues      []*queue
	callerIDs   []twilioapi.OutgoingCallerID
	tokens      map[string]string // numbers of callers by CallToken
}

// keptCalls bounds what is remembered of an account, keptSounds the calls that
// are over and can still be listened to.
const (
	keptCalls  = 10_000
	keptSounds = 50
)

func newAccount(s *Sim, a Account) (*account, error) {
	if a.CallsPerSecond == 0 {
		a.CallsPerSecond = 1
	}
	if a.Name == "" {
		a.Name = "Simulated account"
	}
	acc := &account{Account: a, sim: s, created: time.Now(), tokens: map[string]string{}}
	for _, n := range a.Numbers {
		if !twilioapi.IsNumber(n.Number) {
			return nil, fmt.Errorf("account %s: number %q is not in E.164 form", a.Sid, n.Number)
		}
		acc.numbers = append(acc.numbers, acc.incoming(n))
	}
	for _, number := range a.Verified {
		acc.callerIDs = append(acc.callerIDs, acc.verified(number))
	}
	return acc, nil
}

func (a *account) verified(number string) twilioapi.OutgoingCallerID {
	sid := a.sim.ids.next(twilioapi.KindNumber)
	return twilioapi.OutgoingCallerID{
		Sid: sid, AccountSid: a.Sid, FriendlyName: twilioapi.FormatNumber(number), PhoneNumber: number,
		DateCreated: twilioapi.DateOf(a.created), DateUpdated: twilioapi.DateOf(a.created),
		URI: twilioapi.AccountPath(a.Sid) + "/OutgoingCallerIds/" + sid + ".json",
	}
}

func (a *account) incoming(n Number) twilioapi.IncomingPhoneNumber {
	sid := a.sim.ids.next(twilioapi.KindNumber)
	name := n.Name
	if name == "" {
		name = twilioapi.FormatNumber(n.Number)
	}
	return twilioapi.IncomingPhoneNumber{
		Sid: sid, AccountSid: a.Sid, FriendlyName: name, PhoneNumber: n.Number,
		VoiceURL: twilioapi.Text(n.VoiceURL), VoiceFallbackURL: twilioapi.Text(n.VoiceFallbackURL), StatusCallback: twilioapi.Text(n.StatusCallback),
		VoiceMethod: "POST", VoiceFallbackMethod: "POST", StatusCallbackMethod: "POST", VoiceReceiveMode: "voice",
		SMSMethod: "POST", SMSFallbackMethod: "POST", AddressRequirements: "none", EmergencyStatus: "Inactive",
		Origin: "twilio", Capabilities: twilioapi.Capabilities{Voice: true}, Status: "in-use", Type: "local",
		DateCreated: twilioapi.DateOf(a.created), DateUpdated: twilioapi.DateOf(a.created),
		APIVersion: twilioapi.Version, URI: twilioapi.AccountPath(a.Sid) + "/IncomingPhoneNumbers/" + sid + ".json",
	}
}

// secret says whether user and password are the account's token or a key.
func (a *account) secret(user, password string) bool {
	if user == a.Sid {
		return password == a.Token
	}
	return slices.Contains(a.Keys, Key{user, password})
}

func (a *account) owns(number string) bool {
	return slices.Contains(a.Verified, number) ||
		slices.ContainsFunc(a.Numbers, func(n Number) bool { return n.Number == number })
}

// maxQueue is how long calls may wait before more are refused (error 22005).
const maxQueue = 24 * time.Hour

// slot returns when a queued call may start: CallsPerSecond of them do.
func (a *account) slot() time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	at := time.Now()
	if a.CallsPerSecond < 0 {
		return at
	}
	if a.free.After(at) {
		at = a.free
	}
	a.free = at.Add(time.Duration(float64(time.Second) / a.CallsPerSecond))
	return at
}

func (a *account) queueFull() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return time.Until(a.free) > maxQueue
}

// place makes a call and lets it live.
func (a *account) place(c *call) error {
	a.mu.Lock()
	if len(a.calls) == keptCalls {
		a.calls = slices.Delete(a.calls, 0, keptCalls/10)
	}
	a.calls = append(a.calls, c)
	a.mu.Unlock()
	if !a.sim.goes(func(ctx context.Context) { c.run(ctx) }) {
		return errNotRunning
	}
	return nil
}

func (a *account) call(sid string) *call {
	a.mu.Lock()
	defer a.mu.Unlock()
	if i := slices.IndexFunc(a.calls, func(c *call) bool { return c.sid == sid }); i >= 0 {
		return a.calls[i]
	}
	return nil
}

// list returns the calls, the newest first.
func (a *account) list() []*call {
	a.mu.Lock()
	defer a.mu.Unlock()
	calls := slices.Clone(a.calls)
	slices.Reverse(calls)
	return calls
}

func (a *account) remove(c *call) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.calls = slices.DeleteFunc(a.calls, func(other *call) bool { return other == c })
}

// forget lets go of the sound of calls that ended long ago.
func (a *account) forget(c *call) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.silent = append(a.silent, c)
	if len(a.silent) > keptSounds {
		a.silent[0].dropSound()
		a.silent = a.silent[1:]
	}
}
