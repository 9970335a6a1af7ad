package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"softphone/internal/phone/call"
)

type onceRow struct {
	bun.BaseModel `bun:"table:idempotency_keys"`
	UserID        string `bun:"user_id,pk"`
	Key           string `bun:"idem_key,pk"`
	Hash          string `bun:"body_hash"`
	CallID        string `bun:"call_id"`
	ExpiresAt     int64  `bun:"expires_at"`
}

// putOnce keeps the key of an order with the call that came of it, or says that
// it was given before: the primary key decides between two who come together.
// Insert first, and look without a lock: a DELETE before it locks a gap in
// InnoDB, an UPDATE after it wants more than the lock that the failed insert got,
// and either way two who come together wait for each other.
func (t *Tenant) putOnce(ctx context.Context, tx bun.Tx, c call.Change) error {
	if c.Once == nil {
		return nil
	}
	row := onceRow{UserID: string(c.Call.UserID), Key: c.Once.Key, Hash: c.Once.Hash, CallID: string(c.Call.ID), ExpiresAt: c.Once.Expires.UnixMilli()}
	_, err := tx.NewInsert().Model(&row).Exec(ctx)
	if !t.dialect.duplicate(err) {
		return err
	}
	var old onceRow
	if err := tx.NewSelect().Model(&old).Where("user_id = ? AND idem_key = ?", row.UserID, row.Key).Scan(ctx); err != nil {
		return err
	}
	if old.ExpiresAt > c.Call.UpdatedAt.UnixMilli() {
		return call.ErrRepeated
	}
	res, err := tx.NewUpdate().Model(&row).WherePK().Where("expires_at = ?", old.ExpiresAt).Exec(ctx)
	if found, err := touched(res, err); found || err != nil {
		return err
	}
	return call.ErrRepeated
}

// forgetOnce removes keys that have expired, at most once an hour.
func (t *Tenant) forgetOnce(ctx context.Context) error {
	now := t.now().UnixMilli()
	if last := t.swept.Load(); now-last < time.Hour.Milliseconds() || !t.swept.CompareAndSwap(last, now) {
		return nil
	}
	_, err := t.db.NewDelete().Model((*onceRow)(nil)).Where("expires_at <= ?", now).Exec(ctx)
	return err
}

// Repeated returns what came of an order that this user gave before under a
// key; ok is false when there was none, or none that has not expired.
func (t *Tenant) Repeated(ctx context.Context, user call.UserID, key string) (id call.ID, hash string, ok bool, err error) {
	if err := t.forgetOnce(ctx); err != nil {
		return "", "", false, err
	}
	var row onceRow
	err = t.db.NewSelect().Model(&row).Where("user_id = ? AND idem_key = ? AND expires_at > ?", string(user), key, t.now().UnixMilli()).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return "", "", false, nil
	}
	return call.ID(row.CallID), row.Hash, err == nil, err
}
