package assist

import (
	"context"
	"fmt"
	"strings"
	"time"
)

const (
	maxTurns = 40 // lines a new session is told after a loss
	maxQueue = 64 // lines waiting for a slow model
	maxCalls = 50 // tool calls in one call
)

// thinker follows the conversation. Its run goroutine owns everything below the
// channels.
type thinker struct {
	brain   Brain
	brief   Brief
	tools   map[string]Tool
	budget  *budget
	circuit *Circuit
	post    func(func(Desk))
	status  func(reason string) // why there is no advice; empty: there is
	said    chan Line

	turns   []string
	asked   string // the line advice is wanted for; newest wins
	count   int
	seen    map[string]bool // tool calls
	results chan result
	running int
}

// result is the outcome of a tool.
type result struct {
	action Action
	output string
}

// hear queues a finished line; a model too slow to take 64 of them misses one.
func (t *thinker) hear(at Line) {
	select {
	case t.said <- at:
	default:
	}
}

// run keeps a session open until ctx or the conversation ends.
func (t *thinker) run(ctx context.Context) {
	defer t.settle()
	for try := 0; ; try++ {
		began := time.Now()
		fault := t.once(ctx)
		if fault == nil || ctx.Err() != nil {
			return
		}
		t.status(fault.Reason)
		if time.Since(began) > healthy {
			try = 0
		}
		if rest(ctx, fault, try, t.budget, t.circuit) != nil {
			return
		}
	}
}

// settle waits for tools under way: they end with ctx or after toolTime.
func (t *thinker) settle() {
	for ; t.running > 0; t.running-- {
		r := <-t.results
		t.post(func(d Desk) { d.Act(r.action) })
	}
}

func (t *thinker) once(ctx context.Context) *Fault {
	if fault := t.circuit.enter(); fault != nil {
		return fault
	}
	opening, cancel := context.WithTimeout(ctx, openTime)
	defer cancel()
	mind, err := t.brain.Think(opening, t.brief)
	if err != nil {
		return faultOf(err)
	}
	t.circuit.opened()
	t.status("")
	return t.serve(ctx, mind)
}

// thought is what a session came up with, or why it ended.
type thought struct {
	idea Idea
	err  error
}

func (t *thinker) serve(ctx context.Context, mind Mind) *Fault {
	ctx, cancel := context.WithCancel(ctx)
	ideas := make(chan thought)
	ended := make(chan struct{})
	go func() { // ends with the session; serve waits for it
		defer close(ended)
		think(ctx, mind, ideas)
	}()
	err := t.loop(ctx, mind, ideas)
	cancel()
	mind.Close()
	<-ended
	if err == nil {
		return nil
	}
	return faultOf(err)
}

func think(ctx context.Context, mind Mind, to chan<- thought) {
	for {
		idea, err := mind.Next(ctx)
		select {
		case to <- thought{idea, err}:
		case <-ctx.Done():
			return
		}
		if err != nil {
			return
		}
	}
}

func (t *thinker) loop(ctx context.Context, mind Mind, ideas <-chan thought) error {
	if err := t.recall(ctx, mind); err != nil {
		return err
	}
	for {
		err := error(nil)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case at, ok := <-t.said:
			if !ok {
				return nil
			}
			err = t.follow(ctx, mind, at)
		case n := <-ideas:
			if err = n.err; err == nil {
				err = t.take(ctx, mind, n.idea)
			}
		case r := <-t.results:
			err = t.answer(ctx, mind, r)
		}
		if err != nil {
			return err
		}
	}
}

// recall tells a new session what an earlier one knew.
func (t *thinker) recall(ctx context.Context, mind Mind) error {
	t.asked = ""
	for _, turn := range t.turns {
		if err := mind.Add(ctx, turn); err != nil {
			return err
		}
	}
	return nil
}

// follow adds a line. The caller's lines deserve advice.
func (t *thinker) follow(ctx context.Context, mind Mind, at Line) error {
	turn := strings.ToUpper(string(at.Speaker)) + ": " + at.Text
	t.turns = append(t.turns, turn)
	if len(t.turns) > maxTurns {
		t.turns = t.turns[len(t.turns)-maxTurns:]
	}
	if err := mind.Add(ctx, turn); err != nil || at.Speaker != Caller {
		return err
	}
	if len(t.tools) > 0 {
		if err := mind.Consider(ctx); err != nil {
			return err
		}
	}
	t.asked = at.ID
	return mind.Ask(ctx, at.ID)
}

func (t *thinker) take(ctx context.Context, mind Mind, idea Idea) error {
	switch idea.Kind {
	case Advice:
		t.circuit.answered()
		t.status("")
		t.advise(idea)
	case NoAdvice:
		if idea.Reason != "" {
			t.status(idea.Reason)
		}
	case UseTool:
		return t.use(ctx, mind, idea)
	}
	return nil
}

// advise posts a suggestion, unless a newer line has been asked about.
func (t *thinker) advise(idea Idea) {
	if idea.Turn != t.asked {
		return
	}
	for _, tip := range readTips(idea.Text) {
		t.count++
		s := Suggestion{ID: fmt.Sprintf("%s-s%d", idea.Turn, t.count), Text: tip.Text, Reason: tip.Reason, LineID: idea.Turn}
		t.post(func(d Desk) { d.Suggest(s) })
	}
}
