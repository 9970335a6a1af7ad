package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"softphone/internal/phone/recording"
)

type auditRow struct {
	bun.BaseModel `bun:"table:audit"`
	ID            string `bun:"id,pk"`
	At            int64  `bun:"at"`
	UserID        string `bun:"user_id"`
	Action        string `bun:"action"`
	CallID        string `bun:"call_id"`
	Subject       string `bun:"subject"`
	FromMs        *int64 `bun:"from_ms"`
	ToMs          *int64 `bun:"to_ms"`
	Detail        string `bun:"detail"`
}

// Note writes down what somebody does, before it is done.
func (t *Recordings) Note(ctx context.Context, e recording.Entry) (id string, err error) {
	row := t.auditRow(e)
	_, err = t.db.NewInsert().Model(&row).Exec(ctx)
	return row.ID, err
}

func (t *Recordings) auditRow(e recording.Entry) auditRow {
	now := t.now()
	row := auditRow{ID: NewID(now), At: now.UnixMilli(), UserID: e.User, Action: e.Action, CallID: e.Call, Subject: e.Subject, Detail: shortened(e.Detail, errorMost)}
	if e.To > 0 {
		from, to := e.From.Milliseconds(), e.To.Milliseconds()
		row.FromMs, row.ToMs = &from, &to
	}
	return row
}

// NoteSpan adds which stretch was listened to.
func (t *Recordings) NoteSpan(ctx context.Context, id string, from, to time.Duration) error {
	_, err := t.db.NewUpdate().Model((*auditRow)(nil)).Set("from_ms = ?", from.Milliseconds()).Set("to_ms = ?", to.Milliseconds()).Where("id = ?", id).Exec(ctx)
	return err
}

// RemoveNoted deletes a recording and writes down who did it, or neither.
func (t *Recordings) RemoveNoted(ctx context.Context, id recording.ID, e recording.Entry) error {
	return t.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		row := t.auditRow(e)
		if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
			return err
		}
		return t.remove(ctx, tx, id)
	})
}

// Entries lists what was noted of a call, oldest first.
func (t *Recordings) Entries(ctx context.Context, callID string) ([]recording.Entry, error) {
	var rows []auditRow
	err := t.db.NewSelect().Model(&rows).Where("call_id = ?", callID).Order("at", "id").Scan(ctx)
	out := make([]recording.Entry, len(rows))
	for i, r := range rows {
		out[i] = recording.Entry{At: time.UnixMilli(r.At).UTC(), User: r.UserID, Action: r.Action, Call: r.CallID, Subject: r.Subject, Detail: r.Detail}
		if r.FromMs != nil && r.ToMs != nil {
			out[i].From, out[i].To = time.Duration(*r.FromMs)*time.Millisecond, time.Duration(*r.ToMs)*time.Millisecond
		}
	}
	return out, err
}

// Consent is what a contact has said to being recorded; nothing is known of one
// that does not exist.
func (t *Recordings) Consent(ctx context.Context, contactID string) (recording.Consent, error) {
	var consent string
	err := t.db.NewSelect().Table("contacts").Column("recording_consent").Where("id = ?", contactID).Scan(ctx, &consent)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return recording.Consent(consent), err
}

// SetConsent notes what a contact has said.
func (t *Recordings) SetConsent(ctx context.Context, contactID string, c recording.Consent) error {
	_, err := t.db.NewUpdate().Table("contacts").Set("recording_consent = ?", string(c)).Where("id = ?", contactID).Exec(ctx)
	return err
}

// ReceiveRecording keeps what the carrier told of a recording and orders what
// follows from it, in one, before the carrier is answered. A second telling of
// the same changes nothing.
func (t *Recordings) ReceiveRecording(ctx context.Context, id recording.ID, dedupe, raw string) error {
	err := t.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		now := t.now()
		ms := now.UnixMilli()
		row := inboxRow{ID: NewID(now), Dedupe: dedupe, Body: "{}", Raw: raw, ReceivedAt: ms, FoldedAt: &ms}
		if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
			return err
		}
		known, err := tx.NewSelect().Model((*recordingRow)(nil)).Where("id = ?", string(id)).Exists(ctx)
		if err != nil || !known {
			return err
		}
		return t.order(ctx, tx, jobOf(FetchRecording, id, now))
	})
	if t.dialect.duplicate(err) {
		return nil
	}
	return err
}
