package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"softphone/internal/phone/call"
	"softphone/internal/phone/tenant"
)

// OfferStream keeps the hash of the token with which a leg may open its sound
// once, until it expires.
func (t *Tenant) OfferStream(ctx context.Context, leg call.LegID, hash string, expires time.Time) error {
	res, err := t.db.NewUpdate().Model((*legRow)(nil)).Set("stream_hash = ?", hash).Set("stream_expires = ?", expires.UnixMilli()).Where("id = ?", string(leg)).Exec(ctx)
	found, err := touched(res, err)
	if err == nil && !found {
		return tenant.ErrNotFound
	}
	return err
}

// ClaimStream uses a token up: of two who come with the same one, one gets
// tenant.ErrNotFound.
func (t *Tenant) ClaimStream(ctx context.Context, leg call.LegID, hash string) error {
	res, err := t.db.NewUpdate().Model((*legRow)(nil)).Set("stream_hash = NULL").
		Where("id = ? AND stream_hash = ? AND stream_expires > ?", string(leg), hash, t.now().UnixMilli()).Exec(ctx)
	found, err := touched(res, err)
	if err == nil && !found {
		return tenant.ErrNotFound
	}
	return err
}

// LegBySID finds the leg that has the carrier's id, or tenant.ErrNotFound.
func (t *Tenant) LegBySID(ctx context.Context, sid string) (call.LegID, error) {
	if !tenant.IsID(sid) {
		return "", tenant.ErrNotFound
	}
	var row legRow
	err := t.db.NewSelect().Model(&row).Where("carrier_sid = ?", sid).Limit(1).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return "", tenant.ErrNotFound
	}
	return call.LegID(row.ID), err
}
