package switchboard

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"softphone/internal/phone/auth"
	"softphone/internal/phone/call"
	"softphone/internal/phone/recording"
	"softphone/internal/phone/tenant"
)

// Directory is the list of tenants: the control database.
type Directory interface {
	Tenant(ctx context.Context, id string) (tenant.Tenant, error)
	TenantsOfLogin(ctx context.Context, email string) ([]tenant.Tenant, error)
	TenantByAccount(ctx context.Context, sid string) (tenant.Tenant, error)
	TenantByDomain(ctx context.Context, host string) (tenant.Tenant, error)
	Integrations(ctx context.Context, tenantID string) (tenant.Integrations, error)
	SaveIntegrations(ctx context.Context, tenantID string, in tenant.Integrations) error
}

// Config is what an Exchange is made of. All fields are required
// unless they say otherwise.
type Config struct {
	Directory Directory
	// Open opens a tenant's database.
	Open   func(ctx context.Context, tenantID string) (Store, error)
	Signer *auth.Signer
	// Carrier is the telephone network of a tenant's account.
	Carrier func(tenant.Tenant, tenant.Integrations) call.Carrier
	// Assist makes the models that help with a call; nil: nobody helps.
	Assist Assistants
	// Recordings opens a tenant's recordings; nil: nothing is recorded.
	Recordings func(ctx context.Context, tenantID string) (Recordings, error)
	// CarrierRecorder lets the carrier record; nil: it does not.
	CarrierRecorder func(tenant.Tenant, tenant.Integrations) recording.Carrier
	// Links signs what plays a recording.
	Links recording.Links
	// NewID makes ids of calls and legs: sortable by time.
	NewID func(time.Time) string
	// BaseURLs lists the base URLs that tenants may set beside the vendors' own.
	BaseURLs []string
	// Probe asks the vendors whether the credentials work.
	Probe Probe
	// Ended and Fault count calls that ended and faults of the assistant, which
	// are reason codes; nil: nobody counts. They must not wait.
	Ended func(call.Status, call.Verdict)
	Fault func(reason string)
	Log   *slog.Logger
	Now   func() time.Time
}

// Exchange opens boards when somebody needs them and keeps them.
type Exchange struct {
	Config
	throttle *auth.Throttle

	mu     sync.Mutex
	boards map[string]*Board // by tenant id
	closed bool
}

// New returns an exchange without open boards.
func New(c Config) *Exchange {
	return &Exchange{Config: c, throttle: auth.NewThrottle(c.Now), boards: map[string]*Board{}}
}

// Board returns the desk of a tenant and opens it first if need be.
func (e *Exchange) Board(ctx context.Context, tenantID string) (*Board, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if b, ok := e.boards[tenantID]; ok {
		return b, nil
	}
	b, err := e.open(ctx, tenantID)
	if err != nil {
		return nil, fmt.Errorf("open desk of tenant %s: %w", tenantID, err)
	}
	e.boards[tenantID] = b
	return b, nil
}

func (e *Exchange) open(ctx context.Context, tenantID string) (*Board, error) {
	t, err := e.Directory.Tenant(ctx, tenantID)
	if err != nil {
		return nil, err
	}
	store, err := e.Open(ctx, tenantID)
	if err != nil {
		return nil, err
	}
	b := newBoard(e, t, store)
	if e.closed {
		b.live.shut() // what was left is the next process's
		b.roster.close()
	}
	if err := b.openTapes(ctx); err != nil {
		return nil, fmt.Errorf("open recordings: %w", err)
	}
	if err := errors.Join(b.takeUp(ctx), b.roster.resume(ctx)); err != nil {
		b.tapes.close()
		return nil, err
	}
	return b, nil
}

// Close takes no more calls at any desk and waits for those under way until ctx
// ends; what is left then is hung up.
func (e *Exchange) Close(ctx context.Context) {
	e.mu.Lock()
	e.closed = true
	boards := slices.Collect(maps.Values(e.boards))
	e.mu.Unlock()
	var all sync.WaitGroup
	for _, b := range boards {
		all.Go(func() {
			b.live.close(ctx)
			b.devices.close()
			b.tapes.close()
			b.roster.close()
		})
	}
	all.Wait()
}
