package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"softphone/internal/phone/call"
	"softphone/internal/phone/recording"
)

// Recordings are the rows of a tenant's recordings and the audit of what was done
// with them.
type Recordings struct{ *Tenant }

var _ recording.Books = (*Recordings)(nil)

// Recordings returns the tenant's.
func (t *Tenant) Recordings() *Recordings { return &Recordings{t} }

// Kinds of jobs of recordings. The key is the recording's id.
const (
	FinishRecording = "recording.finish"
	FetchRecording  = "recording.fetch" // from the carrier
	SweepRecording  = "recording.sweep" // its files, after it was deleted
)

type recordingRow struct {
	bun.BaseModel `bun:"table:recordings,alias:r"`
	ID            string  `bun:"id,pk"`
	CallID        string  `bun:"call_id"`
	Kind          string  `bun:"kind"`
	Source        string  `bun:"source"`
	CarrierSID    *string `bun:"carrier_sid"`
	CarrierCopy   string  `bun:"carrier_copy"`
	Status        string  `bun:"status"`
	Channels      int     `bun:"channels"`
	Epoch         int     `bun:"epoch"`
	EndedMs       *int64  `bun:"ended_ms"`
	DurationMs    int64   `bun:"duration_ms"`
	Size          int64   `bun:"size"`
	Checksum      string  `bun:"checksum"`
	Peaks         *string `bun:"peaks"`
	Gaps          *string `bun:"gaps"`
	Why           string  `bun:"why"`
	CreatedAt     int64   `bun:"created_at"`
	UpdatedAt     int64   `bun:"updated_at"`
}

func (r recordingRow) record() (recording.Record, error) {
	out := recording.Record{
		ID: recording.ID(r.ID), CallID: r.CallID, Kind: recording.Kind(r.Kind), Source: recording.Source(r.Source),
		CarrierSID: word(r.CarrierSID), Copy: recording.CarrierCopy(r.CarrierCopy), Status: recording.Status(r.Status),
		Channels: r.Channels, Epoch: r.Epoch, Ended: -1, Duration: time.Duration(r.DurationMs) * time.Millisecond,
		Size: r.Size, Checksum: r.Checksum, Why: r.Why,
		CreatedAt: time.UnixMilli(r.CreatedAt).UTC(), UpdatedAt: time.UnixMilli(r.UpdatedAt).UTC(),
	}
	if r.EndedMs != nil {
		out.Ended = time.Duration(*r.EndedMs) * time.Millisecond
	}
	return out, errors.Join(read(word(r.Peaks), &out.Peaks), read(word(r.Gaps), &out.Gaps))
}

// read and written keep lists in a column.
func read(text string, into any) error {
	if text == "" {
		return nil
	}
	return json.Unmarshal([]byte(text), into)
}

func written[T any](list []T) string {
	if len(list) == 0 {
		return ""
	}
	b, err := json.Marshal(list)
	if err != nil {
		panic(err) // numbers and words
	}
	return string(b)
}

// Begin implements recording.Books. The conditional UPDATE lets one of two heirs
// have an epoch.
func (t *Recordings) Begin(ctx context.Context, r recording.Record) (recording.Record, error) {
	var row recordingRow
	err := t.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		err := tx.NewSelect().Model(&row).Where("call_id = ? AND status = ? AND kind = ? AND source = ?", r.CallID, string(recording.Running), string(r.Kind), string(r.Source)).
			OrderExpr("created_at DESC").Limit(1).Scan(ctx)
		if errors.Is(err, sql.ErrNoRows) {
			now, none := t.now().UnixMilli(), ""
			row = recordingRow{
				ID: string(r.ID), CallID: r.CallID, Kind: string(r.Kind), Source: string(r.Source), CarrierSID: text(r.CarrierSID),
				Status: string(recording.Running), Channels: 2, Epoch: 1, Peaks: &none, Gaps: &none, CreatedAt: now, UpdatedAt: now,
			}
			_, err = tx.NewInsert().Model(&row).Exec(ctx)
			return err
		}
		if err != nil {
			return err
		}
		res, err := tx.NewUpdate().Model((*recordingRow)(nil)).Set("epoch = epoch + 1").Set("updated_at = ?", t.now().UnixMilli()).
			Where("id = ? AND epoch = ? AND status = ?", row.ID, row.Epoch, string(recording.Running)).Exec(ctx)
		if found, err := touched(res, err); err != nil || !found {
			return errors.Join(err, call.ErrFenced)
		}
		row.Epoch++
		return nil
	})
	if err != nil {
		return recording.Record{}, fmt.Errorf("begin recording of call %s: %w", r.CallID, err)
	}
	return row.record()
}

type pieceRow struct {
	bun.BaseModel `bun:"table:recording_pieces"`
	RecordingID   string `bun:"recording_id,pk"`
	Epoch         int    `bun:"epoch,pk"`
	N             int    `bun:"n,pk"`
	FromMs        int64  `bun:"from_ms"`
	LenMs         int64  `bun:"len_ms"`
	File          string `bun:"file"`
	KeyID         string `bun:"key_id"`
	Size          int64  `bun:"size"`
	Checksum      string `bun:"checksum"`
	Gaps          string `bun:"gaps"`
	CreatedAt     int64  `bun:"created_at"`
}

// KeepPiece implements recording.Books. The insert comes first: a piece is stored
// a second time only after trouble.
func (t *Recordings) KeepPiece(ctx context.Context, p recording.Piece) error {
	row := pieceRow{
		RecordingID: string(p.Recording), Epoch: p.Epoch, N: p.N, FromMs: p.From.Milliseconds(), LenMs: p.Len.Milliseconds(),
		File: p.File, KeyID: p.KeyID, Size: p.Size, Checksum: p.Checksum, Gaps: written(p.Gaps), CreatedAt: t.now().UnixMilli(),
	}
	_, err := t.db.NewInsert().Model(&row).Exec(ctx)
	if t.dialect.duplicate(err) {
		_, err = t.db.NewUpdate().Model(&row).ExcludeColumn("recording_id", "epoch", "n", "created_at").WherePK().Exec(ctx)
	}
	return err
}

// Pieces implements recording.Books.
func (t *Recordings) Pieces(ctx context.Context, id recording.ID) ([]recording.Piece, error) {
	var rows []pieceRow
	if err := t.db.NewSelect().Model(&rows).Where("recording_id = ?", string(id)).Order("epoch", "n").Scan(ctx); err != nil {
		return nil, err
	}
	out := make([]recording.Piece, len(rows))
	for i, r := range rows {
		out[i] = recording.Piece{
			Recording: id, Epoch: r.Epoch, N: r.N, From: time.Duration(r.FromMs) * time.Millisecond, Len: time.Duration(r.LenMs) * time.Millisecond,
			File: r.File, KeyID: r.KeyID, Size: r.Size, Checksum: r.Checksum,
		}
		if err := read(r.Gaps, &out[i].Gaps); err != nil {
			return nil, fmt.Errorf("piece %d of recording %s: %w", r.N, id, err)
		}
	}
	return out, nil
}

// Close implements recording.Books.
func (t *Recordings) Close(ctx context.Context, id recording.ID, ended time.Duration, gaps []recording.Gap) error {
	return t.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewUpdate().Model((*recordingRow)(nil)).Set("status = ?", string(recording.Finishing)).Set("ended_ms = ?", ended.Milliseconds()).
			Set("gaps = ?", written(gaps)).Set("updated_at = ?", t.now().UnixMilli()).
			Where("id = ? AND status = ?", string(id), string(recording.Running)).Exec(ctx)
		if err != nil {
			return err
		}
		return t.order(ctx, tx, jobOf(FinishRecording, id, t.now()))
	})
}

func jobOf(kind string, id recording.ID, due time.Time) call.Job {
	return call.Job{Kind: kind, Key: string(id), Body: json.RawMessage("{}"), Due: due}
}

// RecordingPath is where a call's recording is asked for: what the column
// recording_url of the product's table holds.
func RecordingPath(callID string) string { return "/api/voice/calls/" + callID + "/recording" }

// Finish implements recording.Books.
func (t *Recordings) Finish(ctx context.Context, r recording.Record) error {
	return t.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		res, err := tx.NewUpdate().Model((*recordingRow)(nil)).Set("status = ?", string(r.Status)).Set("channels = ?", r.Channels).
			Set("duration_ms = ?", r.Duration.Milliseconds()).Set("size = ?", r.Size).Set("checksum = ?", r.Checksum).
			Set("peaks = ?", written(r.Peaks)).Set("gaps = ?", written(r.Gaps)).Set("why = ''").Set("updated_at = ?", t.now().UnixMilli()).
			Where("id = ? AND status <> ?", string(r.ID), string(recording.Deleted)).Exec(ctx)
		if found, err := touched(res, err); err != nil || !found {
			return err // deleted meanwhile: it stays so
		}
		return setRecordingURL(ctx, tx, r.CallID, text(RecordingPath(r.CallID)))
	})
}

func setRecordingURL(ctx context.Context, tx bun.Tx, callID string, url *string) error {
	_, err := tx.NewUpdate().Table("calls").Set("recording_url = ?", url).Where("id = ?", callID).Exec(ctx)
	return err
}

// Fail implements recording.Books.
func (t *Recordings) Fail(ctx context.Context, id recording.ID, why string) error {
	_, err := t.db.NewUpdate().Model((*recordingRow)(nil)).Set("status = ?", string(recording.Failed)).Set("why = ?", shortened(why, errorMost)).
		Set("updated_at = ?", t.now().UnixMilli()).Where("id = ? AND status IN (?)", string(id), bun.List([]string{string(recording.Running), string(recording.Finishing)})).Exec(ctx)
	return err
}

// NoteCarrier implements recording.Books.
func (t *Recordings) NoteCarrier(ctx context.Context, id recording.ID, sid string, copy recording.CarrierCopy, channels int) error {
	_, err := t.db.NewUpdate().Model((*recordingRow)(nil)).Set("carrier_sid = ?", text(sid)).Set("carrier_copy = ?", string(copy)).Set("channels = ?", channels).
		Set("updated_at = ?", t.now().UnixMilli()).Where("id = ?", string(id)).Exec(ctx)
	return err
}

// Remove implements recording.Books: the sound's rows go, the files follow in a
// job, and the call shows no recording any more.
func (t *Recordings) Remove(ctx context.Context, id recording.ID) error {
	return t.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error { return t.remove(ctx, tx, id) })
}

func (t *Recordings) remove(ctx context.Context, tx bun.Tx, id recording.ID) error {
	_, err := tx.NewUpdate().Model((*recordingRow)(nil)).Set("status = ?", string(recording.Deleted)).Set("peaks = ''").Set("checksum = ''").Set("size = 0").
		Set("updated_at = ?", t.now().UnixMilli()).Where("id = ?", string(id)).Exec(ctx)
	if err != nil {
		return err
	}
	if _, err := tx.NewDelete().Model((*pieceRow)(nil)).Where("recording_id = ?", string(id)).Exec(ctx); err != nil {
		return err
	}
	var row recordingRow
	if err := tx.NewSelect().Model(&row).Where("id = ?", string(id)).Scan(ctx); err != nil {
		return err
	}
	left, err := tx.NewSelect().Model((*recordingRow)(nil)).Where("call_id = ? AND status = ?", row.CallID, string(recording.Ready)).Exists(ctx)
	if err == nil && !left {
		err = setRecordingURL(ctx, tx, row.CallID, nil)
	}
	if err != nil {
		return err
	}
	return t.order(ctx, tx, jobOf(SweepRecording, id, t.now()))
}

// Record implements recording.Books.
func (t *Recordings) Record(ctx context.Context, id recording.ID) (recording.Record, error) {
	all, err := t.records(ctx, "id = ?", string(id))
	if err != nil || len(all) == 0 {
		return recording.Record{}, errors.Join(err, recording.ErrNoRecord)
	}
	return all[0], nil
}

// RecordsOf implements recording.Books.
func (t *Recordings) RecordsOf(ctx context.Context, callID string) ([]recording.Record, error) {
	return t.records(ctx, "call_id = ?", callID)
}

// Left implements recording.Books.
func (t *Recordings) Left(ctx context.Context, before time.Time) ([]recording.Record, error) {
	return t.records(ctx, "status = ? AND call_id IN (SELECT c.id FROM calls AS c WHERE c.ended_at IS NOT NULL AND c.ended_at < ?)", string(recording.Running), before.UnixMilli())
}

func (t *Recordings) records(ctx context.Context, where string, args ...any) ([]recording.Record, error) {
	var rows []recordingRow
	if err := t.db.NewSelect().Model(&rows).Where(where, args...).Order("created_at", "id").Scan(ctx); err != nil {
		return nil, err
	}
	out := make([]recording.Record, len(rows))
	for i, r := range rows {
		var err error
		if out[i], err = r.record(); err != nil {
			return nil, fmt.Errorf("recording %s: %w", r.ID, err)
		}
	}
	return out, nil
}

// Talk implements recording.Books, to the millisecond: duration_seconds of the
// call is rounded.
func (t *Recordings) Talk(ctx context.Context, callID string) (time.Duration, bool, error) {
	var row callRow
	err := t.db.NewSelect().Model(&row).Column("answered_at", "ended_at").Where("c.id = ?", callID).Scan(ctx)
	if err != nil || row.EndedAt == nil {
		return 0, false, err
	}
	if row.AnsweredAt == nil {
		return 0, true, nil
	}
	return max(moment(row.EndedAt).Sub(moment(row.AnsweredAt)), 0), true, nil
}

type keyRow struct {
	bun.BaseModel `bun:"table:recording_keys"`
	ID            string `bun:"id,pk"`
	Sealed        string `bun:"sealed"`
	CreatedAt     int64  `bun:"created_at"`
}

// Keys implements recording.Books, oldest first.
func (t *Recordings) Keys(ctx context.Context) ([]recording.Key, error) {
	var rows []keyRow
	err := t.db.NewSelect().Model(&rows).Order("created_at", "id").Scan(ctx)
	out := make([]recording.Key, len(rows))
	for i, r := range rows {
		out[i] = recording.Key{ID: r.ID, Wrapped: r.Sealed}
	}
	return out, err
}

// AddKey implements recording.Books.
func (t *Recordings) AddKey(ctx context.Context, k recording.Key) error {
	_, err := t.db.NewInsert().Model(&keyRow{ID: k.ID, Sealed: k.Wrapped, CreatedAt: t.now().UnixMilli()}).Exec(ctx)
	return err
}

// ReplaceKey implements recording.Books.
func (t *Recordings) ReplaceKey(ctx context.Context, k recording.Key) error {
	_, err := t.db.NewUpdate().Model((*keyRow)(nil)).Set("sealed = ?", k.Wrapped).Where("id = ?", k.ID).Exec(ctx)
	return err
}
