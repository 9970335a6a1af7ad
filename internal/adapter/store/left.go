package store

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"softphone/internal/phone/auth"
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
		out[i] = call.Left{Call: r.record(), Legs: legs, ContactName: r.ContactName}
		if out[i].Names, err = t.names(ctx, legs); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// names are those of the agents in legs.
func (t *Tenant) names(ctx context.Context, legs []call.LegRecord) (map[call.UserID]string, error) {
	names := map[call.UserID]string{}
	for _, leg := range legs {
		id, ok := strings.CutPrefix(leg.Address, "user:")
		if !ok {
			continue
		}
		u, err := t.User(ctx, id)
		if err != nil && !errors.Is(err, auth.ErrNoUser) {
			return nil, err
		}
		names[call.UserID(id)] = u.Name
	}
	return names, nil
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
