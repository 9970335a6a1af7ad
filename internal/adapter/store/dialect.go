package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"sync"

	"github.com/pressly/goose/v3"
	"github.com/uptrace/bun"
)

// dialect is all that differs between the databases.
type dialect interface {
	// open connects to the database of the given name and creates it if need be.
	open(ctx context.Context, name string) (*bun.DB, error)
	// check refuses settings under which a committed change could be lost.
	check(ctx context.Context, db *sql.DB) error
	// folder names the migrations; goose names the dialect to its library.
	folder() string
	goose() goose.Dialect
	// lock keeps other processes from migrating the same database.
	lock(ctx context.Context, db *sql.DB, name string) (unlock func(), err error)
	// duplicate reports whether err says that a unique value is taken.
	duplicate(err error) bool
	// again reports whether err says that a transaction was undone for another
	// one's sake and may be begun again.
	again(err error) bool
}

func dialectOf(c Config) (dialect, error) {
	switch {
	case c.MySQL != "":
		return newMySQL(c.MySQL)
	case c.Dir != "":
		return sqlite{dir: c.Dir}, nil
	}
	return nil, errors.New("neither a data folder nor a MySQL server is given")
}

//go:embed migrations
var migrations embed.FS

// migrating lets one migration run at a time in this process; dialect.lock
// keeps other processes out.
var migrating sync.Mutex

// migrate brings a database up to date. The control database is named
// "control"; every other name is a tenant's.
func migrate(ctx context.Context, d dialect, db *sql.DB, name string) error {
	kind := "tenant"
	if name == controlName {
		kind = controlName
	}
	files, err := fs.Sub(migrations, "migrations/"+d.folder()+"/"+kind)
	if err != nil {
		return err
	}
	migrating.Lock()
	defer migrating.Unlock()
	unlock, err := d.lock(ctx, db, name)
	if err != nil {
		return fmt.Errorf("lock %s for migration: %w", name, err)
	}
	defer unlock()
	p, err := goose.NewProvider(d.goose(), db, files)
	if err != nil {
		return fmt.Errorf("migrations of %s: %w", name, err)
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrate %s: %w", name, err)
	}
	return nil
}

const controlName = "control"
