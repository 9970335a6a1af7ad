package assist

import (
	"context"
	"errors"
	"sync/atomic"
	"time"
)

const (
	// openTime is how long a session may take to confirm.
	openTime = 10 * time.Second
	// lastWords is how long the transcriber may take after the sound ended.
	lastWords = 3 * time.Second
	// lastTip is how long the rest may take when the last words were written.
	lastTip = time.Second
	// patience is how long a finished utterance may wait for its words before the
	// session counts as lost: five times what providers were seen to need.
	patience = 10 * time.Second
	// leastCommit is the shortest sound a commit may end: 100 ms (OpenAI,
	// Realtime, input_audio_buffer.commit: "buffer too small").
	leastCommit = 800
	// renewAfter is the age at which a session is replaced between two utterances:
	// the vendor ends it after 60 minutes, in the middle of a word if need be
	// (OpenAI, Realtime conversations, "Session lifecycle events").
	renewAfter = 50 * time.Minute
	// healthy is how long a session must last for its loss to count as the first.
	healthy = 30 * time.Second
)

// errEnded ends a session because the call did.
var errEnded = errors.New("sound has ended")

// errOld ends a session to make place for a new one.
var errOld = errors.New("session is old")

// errMute ends a session that takes sound and gives no words.
var errMute = errors.New("transcriber does not answer")

// leg writes down one party. Its run goroutine owns everything below.
type leg struct {
	name    string // what ids of its lines begin with
	ear     Ear
	hints   Hints
	queue   *soundQueue
	budget  *budget
	circuit *Circuit
	post    func(func(Desk))
	status  func(State)
	final   func(Line)
	paper   paper
	open    *line            // the utterance that is being appended
	deaf    atomic.Bool      // the account is at fault: what is said meanwhile is nobody's loss
	sent    int              // bytes of it in this session
	late    <-chan time.Time // fires when words are overdue; nil while none are owed
}

// run keeps a session open until the sound ends.
func (l *leg) run(ctx context.Context) {
	defer l.leave()
	for try := 0; ; try++ {
		began := time.Now()
		fault := l.once(ctx)
		if fault == nil || ctx.Err() != nil {
			return
		}
		l.deaf.Store(fault.Fatal)
		l.status(State{Gone, fault.Reason})
		if time.Since(began) > healthy {
			try = 0
		}
		if rest(ctx, fault, try, l.budget, l.circuit) != nil {
			return
		}
	}
}

// leave reports what was said and reached no session.
func (l *leg) leave() {
	l.abandon(Unreachable)
	for p, ok, _ := l.queue.pop(); ok; p, ok, _ = l.queue.pop() {
		l.place(p)
		if p.last {
			l.giveUp()
		}
	}
	l.giveUp()
}

func (l *leg) giveUp() {
	if l.open != nil && !l.deaf.Load() {
		l.publish(l.paper.drop(l.open, Unreachable))
	}
	l.open = nil
}

// once opens a session and serves it, and a new one when it is old. It returns nil
// when the sound has ended.
func (l *leg) once(ctx context.Context) *Fault {
	for {
		if fault := l.circuit.enter(); fault != nil {
			return fault
		}
		if over, fault := l.session(ctx); over || fault != nil {
			return fault
		}
	}
}

func (l *leg) session(ctx context.Context) (over bool, fault *Fault) {
	opening, cancel := context.WithTimeout(ctx, openTime)
	defer cancel()
	hearing, err := l.ear.Listen(opening, l.hints)
	if err != nil {
		return false, faultOf(err)
	}
	l.circuit.opened()
	l.deaf.Store(false)
	l.status(State{Listening, ""})
	return l.serve(ctx, hearing)
}

func (l *leg) serve(ctx context.Context, hearing Hearing) (over bool, fault *Fault) {
	ctx, cancel := context.WithCancel(ctx)
	heard := make(chan news)
	ended := make(chan struct{})
	go func() { // ends with the session; serve waits for it
		defer close(ended)
		listen(ctx, hearing, heard)
	}()
	err := l.loop(ctx, hearing, heard)
	cancel()
	hearing.Close()
	<-ended
	switch {
	case errors.Is(err, errOld):
		return false, nil
	case errors.Is(err, errEnded):
		l.abandon(Unreachable)
		return true, nil
	}
	fault = faultOf(err)
	l.abandon(fault.Reason)
	return false, fault
}

// news is what a session told, or why it ended.
type news struct {
	heard Heard
	err   error
}

// listen passes on what a session tells until it ends.
func listen(ctx context.Context, hearing Hearing, to chan<- news) {
	for {
		heard, err := hearing.Next(ctx)
		select {
		case to <- news{heard, err}:
		case <-ctx.Done():
			return
		}
		if err != nil {
			return
		}
	}
}

// loop moves sound out and words in.
func (l *leg) loop(ctx context.Context, hearing Hearing, heard <-chan news) error {
	var last <-chan time.Time
	old := time.NewTimer(renewAfter)
	defer old.Stop()
	aged := false
	l.queue.wake()
	for {
		if aged && l.open == nil && l.paper.settled() {
			return errOld
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case n := <-heard:
			if n.err != nil {
				return n.err
			}
			l.write(n.heard)
		case <-l.queue.ready:
			over, err := l.speak(ctx, hearing)
			if err != nil {
				return err
			}
			if over && last == nil {
				last = time.After(lastWords)
			}
		case <-last:
			return errEnded
		case <-l.late:
			return errMute
		case <-old.C:
			aged = true
		}
		if last != nil && l.paper.settled() {
			return errEnded
		}
	}
}

// speak sends one queued piece, so that news is read in between.
func (l *leg) speak(ctx context.Context, hearing Hearing) (over bool, err error) {
	p, ok, over := l.queue.pop()
	if !ok {
		return over, nil
	}
	l.queue.wake()
	l.place(p)
	if len(p.sound) > 0 {
		l.sent += len(p.sound)
		if err := hearing.Append(ctx, p.sound); err != nil {
			return false, err
		}
	}
	if p.last {
		return false, l.commit(ctx, hearing, p)
	}
	return false, nil
}

// place finds or begins the line of a piece.
func (l *leg) place(p piece) {
	if l.open == nil {
		l.open = l.paper.begin(p.of, l.hints.Speaker)
	}
	if p.cut {
		l.open.Gap = Unreachable
	}
	if p.last {
		l.open.End = p.end
	}
}

func (l *leg) commit(ctx context.Context, hearing Hearing, p piece) error {
	done, sent := l.open, l.sent
	l.open, l.sent = nil, 0
	done.ended = true
	if sent < leastCommit {
		l.publish(l.paper.drop(done, Unreachable))
		return nil
	}
	if l.late == nil {
		l.late = time.After(patience)
	}
	return hearing.Commit(ctx)
}

// write takes down what was heard.
func (l *leg) write(h Heard) {
	if h.Kind != Partial {
		l.publish(l.paper.settle(h))
		l.expect()
		return
	}
	if at, ok := l.paper.partial(h); ok {
		l.post(func(d Desk) { d.Partial(at) })
	}
}

// expect sets when the next words are due. Words heal the circuit: a session that
// merely opened may still have no quota.
func (l *leg) expect() {
	l.late = nil
	if l.paper.owes() {
		l.late = time.After(patience)
		return
	}
	l.circuit.answered()
}

// abandon gives up the lines a lost session owes. The one being spoken goes on in
// the next session.
func (l *leg) abandon(reason string) {
	for _, lost := range l.paper.lose(l.open, reason) {
		l.publish(lost, true)
	}
	l.sent, l.late = 0, nil
}

// missed publishes an utterance that was dropped before any session heard it. It
// is called by the mouth.
func (l *leg) missed(p piece) {
	if l.deaf.Load() {
		return
	}
	l.final(Line{ID: p.of.id, Revision: 1, Speaker: l.hints.Speaker, Start: p.of.start, End: p.end, Gap: Unreachable})
}

func (l *leg) publish(at Line, ok bool) {
	if ok {
		l.final(at)
	}
}
