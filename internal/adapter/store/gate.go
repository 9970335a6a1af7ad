package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"softphone/internal/phone/call"
	"softphone/internal/phone/gate"
)

var _ gate.Book = (*Tenant)(nil)

// callingSetting is the part of the settings that is the gate's policy.
const callingSetting = "calling"

type countRow struct {
	bun.BaseModel `bun:"table:gate_counts"`
	Name          string `bun:"name,pk"`
	Period        int64  `bun:"period"`
	Used          int64  `bun:"used"`
}

type permitRow struct {
	bun.BaseModel `bun:"table:gate_permits"`
	LegID         string `bun:"leg_id,pk"`
	UserID        string `bun:"user_id"`
	Rate          int64  `bun:"rate"`
	LimitMs       int64  `bun:"limit_ms"`
	Day           int64  `bun:"day"`
	MadeAt        int64  `bun:"made_at"`
	SettledAt     int64  `bun:"settled_at"`
}

// Policy implements gate.Book.
func (t *Tenant) Policy(ctx context.Context) (gate.Policy, error) {
	p := gate.Default()
	err := t.Setting(ctx, callingSetting, &p)
	return p, err
}

// SavePolicy replaces the gate's policy and notes who did.
func (t *Tenant) SavePolicy(ctx context.Context, p gate.Policy, by call.UserID) error {
	return t.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		if err := t.saveSetting(ctx, tx, callingSetting, p); err != nil {
			return err
		}
		return t.note(ctx, tx, auditEntry{UserID: string(by), Action: "settings.calling", Subject: callingSetting})
	})
}

// Reserve implements gate.Book: one conditional UPDATE for each counter, all of
// them in one transaction. Counters are taken in the order in which they come,
// which is the same for all.
func (t *Tenant) Reserve(ctx context.Context, r gate.Reservation) error {
	if err := t.sweepPermits(ctx); err != nil {
		return err
	}
	err := t.reserve(ctx, r)
	for try := 1; try < deadlockTries && err != nil; try++ {
		if errors.Is(err, errNoCounter) {
			if err := t.makeCounters(ctx, r.Counts); err != nil {
				return err
			}
		} else if !t.dialect.again(err) {
			break
		}
		err = t.reserve(ctx, r)
	}
	return err
}

var errNoCounter = errors.New("counter is not there yet")

func (t *Tenant) reserve(ctx context.Context, r gate.Reservation) error {
	return t.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		for _, c := range r.Counts {
			if err := count(ctx, tx, c); err != nil {
				return err
			}
		}
		row := permitRow{LegID: r.Leg, UserID: r.User, Rate: int64(r.Rate), LimitMs: r.Limit.Milliseconds(), Day: dayOf(r.Counts), MadeAt: r.At.UnixMilli()}
		_, err := tx.NewInsert().Model(&row).Exec(ctx)
		return err
	})
}

// dayOf is the day on which the money is counted.
func dayOf(counts []gate.Count) int64 {
	for _, c := range counts {
		if c.Kind == gate.Spend {
			return c.Period
		}
	}
	return 0
}

// count adds to a counter that has room, or says *gate.Full. MySQL assigns from
// left to right ("UPDATE Statement"), so the period is set last.
func count(ctx context.Context, tx bun.Tx, c gate.Count) error {
	res, err := tx.NewUpdate().Model((*countRow)(nil)).
		Set("used = CASE WHEN period < ? THEN ? ELSE used + ? END", c.Period, c.Add, c.Add).
		Set("period = CASE WHEN period < ? THEN ? ELSE period END", c.Period, c.Period).
		Where("name = ? AND (period < ? AND ? <= ? OR period >= ? AND used + ? <= ?)", c.Name, c.Period, c.Add, c.Most, c.Period, c.Add, c.Most).Exec(ctx)
	if found, err := touched(res, err); found || err != nil {
		return err
	}
	exists, err := tx.NewSelect().Model((*countRow)(nil)).Where("name = ?", c.Name).Exists(ctx)
	switch {
	case err != nil:
		return err
	case !exists:
		return errNoCounter
	}
	return &gate.Full{Count: c}
}

// makeCounters adds counters outside of any transaction: two that insert and
// update the same names in theirs would wait for each other in InnoDB.
func (t *Tenant) makeCounters(ctx context.Context, counts []gate.Count) error {
	for _, c := range counts {
		_, err := t.db.NewInsert().Model(&countRow{Name: c.Name, Period: -1}).Exec(ctx)
		if err != nil && !t.dialect.duplicate(err) {
			return err
		}
	}
	return nil
}

// Used implements gate.Book.
func (t *Tenant) Used(ctx context.Context, counts []gate.Count) ([]int64, error) {
	out := make([]int64, len(counts))
	for i, c := range counts {
		err := t.db.NewSelect().Model((*countRow)(nil)).Column("used").Where("name = ? AND period >= ?", c.Name, c.Period).Scan(ctx, &out[i])
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return nil, err
		}
	}
	return out, nil
}

// Release implements gate.Book.
func (t *Tenant) Release(ctx context.Context, leg string) error {
	return t.settleAgain(ctx, leg, 0)
}

func (t *Tenant) settleAgain(ctx context.Context, leg string, talk time.Duration) error {
	var err error
	for range deadlockTries {
		err = t.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error { return t.settle(ctx, tx, leg, talk) })
		if !t.dialect.again(err) {
			return err
		}
	}
	return err
}

// settle gives back a leg's line and the money that was not talked, once.
func (t *Tenant) settle(ctx context.Context, tx bun.Tx, leg string, talk time.Duration) error {
	res, err := tx.NewUpdate().Model((*permitRow)(nil)).Set("settled_at = ?", t.now().UnixMilli()).Where("leg_id = ? AND settled_at = 0", leg).Exec(ctx)
	if found, err := touched(res, err); !found || err != nil {
		return err
	}
	var p permitRow
	if err := tx.NewSelect().Model(&p).Where("leg_id = ?", leg).Scan(ctx); err != nil {
		return err
	}
	back := gate.Back(gate.Money(p.Rate), time.Duration(p.LimitMs)*time.Millisecond, talk)
	for _, whom := range []string{gate.DeskCounts, gate.UserCounts(p.UserID)} { // the order of Reserve
		if err := giveBack(ctx, tx, gate.CountOf(whom, gate.AtOnce), 0, 1); err != nil {
			return err
		}
		if err := giveBack(ctx, tx, gate.CountOf(whom, gate.Spend), p.Day, int64(back)); err != nil {
			return err
		}
	}
	return nil
}

// giveBack takes from a counter, unless it counts another day by now.
func giveBack(ctx context.Context, tx bun.Tx, name string, period, n int64) error {
	if n == 0 {
		return nil
	}
	_, err := tx.NewUpdate().Model((*countRow)(nil)).Set("used = used - ?", n).Where("name = ? AND period = ? AND used >= ?", name, period, n).Exec(ctx)
	return err
}

// settleLegs settles the legs of a change that are gone: whoever had them
// dialled need not think of it, and a process that takes over does it too.
func (t *Tenant) settleLegs(ctx context.Context, tx bun.Tx, c call.Change) error {
	for _, l := range c.Legs {
		if l.Phase != call.Gone {
			continue
		}
		talk := time.Duration(0)
		if !l.AnsweredAt.IsZero() {
			talk = l.EndedAt.Sub(l.AnsweredAt)
		}
		if err := t.settle(ctx, tx, string(l.ID), talk); err != nil {
			return err
		}
	}
	return nil
}

const (
	// placeTime is how long after its permit a leg must be stored. A process that
	// died between the two leaves a permit that nobody uses.
	placeTime = 2 * time.Minute
	// permitLife is how long settled permits are kept, for who wants to know.
	permitLife = 30 * 24 * time.Hour
)

// sweepPermits gives back, at most once a minute, what no leg holds any more.
func (t *Tenant) sweepPermits(ctx context.Context) error {
	now := t.now().UnixMilli()
	if last := t.permitsSwept.Load(); now-last < time.Minute.Milliseconds() || !t.permitsSwept.CompareAndSwap(last, now) {
		return nil
	}
	var idle []string
	err := t.db.NewSelect().TableExpr("gate_permits AS p").Join("LEFT JOIN legs AS l ON l.id = p.leg_id").ColumnExpr("p.leg_id").
		Where("p.settled_at = 0 AND p.made_at < ?", now-placeTime.Milliseconds()).
		Where("l.id IS NULL OR l.phase = ? OR p.made_at + p.limit_ms < ?", string(call.Gone), now-time.Hour.Milliseconds()).Scan(ctx, &idle)
	if err != nil {
		return err
	}
	for _, leg := range idle {
		if err := t.settleAgain(ctx, leg, 0); err != nil {
			return err
		}
	}
	_, err = t.db.NewDelete().Model((*permitRow)(nil)).Where("settled_at > 0 AND settled_at < ?", now-permitLife.Milliseconds()).Exec(ctx)
	return err
}
