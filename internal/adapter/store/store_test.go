package store_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"softphone/internal/adapter/store"
	"softphone/internal/phone/auth"
	"softphone/internal/phone/call"
	"softphone/internal/phone/crm"
	"softphone/internal/phone/seal"
	"softphone/internal/phone/tenant"
)

var start = time.Date(2026, 11, 1, 9, 0, 0, 0, time.UTC)

// dsn is the private MariaDB that TestMain starts.
var dsn string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	stop, err := startMariaDB()
	if err != nil {
		fmt.Fprintln(os.Stderr, "the store is tested on MariaDB too; install mariadb-server:", err)
		return 1
	}
	defer stop()
	code := m.Run()
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

// startMariaDB runs a server of our own on a socket in a folder of its own.
func startMariaDB() (stop func(), err error) {
	dir, err := os.MkdirTemp("", "softphone-mariadb-")
	if err != nil {
		return nil, err
	}
	data, socket := filepath.Join(dir, "data"), filepath.Join(dir, "socket")
	args := []string{"--no-defaults", "--datadir=" + data}
	if os.Getuid() == 0 {
		args = append(args, "--user=root")
	}
	if out, err := exec.Command("mariadb-install-db", append(args, "--auth-root-authentication-method=normal", "--skip-test-db")...).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%w: %s", err, out)
	}
	server := exec.Command("mariadbd", append(args, "--socket="+socket, "--skip-networking", "--skip-grant-tables", "--innodb-buffer-pool-size=32M", "--pid-file="+filepath.Join(dir, "pid"))...)
	if err := server.Start(); err != nil {
		return nil, err
	}
	dsn = "root@unix(" + socket + ")/"
	for i := 0; ; i++ {
		if _, err := os.Stat(socket); err == nil {
			break
		} else if i == 600 {
			return nil, fmt.Errorf("mariadbd made no socket: %w", err)
		}
		time.Sleep(50 * time.Millisecond)
	}
	return func() {
		_ = server.Process.Kill()
		_ = server.Wait()
		os.RemoveAll(dir)
	}, nil
}

// on runs a test on every database.
func on(t *testing.T, f func(t *testing.T, s *store.Control)) {
	t.Helper()
	configs := map[string]store.Config{"sqlite": {Dir: t.TempDir()}, "mariadb": {MySQL: dsn}}
	for name, c := range configs {
		t.Run(name, func(t *testing.T) {
			f(t, open(t, c))
		})
	}
}

var ring = func() *seal.Ring {
	r, err := seal.NewRing(seal.NewKey())
	if err != nil {
		panic(err)
	}
	return r
}()

func open(t *testing.T, c store.Config) *store.Control {
	t.Helper()
	c.Now = func() time.Time { return start }
	return openAt(t, c)
}

// openAt is open with a clock of the test's.
func openAt(t *testing.T, c store.Config) *store.Control {
	t.Helper()
	c.Ring, c.Log = ring, slog.New(slog.DiscardHandler)
	s, err := store.Open(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

var made int

// newTenant makes a tenant that no other test knows.
func newTenant(t *testing.T, s *store.Control) (tenant.Tenant, *store.Tenant) {
	t.Helper()
	made++
	tn, err := s.CreateTenant(context.Background(), fmt.Sprintf("desk-%d", made), "A desk", "")
	if err != nil {
		t.Fatal(err)
	}
	db, err := s.Open(context.Background(), tn.ID)
	if err != nil {
		t.Fatal(err)
	}
	return tn, db
}

func newUser(t *testing.T, db *store.Tenant) auth.User {
	t.Helper()
	u, err := db.CreateUser(context.Background(), auth.User{Email: "Alex@Example.com", Name: "Alex", Role: auth.Agent}, "hash")
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestTenantsAreFoundByEveryName(t *testing.T) {
	on(t, func(t *testing.T, s *store.Control) {
		ctx := t.Context()
		made++
		slug, domain := fmt.Sprintf("found-%d", made), fmt.Sprintf("phone%d.example.com", made)
		want, err := s.CreateTenant(ctx, slug, "Found & Söner", domain)
		if err != nil {
			t.Fatal(err)
		}
		account := fmt.Sprintf("AC%032d", made)
		if err := s.SaveIntegrations(ctx, want.ID, tenant.Integrations{Twilio: tenant.Twilio{AccountSid: account}}); err != nil {
			t.Fatal(err)
		}
		if err := s.AddLogin(ctx, "Found@Example.com", want.ID); err != nil {
			t.Fatal(err)
		}
		for name, find := range map[string]func() (tenant.Tenant, error){
			"id":      func() (tenant.Tenant, error) { return s.Tenant(ctx, want.ID) },
			"slug":    func() (tenant.Tenant, error) { return s.TenantBySlug(ctx, slug) },
			"domain":  func() (tenant.Tenant, error) { return s.TenantByDomain(ctx, "PHONE"+domain[5:]) },
			"account": func() (tenant.Tenant, error) { return s.TenantByAccount(ctx, account) },
		} {
			got, err := find()
			if err != nil {
				t.Errorf("by %s: %v", name, err)
			}
			if d := cmp.Diff(got, want); d != "" {
				t.Errorf("by %s: %s", name, d)
			}
		}
		if _, err := s.Tenant(ctx, "nobody"); !errors.Is(err, tenant.ErrNotFound) {
			t.Errorf("unknown id: %v, want ErrNotFound", err)
		}
		if _, err := s.CreateTenant(ctx, slug, "Again", ""); !errors.Is(err, tenant.ErrTaken) {
			t.Errorf("slug twice: %v, want ErrTaken", err)
		}
		two, err := s.CreateTenant(ctx, slug+"-two", "Two", "")
		if err != nil {
			t.Fatal(err)
		}
		if err := s.SaveIntegrations(ctx, two.ID, tenant.Integrations{Twilio: tenant.Twilio{AccountSid: account}}); !errors.Is(err, tenant.ErrTaken) {
			t.Errorf("account of another tenant: %v, want ErrTaken", err)
		}
	})
}

func TestCredentialsAreSealedAndComeBack(t *testing.T) {
	on(t, func(t *testing.T, s *store.Control) {
		tn, _ := newTenant(t, s)
		token := tenant.Secret("0123456789abcdef0123456789abcdef")
		want := tenant.Integrations{Twilio: tenant.Twilio{AuthToken: &token, PhoneNumbers: []string{"+12015550100"}}}
		if err := s.SaveIntegrations(t.Context(), tn.ID, want); err != nil {
			t.Fatal(err)
		}
		got, err := s.Integrations(t.Context(), tn.ID)
		if err != nil {
			t.Fatal(err)
		}
		if got.Twilio.Token() != token.Reveal() {
			t.Errorf("token %q", got.Twilio.Token())
		}
	})
}

func TestARefreshTokenWorksOnce(t *testing.T) {
	on(t, func(t *testing.T, s *store.Control) {
		ctx := t.Context()
		_, db := newTenant(t, s)
		u := newUser(t, db)
		if err := db.NewSession(ctx, auth.Session{ID: "s1", UserID: u.ID, RefreshHash: "h0", Expires: start.Add(time.Hour)}); err != nil {
			t.Fatal(err)
		}
		won := make(chan string, 8)
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				next := fmt.Sprintf("h%d", i+1)
				_, err := db.UseSession(ctx, "h0", auth.Session{RefreshHash: next, Expires: start.Add(time.Hour)})
				switch {
				case err == nil:
					won <- next
				case !errors.Is(err, auth.ErrNoSession):
					t.Error(err)
				}
			})
		}
		wg.Wait()
		close(won)
		if len(won) != 1 {
			t.Fatalf("%d of 8 used the same token", len(won))
		}
		if alive, err := db.SessionAlive(ctx, "s1"); err != nil || !alive {
			t.Errorf("alive %v, %v", alive, err)
		}
		if err := db.RevokeSession(ctx, "s1"); err != nil {
			t.Fatal(err)
		}
		if alive, err := db.SessionAlive(ctx, "s1"); err != nil || alive {
			t.Errorf("alive %v after revoking, %v", alive, err)
		}
		if _, err := db.UseSession(ctx, <-won, auth.Session{RefreshHash: "hx", Expires: start.Add(time.Hour)}); !errors.Is(err, auth.ErrNoSession) {
			t.Errorf("revoked session refreshed: %v", err)
		}
	})
}

func TestContactsAreFoundByNameCompanyAndNumber(t *testing.T) {
	on(t, func(t *testing.T, s *store.Control) {
		ctx := t.Context()
		_, db := newTenant(t, s)
		for _, c := range []crm.Contact{
			{Name: "Ana Dupont", Company: "Dupont 100% Wine", Phone: "+12015550123"},
			{Name: "Örjan Berg", Company: "Fjäll_AB", Phone: "+442079460111"},
		} {
			if _, err := db.CreateContact(ctx, c); err != nil {
				t.Fatal(err)
			}
		}
		for query, want := range map[string][]string{
			"dupont": {"Ana Dupont"}, "555-0123": {"Ana Dupont"}, "100%": {"Ana Dupont"}, "l_a": {"Örjan Berg"},
			"nobody": {}, "": {"Ana Dupont", "Örjan Berg"}, "' OR 1=1": {},
		} {
			found, err := db.SearchContacts(ctx, query, 10)
			if err != nil {
				t.Fatal(err)
			}
			got := []string{}
			for _, c := range found {
				got = append(got, c.Name)
			}
			if d := cmp.Diff(got, want); d != "" {
				t.Errorf("%q: %s", query, d)
			}
		}
	})
}

// change is a call as a change that makes it.
func change(id call.ID, u auth.User, at time.Time) call.Change {
	return call.Change{
		Call:   call.Record{ID: id, Direction: call.Outbound, From: "+12015550100", To: "+12015550123", Status: call.Queued, UserID: call.UserID(u.ID), StartedAt: at, CreatedAt: at, UpdatedAt: at, Epoch: 1},
		Legs:   []call.LegRecord{{ID: call.LegID("leg-" + string(id)), CallID: id, Role: call.Customer, Phase: call.New, Address: "+12015550123"}},
		Events: []call.Event{{Stream: "call:" + string(id), Epoch: 1, Seq: 1, At: at, Type: "call:initiated", CallID: id, Body: json.RawMessage(`{"n":1}`)}},
		Fence:  1,
	}
}

func TestAChangeIsStoredWholeOrNotAtAll(t *testing.T) {
	on(t, func(t *testing.T, s *store.Control) {
		ctx := t.Context()
		_, db := newTenant(t, s)
		u := newUser(t, db)
		c := change("c1", u, start)
		c.Claim = call.TakeAgent
		if err := db.Change(ctx, c); err != nil {
			t.Fatal(err)
		}
		second := change("c2", u, start)
		second.Claim = call.TakeAgent
		if err := db.Change(ctx, second); !errors.Is(err, call.ErrAgentBusy) {
			t.Fatalf("second line of an agent with one: %v, want ErrAgentBusy", err)
		}
		if _, err := db.Call(ctx, "c2"); !errors.Is(err, tenant.ErrNotFound) {
			t.Errorf("the refused call is there: %v", err)
		}
		end := change("c1", u, start)
		end.Call.Status, end.Call.CallSID, end.Call.Verdict = call.Completed, "CA1", call.Verdict{By: call.ByAgent, Reason: call.HungUp}
		end.Call.AnsweredAt, end.Call.EndedAt, end.Call.Talk = start.Add(time.Second), start.Add(43*time.Second), 42*time.Second
		end.Legs[0].Phase, end.Legs[0].CarrierSID = call.Gone, "CA1"
		end.Events[0].Seq = 2
		end.Lines = []call.Line{{ID: "l1", CallID: "c1", Speaker: "caller", Text: "Grüß Gott 👋", Start: time.Second, End: 2 * time.Second, Revision: 3}}
		end.Jobs = []call.Job{{Kind: "summary", Key: "c1", Body: json.RawMessage(`{}`), Due: start}, {Kind: "summary", Key: "c1", Body: json.RawMessage(`{}`), Due: start}}
		end.Claim, end.Transcript = call.ReleaseAgent, true
		if err := db.Change(ctx, end); err != nil {
			t.Fatal(err)
		}
		v, err := db.Call(ctx, "c1")
		if err != nil {
			t.Fatal(err)
		}
		if v.Status != call.Completed || *v.DurationSeconds != 42 || v.UserName != "Alex" || v.Verdict.Reason != call.HungUp || !v.StartedAt.Equal(start) {
			t.Errorf("stored: %+v", v)
		}
		lines, err := db.LinesOf(ctx, "c1")
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(lines, end.Lines); d != "" {
			t.Error(d)
		}
		late := change("c1", u, start) // the last words come when the call is over
		late.Call, late.Events[0].Seq, late.Transcript = end.Call, 3, true
		late.Lines = []call.Line{{ID: "l0", CallID: "c1", Speaker: "agent", Text: "Hello.", End: time.Second}}
		if err := db.Change(ctx, late); err != nil {
			t.Fatal(err)
		}
		late.Transcript, late.Lines, late.Events = false, nil, nil
		if err := db.Change(ctx, late); err != nil {
			t.Fatal(err)
		}
		if got, err := db.TranscriptOf(ctx, "c1"); err != nil || got != "Agent: Hello.\nCaller: Grüß Gott 👋" {
			t.Errorf("transcript %q, %v", got, err)
		}
		events, err := db.EventsSince(ctx, "call:c1", 1, 1)
		if err != nil || len(events) != 2 || events[0].Seq != 2 {
			t.Errorf("events after 1: %+v, %v", events, err)
		}
		if err := db.Change(ctx, second); err != nil {
			t.Errorf("the agent is free again, yet: %v", err)
		}
	})
}

func TestAnOlderOwnerIsFenced(t *testing.T) {
	on(t, func(t *testing.T, s *store.Control) {
		_, db := newTenant(t, s)
		u := newUser(t, db)
		c := change("c1", u, start)
		c.Call.Epoch, c.Fence = 2, 2
		if err := db.Change(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		stale := change("c1", u, start)
		stale.Events[0].Seq = 9
		if err := db.Change(t.Context(), stale); !errors.Is(err, call.ErrFenced) {
			t.Errorf("write of the owner before: %v, want ErrFenced", err)
		}
		if e, err := db.EventsOf(t.Context(), "c1", "call:"); err != nil || len(e) != 1 {
			t.Errorf("%d events, %v; want the new owner's one", len(e), err)
		}
	})
}

func TestTheSameTellingIsKeptOnce(t *testing.T) {
	on(t, func(t *testing.T, s *store.Control) {
		ctx := t.Context()
		_, db := newTenant(t, s)
		u := newUser(t, db)
		f := call.Fact{Leg: "leg-c1", SID: "CA1", Status: "ringing", Seq: 1, At: start}
		kept, fresh, err := db.Receive(ctx, f, "CA1/1", "CallStatus=ringing")
		if err != nil || !fresh {
			t.Fatalf("first: fresh %v, %v", fresh, err)
		}
		if _, fresh, err := db.Receive(ctx, f, "CA1/1", "CallStatus=ringing"); err != nil || fresh {
			t.Errorf("second: fresh %v, %v", fresh, err)
		}
		pending, err := db.Pending(ctx, "leg-c1")
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(pending, []call.Fact{kept}); d != "" {
			t.Error(d)
		}
		c := change("c1", u, start)
		c.Inbox = []string{kept.ID}
		if err := db.Change(ctx, c); err != nil {
			t.Fatal(err)
		}
		if pending, err := db.Pending(ctx, "leg-c1"); err != nil || len(pending) != 0 {
			t.Errorf("still pending after folding: %v, %v", pending, err)
		}
	})
}

func TestHistoryPagesMeetWithoutGapOrOverlap(t *testing.T) {
	on(t, func(t *testing.T, s *store.Control) {
		ctx := t.Context()
		_, db := newTenant(t, s)
		u := newUser(t, db)
		var want []call.ID
		for i := 24; i >= 0; i-- { // five of each moment: the id must break the tie
			want = append(want, call.ID(fmt.Sprintf("c%02d", i)))
			if err := db.Change(ctx, change(want[len(want)-1], u, start.Add(time.Duration(i/5)*time.Minute))); err != nil {
				t.Fatal(err)
			}
		}
		var got []call.ID
		var after call.Cursor
		for {
			page, err := db.Calls(ctx, call.Search{Limit: 7, After: after})
			if err != nil {
				t.Fatal(err)
			}
			if len(page) == 0 {
				break
			}
			for _, v := range page {
				got = append(got, v.ID)
			}
			last := page[len(page)-1]
			after = call.Cursor{StartedAt: last.StartedAt, ID: last.ID}
		}
		if d := cmp.Diff(got, want); d != "" {
			t.Error(d)
		}
		for name, q := range map[string]call.Search{
			"number": {Number: "555-0123"}, "direction": {Direction: call.Outbound}, "status": {Status: call.Queued},
			"user": {UserID: call.UserID(u.ID)}, "since": {Since: start}, "until": {Until: start.Add(time.Hour)},
		} {
			q.Limit = 100
			if found, err := db.Calls(ctx, q); err != nil || len(found) != 25 {
				t.Errorf("%s: %d calls, %v; want 25", name, len(found), err)
			}
		}
		for name, q := range map[string]call.Search{
			"number": {Number: "999"}, "direction": {Direction: call.Inbound}, "status": {Status: call.Busy}, "user": {UserID: "other"},
			"since": {Since: start.Add(time.Hour)}, "until": {Until: start},
		} {
			q.Limit = 100
			if found, err := db.Calls(ctx, q); err != nil || len(found) != 0 {
				t.Errorf("other %s: %d calls, %v; want none", name, len(found), err)
			}
		}
	})
}

func TestReopeningKeepsEverything(t *testing.T) {
	c := store.Config{Dir: t.TempDir()}
	s := open(t, c)
	tn, db := newTenant(t, s)
	u := newUser(t, db)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	again := open(t, c)
	slugs, err := again.MigrateAll(t.Context())
	if err != nil || len(slugs) != 1 || slugs[0] != tn.Slug {
		t.Fatalf("migrated %v, %v", slugs, err)
	}
	db, err = again.Open(t.Context(), tn.ID)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := db.User(t.Context(), u.ID); err != nil || got != u {
		t.Errorf("user %+v, %v; want %+v", got, err, u)
	}
}

func TestASoundTokenOpensOnce(t *testing.T) {
	on(t, func(t *testing.T, s *store.Control) {
		ctx := t.Context()
		_, db := newTenant(t, s)
		if err := db.Change(ctx, change("c1", newUser(t, db), start)); err != nil {
			t.Fatal(err)
		}
		if err := db.OfferStream(ctx, "leg-c1", "hash", start.Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		for _, wrong := range [][2]string{{"leg-c1", "other"}, {"leg-c2", "hash"}} {
			if err := db.ClaimStream(ctx, call.LegID(wrong[0]), wrong[1]); !errors.Is(err, tenant.ErrNotFound) {
				t.Errorf("%v: %v, want ErrNotFound", wrong, err)
			}
		}
		if err := db.ClaimStream(ctx, "leg-c1", "hash"); err != nil {
			t.Errorf("the right one: %v", err)
		}
		if err := db.ClaimStream(ctx, "leg-c1", "hash"); !errors.Is(err, tenant.ErrNotFound) {
			t.Errorf("a second time: %v, want ErrNotFound", err)
		}
		if err := db.OfferStream(ctx, "leg-c1", "late", start); err != nil {
			t.Fatal(err)
		}
		if err := db.ClaimStream(ctx, "leg-c1", "late"); !errors.Is(err, tenant.ErrNotFound) {
			t.Errorf("an expired one: %v, want ErrNotFound", err)
		}
	})
}
