package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/pressly/goose/v3"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/mysqldialect"
)

// mysqlServer keeps a database for each tenant on one server.
type mysqlServer struct{ config *mysql.Config }

func newMySQL(dsn string) (dialect, error) {
	c, err := mysql.ParseDSN(dsn)
	if err != nil {
		return nil, fmt.Errorf("MySQL DSN: %w", err)
	}
	c.InterpolateParams = true
	c.ClientFoundRows = true // an UPDATE that changes nothing has still found its row
	c.Timeout, c.ReadTimeout, c.WriteTimeout = 5*time.Second, 30*time.Second, 30*time.Second
	return &mysqlServer{config: c}, nil
}

var databaseForm = regexp.MustCompile(`^[a-z0-9_]{1,60}$`)

func databaseName(name string) (string, error) {
	db := "softphone_" + strings.ToLower(name)
	if !databaseForm.MatchString(db) {
		return "", fmt.Errorf("%q cannot name a database", db)
	}
	return db, nil
}

func (m *mysqlServer) open(ctx context.Context, name string) (*bun.DB, error) {
	database, err := databaseName(name)
	if err != nil {
		return nil, err
	}
	if err := m.create(ctx, database); err != nil {
		return nil, err
	}
	c := m.config.Clone()
	c.DBName = database
	connector, err := mysql.NewConnector(c)
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(connector)
	// The server's default is 151 connections for all tenants together.
	db.SetMaxOpenConns(4)
	db.SetMaxIdleConns(1)
	db.SetConnMaxIdleTime(time.Minute)
	return bun.NewDB(db, mysqldialect.New()), db.PingContext(ctx)
}

func (m *mysqlServer) create(ctx context.Context, database string) error {
	c := m.config.Clone()
	c.DBName = ""
	connector, err := mysql.NewConnector(c)
	if err != nil {
		return err
	}
	db := sql.OpenDB(connector)
	defer db.Close()
	_, err = db.ExecContext(ctx, "CREATE DATABASE IF NOT EXISTS "+database+" CHARACTER SET utf8mb4")
	return err
}

func (m *mysqlServer) check(ctx context.Context, db *sql.DB) error {
	var name string
	var flush int
	err := db.QueryRowContext(ctx, "SHOW VARIABLES LIKE 'innodb_flush_log_at_trx_commit'").Scan(&name, &flush)
	if err != nil {
		return err
	}
	if flush != 1 {
		return fmt.Errorf("innodb_flush_log_at_trx_commit is %d; 1 is needed, else a power cut loses commits", flush)
	}
	return nil
}

func (*mysqlServer) folder() string       { return "mysql" }
func (*mysqlServer) goose() goose.Dialect { return goose.DialectMySQL }

// lock takes the server's named lock on a connection of its own.
func (*mysqlServer) lock(ctx context.Context, db *sql.DB, name string) (func(), error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	var got sql.NullInt64
	if err := conn.QueryRowContext(ctx, "SELECT GET_LOCK(?, 60)", "softphone migrate "+name).Scan(&got); err != nil || got.Int64 != 1 {
		return nil, errors.Join(err, conn.Close(), errors.New("another process migrates"))
	}
	return func() {
		_, _ = conn.ExecContext(context.WithoutCancel(ctx), "SELECT RELEASE_LOCK(?)", "softphone migrate "+name)
		conn.Close()
	}, nil
}

// duplicate: MySQL error 1062, ER_DUP_ENTRY.
func (*mysqlServer) duplicate(err error) bool {
	var e *mysql.MySQLError
	return errors.As(err, &e) && e.Number == 1062
}

// again: MySQL error 1213, ER_LOCK_DEADLOCK.
func (*mysqlServer) again(err error) bool {
	var e *mysql.MySQLError
	return errors.As(err, &e) && e.Number == 1213
}
