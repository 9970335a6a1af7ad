package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/uptrace/bun"

	"softphone/internal/phone/call"
)

var _ call.Journal = (*Tenant)(nil)

// Change stores everything that one input changed, in one transaction. A
// transaction that a deadlock ended did nothing and is begun again.
func (t *Tenant) Change(ctx context.Context, c call.Change) error {
	err := t.change(ctx, c)
	for try := 1; try < deadlockTries && t.dialect.again(err); try++ {
		err = t.change(ctx, c)
	}
	if err != nil {
		return fmt.Errorf("store change of call %s: %w", c.Call.ID, err)
	}
	return nil
}

const deadlockTries = 5

// change takes the agent before the call's row: the row's foreign key locks the
// agent for reading, and of two calls of one agent neither could write then.
func (t *Tenant) change(ctx context.Context, c call.Change) error {
	return t.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		for _, step := range []func(context.Context, bun.Tx, call.Change) error{t.putOnce, claimAgent, putCall, putLegs, t.settleLegs, putLines, writeOut, putEvents, markInbox, t.putJobs} {
			if err := step(ctx, tx, c); err != nil {
				return err
			}
		}
		return nil
	})
}

// live are the words of calls that are not over.
var live = []string{string(call.Queued), string(call.Ringing), string(call.InProgress)}

// putCall updates the row unless a newer owner has it or it is over, or makes it.
func putCall(ctx context.Context, tx bun.Tx, c call.Change) error {
	row := rowOf(c.Call)
	res, err := tx.NewUpdate().Model(&row).ExcludeColumn("id", "created_at", "ai_transcript").Where("id = ? AND epoch <= ?", row.ID, c.Fence).
		Where("(status IN (?) OR status = ?)", bun.List(live), row.Status).Exec(ctx)
	if found, err := touched(res, err); found || err != nil {
		return err
	}
	if exists, err := tx.NewSelect().Model((*callRow)(nil)).Where("id = ?", row.ID).Exists(ctx); exists || err != nil {
		return errors.Join(err, call.ErrFenced)
	}
	_, err = tx.NewInsert().Model(&row).Exec(ctx)
	return err
}

// claimAgent changes the load of the call's agent: never read, then write.
func claimAgent(ctx context.Context, tx bun.Tx, c call.Change) error {
	q := tx.NewUpdate().Model((*userRow)(nil)).Where("id = ?", string(c.Call.UserID))
	switch c.Claim {
	case call.TakeAgent:
		q = q.Set("load_now = load_now + 1").Where("load_now < capacity")
	case call.ReleaseAgent:
		q = q.Set("load_now = load_now - 1").Where("load_now > 0")
	default:
		return nil
	}
	res, err := q.Exec(ctx)
	found, err := touched(res, err)
	if err == nil && !found && c.Claim == call.TakeAgent {
		return call.ErrAgentBusy
	}
	return err
}

func putLegs(ctx context.Context, tx bun.Tx, c call.Change) error {
	for _, l := range c.Legs {
		row := legRowOf(l)
		res, err := tx.NewUpdate().Model(&row).ExcludeColumn("id").WherePK().Exec(ctx)
		found, err := touched(res, err)
		if err == nil && !found {
			_, err = tx.NewInsert().Model(&row).Exec(ctx)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func putLines(ctx context.Context, tx bun.Tx, c call.Change) error {
	for _, l := range c.Lines {
		row := segmentRow{
			ID: l.ID, CallID: string(l.CallID), Speaker: l.Speaker, Body: l.Text, Revision: l.Revision, Gap: l.Gap,
			StartMs: l.Start.Milliseconds(), EndMs: l.End.Milliseconds(),
		}
		res, err := tx.NewUpdate().Model(&row).ExcludeColumn("id").WherePK().Exec(ctx)
		found, err := touched(res, err)
		if err == nil && !found {
			_, err = tx.NewInsert().Model(&row).Exec(ctx)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// writeOut renders the call's transcript from its stored lines, those of earlier
// owners included.
func writeOut(ctx context.Context, tx bun.Tx, c call.Change) error {
	if !c.Transcript {
		return nil
	}
	lines, err := linesOf(ctx, tx, c.Call.ID)
	if err != nil || len(lines) == 0 {
		return err
	}
	_, err = tx.NewUpdate().Model((*callRow)(nil)).Set("ai_transcript = ?", call.Transcript(lines)).Where("id = ?", string(c.Call.ID)).Exec(ctx)
	return err
}

func putEvents(ctx context.Context, tx bun.Tx, c call.Change) error {
	if len(c.Events) == 0 {
		return nil
	}
	rows := make([]eventRow, len(c.Events))
	for i, e := range c.Events {
		rows[i] = eventRow{Stream: e.Stream, Epoch: e.Epoch, Seq: e.Seq, CallID: string(e.CallID), Kind: e.Type, Body: string(e.Body), At: e.At.UnixMilli()}
	}
	_, err := tx.NewInsert().Model(&rows).Exec(ctx)
	return err
}

func markInbox(ctx context.Context, tx bun.Tx, c call.Change) error {
	if len(c.Inbox) == 0 {
		return nil
	}
	_, err := tx.NewUpdate().Model((*inboxRow)(nil)).Set("folded_at = ?", c.Call.UpdatedAt.UnixMilli()).Where("id IN (?)", bun.List(c.Inbox)).Exec(ctx)
	return err
}

// putJobs adds what is not there yet: at most one job of a kind and key.
func (t *Tenant) putJobs(ctx context.Context, tx bun.Tx, c call.Change) error {
	for _, j := range c.Jobs {
		there, err := tx.NewSelect().Model((*jobRow)(nil)).Where("kind = ? AND job_key = ?", j.Kind, j.Key).Exists(ctx)
		if err != nil || there {
			if err != nil {
				return err
			}
			continue
		}
		if _, err := tx.NewInsert().Model(&jobRow{Kind: j.Kind, Key: j.Key, Body: string(j.Body), DueAt: j.Due.UnixMilli()}).Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}

// touched reports whether an UPDATE found a row.
func touched(res interface{ RowsAffected() (int64, error) }, err error) (bool, error) {
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n > 0, err
}
