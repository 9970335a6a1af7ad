package store

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/uptrace/bun"

	"softphone/internal/phone/call"
	"softphone/internal/phone/tenant"
)

type inboxRow struct {
	bun.BaseModel `bun:"table:inbox"`
	ID            string `bun:"id,pk"`
	Dedupe        string `bun:"dedupe"`
	LegID         string `bun:"leg_id"`
	Body          string `bun:"body"`
	Raw           string `bun:"raw"`
	ReceivedAt    int64  `bun:"received_at"`
	FoldedAt      *int64 `bun:"folded_at"`
}

type jobRow struct {
	bun.BaseModel `bun:"table:jobs"`
	Kind          string `bun:"kind,pk"`
	Key           string `bun:"job_key,pk"`
	Body          string `bun:"body"`
	DueAt         int64  `bun:"due_at"`
	LeaseUntil    int64  `bun:"lease_until"`
	Attempts      int    `bun:"attempts"`
	Dead          bool   `bun:"dead"`
}

// Receive keeps what the carrier told before it is answered. dedupe names the
// telling: a second one of the same name is not stored again and not fresh.
func (t *Tenant) Receive(ctx context.Context, f call.Fact, dedupe, raw string) (kept call.Fact, fresh bool, err error) {
	now := t.now()
	f.ID, f.Received = NewID(now), now
	body, err := json.Marshal(f)
	if err != nil {
		return f, false, err
	}
	_, err = t.db.NewInsert().Model(&inboxRow{ID: f.ID, Dedupe: dedupe, LegID: string(f.Leg), Body: string(body), Raw: raw, ReceivedAt: now.UnixMilli()}).Exec(ctx)
	if t.dialect.duplicate(err) {
		return f, false, nil
	}
	if err != nil {
		return f, false, fmt.Errorf("store what the carrier told: %w", err)
	}
	return f, true, nil
}

// Keep stores what the carrier told and nobody understands: it is of no leg, and
// counts as folded in. A raw text that no database takes is stored quoted.
func (t *Tenant) Keep(ctx context.Context, dedupe, raw string) error {
	if !tenant.IsText(raw) {
		raw = strconv.QuoteToASCII(raw)
	}
	now := t.now()
	at := now.UnixMilli()
	_, err := t.db.NewInsert().Model(&inboxRow{ID: NewID(now), Dedupe: dedupe, Body: "{}", Raw: raw, ReceivedAt: at, FoldedAt: &at}).Exec(ctx)
	if err != nil && !t.dialect.duplicate(err) {
		return fmt.Errorf("keep what the carrier told: %w", err)
	}
	return nil
}

// Pending lists the facts of a leg that no change has folded in yet.
func (t *Tenant) Pending(ctx context.Context, leg call.LegID) ([]call.Fact, error) {
	var rows []inboxRow
	if err := t.db.NewSelect().Model(&rows).Where("leg_id = ? AND folded_at IS NULL", string(leg)).Order("id").Scan(ctx); err != nil {
		return nil, err
	}
	facts := make([]call.Fact, len(rows))
	for i, r := range rows {
		if err := json.Unmarshal([]byte(r.Body), &facts[i]); err != nil {
			return nil, fmt.Errorf("inbox row %s: %w", r.ID, err)
		}
	}
	return facts, nil
}

// Received counts what the carrier has told.
func (t *Tenant) Received(ctx context.Context) (int64, error) {
	return t.db.NewSelect().Model((*inboxRow)(nil)).Count(ctx)
}
