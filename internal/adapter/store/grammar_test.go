package store_test

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"testing"

	"softphone/internal/adapter/store"
	"softphone/internal/phone/auth"
	"softphone/internal/phone/call"
	"softphone/internal/phone/tenant"
)

// TestWhatCannotBeAnIDIsNotFound: no database is asked, for SQLite fails at a NUL
// and MariaDB at what is not ASCII.
func TestWhatCannotBeAnIDIsNotFound(t *testing.T) {
	on(t, func(t *testing.T, s *store.Control) {
		ctx := context.Background()
		_, db := newTenant(t, s)
		newUser(t, db)
		for _, id := range []string{"", "a\x00b", "ä", "\xff", "x y", strings.Repeat("x", 65)} {
			asked := map[string]error{}
			_, asked["call"] = db.Call(ctx, call.ID(id))
			_, asked["transcript"] = db.TranscriptOf(ctx, call.ID(id))
			_, asked["contact"] = db.Contact(ctx, id)
			_, asked["leg"] = db.LegBySID(ctx, id)
			if id != "" {
				_, asked["user"] = db.User(ctx, id)
				_, asked["tenant"] = s.Tenant(ctx, id)
				_, asked["slug"] = s.TenantBySlug(ctx, id)
				_, asked["domain"] = s.TenantByDomain(ctx, id)
				_, asked["account"] = s.TenantByAccount(ctx, id)
				found, err := db.Calls(ctx, call.Search{UserID: call.UserID(id), Limit: 5})
				more, err2 := db.Calls(ctx, call.Search{After: call.Cursor{ID: call.ID(id), StartedAt: start}, Limit: 5})
				if err := errors.Join(err, err2); err != nil || len(found)+len(more) > 0 {
					t.Errorf("calls of %q: %v %v %v", id, found, more, err)
				}
			}
			for what, err := range asked {
				if !errors.Is(err, tenant.ErrNotFound) && !errors.Is(err, auth.ErrNoUser) {
					t.Errorf("%s %q: %v", what, id, err)
				}
			}
		}
		for _, text := range []string{"a\x00b", "\xff\xfe"} {
			if _, _, err := db.UserByEmail(ctx, text); !errors.Is(err, auth.ErrNoUser) {
				t.Errorf("e-mail %q: %v", text, err)
			}
			if _, err := db.ContactByPhone(ctx, text); !errors.Is(err, tenant.ErrNotFound) {
				t.Errorf("phone %q: %v", text, err)
			}
			found, err := db.SearchContacts(ctx, text, 5)
			desks, err2 := s.TenantsOfLogin(ctx, text)
			if err := errors.Join(err, err2); err != nil || len(found)+len(desks) > 0 {
				t.Errorf("search for %q: %v %v %v", text, found, desks, err)
			}
		}
		if found, err := db.SearchContacts(ctx, "Zoë", 5); err != nil || len(found) > 0 {
			t.Errorf("search in another script: %v %v", found, err)
		}
	})
}

// TestWhatIsNotUnderstoodIsKept once, whatever it is, and is of no leg.
func TestWhatIsNotUnderstoodIsKept(t *testing.T) {
	on(t, func(t *testing.T, s *store.Control) {
		ctx := context.Background()
		_, db := newTenant(t, s)
		for _, raw := range []string{"CallStatus=teleported", "\x00\xff", "CallStatus=teleported"} {
			if err := db.Keep(ctx, "odd/"+strconv.Quote(raw), raw); err != nil {
				t.Errorf("%q: %v", raw, err)
			}
		}
		n, err := db.Received(ctx)
		pending, err2 := db.Pending(ctx, "")
		if errors.Join(err, err2) != nil || n != 2 || len(pending) > 0 {
			t.Errorf("%d kept, pending %v: %v", n, pending, errors.Join(err, err2))
		}
	})
}

// TestANumberWithoutDigitsIsInNoCall: it is not the same as asking for all.
func TestANumberWithoutDigitsIsInNoCall(t *testing.T) {
	on(t, func(t *testing.T, s *store.Control) {
		ctx := context.Background()
		_, db := newTenant(t, s)
		r := call.Record{ID: "c1", Direction: call.Outbound, From: "+12015550100", To: "+12015550123", Status: call.Busy, StartedAt: start, EndedAt: start, CreatedAt: start, UpdatedAt: start, Epoch: 1}
		if err := db.Change(ctx, call.Change{Call: r, Fence: 1}); err != nil {
			t.Fatal(err)
		}
		for number, want := range map[string]int{"": 1, "555": 1, "abc": 0, "+": 0, "%": 0} {
			if found, err := db.Calls(ctx, call.Search{Number: number, Limit: 5}); err != nil || len(found) != want {
				t.Errorf("number %q: %d calls, %v; want %d", number, len(found), err, want)
			}
		}
	})
}
