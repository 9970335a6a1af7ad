package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"softphone/internal/phone/call"
	"softphone/internal/sim/twilio"
)

// checkTime is how long the whole story may take.
const checkTime = 45 * time.Second

// check lives through a day at the demo's desk without a browser: two agents
// with telephones of their own call, talk, listen, press keys and hang up. All
// it knows comes over the wire.
func check(ctx context.Context, story demoStory, out io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	book := &checkBook{out: out, begun: time.Now()}
	var both sync.WaitGroup
	errs := make([]error, 2)
	both.Go(func() { errs[0] = checkTalk(ctx, book, story) })
	both.Go(func() { errs[1] = checkLine(ctx, book, story) })
	both.Wait()
	err := errors.Join(errs...)
	if err == nil {
		err = book.step("simulators", "would Twilio or OpenAI have refused anything?", func() (string, error) { return noViolations(ctx, story) })
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "\n  All of it works: %.1f s.\n", time.Since(book.begun).Seconds())
	return nil
}

// checkBook prints the steps of a check as they are done.
type checkBook struct {
	mu    sync.Mutex
	out   io.Writer
	begun time.Time
}

// step does one thing and prints what came of it and how long it took.
func (b *checkBook) step(who, what string, do func() (string, error)) error {
	began := time.Now()
	found, err := do()
	b.mu.Lock()
	defer b.mu.Unlock()
	mark := "ok"
	if err != nil {
		mark, found = "FAILED", err.Error()
	}
	fmt.Fprintf(b.out, "  %6.2f s  %-10s %-6s %6.2f s  %s  %s\n", time.Since(b.begun).Seconds(), who, mark, time.Since(began).Seconds(), what, found)
	if err != nil {
		return fmt.Errorf("%s: %s: %w", who, what, err)
	}
	return nil
}

// stage is a step of a story with one agent.
type stage struct {
	what string
	do   func(*checkAgent, context.Context) (string, error)
}

func (b *checkBook) tell(ctx context.Context, a *checkAgent, stages []stage) error {
	for _, s := range stages {
		if err := b.step(a.name, s.what, func() (string, error) { return s.do(a, ctx) }); err != nil {
			return err
		}
	}
	return nil
}

// checkTalk is a conversation with Ana, from the dial to the history.
func checkTalk(ctx context.Context, b *checkBook, story demoStory) error {
	a := newCheckAgent(story, story.Users[0])
	defer a.leave()
	return b.tell(ctx, a, append(sitDown(),
		stage{"dial Ana, as people write numbers", func(a *checkAgent, ctx context.Context) (string, error) { return a.dial(ctx, "(201) 555-0123") }},
		stage{"hear that it rings", (*checkAgent).hearRinging},
		stage{"Ana answers", (*checkAgent).beAnswered},
		stage{"hear Ana's first words", (*checkAgent).hearSpeech},
		stage{"talk, one after the other, until Ana hangs up", (*checkAgent).converse},
		stage{"the call ends as it did: hung up by the customer", over(call.Completed, call.ByCustomer, call.HungUp)},
		stage{"what Ana said arrived unchanged", (*checkAgent).compareHeard},
		stage{"what the agent said arrived unchanged", (*checkAgent).compareSaid},
		stage{"the conversation is written down, both sides, in order", (*checkAgent).compareTranscript},
		stage{"the history shows it", (*checkAgent).findInHistory},
	))
}

// checkLine is what a line must do besides.
func checkLine(ctx context.Context, b *checkBook, story demoStory) error {
	a := newCheckAgent(story, story.Users[1])
	defer a.leave()
	number := func(n string) func(*checkAgent, context.Context) (string, error) {
		return func(a *checkAgent, ctx context.Context) (string, error) { return a.dial(ctx, n) }
	}
	return b.tell(ctx, a, append(sitDown(),
		stage{"dial a busy line", number(twilio.NumberBusy)},
		stage{"it is busy", over(call.Busy, call.ByCustomer, call.BusyLine)},
		stage{"dial what is no telephone", number(twilio.NumberInvalid)},
		stage{"the carrier says so", over(call.Failed, call.ByCarrier, call.InvalidNumber)},
		stage{"dial somebody who declines, and cancel while it rings", number(twilio.NumberNoAnswer)},
		stage{"it rings", (*checkAgent).hearRinging},
		stage{"cancel", (*checkAgent).hangUp},
		stage{"it is cancelled", over(call.Canceled, call.ByAgent, call.Cancelled)},
		stage{"dial the echo", number(twilio.NumberEcho)},
		stage{"it answers", (*checkAgent).beAnswered},
		stage{"speak and hear it back", (*checkAgent).hearEcho},
		stage{"press 4 2 #, heard as tones at the other end", (*checkAgent).pressKeys},
		stage{"mute: nothing of the agent leaves the bridge", (*checkAgent).muteAndSpeak},
		stage{"a second call: the first waits", (*checkAgent).secondCall},
		stage{"hang up", (*checkAgent).hangUp},
		stage{"the call ends as it did: hung up by the agent", over(call.Completed, call.ByAgent, call.HungUp)},
	))
}

// sitDown is how every agent begins.
func sitDown() []stage {
	return []stage{
		{"log in", (*checkAgent).logIn},
		{"connect the socket and learn the state of things", (*checkAgent).connect},
		{"connect microphone and ear over WebRTC", (*checkAgent).connectSound},
	}
}

func over(status call.Status, by call.By, reason call.Reason) func(*checkAgent, context.Context) (string, error) {
	return func(a *checkAgent, ctx context.Context) (string, error) {
		v, err := a.awaitEnd(ctx)
		if err != nil {
			return "", err
		}
		if v.Status != status || v.Verdict == nil || v.Verdict.By != by || v.Verdict.Reason != reason {
			return "", fmt.Errorf("it ended %s, %+v; want %s by %s: %s", v.Status, v.Verdict, status, by, reason)
		}
		return fmt.Sprintf("%s, %s", v.Status, v.Verdict.Reason), nil
	}
}
