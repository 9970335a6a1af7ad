package store

import (
	"context"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"softphone/internal/phone/call"
	"softphone/internal/phone/gate"
	"softphone/internal/phone/tenant"
)

type refuserRow struct {
	bun.BaseModel `bun:"table:do_not_call,alias:d"`
	Number        string `bun:"number,pk"`
	Reason        string `bun:"reason"`
	AddedBy       string `bun:"added_by"`
	AddedAt       int64  `bun:"added_at"`
	AddedName     string `bun:"added_name,scanonly"`
}

// Refuses implements gate.Book.
func (t *Tenant) Refuses(ctx context.Context, e164 string) (bool, error) {
	return t.db.NewSelect().Model((*refuserRow)(nil)).Where("d.number = ?", e164).Exists(ctx)
}

// AddRefuser puts a number on the do-not-call list. One that is there stays as
// it was.
func (t *Tenant) AddRefuser(ctx context.Context, r gate.Refuser) error {
	row := refuserRow{Number: r.Number, Reason: cut(r.Reason, 500), AddedBy: r.AddedBy, AddedAt: t.now().UnixMilli()}
	err := t.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
			return err
		}
		return t.note(ctx, tx, auditEntry{UserID: r.AddedBy, Action: "do_not_call.add", Subject: r.Number, Detail: r.Reason})
	})
	if t.dialect.duplicate(err) {
		return nil
	}
	return err
}

// RemoveRefuser takes a number off the list and notes why; tenant.ErrNotFound
// when it is not on it, or when it is somebody else's entry and only own ones
// may be removed.
func (t *Tenant) RemoveRefuser(ctx context.Context, number, reason string, by call.UserID, ownOnly bool) error {
	return t.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		q := tx.NewDelete().Model((*refuserRow)(nil)).ModelTableExpr("do_not_call").Where("number = ?", number)
		if ownOnly {
			q = q.Where("added_by = ?", string(by))
		}
		res, err := q.Exec(ctx)
		found, err := touched(res, err)
		if err == nil && !found {
			err = tenant.ErrNotFound
		}
		if err != nil {
			return err
		}
		return t.note(ctx, tx, auditEntry{UserID: string(by), Action: "do_not_call.remove", Subject: number, Detail: reason})
	})
}

// Refusers lists the do-not-call list, newest first: numbers that contain the
// digits, after a place in the list.
func (t *Tenant) Refusers(ctx context.Context, digits string, after gate.Refuser, limit int64) ([]gate.Refuser, error) {
	var rows []refuserRow
	q := t.db.NewSelect().Model(&rows).ColumnExpr("d.*").ColumnExpr("COALESCE(u.name, '') AS added_name").
		Join("LEFT JOIN users AS u ON u.id = d.added_by").OrderExpr("d.added_at DESC, d.number").Limit(limit)
	if digits != "" {
		q = q.Where("d.number LIKE ?", "%"+digits+"%") // digits only: nothing to escape
	}
	if after.Number != "" {
		at := after.AddedAt.UnixMilli()
		q = q.Where("(d.added_at < ? OR d.added_at = ? AND d.number > ?)", at, at, after.Number)
	}
	if err := q.Scan(ctx); err != nil {
		return nil, err
	}
	out := make([]gate.Refuser, len(rows))
	for i, r := range rows {
		out[i] = gate.Refuser{Number: r.Number, Reason: r.Reason, AddedBy: r.AddedBy, AddedName: strings.TrimSpace(r.AddedName), AddedAt: time.UnixMilli(r.AddedAt).UTC()}
	}
	return out, nil
}
