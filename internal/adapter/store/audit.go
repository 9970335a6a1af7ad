package store

import (
	"context"

	"github.com/uptrace/bun"
)

// auditEntry notes who did what: rows are added, never changed.
type auditEntry struct {
	bun.BaseModel `bun:"table:audit"`
	ID            string `bun:"id,pk"`
	At            int64  `bun:"at"`
	UserID        string `bun:"user_id"` // empty: the program itself
	Action        string `bun:"action"`
	Subject       string `bun:"subject"`
	Detail        string `bun:"detail"`
}

// note adds an entry in the transaction of what it is about.
func (t *Tenant) note(ctx context.Context, tx bun.Tx, e auditEntry) error {
	now := t.now()
	e.ID, e.At = NewID(now), now.UnixMilli()
	e.Detail = cut(e.Detail, 500)
	_, err := tx.NewInsert().Model(&e).Exec(ctx)
	return err
}

// cut shortens to at most n characters.
func cut(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n])
	}
	return s
}

// Noted lists the actions that were noted about a subject, oldest first.
func (t *Tenant) Noted(ctx context.Context, subject string) (actions []string, err error) {
	err = t.db.NewSelect().Model((*auditEntry)(nil)).Column("action").Where("subject = ?", subject).OrderExpr("at, id").Scan(ctx, &actions)
	return actions, err
}
