package switchboard

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"
	"time"

	"softphone/internal/phone/auth"
	"softphone/internal/phone/call"
	"softphone/internal/phone/tenant"
)

// SessionLife is how long a browser stays logged in without being used: a
// working week, so that Monday does not begin with a password.
const SessionLife = 7 * 24 * time.Hour

// Attempt is somebody who says who they are.
type Attempt struct {
	Email, Password string
	Tenant          string // slug, when the login has several desks
	Host            string // of the request: a desk's own domain decides the desk
	Address         string // of the client, for the throttle
}

// Pass is what a login or a refresh hands out.
type Pass struct {
	Seat      *Seat
	Access    string // JWT
	ExpiresAt time.Time
	Refresh   string // opaque, one use
}

// Login checks a password and opens a session. Unknown addresses, wrong
// passwords and disabled users get the same answer in the same time.
func (e *Exchange) Login(ctx context.Context, a Attempt) (Pass, error) {
	a.Email = strings.ToLower(strings.TrimSpace(a.Email))
	if !tenant.IsText(a.Email) {
		return Pass{}, refuse(InvalidInput, "An e-mail address has no control characters.")
	}
	if !e.throttle.Allow(a.Email, a.Address) {
		return Pass{}, refuse(TooManyAttempts, "Too many attempts. Wait a minute and try again.")
	}
	seats, err := e.seatsFor(ctx, a)
	if err != nil {
		return Pass{}, err
	}
	if len(seats) == 0 {
		e.throttle.Failed(a.Email, a.Address)
		return Pass{}, refuse(BadCredentials, "E-mail address or password is wrong.")
	}
	if len(seats) > 1 {
		return Pass{}, chooseAmong(seats)
	}
	return e.openSession(ctx, seats[0])
}

// seatsFor returns the seats whose password is the given one, so that the
// choice of desks is shown only to somebody who knows it.
func (e *Exchange) seatsFor(ctx context.Context, a Attempt) ([]*Seat, error) {
	desks, err := e.desksOf(ctx, a)
	if err != nil {
		return nil, err
	}
	if len(desks) == 0 {
		auth.WastePassword(a.Password) // the same time as a wrong password takes
	}
	var seats []*Seat
	for _, t := range desks {
		s, err := e.seatByPassword(ctx, t, a)
		if err != nil {
			return nil, err
		}
		if s != nil {
			seats = append(seats, s)
		}
	}
	return seats, nil
}

// desksOf lists the tenants an attempt may mean: the one of the host's domain,
// else those of the address, narrowed by the named one.
func (e *Exchange) desksOf(ctx context.Context, a Attempt) ([]tenant.Tenant, error) {
	desks, err := e.Directory.TenantsOfLogin(ctx, a.Email)
	if err != nil {
		return nil, err
	}
	own, err := e.Directory.TenantByDomain(ctx, a.Host)
	if err != nil && !errors.Is(err, tenant.ErrNotFound) {
		return nil, err
	}
	var kept []tenant.Tenant
	for _, t := range desks {
		if (own.ID == "" || t.ID == own.ID) && (a.Tenant == "" || t.Slug == a.Tenant) {
			kept = append(kept, t)
		}
	}
	return kept, nil
}

func (e *Exchange) seatByPassword(ctx context.Context, t tenant.Tenant, a Attempt) (*Seat, error) {
	b, err := e.Board(ctx, t.ID)
	if err != nil {
		return nil, err
	}
	u, hash, err := b.store.UserByEmail(ctx, a.Email)
	if errors.Is(err, auth.ErrNoUser) {
		auth.WastePassword(a.Password)
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if !auth.CheckPassword(hash, a.Password) || u.Disabled {
		return nil, nil
	}
	return &Seat{Board: b, User: u}, nil
}

func chooseAmong(seats []*Seat) *Refusal {
	r := refuse(ChooseTenant, "This login has several desks. Choose one.")
	for _, s := range seats {
		r.Choices = append(r.Choices, Choice{Slug: s.Tenant.Slug, Name: s.Tenant.Name})
	}
	return r
}

func (e *Exchange) openSession(ctx context.Context, s *Seat) (Pass, error) {
	secret := newSecret()
	session := auth.Session{ID: newSecret()[:22], UserID: s.User.ID, RefreshHash: hashSecret(secret), Expires: e.Now().Add(SessionLife)}
	if err := s.store.NewSession(ctx, session); err != nil {
		return Pass{}, err
	}
	s.Session = session.ID
	return e.pass(s, secret)
}

// pass signs an access token; the refresh token names the tenant, because a
// session lives in the tenant's database.
func (e *Exchange) pass(s *Seat, secret string) (Pass, error) {
	access, expires, err := e.Signer.Issue(auth.Claims{Subject: s.User.ID, Tenant: s.Tenant.ID, Session: s.Session})
	if err != nil {
		return Pass{}, err
	}
	return Pass{Seat: s, Access: access, ExpiresAt: expires, Refresh: s.Tenant.ID + "." + secret}, nil
}

// Refresh exchanges a refresh token for a new pass. A token works once.
func (e *Exchange) Refresh(ctx context.Context, refresh string) (Pass, error) {
	ended := refuse(SessionEnded, "Your session has ended. Please log in again.")
	id, secret, ok := strings.Cut(refresh, ".")
	if !ok || !tenant.IsID(id) {
		return Pass{}, ended
	}
	b, err := e.Board(ctx, id)
	if err != nil {
		return Pass{}, ended
	}
	next := newSecret()
	session, err := b.store.UseSession(ctx, hashSecret(secret), auth.Session{RefreshHash: hashSecret(next), Expires: e.Now().Add(SessionLife)})
	if errors.Is(err, auth.ErrNoSession) {
		return Pass{}, ended
	}
	if err != nil {
		return Pass{}, err
	}
	s, err := b.seat(ctx, session.UserID, session.ID)
	if err != nil {
		return Pass{}, err
	}
	return e.pass(s, next)
}

// Logout ends the session of a seat: its refresh token, its access tokens and
// its open pages.
func (s *Seat) Logout(ctx context.Context) error {
	if err := s.store.RevokeSession(ctx, s.Session); err != nil {
		return err
	}
	s.hub.dismiss(call.UserID(s.User.ID), s.Session)
	return nil
}

func newSecret() string {
	var b [32]byte
	rand.Read(b[:])
	return base64.RawURLEncoding.EncodeToString(b[:])
}

func hashSecret(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}
