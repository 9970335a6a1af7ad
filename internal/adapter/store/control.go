package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/uptrace/bun"

	"softphone/internal/phone/tenant"
)

type tenantRow struct {
	bun.BaseModel `bun:"table:tenants"`
	ID            string  `bun:"id,pk"`
	Slug          string  `bun:"slug"`
	Name          string  `bun:"name"`
	Integrations  *string `bun:"integrations_config"`
	Account       *string `bun:"twilio_account"`
	CreatedAt     int64   `bun:"created_at"`
	UpdatedAt     int64   `bun:"updated_at"`
}

func (r tenantRow) tenant() tenant.Tenant { return tenant.Tenant{ID: r.ID, Slug: r.Slug, Name: r.Name} }

type domainRow struct {
	bun.BaseModel `bun:"table:domains"`
	Name          string `bun:"name,pk"`
	TenantID      string `bun:"tenant_id"`
}

type loginRow struct {
	bun.BaseModel `bun:"table:logins"`
	Email         string `bun:"email,pk"`
	TenantID      string `bun:"tenant_id,pk"`
}

// CreateTenant adds a tenant, with a domain of its own if one is given, and
// makes its database.
func (s *Control) CreateTenant(ctx context.Context, slug, name, domain string) (tenant.Tenant, error) {
	if err := tenant.CheckSlug(slug); err != nil {
		return tenant.Tenant{}, err
	}
	now := s.Now()
	row := tenantRow{ID: strings.ToLower(NewID(now)), Slug: slug, Name: name, CreatedAt: now.UnixMilli(), UpdatedAt: now.UnixMilli()}
	err := s.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil || domain == "" {
			return err
		}
		_, err := tx.NewInsert().Model(&domainRow{Name: strings.ToLower(domain), TenantID: row.ID}).Exec(ctx)
		return err
	})
	if s.dialect.duplicate(err) {
		return tenant.Tenant{}, fmt.Errorf("tenant %s: %w", slug, tenant.ErrTaken)
	}
	if err != nil {
		return tenant.Tenant{}, fmt.Errorf("create tenant %s: %w", slug, err)
	}
	_, err = s.Open(ctx, row.ID)
	return row.tenant(), err
}

// Tenants lists all tenants by slug.
func (s *Control) Tenants(ctx context.Context) ([]tenant.Tenant, error) {
	return s.tenants(ctx, func(q *bun.SelectQuery) *bun.SelectQuery { return q })
}

// TenantsOfLogin lists the tenants where an address may log in.
func (s *Control) TenantsOfLogin(ctx context.Context, email string) ([]tenant.Tenant, error) {
	if !tenant.IsText(email) {
		return nil, nil
	}
	return s.tenants(ctx, func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("id IN (SELECT tenant_id FROM logins WHERE email = ?)", strings.ToLower(email))
	})
}

func (s *Control) tenants(ctx context.Context, where func(*bun.SelectQuery) *bun.SelectQuery) ([]tenant.Tenant, error) {
	var rows []tenantRow
	if err := where(s.db.NewSelect().Model(&rows)).Order("slug").Scan(ctx); err != nil {
		return nil, fmt.Errorf("list tenants: %w", err)
	}
	out := make([]tenant.Tenant, len(rows))
	for i, r := range rows {
		out[i] = r.tenant()
	}
	return out, nil
}

// Tenant returns the tenant of an id, or tenant.ErrNotFound, as do its sisters.
func (s *Control) Tenant(ctx context.Context, id string) (tenant.Tenant, error) {
	return s.one(ctx, "id = ?", id)
}

// TenantBySlug returns the tenant of a slug.
func (s *Control) TenantBySlug(ctx context.Context, slug string) (tenant.Tenant, error) {
	return s.one(ctx, "slug = ?", slug)
}

// TenantByDomain returns the tenant whose own domain this is.
func (s *Control) TenantByDomain(ctx context.Context, host string) (tenant.Tenant, error) {
	return s.one(ctx, "id IN (SELECT tenant_id FROM domains WHERE name = ?)", strings.ToLower(host))
}

// TenantByAccount returns the tenant that owns an account at the carrier.
func (s *Control) TenantByAccount(ctx context.Context, sid string) (tenant.Tenant, error) {
	return s.one(ctx, "twilio_account = ?", sid)
}

func (s *Control) one(ctx context.Context, where, arg string) (tenant.Tenant, error) {
	row, err := s.row(ctx, where, arg)
	return row.tenant(), err
}

func (s *Control) row(ctx context.Context, where, arg string) (tenantRow, error) {
	var row tenantRow
	if strings.ContainsFunc(arg, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return row, tenant.ErrNotFound // no id, slug, domain or account has such a character
	}
	err := s.db.NewSelect().Model(&row).Where(where, arg).Limit(1).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return row, tenant.ErrNotFound
	}
	return row, err
}

// integrationsField is what the sealed text is bound to beside its tenant.
const integrationsField = "integrations_config"

// Integrations opens a tenant's sealed credentials; none stored is no error.
func (s *Control) Integrations(ctx context.Context, id string) (tenant.Integrations, error) {
	var in tenant.Integrations
	row, err := s.row(ctx, "id = ?", id)
	if err != nil || row.Integrations == nil {
		return in, err
	}
	plain, err := s.Ring.Open(id, integrationsField, *row.Integrations)
	if err != nil {
		return in, fmt.Errorf("open credentials of tenant %s: %w", row.Slug, err)
	}
	return in, json.Unmarshal(plain, &in)
}

// SaveIntegrations seals and stores a tenant's credentials. An account at the
// carrier belongs to one tenant only: its webhooks name nothing else.
func (s *Control) SaveIntegrations(ctx context.Context, id string, in tenant.Integrations) error {
	plain, err := json.Marshal(in)
	if err != nil {
		return err
	}
	sealed, err := s.Ring.Seal(id, integrationsField, plain)
	if err != nil {
		return err
	}
	_, err = s.db.NewUpdate().Model((*tenantRow)(nil)).
		Set("integrations_config = ?", sealed).Set("twilio_account = ?", text(in.Twilio.AccountSid)).Set("updated_at = ?", s.Now().UnixMilli()).
		Where("id = ?", id).Exec(ctx)
	if s.dialect.duplicate(err) {
		return fmt.Errorf("twilio account %s: %w", in.Twilio.AccountSid, tenant.ErrTaken)
	}
	return err
}

// AddLogin lets an address log in at a tenant.
func (s *Control) AddLogin(ctx context.Context, email, tenantID string) error {
	_, err := s.db.NewInsert().Model(&loginRow{Email: strings.ToLower(email), TenantID: tenantID}).Exec(ctx)
	if s.dialect.duplicate(err) {
		return fmt.Errorf("login %s: %w", email, tenant.ErrTaken)
	}
	return err
}

// Open returns a tenant's database, migrated.
func (s *Control) Open(ctx context.Context, tenantID string) (*Tenant, error) {
	return s.pool.get(ctx, tenantID)
}

func (s *Control) openTenant(ctx context.Context, id string) (*Tenant, error) {
	if _, err := s.Tenant(ctx, id); err != nil {
		return nil, err
	}
	db, err := openDatabase(ctx, s.dialect, id)
	if err != nil {
		return nil, fmt.Errorf("open database of tenant %s: %w", id, err)
	}
	return &Tenant{db: db, dialect: s.dialect, now: s.Now}, nil
}

// MigrateAll brings every tenant's database up to date and returns their slugs.
func (s *Control) MigrateAll(ctx context.Context) ([]string, error) {
	all, err := s.Tenants(ctx)
	if err != nil {
		return nil, err
	}
	var done []string
	for _, t := range all {
		if _, err := s.Open(ctx, t.ID); err != nil {
			return done, err
		}
		done = append(done, t.Slug)
	}
	return done, nil
}
