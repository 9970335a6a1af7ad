package switchboard

import (
	"context"
	"time"

	"softphone/internal/phone/recording"
)

// pauseTime is how long the carrier may take to confirm a pause: after that the
// agent is told to stop.
const pauseTime = time.Second

// carrierTape is a recording that the carrier makes of a live call.
type carrierTape struct {
	tape *tape
	id   recording.ID
	sid  string // of the leg
	done chan struct{}
}

// startAtCarrier orders the carrier to record, beside the call.
func (p *tape) startAtCarrier() *carrierTape {
	now := p.tapes.board.ex.Now()
	c := &carrierTape{tape: p, id: recording.ID(p.tapes.board.ex.NewID(now)), sid: p.call.View().CallSID, done: make(chan struct{})}
	p.tapes.wait.Go(func() {
		defer close(c.done)
		ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
		defer cancel()
		if err := c.start(ctx); err != nil {
			p.tapes.board.log.Error("carrier does not record", "call", p.config.Record.ID, "err", err)
		}
	})
	return c
}

// start makes the row and the job that fetches the recording, whatever becomes of
// us, and then asks the carrier, once: what it did of an order that was not
// answered, the job finds out.
func (c *carrierTape) start(ctx context.Context) error {
	if c.sid == "" {
		return errNoLeg
	}
	t := c.tape.tapes
	r := recording.Record{ID: c.id, CallID: string(c.tape.config.Record.ID), Kind: recording.OfCall, Source: recording.AtCarrier}
	begun, err := t.Archive.Books.Begin(ctx, r)
	if err != nil {
		return err
	}
	c.id = begun.ID
	if err := t.order(ctx, fetchRecording, c.id, t.board.ex.Now().Add(longest)); err != nil {
		return err
	}
	carrier, _, err := t.carrier(ctx)
	if err != nil {
		return err
	}
	sid, err := carrier.StartRecording(ctx, c.sid, c.id)
	if err != nil {
		return err
	}
	return t.Archive.Books.NoteCarrier(ctx, c.id, sid, recording.NoCopy, begun.Channels)
}

func (c *carrierTape) pause(ctx context.Context, on bool) error {
	ctx, cancel := context.WithTimeout(ctx, pauseTime)
	defer cancel()
	select {
	case <-c.done: // it was started before it can be paused
	case <-ctx.Done():
		return ctx.Err()
	}
	carrier, _, err := c.tape.tapes.carrier(ctx)
	if err != nil {
		return err
	}
	return carrier.PauseRecording(ctx, c.sid, on)
}

// over brings the fetch forward: the carrier's callback does the same, if it comes.
func (c *carrierTape) over() {
	t := c.tape.tapes
	t.wait.Go(func() {
		<-c.done
		ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
		defer cancel()
		if err := t.order(ctx, fetchRecording, c.id, t.board.ex.Now().Add(callbackWait)); err != nil {
			t.board.log.Error("fetch of the carrier's recording not ordered: it comes later", "recording", c.id, "err", err)
		}
	})
}

// ReceiveRecording stores what the carrier told of a recording, and fetches it.
func (l *Line) ReceiveRecording(ctx context.Context, n recording.Notice, dedupe string, raw []byte) error {
	t := l.board.tapes
	if t == nil {
		return nil // nobody asked for it
	}
	err := t.Ledger.ReceiveRecording(context.WithoutCancel(ctx), n.Recording, dedupe, string(raw))
	t.runner.Poke()
	return err
}
