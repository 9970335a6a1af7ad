package twilio

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Kinds of trouble that can be ordered. Those of the REST API strike POST
// /Calls.json, except that update and read strike the requests about one call;
// those of callbacks every status callback, or those of one status; those of
// sockets the next media streams.
const (
	FaultStatus          = "status"            // answer with HTTP status Status (401, 429, 500 ...), no call is made
	FaultDrop            = "drop"              // drop the connection, no call is made
	FaultCreateThenDrop  = "createThenDrop"    // make the call, drop the connection
	FaultCreateThenHang  = "createThenHang"    // make the call, never answer
	FaultCreateThenError = "createThenError"   // make the call, answer 500
	FaultSlow            = "slow"              // make the call, answer after Delay
	FaultCallbackFirst   = "callbackFirst"     // the first callback is delivered before the answer
	FaultUpdate          = "update"            // answer a change of a call with HTTP status Status, nothing is done
	FaultRead            = "read"              // answer the question for a call, or for the list, with HTTP status Status
	FaultVoiceFail       = "voiceFail"         // a request for a document does not reach the server
	FaultCallbackDelay   = "callbackDelay"     // deliver after Delay
	FaultCallbackTwice   = "callbackDuplicate" // deliver twice
	FaultCallbackDrop    = "callbackDrop"      // never deliver
	FaultCallbackReorder = "callbackReorder"   // deliver after the callback that follows
	FaultAnswerDelay     = "answerDelay"       // people answer later by Delay
	FaultSocketClose     = "socketClose"       // close the media socket after Delay, without stop
	FaultSocketReset     = "socketReset"       // reset the connection after Delay
	FaultSocketStall     = "socketStall"       // after Delay neither send nor take for For; what we sent meanwhile then arrives at once
	FaultSocketStop      = "socketStop"        // after Delay say stop and close, though nobody hung up
	FaultSocketNever     = "socketNever"       // do not open the socket for For; 0: for ever
	FaultSocketRefuse    = "socketRefuse"      // take the upgrade for refused (error 31920)
	FaultSocketLost      = "socketLost"        // what is made of a socket whose server dies: see EndsCall and Unnoticed
	FaultUpdateThenDrop  = "updateThenDrop"    // change the call, drop the connection
	FaultMedia           = "media"             // answer the question for a recording's sound with HTTP status Status
)

var faultKinds = []string{
	FaultStatus, FaultDrop, FaultCreateThenDrop, FaultCreateThenHang, FaultCreateThenError, FaultSlow,
	FaultCallbackFirst, FaultCallbackDelay, FaultCallbackTwice, FaultCallbackDrop, FaultCallbackReorder,
	FaultUpdate, FaultUpdateThenDrop, FaultRead, FaultMedia, FaultVoiceFail,
	FaultAnswerDelay, FaultSocketClose, FaultSocketReset, FaultSocketStall, FaultSocketStop, FaultSocketNever,
	FaultSocketRefuse, FaultSocketLost,
}

// answering are the faults that are an answer of the API.
var answering = []string{FaultStatus, FaultUpdate, FaultRead, FaultMedia}

// Fault is trouble that strikes the next Count times.
type Fault struct {
	Kind    string `json:"kind"`
	Count   int    `json:"count,omitempty"`   // default 1
	Account string `json:"account,omitempty"` // only this one
	Call    string `json:"call,omitempty"`    // only this one, or this conference
	Status  int    `json:"status,omitempty"`  // of those that answer with one
	When    string `json:"when,omitempty"`    // of callbacks: only of this CallStatus
	Delay   Span   `json:"delay,omitempty"`
	For     Span   `json:"for,omitempty"`
	// EndsCall says that Twilio ends the call with the lost socket instead of
	// going on with the document.
	EndsCall bool `json:"endsCall,omitempty"`
	// Unnoticed says that Twilio does not notice the loss: the person hears
	// nothing until the call is led to another document or ends.
	Unnoticed bool `json:"unnoticed,omitempty"`
}

func (f Fault) loss() loss { return loss{EndsCall: f.EndsCall, Unnoticed: f.Unnoticed} }

func (f *Fault) check() error {
	if !slices.Contains(faultKinds, f.Kind) {
		return fmt.Errorf("unknown kind of fault %q", f.Kind)
	}
	if f.Count == 0 {
		f.Count = 1
	}
	if f.Count < 0 || slices.Contains(answering, f.Kind) && (f.Status < 400 || f.Status > 599) {
		return fmt.Errorf("fault %s: count %d, status %d", f.Kind, f.Count, f.Status)
	}
	return nil
}

// faults is the trouble that is still to come, in the order it was told.
type faults struct {
	mu    sync.Mutex
	queue []Fault
}

func (f *faults) add(fault Fault) error {
	if err := fault.check(); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.queue = append(f.queue, fault)
	return nil
}

func (f *faults) list() []Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]Fault{}, f.queue...)
}

func (f *faults) forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.queue = nil
}

// take returns the first fault of one of the kinds that strikes here, and
// counts it.
func (f *faults) take(account, call, status string, kinds ...string) (Fault, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range f.queue {
		fault := &f.queue[i]
		if !slices.Contains(kinds, fault.Kind) || fault.Account != "" && fault.Account != account ||
			fault.Call != "" && fault.Call != call || fault.When != "" && fault.When != status {
			continue
		}
		struck := *fault
		if fault.Count--; fault.Count == 0 {
			f.queue = slices.Delete(f.queue, i, i+1)
		}
		return struck, true
	}
	return Fault{}, false
}

// creation returns what happens to a POST /Calls.json.
func (f *faults) creation(account string) (Fault, bool) {
	return f.take(account, "", "", FaultStatus, FaultDrop, FaultCreateThenDrop, FaultCreateThenHang,
		FaultCreateThenError, FaultSlow, FaultCallbackFirst)
}

// callbackPlan is what happens to one callback.
type callbackPlan struct {
	note   string
	drop   bool
	swap   bool
	delay  time.Duration
	copies int
}

func (f *faults) callback(account, call, status string) callbackPlan {
	fault, ok := f.take(account, call, status, FaultCallbackDelay, FaultCallbackTwice, FaultCallbackDrop, FaultCallbackReorder)
	if !ok {
		return callbackPlan{}
	}
	p := callbackPlan{note: fault.Kind, delay: time.Duration(fault.Delay)}
	switch fault.Kind {
	case FaultCallbackTwice:
		p.copies = 1
	case FaultCallbackDrop:
		p.drop = true
	case FaultCallbackReorder:
		p.swap = true
	}
	return p
}

func (f *faults) answerDelay(account, call string) time.Duration {
	fault, _ := f.take(account, call, "", FaultAnswerDelay)
	return time.Duration(fault.Delay)
}

// socket lets ordered trouble strike the stream that has just started.
func (f *faults) socket(c *call, s *stream) {
	fault, ok := f.take(c.account.Sid, c.sid, "", FaultSocketClose, FaultSocketReset, FaultSocketStall, FaultSocketStop)
	if !ok {
		return
	}
	c.note(KindFault, fault.Kind, nil)
	c.sim.goes(func(ctx context.Context) {
		select {
		case <-s.done:
		case <-ctx.Done():
		case <-time.After(time.Duration(fault.Delay)):
			s.suffer(ctx, fault)
		}
	})
}

// suffer carries out a fault of a socket.
func (s *stream) suffer(ctx context.Context, f Fault) {
	s.mu.Lock()
	s.loss = f.loss()
	s.mu.Unlock()
	switch f.Kind {
	case FaultSocketClose:
		s.giveUp("closed by order")
	case FaultSocketReset:
		s.reset()
	case FaultSocketStop:
		s.hangUp()
	case FaultSocketStall:
		s.stall(true)
		if f.For > 0 && sleep(ctx, time.Duration(f.For)) {
			s.stall(false)
		}
	}
}
