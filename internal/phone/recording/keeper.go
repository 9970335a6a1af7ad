package recording

import (
	"context"
	"slices"
	"sync"
	"time"
)

const (
	// waitMost is how many pieces wait while nothing can be stored: a minute of
	// sound, 130 kB each. Then the oldest is given up.
	waitMost = 8
	// lastWait is how long the end of a recording tries to be stored.
	lastWait = 30 * time.Second
	// stepTime bounds one try at the shelf and the books.
	stepTime                = 15 * time.Second
	pauseLeast, pauseLonger = 200 * time.Millisecond, 2 * time.Second
)

// segment is a piece before it is sealed.
type segment struct {
	from, to slot
	sound    []byte // nil: silence
	gaps     []Gap
}

// keeper stores a take's pieces one after the other, on its own goroutine.
type keeper struct {
	take *Take
	wake chan struct{}

	mu     sync.Mutex
	queue  []segment
	given  []segment // up
	more   []Gap     // that no piece tells
	ending bool
	ended  time.Duration
	until  time.Time // of the last tries

	// Of the keeper's goroutine.
	record  Record
	begun   bool
	n       int
	trouble bool
}

func newKeeper(t *Take) *keeper { return &keeper{take: t, wake: make(chan struct{}, 1)} }

func (k *keeper) add(s segment) {
	k.mu.Lock()
	k.queue = append(k.queue, s)
	if len(k.queue) > waitMost {
		k.dropLocked()
	}
	k.mu.Unlock()
	k.poke()
}

// dropLocked gives the oldest piece up.
func (k *keeper) dropLocked() {
	s := k.queue[0]
	s.sound = nil
	k.queue, k.given = k.queue[1:], append(k.given, s)
}

// lostLocked are the gaps that no stored piece tells.
func (k *keeper) lostLocked() []Gap {
	lost := append([]Gap(nil), k.more...)
	for _, s := range k.given {
		lost = append(append(lost, s.gaps...), gapOf(s.from.time(), s.to.time(), NotStored, ""))
	}
	return lost
}

func (k *keeper) end(at time.Duration, gaps []Gap) {
	k.mu.Lock()
	k.ending, k.ended, k.until = true, at, time.Now().Add(lastWait)
	k.more = gaps
	k.mu.Unlock()
	k.poke()
}

func (k *keeper) poke() {
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

// run ends when everything is stored after end, or the last tries are over.
func (k *keeper) run(ctx context.Context) {
	defer close(k.take.done)
	pause := pauseLeast
	for {
		more, err := k.step(ctx)
		switch {
		case err != nil && k.hopeless():
			k.take.Log.Error("recording not closed", "call", k.take.Record.CallID, "err", err)
			return
		case err != nil:
			if !k.trouble {
				k.take.Log.Error("recording not stored, trying again", "call", k.take.Record.CallID, "err", err)
			}
			k.trouble = true
			k.sleep(pause)
			pause = min(2*pause, pauseLonger)
			continue
		case !more:
			return
		}
		if k.trouble {
			k.take.Log.Info("recording is stored again", "call", k.take.Record.CallID)
		}
		k.trouble, pause = false, pauseLeast
	}
}

func (k *keeper) sleep(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	<-timer.C
}

func (k *keeper) hopeless() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.ending && !time.Now().Before(k.until)
}

// step does the next thing and waits for it if need be; more is false at the end.
func (k *keeper) step(ctx context.Context) (more bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, stepTime)
	defer cancel()
	if !k.begun {
		if k.record, err = k.take.Archive.Books.Begin(ctx, k.take.Record); err != nil {
			return true, err
		}
		k.begun = true
	}
	k.mu.Lock()
	var next *segment
	if len(k.queue) > 0 {
		s := k.queue[0]
		next = &s
	}
	ending, ended, lost := k.ending, k.ended, k.lostLocked()
	k.mu.Unlock()
	switch {
	case next != nil:
		return true, k.store(ctx, *next)
	case ending:
		return false, k.take.Archive.Books.Close(ctx, k.record.ID, ended, lost)
	}
	<-k.wake
	return true, nil
}

func (k *keeper) store(ctx context.Context, s segment) error {
	p := Piece{Recording: k.record.ID, Epoch: k.record.Epoch, N: k.n + 1, From: s.from.time(), Len: (s.to - s.from).time(), Gaps: s.gaps}
	if err := k.take.Archive.keepPiece(ctx, p, s.sound); err != nil {
		return err
	}
	k.n++
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.queue) > 0 && k.queue[0].from == s.from {
		k.queue = k.queue[1:]
		return nil
	}
	k.given = slices.DeleteFunc(k.given, func(g segment) bool { return g.from == s.from }) // given up too early
	return nil
}
