package switchboard

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"softphone/internal/phone/assist"
	"softphone/internal/phone/auth"
	"softphone/internal/phone/call"
	"softphone/internal/phone/crm"
	"softphone/internal/phone/tenant"
)

// Store is one tenant's database as its desk needs it.
type Store interface {
	call.Journal
	Users
	Archive
	Contacts
	Inbox
	Policies
	Statuses
}

// Inbox keeps what the carrier tells and the tokens that open a leg's sound.
type Inbox interface {
	// LegBySID finds the leg that has the carrier's id, or tenant.ErrNotFound.
	LegBySID(ctx context.Context, sid string) (call.LegID, error)
	Receive(ctx context.Context, f call.Fact, dedupe, raw string) (kept call.Fact, fresh bool, err error)
	// Keep stores what the carrier told and nobody understands.
	Keep(ctx context.Context, dedupe, raw string) error
	OfferStream(ctx context.Context, leg call.LegID, hash string, expires time.Time) error
	ClaimStream(ctx context.Context, leg call.LegID, hash string) error
	// Pending lists the facts of a leg that no change has folded in.
	Pending(ctx context.Context, leg call.LegID) ([]call.Fact, error)
}

// Users are the people who may sit at the desk, and their sessions.
type Users interface {
	User(ctx context.Context, id string) (auth.User, error)
	UserByEmail(ctx context.Context, email string) (auth.User, string, error)
	NewSession(ctx context.Context, s auth.Session) error
	UseSession(ctx context.Context, refreshHash string, next auth.Session) (auth.Session, error)
	SessionAlive(ctx context.Context, id string) (bool, error)
	RevokeSession(ctx context.Context, id string) error
}

// Archive is the history of calls.
type Archive interface {
	Call(ctx context.Context, id call.ID) (call.View, error)
	// Left lists the calls that are not over.
	Left(ctx context.Context) ([]call.Left, error)
	// Repeated returns the call that came of an order given under a key before.
	Repeated(ctx context.Context, user call.UserID, key string) (id call.ID, hash string, ok bool, err error)
	Calls(ctx context.Context, s call.Search) ([]call.View, error)
	LegsOf(ctx context.Context, id call.ID) ([]call.LegRecord, error)
	LinesOf(ctx context.Context, id call.ID) ([]call.Line, error)
	TranscriptOf(ctx context.Context, id call.ID) (string, error)
	EventsOf(ctx context.Context, id call.ID, prefix string) ([]call.Event, error)
	EventsSince(ctx context.Context, stream string, epoch int, seq int64) ([]call.Event, error)
}

// Contacts is the tenant's address book.
type Contacts interface {
	Contact(ctx context.Context, id string) (crm.Contact, error)
	// ContactByPhone finds who has a number, or tenant.ErrNotFound.
	ContactByPhone(ctx context.Context, number string) (crm.Contact, error)
	SearchContacts(ctx context.Context, query string, limit int) ([]crm.Contact, error)
}

// Board is one tenant's desk.
type Board struct {
	Tenant  tenant.Tenant
	store   Store
	ex      *Exchange
	live    *live
	hub     *hub
	devices *devices
	roster  *roster
	turns   turns // of orders that may be repeated
	// arriving is held while a call that comes in is made.
	arriving sync.Mutex
	log      *slog.Logger

	circuit assist.Circuit // of the assistant's account
	tapes   *tapes         // nil: this server does not record
}

func newBoard(e *Exchange, t tenant.Tenant, s Store) *Board {
	b := &Board{Tenant: t, store: s, ex: e, live: newLive(), hub: newHub(), devices: newDevices(), log: e.Log.With("tenant", t.Slug)}
	b.roster = newRoster(b)
	return b
}
