package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"softphone/internal/phone/call"
	"softphone/internal/phone/job"
)

// Jobs are a tenant's jobs.
type Jobs struct{ *Tenant }

var _ job.Queue = (*Jobs)(nil)

// Jobs returns the tenant's.
func (t *Tenant) Jobs() *Jobs { return &Jobs{t} }

// errorMost is what the column has room for.
const errorMost = 500

// Lease implements job.Queue. The conditional UPDATE decides between two who saw
// the same job; the one who was late looks for another.
func (t *Jobs) Lease(ctx context.Context, kinds []string, until time.Time) (job.Job, bool, error) {
	for range 8 {
		var row jobRow
		now := t.now().UnixMilli()
		err := t.db.NewSelect().Model(&row).Where("dead = ? AND due_at <= ? AND lease_until <= ? AND kind IN (?)", false, now, now, bun.List(kinds)).
			Order("due_at", "kind", "job_key").Limit(1).Scan(ctx)
		if errors.Is(err, sql.ErrNoRows) {
			return job.Job{}, false, nil
		}
		if err != nil {
			return job.Job{}, false, err
		}
		res, err := t.db.NewUpdate().Model((*jobRow)(nil)).Set("lease_until = ?", until.UnixMilli()).Set("attempts = attempts + 1").
			Where("kind = ? AND job_key = ? AND lease_until = ? AND dead = ?", row.Kind, row.Key, row.LeaseUntil, false).Exec(ctx)
		if found, err := touched(res, err); err != nil {
			return job.Job{}, false, err
		} else if found {
			return job.Job{Kind: row.Kind, Key: row.Key, Body: json.RawMessage(row.Body), Attempts: row.Attempts + 1, Lease: time.UnixMilli(until.UnixMilli())}, true, nil
		}
	}
	return job.Job{}, false, nil // others are at it
}

const ownLease = "kind = ? AND job_key = ? AND lease_until = ?"

// Done implements job.Queue. A job that was ordered again meanwhile stays.
func (t *Jobs) Done(ctx context.Context, j job.Job) error {
	_, err := t.db.NewDelete().Model((*jobRow)(nil)).Where(ownLease, j.Kind, j.Key, j.Lease.UnixMilli()).Exec(ctx)
	return err
}

// Later implements job.Queue.
func (t *Jobs) Later(ctx context.Context, j job.Job, due time.Time, why string, dead bool) error {
	_, err := t.db.NewUpdate().Model((*jobRow)(nil)).Set("lease_until = 0").Set("due_at = ?", due.UnixMilli()).Set("attempts = ?", j.Attempts).
		Set("dead = ?", dead).Set("error = ?", shortened(why, errorMost)).Where(ownLease, j.Kind, j.Key, j.Lease.UnixMilli()).Exec(ctx)
	return err
}

// shortened cuts a text to a number of characters.
func shortened(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most])
	}
	return s
}

// Order orders a job, or brings forward one that was ordered for later; a dead one
// lives again, and one that is being done is done once more.
func (t *Tenant) Order(ctx context.Context, j call.Job) error { return t.order(ctx, t.db, j) }

func (t *Tenant) order(ctx context.Context, db bun.IDB, j call.Job) error {
	row := jobRow{Kind: j.Kind, Key: j.Key, Body: string(j.Body), DueAt: j.Due.UnixMilli()}
	sooner := func() (bool, error) {
		res, err := db.NewUpdate().Model((*jobRow)(nil)).Set("due_at = CASE WHEN due_at < ? THEN due_at ELSE ? END", row.DueAt, row.DueAt).Set("dead = ?", false).Set("lease_until = 0").
			Where("kind = ? AND job_key = ?", j.Kind, j.Key).Exec(ctx)
		return touched(res, err)
	}
	if found, err := sooner(); found || err != nil {
		return err
	}
	_, err := db.NewInsert().Model(&row).Exec(ctx)
	if t.dialect.duplicate(err) {
		_, err = sooner()
	}
	return err
}

// FailedJob is a job that lies dead, for those who look after the desk.
type FailedJob struct {
	Kind, Key string
	Attempts  int
	Error     string
}

type failedRow struct {
	bun.BaseModel `bun:"table:jobs"`
	Kind          string `bun:"kind"`
	Key           string `bun:"job_key"`
	Attempts      int    `bun:"attempts"`
	Error         string `bun:"error"`
}

// Failed lists the dead jobs.
func (t *Jobs) Failed(ctx context.Context) ([]FailedJob, error) {
	var rows []failedRow
	err := t.db.NewSelect().Model(&rows).Where("dead = ?", true).Order("kind", "job_key").Scan(ctx)
	out := make([]FailedJob, len(rows))
	for i, r := range rows {
		out[i] = FailedJob{r.Kind, r.Key, r.Attempts, r.Error}
	}
	return out, err
}
