package store

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"softphone/internal/phone/call"
)

// Left lists the calls that are not over, oldest first: after a start, what a
// former process left.
func (t *Tenant) Left(ctx context.Context) ([]call.Left, error) {
	var rows []callRow
	if err := t.selectCalls().Where("c.status IN (?)", bun.List(live)).OrderExpr("c.started_at, c.id").Scan(ctx, &rows); err != nil {
		return nil, err
	}
	out := make([]call.Left, len(rows))
	for i, r := range rows {
		legs, err := t.LegsOf(ctx, call.ID(r.ID))
		if err != nil {
			return nil, err
		}
		out[i] = call.Left{Call: r.record(), Legs: legs, UserName: r.UserName, ContactName: r.ContactName}
	}
	return out, nil
}

func (r callRow) record() call.Record {
	c := call.Record{
		ID: call.ID(r.ID), CallSID: word(r.CallSID), Direction: call.Direction(r.Direction), From: r.From, To: r.To, Status: call.Status(r.Status),
		Verdict: call.Verdict{By: call.By(r.VerdictBy), Reason: call.Reason(r.VerdictReason), Detail: r.VerdictDetail},
		UserID:  call.UserID(word(r.UserID)), ContactID: word(r.ContactID), Epoch: r.Epoch,
		StartedAt: time.UnixMilli(r.StartedAt).UTC(), AnsweredAt: moment(r.AnsweredAt), EndedAt: moment(r.EndedAt),
		CreatedAt: time.UnixMilli(r.CreatedAt).UTC(), UpdatedAt: time.UnixMilli(r.UpdatedAt).UTC(),
	}
	if r.DurationSeconds != nil {
		c.Talk = time.Duration(*r.DurationSeconds) * time.Second
	}
	return c
}

// Taken implements call.Journal.
func (t *Tenant) Taken(ctx context.Context, sid string, but call.ID) (bool, error) {
	return t.db.NewSelect().Model((*legRow)(nil)).Where("carrier_sid = ? AND call_id <> ?", sid, string(but)).Exists(ctx)
}
