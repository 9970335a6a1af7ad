package twilio

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"softphone/internal/protocol/twilioapi"
)

// Caller is somebody who calls a number of an account: the body of POST
// /control/calls.
type Caller struct {
	// From is the number the called side sees, or a word carriers send when it
	// is withheld: "anonymous".
	From string `json:"from"`
	// To is a number of an account.
	To string `json:"to"`
	// Person says how the caller behaves; default is who has the number From.
	Person *Person `json:"person,omitempty"`
	// ForwardedFrom is what the carrier says of a diversion.
	ForwardedFrom string `json:"forwardedFrom,omitempty"`
	// StirVerstat is how far the number is to be trusted. Default
	// TN-Validation-Passed-A for numbers of North America, nothing for others.
	StirVerstat string `json:"stirVerstat,omitempty"`
}

// patience is how long a caller lets it ring.
const patience = 60 * time.Second

// withheld are the words that stand for a number ("TwiML for Programmable
// Voice", From).
var withheld = map[string]bool{"anonymous": true, "restricted": true, "unavailable": true, "unknown": true}

// serveCaller is POST /control/calls: somebody calls. The answer comes when it
// rings.
func (s *Sim) serveCaller(w http.ResponseWriter, r *http.Request) {
	s.learnBase(r)
	var caller Caller
	if !readJSON(w, r, &caller) {
		return
	}
	c, err := s.arrival(caller)
	if err != nil {
		refuseJSON(w, err)
		return
	}
	if err := c.account.place(c); err != nil {
		writeJSON(w, http.StatusServiceUnavailable, map[string]string{"error": err.Error()})
		return
	}
	writeJSON(w, http.StatusCreated, c.view())
}

// Call lets somebody call a number of an account and returns the sid of the
// call.
func (s *Sim) Call(caller Caller) (string, error) {
	c, err := s.arrival(caller)
	if err == nil {
		err = c.account.place(c)
	}
	if err != nil {
		return "", err
	}
	return c.sid, nil
}

// arrival checks a caller and makes their call.
func (s *Sim) arrival(caller Caller) (*call, error) {
	if !twilioapi.IsNumber(caller.From) && !withheld[caller.From] {
		return nil, fmt.Errorf("from %q is neither a number in E.164 form nor withheld", caller.From)
	}
	person := s.people.at(caller.From)
	if caller.Person != nil {
		person = *caller.Person
		person.Number = caller.From
		if err := person.checkAs(s.voices, caller.From); err != nil {
			return nil, err
		}
	}
	a, number := s.owner(caller.To)
	switch {
	case a == nil:
		return nil, fmt.Errorf("no account has the number %q", caller.To)
	case number.VoiceURL == "":
		return nil, fmt.Errorf("number %s has no VoiceUrl: set it with POST /IncomingPhoneNumbers/%s.json", caller.To, number.Sid)
	}
	return a.arrival(caller, person, number), nil
}

// owner finds whose number it is.
func (s *Sim) owner(number string) (*account, twilioapi.IncomingPhoneNumber) {
	for _, a := range s.accounts {
		a.mu.Lock()
		for _, n := range a.numbers {
			if n.PhoneNumber == number {
				a.mu.Unlock()
				return a, n
			}
		}
		a.mu.Unlock()
	}
	return nil, twilioapi.IncomingPhoneNumber{}
}

// arrival makes a call that came in. Its settings are those of the number; its
// status callback is sent once, at the end ("IncomingPhoneNumbers resource",
// StatusCallback).
func (a *account) arrival(caller Caller, person Person, n twilioapi.IncomingPhoneNumber) *call {
	c := newLeg(a, twilioapi.Inbound, caller.From, caller.To, url.Values{
		"Url": {string(n.VoiceURL)}, "Method": {n.VoiceMethod},
		"FallbackUrl": {string(n.VoiceFallbackURL)}, "FallbackMethod": {n.VoiceFallbackMethod},
		"StatusCallback": {string(n.StatusCallback)}, "StatusCallbackMethod": {n.StatusCallbackMethod},
	})
	c.number, c.person, c.status = n.Sid, person, twilioapi.StatusRinging
	c.always, c.extra = url.Values{}, url.Values{}
	if caller.ForwardedFrom != "" {
		c.always.Set("ForwardedFrom", caller.ForwardedFrom)
	}
	if n.VoiceCallerIDLookup && person.Name != "" {
		c.always.Set("CallerName", strings.ToUpper(person.Name))
	}
	trust := caller.StirVerstat
	if trust == "" && strings.HasPrefix(caller.From, "+1") {
		trust = "TN-Validation-Passed-A"
	}
	if trust != "" {
		c.extra.Set("StirVerstat", trust)
	}
	c.extra.Set("CallToken", a.token(caller.From))
	return c
}

// token makes a CallToken: JSON that is URL-encoded once more, as it was seen in
// a captured request. Its inside is nobody's business but Twilio's.
func (a *account) token(from string) string {
	part := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	inner := part(`{"alg":"ES256"}`) + "." + part(`{"iat":"`+a.sim.ids.next("")+`"}`) + "." + part(a.sim.ids.next("")+a.sim.ids.next(""))
	text, err := json.Marshal(struct {
		Parent   string   `json:"parentCallInfoToken"`
		Identity []string `json:"identityHeaderTokens"`
	}{inner, []string{}})
	if err != nil {
		return ""
	}
	token := url.QueryEscape(string(text))
	a.mu.Lock()
	defer a.mu.Unlock()
	a.tokens[token] = from
	return token
}

// lent says whether a CallToken lets a call carry this number: that of the
// caller it was given for. It is taken with and without its outer encoding.
func (a *account) lent(from, token string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return token != "" && (a.tokens[token] == from || a.tokens[url.QueryEscape(token)] == from)
}

// arrive lets a call that came in ring at the account: it is answered by the
// first verb that needs it.
func (c *call) arrive(ctx context.Context) bool {
	c.mu.Lock()
	c.started = c.created
	person := c.person
	c.mu.Unlock()
	c.note(KindCall, twilioapi.StatusRinging, map[string]any{"from": c.from, "to": c.to})
	head := person.head(c.sim.voices)
	if seat := c.sim.people.seat(c.from); seat != nil && seat.callsOut(c) {
		head = &liveHead{seat: seat}
		c.seat = seat
	}
	wait := time.Duration(person.GiveUpAfter)
	if wait == 0 {
		wait = patience
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lift = func() bool {
		if !c.answer(ctx, head) {
			return false
		}
		if page, ok := head.(*liveHead); ok {
			page.seat.tell(map[string]string{"type": "up", "call": c.sid})
		}
		return true
	}
	c.timers = append(c.timers, time.AfterFunc(wait, c.giveUp))
	return true
}

// giveUp hangs up unless the call was answered.
func (c *call) giveUp() {
	if c.phone() == nil {
		c.finish(gaveUp)
	}
}

// base is where the simulator is reached, for addresses that it gives out:
// Config.URL, or where the last request went.
func (s *Sim) base() string {
	if s.config.URL != "" {
		return s.config.URL
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.reached
}

// learnBase notes where a request went: scheme, host, and the path under which
// the handler is mounted, which is what RequestURI has more than URL.
func (s *Sim) learnBase(r *http.Request) {
	asked, err := url.ParseRequestURI(r.RequestURI)
	if err != nil || r.Host == "" {
		return
	}
	mount, ok := strings.CutSuffix(asked.Path, r.URL.Path)
	if !ok {
		return
	}
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reached = scheme + "://" + r.Host + mount
}
