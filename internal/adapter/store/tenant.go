package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/uptrace/bun"

	"softphone/internal/phone/auth"
	"softphone/internal/phone/crm"
	"softphone/internal/phone/tenant"
)

// Tenant is one tenant's database.
type Tenant struct {
	db      *bun.DB
	dialect dialect
	now     func() time.Time
	swept   atomic.Int64 // when expired keys were removed last, ms

	permitsSwept atomic.Int64 // when idle permits were given back last, ms
}

type userRow struct {
	bun.BaseModel `bun:"table:users"`
	ID            string `bun:"id,pk"`
	Email         string `bun:"email"`
	Name          string `bun:"name"`
	Role          string `bun:"role"`
	PasswordHash  string `bun:"password_hash"`
	Disabled      bool   `bun:"disabled"`
	Capacity      int    `bun:"capacity"`
	CreatedAt     int64  `bun:"created_at"`
}

func (r userRow) user() auth.User {
	return auth.User{ID: r.ID, Email: r.Email, Name: r.Name, Role: auth.Role(r.Role), Disabled: r.Disabled}
}

// CreateUser adds a user with one line; the id is made here.
func (t *Tenant) CreateUser(ctx context.Context, u auth.User, passwordHash string) (auth.User, error) {
	now := t.now()
	row := userRow{ID: NewID(now), Email: strings.ToLower(u.Email), Name: u.Name, Role: string(u.Role), PasswordHash: passwordHash, Capacity: 1, CreatedAt: now.UnixMilli()}
	_, err := t.db.NewInsert().Model(&row).Exec(ctx)
	if t.dialect.duplicate(err) {
		return auth.User{}, fmt.Errorf("user %s: %w", u.Email, tenant.ErrTaken)
	}
	return row.user(), err
}

// User returns the user of an id, or auth.ErrNoUser.
func (t *Tenant) User(ctx context.Context, id string) (auth.User, error) {
	if !tenant.IsID(id) {
		return auth.User{}, auth.ErrNoUser
	}
	row, err := t.userRow(ctx, "id = ?", id)
	return row.user(), err
}

// UserByEmail returns a user and the hash of the password.
func (t *Tenant) UserByEmail(ctx context.Context, email string) (auth.User, string, error) {
	if !tenant.IsText(email) {
		return auth.User{}, "", auth.ErrNoUser
	}
	row, err := t.userRow(ctx, "email = ?", strings.ToLower(email))
	return row.user(), row.PasswordHash, err
}

// Load is how many calls a user carries now.
func (t *Tenant) Load(ctx context.Context, id string) (load int, err error) {
	err = t.db.NewSelect().Model((*userRow)(nil)).Column("load_now").Where("id = ?", id).Scan(ctx, &load)
	return load, err
}

func (t *Tenant) userRow(ctx context.Context, where string, arg any) (userRow, error) {
	var row userRow
	err := t.db.NewSelect().Model(&row).Where(where, arg).Limit(1).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return row, auth.ErrNoUser
	}
	return row, err
}

type sessionRow struct {
	bun.BaseModel `bun:"table:sessions"`
	ID            string `bun:"id,pk"`
	UserID        string `bun:"user_id"`
	RefreshHash   string `bun:"refresh_hash"`
	ExpiresAt     int64  `bun:"expires_at"`
	Revoked       bool   `bun:"revoked"`
}

// NewSession stores a session.
func (t *Tenant) NewSession(ctx context.Context, s auth.Session) error {
	_, err := t.db.NewInsert().Model(&sessionRow{ID: s.ID, UserID: s.UserID, RefreshHash: s.RefreshHash, ExpiresAt: s.Expires.UnixMilli()}).Exec(ctx)
	return err
}

// UseSession exchanges a refresh token for the next one. One conditional
// UPDATE: of two who come with the same token, one gets auth.ErrNoSession.
func (t *Tenant) UseSession(ctx context.Context, refreshHash string, next auth.Session) (auth.Session, error) {
	var row sessionRow
	err := t.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		res, err := tx.NewUpdate().Model((*sessionRow)(nil)).
			Set("refresh_hash = ?", next.RefreshHash).Set("expires_at = ?", next.Expires.UnixMilli()).
			Where("refresh_hash = ? AND revoked = ? AND expires_at > ?", refreshHash, false, t.now().UnixMilli()).Exec(ctx)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, auth.ErrNoSession)
		}
		return tx.NewSelect().Model(&row).Where("refresh_hash = ?", next.RefreshHash).Scan(ctx)
	})
	return auth.Session{ID: row.ID, UserID: row.UserID, RefreshHash: row.RefreshHash, Expires: time.UnixMilli(row.ExpiresAt)}, err
}

// SessionAlive reports whether a session was neither revoked nor left to expire.
func (t *Tenant) SessionAlive(ctx context.Context, id string) (bool, error) {
	return t.db.NewSelect().Model((*sessionRow)(nil)).Where("id = ? AND revoked = ? AND expires_at > ?", id, false, t.now().UnixMilli()).Exists(ctx)
}

// RevokeSession ends a session.
func (t *Tenant) RevokeSession(ctx context.Context, id string) error {
	_, err := t.db.NewUpdate().Model((*sessionRow)(nil)).Set("revoked = ?", true).Where("id = ?", id).Exec(ctx)
	return err
}

type contactRow struct {
	bun.BaseModel `bun:"table:contacts"`
	ID            string `bun:"id,pk"`
	Name          string `bun:"name"`
	Company       string `bun:"company"`
	Phone         string `bun:"phone"`
	Email         string `bun:"email"`
	Notes         string `bun:"notes"`
}

func (r contactRow) contact() crm.Contact {
	return crm.Contact{ID: r.ID, Name: r.Name, Company: r.Company, Phone: r.Phone, Email: r.Email, Notes: r.Notes}
}

// CreateContact adds an entry to the address book; the id is made here.
func (t *Tenant) CreateContact(ctx context.Context, c crm.Contact) (crm.Contact, error) {
	row := contactRow{ID: NewID(t.now()), Name: c.Name, Company: c.Company, Phone: c.Phone, Email: c.Email, Notes: c.Notes}
	_, err := t.db.NewInsert().Model(&row).Exec(ctx)
	return row.contact(), err
}

// Contact returns an entry, or tenant.ErrNotFound.
func (t *Tenant) Contact(ctx context.Context, id string) (crm.Contact, error) {
	if !tenant.IsID(id) {
		return crm.Contact{}, tenant.ErrNotFound
	}
	var row contactRow
	err := t.db.NewSelect().Model(&row).Where("id = ?", id).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return crm.Contact{}, tenant.ErrNotFound
	}
	return row.contact(), err
}

// ContactByPhone finds who has a number, or tenant.ErrNotFound. Of several it is
// the one who was entered first.
func (t *Tenant) ContactByPhone(ctx context.Context, number string) (crm.Contact, error) {
	if !tenant.IsText(number) {
		return crm.Contact{}, tenant.ErrNotFound
	}
	var row contactRow
	err := t.db.NewSelect().Model(&row).Where("phone = ?", number).Order("id").Limit(1).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) || number == "" {
		return crm.Contact{}, tenant.ErrNotFound
	}
	return row.contact(), err
}

// likeEscape makes a text mean itself inside LIKE ... ESCAPE '!'.
var likeEscape = strings.NewReplacer("!", "!!", "%", "!%", "_", "!_")

// SearchContacts finds entries whose name, company, address or number contains
// the query, in any case, by name.
func (t *Tenant) SearchContacts(ctx context.Context, query string, limit int) ([]crm.Contact, error) {
	if !tenant.IsText(query) {
		return []crm.Contact{}, nil
	}
	like := "%" + likeEscape.Replace(strings.ToLower(strings.TrimSpace(query))) + "%"
	q := t.db.NewSelect().Model((*contactRow)(nil)).WhereGroup(" AND ", func(q *bun.SelectQuery) *bun.SelectQuery {
		for _, column := range []string{"name", "company", "email"} {
			q = q.WhereOr("LOWER(?) LIKE ? ESCAPE '!'", bun.Ident(column), like)
		}
		if digits := onlyDigits(query); len(digits) >= 3 { // fewer are part of a name
			q = q.WhereOr("phone LIKE ?", "%"+digits+"%")
		}
		return q
	})
	var rows []contactRow
	if err := q.Order("name", "id").Limit(int64(limit)).Scan(ctx, &rows); err != nil {
		return nil, err
	}
	out := make([]crm.Contact, len(rows))
	for i, r := range rows {
		out[i] = r.contact()
	}
	return out, nil
}

func onlyDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
}
