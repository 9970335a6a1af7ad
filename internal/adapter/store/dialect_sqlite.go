package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/pressly/goose/v3"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	driver "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// sqlite keeps a file for each database. WAL with synchronous=FULL: a commit
// that was answered survives a power cut. Transactions take the write lock at
// their start, so that two of them wait instead of failing half-way.
type sqlite struct{ dir string }

func (s sqlite) path(name string) string {
	if name == controlName {
		return filepath.Join(s.dir, "control.db")
	}
	return filepath.Join(s.dir, "tenants", name, "tenant.db")
}

func (s sqlite) open(ctx context.Context, name string) (*bun.DB, error) {
	path := s.path(name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	q := url.Values{"_txlock": {"immediate"}, "_pragma": {"busy_timeout(5000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)"}}
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?"+q.Encode())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(4) // SQLite has one writer; more readers than cores do not help
	return bun.NewDB(db, sqlitedialect.New()), db.PingContext(ctx)
}

func (sqlite) check(ctx context.Context, db *sql.DB) error {
	var journal string
	var synchronous int
	if err := db.QueryRowContext(ctx, "PRAGMA journal_mode").Scan(&journal); err != nil {
		return err
	}
	if err := db.QueryRowContext(ctx, "PRAGMA synchronous").Scan(&synchronous); err != nil {
		return err
	}
	if !strings.EqualFold(journal, "wal") || synchronous < 2 {
		return fmt.Errorf("SQLite runs with journal_mode %s, synchronous %d; WAL and FULL are needed", journal, synchronous)
	}
	return nil
}

func (sqlite) folder() string       { return "sqlite" }
func (sqlite) goose() goose.Dialect { return goose.DialectSQLite3 }

// lock holds a file beside the database: SQLite's own lock is per transaction,
// a migration is several.
func (s sqlite) lock(_ context.Context, _ *sql.DB, name string) (func(), error) {
	return lockFile(s.path(name) + ".lock")
}

func (sqlite) duplicate(err error) bool {
	var e *driver.Error
	if !errors.As(err, &e) {
		return false
	}
	return e.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE || e.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY
}

// again: writers wait for each other, there is no deadlock.
func (sqlite) again(error) bool { return false }
