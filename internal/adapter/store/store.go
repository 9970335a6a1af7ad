// Package store keeps what must survive: the control database with the list of
// tenants, and one database for each tenant. SQLite files by default, MySQL or
// MariaDB from the same queries and a dialect of a few strings.
//
// The one rule: an exported method is one transaction. Times are stored as
// integer milliseconds, ids as ASCII compared byte by byte, so that both
// databases sort and compare alike.
package store

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/uptrace/bun"

	"softphone/internal/phone/seal"
)

// Config says where the databases are. Ring, Log and Now are required, and
// either Dir or MySQL.
type Config struct {
	Dir   string // SQLite: DIR/control.db and DIR/tenants/ID/tenant.db
	MySQL string // DSN of a server; the databases are softphone_control and softphone_ID
	Ring  *seal.Ring
	Log   *slog.Logger
	Now   func() time.Time
}

// Control is the control database and the door to the tenants' databases.
type Control struct {
	Config
	db      *bun.DB
	dialect dialect
	pool    pool
}

// Open opens the control database and brings it up to date.
func Open(ctx context.Context, c Config) (*Control, error) {
	d, err := dialectOf(c)
	if err != nil {
		return nil, err
	}
	db, err := openDatabase(ctx, d, "control")
	if err != nil {
		return nil, fmt.Errorf("open control database: %w", err)
	}
	s := &Control{Config: c, db: db, dialect: d}
	s.pool.open = s.openTenant
	return s, nil
}

// Ping reports whether the control database answers.
func (s *Control) Ping(ctx context.Context) error { return s.db.PingContext(ctx) }

// Close closes every database.
func (s *Control) Close() error { return errors.Join(s.pool.close(), s.db.Close()) }

// openDatabase connects, checks the settings that durability rests on, and
// migrates.
func openDatabase(ctx context.Context, d dialect, name string) (*bun.DB, error) {
	db, err := d.open(ctx, name)
	if err != nil {
		return nil, err
	}
	if err := d.check(ctx, db.DB); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	if err := migrate(ctx, d, db.DB, name); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// crockford is the alphabet of ULIDs: no I, L, O, U.
const crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// NewID makes a ULID: 10 characters of milliseconds, 16 of chance, so that ids
// sort by the time they were made.
func NewID(now time.Time) string {
	var id [26]byte
	ms := uint64(now.UnixMilli())
	for i := 9; i >= 0; i-- {
		id[i] = crockford[ms&31]
		ms >>= 5
	}
	var chance [16]byte
	rand.Read(chance[:])
	for i, b := range chance {
		id[10+i] = crockford[b&31]
	}
	return string(id[:])
}

// millis is how a time is stored; the zero time is null.
func millis(t time.Time) *int64 {
	if t.IsZero() {
		return nil
	}
	ms := t.UnixMilli()
	return &ms
}

func moment(ms *int64) time.Time {
	if ms == nil {
		return time.Time{}
	}
	return time.UnixMilli(*ms).UTC()
}

// text is how an optional word is stored; the empty one is null.
func text(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func word(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
