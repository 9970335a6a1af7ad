package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"softphone/internal/phone/call"
	"softphone/internal/phone/tenant"
)

type callRow struct {
	bun.BaseModel   `bun:"table:calls,alias:c"`
	ID              string  `bun:"id,pk"`
	CallSID         *string `bun:"call_sid"`
	Direction       string  `bun:"direction"`
	From            string  `bun:"from_number"`
	To              string  `bun:"to_number"`
	Status          string  `bun:"status"`
	DurationSeconds *int    `bun:"duration_seconds"`
	Transcript      *string `bun:"ai_transcript"`
	UserID          *string `bun:"user_id"`
	ContactID       *string `bun:"contact_id"`
	VerdictBy       string  `bun:"verdict_by"`
	VerdictReason   string  `bun:"verdict_reason"`
	VerdictDetail   string  `bun:"verdict_detail"`
	Epoch           int     `bun:"epoch"`
	StartedAt       int64   `bun:"started_at"`
	AnsweredAt      *int64  `bun:"answered_at"`
	EndedAt         *int64  `bun:"ended_at"`
	CreatedAt       int64   `bun:"created_at"`
	UpdatedAt       int64   `bun:"updated_at"`
	UserName        string  `bun:"user_name,scanonly"`
	ContactName     string  `bun:"contact_name,scanonly"`
}

func rowOf(r call.Record) callRow {
	row := callRow{
		ID: string(r.ID), CallSID: text(r.CallSID), Direction: string(r.Direction), From: r.From, To: r.To, Status: string(r.Status),
		UserID: text(string(r.UserID)), ContactID: text(r.ContactID),
		VerdictBy: string(r.Verdict.By), VerdictReason: string(r.Verdict.Reason), VerdictDetail: r.Verdict.Detail,
		Epoch: r.Epoch, StartedAt: r.StartedAt.UnixMilli(), AnsweredAt: millis(r.AnsweredAt), EndedAt: millis(r.EndedAt),
		CreatedAt: r.CreatedAt.UnixMilli(), UpdatedAt: r.UpdatedAt.UnixMilli(),
	}
	row.DurationSeconds = talkSeconds(r)
	return row
}

// talkSeconds is set once an answered call has ended.
func talkSeconds(r call.Record) *int {
	if r.EndedAt.IsZero() || r.AnsweredAt.IsZero() {
		return nil
	}
	s := int(r.Talk.Round(time.Second) / time.Second)
	return &s
}

func (r callRow) view() call.View {
	v := call.View{
		ID: call.ID(r.ID), CallSID: word(r.CallSID), Direction: call.Direction(r.Direction), From: r.From, To: r.To, Status: call.Status(r.Status),
		UserID: call.UserID(word(r.UserID)), UserName: r.UserName, ContactID: word(r.ContactID), ContactName: r.ContactName,
		StartedAt: time.UnixMilli(r.StartedAt).UTC(), DurationSeconds: r.DurationSeconds,
	}
	if r.AnsweredAt != nil {
		at := moment(r.AnsweredAt)
		v.AnsweredAt = &at
	}
	if r.EndedAt != nil {
		at := moment(r.EndedAt)
		v.EndedAt = &at
	}
	if r.VerdictReason != "" && v.Status.Final() { // a live one's is what it is coming to
		v.Verdict = &call.Verdict{By: call.By(r.VerdictBy), Reason: call.Reason(r.VerdictReason), Detail: r.VerdictDetail}
	}
	return v
}

func (t *Tenant) selectCalls() *bun.SelectQuery {
	return t.db.NewSelect().Model((*callRow)(nil)).ColumnExpr("?TableColumns").
		ColumnExpr("COALESCE(u.name, '') AS user_name").Join("LEFT JOIN users AS u ON u.id = c.user_id").
		ColumnExpr("COALESCE(k.name, '') AS contact_name").Join("LEFT JOIN contacts AS k ON k.id = c.contact_id")
}

// Call returns one call, or tenant.ErrNotFound.
func (t *Tenant) Call(ctx context.Context, id call.ID) (call.View, error) {
	if !tenant.IsID(string(id)) {
		return call.View{}, tenant.ErrNotFound
	}
	var row callRow
	err := t.selectCalls().Where("c.id = ?", string(id)).Scan(ctx, &row)
	if errors.Is(err, sql.ErrNoRows) {
		return call.View{}, tenant.ErrNotFound
	}
	return row.view(), err
}

// Calls lists calls, newest first, after a cursor. The cursor's condition is
// written out: the row-value form reads all rows in MariaDB (565 ms for
// 1,000,000 calls, against 0.2 ms).
func (t *Tenant) Calls(ctx context.Context, s call.Search) ([]call.View, error) {
	for _, id := range []string{string(s.UserID), string(s.After.ID)} {
		if id != "" && !tenant.IsID(id) {
			return nil, nil // nobody is called so
		}
	}
	q := t.selectCalls().OrderExpr("c.started_at DESC, c.id DESC").Limit(int64(s.Limit))
	for column, value := range map[string]string{"c.status": string(s.Status), "c.direction": string(s.Direction), "c.user_id": string(s.UserID)} {
		if value != "" {
			q = q.Where("? = ?", bun.Ident(column), value)
		}
	}
	if s.Number != "" {
		d := onlyDigits(s.Number)
		if d == "" {
			return nil, nil // no number contains that
		}
		q = q.Where("(c.from_number LIKE ? OR c.to_number LIKE ?)", "%"+d+"%", "%"+d+"%")
	}
	if !s.Since.IsZero() {
		q = q.Where("c.started_at >= ?", s.Since.UnixMilli())
	}
	if !s.Until.IsZero() {
		q = q.Where("c.started_at < ?", s.Until.UnixMilli())
	}
	if s.After.ID != "" {
		at := s.After.StartedAt.UnixMilli()
		q = q.Where("c.started_at <= ? AND (c.started_at < ? OR c.id < ?)", at, at, string(s.After.ID))
	}
	var rows []callRow
	if err := q.Scan(ctx, &rows); err != nil {
		return nil, err
	}
	out := make([]call.View, len(rows))
	for i, r := range rows {
		out[i] = r.view()
	}
	return out, nil
}

type legRow struct {
	bun.BaseModel `bun:"table:legs"`
	ID            string  `bun:"id,pk"`
	CallID        string  `bun:"call_id"`
	Role          string  `bun:"role"`
	Phase         string  `bun:"phase"`
	CarrierSID    *string `bun:"carrier_sid"`
	Address       string  `bun:"address"`
	DialledAt     *int64  `bun:"dialled_at"`
	AnsweredAt    *int64  `bun:"answered_at"`
	EndedAt       *int64  `bun:"ended_at"`
	Cause         string  `bun:"cause"`
}

func legRowOf(l call.LegRecord) legRow {
	return legRow{
		ID: string(l.ID), CallID: string(l.CallID), Role: string(l.Role), Phase: string(l.Phase), CarrierSID: text(l.CarrierSID),
		Address: l.Address, DialledAt: millis(l.DialledAt), AnsweredAt: millis(l.AnsweredAt), EndedAt: millis(l.EndedAt), Cause: l.Cause,
	}
}

func (r legRow) record() call.LegRecord {
	return call.LegRecord{
		ID: call.LegID(r.ID), CallID: call.ID(r.CallID), Role: call.Role(r.Role), Phase: call.Phase(r.Phase), CarrierSID: word(r.CarrierSID),
		Address: r.Address, DialledAt: moment(r.DialledAt), AnsweredAt: moment(r.AnsweredAt), EndedAt: moment(r.EndedAt), Cause: r.Cause,
	}
}

// LegsOf lists the legs of a call, the customer's first.
func (t *Tenant) LegsOf(ctx context.Context, id call.ID) ([]call.LegRecord, error) {
	var rows []legRow
	err := t.db.NewSelect().Model(&rows).Where("call_id = ?", string(id)).OrderExpr("CASE role WHEN 'customer' THEN 0 ELSE 1 END, id").Scan(ctx)
	out := make([]call.LegRecord, len(rows))
	for i, r := range rows {
		out[i] = r.record()
	}
	return out, err
}

type segmentRow struct {
	bun.BaseModel `bun:"table:segments"`
	ID            string `bun:"id,pk"`
	CallID        string `bun:"call_id"`
	Speaker       string `bun:"speaker"`
	Body          string `bun:"body"`
	StartMs       int64  `bun:"start_ms"`
	EndMs         int64  `bun:"end_ms"`
	Revision      int    `bun:"revision"`
	Gap           string `bun:"gap"`
}

// LinesOf lists the finished lines of a call in the order they were said.
func (t *Tenant) LinesOf(ctx context.Context, id call.ID) ([]call.Line, error) {
	return linesOf(ctx, t.db, id)
}

func linesOf(ctx context.Context, db bun.IDB, id call.ID) ([]call.Line, error) {
	var rows []segmentRow
	err := db.NewSelect().Model(&rows).Where("call_id = ?", string(id)).Order("start_ms", "id").Scan(ctx)
	out := make([]call.Line, len(rows))
	for i, r := range rows {
		out[i] = call.Line{
			ID: r.ID, CallID: call.ID(r.CallID), Speaker: r.Speaker, Text: r.Body, Revision: r.Revision, Gap: r.Gap,
			Start: time.Duration(r.StartMs) * time.Millisecond, End: time.Duration(r.EndMs) * time.Millisecond,
		}
	}
	return out, err
}

// TranscriptOf returns the text of a call, empty while it lasts.
func (t *Tenant) TranscriptOf(ctx context.Context, id call.ID) (string, error) {
	if !tenant.IsID(string(id)) {
		return "", tenant.ErrNotFound
	}
	var text *string
	err := t.db.NewSelect().Model((*callRow)(nil)).Column("ai_transcript").Where("id = ?", string(id)).Scan(ctx, &text)
	if errors.Is(err, sql.ErrNoRows) {
		err = tenant.ErrNotFound
	}
	return word(text), err
}

type eventRow struct {
	bun.BaseModel `bun:"table:events"`
	Stream        string `bun:"stream,pk"`
	Epoch         int    `bun:"epoch,pk"`
	Seq           int64  `bun:"seq,pk"`
	CallID        string `bun:"call_id"`
	Kind          string `bun:"kind"`
	Body          string `bun:"body"`
	At            int64  `bun:"at"`
}

func (r eventRow) event() call.Event {
	return call.Event{
		Stream: r.Stream, Epoch: r.Epoch, Seq: r.Seq, At: time.UnixMilli(r.At).UTC(),
		Type: r.Kind, CallID: call.ID(r.CallID), Body: json.RawMessage(r.Body),
	}
}

// EventsOf lists the events of a call whose type begins with prefix.
func (t *Tenant) EventsOf(ctx context.Context, id call.ID, prefix string) ([]call.Event, error) {
	return t.events(ctx, "call_id = ? AND kind LIKE ?", string(id), likeEscape.Replace(prefix)+"%")
}

// EventsSince lists what a stream has said after a cursor, of one owner.
func (t *Tenant) EventsSince(ctx context.Context, stream string, epoch int, seq int64) ([]call.Event, error) {
	return t.events(ctx, "stream = ? AND epoch = ? AND seq > ?", stream, epoch, seq)
}

func (t *Tenant) events(ctx context.Context, where string, args ...any) ([]call.Event, error) {
	var rows []eventRow
	if err := t.db.NewSelect().Model(&rows).Where(where, args...).Order("epoch", "seq").Scan(ctx); err != nil {
		return nil, err
	}
	out := make([]call.Event, len(rows))
	for i, r := range rows {
		out[i] = r.event()
	}
	return out, nil
}
