package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/uptrace/bun"

	"softphone/internal/phone/agent"
	"softphone/internal/phone/auth"
	"softphone/internal/phone/call"
)

type agentRow struct {
	bun.BaseModel `bun:"table:agent_states"`
	UserID        string `bun:"user_id,pk"`
	Status        string `bun:"status"`
	Reason        string `bun:"reason"`
	Since         int64  `bun:"since"`
	Until         *int64 `bun:"until_at"`
	Back          string `bun:"back_status"`
	BackReason    string `bun:"back_reason"`
	Seq           int64  `bun:"seq"`
}

type personRow struct {
	ID       string `bun:"id"`
	Name     string `bun:"name"`
	Capacity int    `bun:"capacity"`
	Load     int    `bun:"load_now"`
	agentRow
}

func (t *Tenant) selectAgents() *bun.SelectQuery {
	return t.db.NewSelect().TableExpr("users AS u").Join("LEFT JOIN agent_states AS a ON a.user_id = u.id").
		ColumnExpr("u.id, u.name, u.capacity, u.load_now, COALESCE(a.status, '') AS status, COALESCE(a.reason, '') AS reason, COALESCE(a.since, u.created_at) AS since, a.until_at").
		ColumnExpr("COALESCE(a.back_status, '') AS back_status, COALESCE(a.back_reason, '') AS back_reason, COALESCE(a.seq, 0) AS seq").
		Where("u.disabled = ?", false).OrderExpr("u.name, u.id")
}

func (r personRow) person() agent.Person {
	p := agent.Person{ID: r.ID, Name: r.Name, Capacity: r.Capacity, Load: r.Load, Seq: r.Seq}
	p.State = agent.New(moment(&r.Since))
	if r.Status != "" {
		p.State = agent.State{
			Status: agent.Status(r.Status), Reason: r.Reason, Since: moment(&r.Since), Until: moment(r.Until),
			Back: agent.Status(r.Back), BackReason: r.BackReason,
		}
	}
	return p
}

// Agents lists everybody at the desk by name.
func (t *Tenant) Agents(ctx context.Context) ([]agent.Person, error) {
	var rows []personRow
	if err := t.selectAgents().Scan(ctx, &rows); err != nil {
		return nil, err
	}
	out := make([]agent.Person, len(rows))
	for i, r := range rows {
		out[i] = r.person()
	}
	return out, nil
}

// Agent returns one of them, or auth.ErrNoUser.
func (t *Tenant) Agent(ctx context.Context, u call.UserID) (agent.Person, error) {
	var row personRow
	err := t.selectAgents().Where("u.id = ?", string(u)).Scan(ctx, &row)
	if errors.Is(err, sql.ErrNoRows) {
		return agent.Person{}, auth.ErrNoUser
	}
	return row.person(), err
}

// SaveAgent stores a person's state unless it changed since seq, and returns
// the next one. note, where there is one, goes to the audit.
func (t *Tenant) SaveAgent(ctx context.Context, u call.UserID, s agent.State, seq int64, note string) (int64, error) {
	row := agentRow{
		UserID: string(u), Status: string(s.Status), Reason: s.Reason, Since: s.Since.UnixMilli(), Until: millis(s.Until),
		Back: string(s.Back), BackReason: s.BackReason, Seq: seq + 1,
	}
	err := t.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		if err := saveAgent(ctx, tx, row, seq); err != nil {
			return err
		}
		if note == "" {
			return nil
		}
		return t.note(ctx, tx, auditEntry{Action: "agent.mended", Subject: string(u), Detail: note})
	})
	if t.dialect.duplicate(err) {
		err = agent.ErrChanged
	}
	return row.Seq, err
}

func saveAgent(ctx context.Context, tx bun.Tx, row agentRow, seq int64) error {
	if seq == 0 {
		_, err := tx.NewInsert().Model(&row).Exec(ctx)
		return err
	}
	res, err := tx.NewUpdate().Model(&row).ExcludeColumn("user_id").WherePK().Where("seq = ?", seq).Exec(ctx)
	if found, err := touched(res, err); found || err != nil {
		return err
	}
	return agent.ErrChanged
}

// MendLoad frees the lines of a person who is in no call that is not over, and
// notes it. It reports whether there was something to mend.
func (t *Tenant) MendLoad(ctx context.Context, u call.UserID) (mended bool, err error) {
	err = t.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		res, err := tx.NewUpdate().Model((*userRow)(nil)).Set("load_now = 0").Where("id = ? AND load_now > 0", string(u)).
			Where("NOT EXISTS (SELECT 1 FROM calls AS c WHERE c.user_id = ? AND c.status IN (?))", string(u), bun.List(live)).
			Where("NOT EXISTS (SELECT 1 FROM legs AS l WHERE l.role = ? AND l.address = ? AND l.phase <> ?)", string(call.Agent), string(u), string(call.Gone)).Exec(ctx)
		if mended, err = touched(res, err); !mended || err != nil {
			return err
		}
		return t.note(ctx, tx, auditEntry{Action: "agent.mended", Subject: string(u), Detail: "in a call that is over"})
	})
	return mended, err
}
