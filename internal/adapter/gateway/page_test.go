package gateway_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http/httptest"
	"testing"
	"time"

	"go.uber.org/goleak"

	"softphone/internal/adapter/gateway"
	"softphone/internal/adapter/store"
	"softphone/internal/phone/agent"
	"softphone/internal/phone/auth"
	"softphone/internal/phone/seal"
	"softphone/internal/phone/switchboard"
	"softphone/internal/protocol/socketio/client"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// slow is a database whose list of people takes as long as the test wants.
type slow struct {
	*store.Tenant
	asked chan struct{} // somebody has the list and waits
	go_   chan struct{}
}

func (s *slow) Agents(ctx context.Context) ([]agent.Person, error) {
	all, err := s.Tenant.Agents(ctx)
	select {
	case s.asked <- struct{}{}:
		<-s.go_
	default: // nobody looks
	}
	return all, err
}

// TestWhatHappensDuringAQueryWaitsForNoDatabase: an owner that tells a page must
// not wait for what the page reads, and the page hears it once, in its order.
func TestWhatHappensDuringAQueryWaitsForNoDatabase(t *testing.T) {
	ring, err := seal.NewRing(seal.NewKey())
	if err != nil {
		t.Fatal(err)
	}
	ctx, log := t.Context(), slog.New(slog.DiscardHandler)
	control, err := store.Open(ctx, store.Config{Dir: t.TempDir(), Ring: ring, Log: log, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer control.Close()
	tn, err := control.CreateTenant(ctx, "one", "One", "")
	if err != nil {
		t.Fatal(err)
	}
	db, err := control.Open(ctx, tn.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, email := range []string{"a@one.example", "b@one.example"} {
		if _, err := db.CreateUser(ctx, auth.User{Email: email, Name: email, Role: auth.Agent}, auth.HashPassword("correct horse")); err != nil {
			t.Fatal(err)
		}
		if err := control.AddLogin(ctx, email, tn.ID); err != nil {
			t.Fatal(err)
		}
	}
	s := &slow{Tenant: db, asked: make(chan struct{}), go_: make(chan struct{})}
	ex := switchboard.New(switchboard.Config{
		Directory: control, Signer: auth.NewSigner(ring.Derive("tokens"), time.Now), Log: log, Now: time.Now, NewID: store.NewID,
		Open: func(context.Context, string) (switchboard.Store, error) { return s, nil },
	})
	defer ex.Close(ctx)
	g := gateway.New(gateway.Config{Exchange: ex, Log: log})
	server := httptest.NewServer(g)
	defer server.Close()
	defer g.Close(context.WithoutCancel(ctx))
	login := func(email string) switchboard.Pass {
		p, err := ex.Login(ctx, switchboard.Attempt{Email: email, Password: "correct horse"})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	page, colleague := login("a@one.example"), login("b@one.example")
	type place struct {
		Stream string
		Seq    int64
		Agent  struct {
			Status agent.Status
		}
	}
	heard := make(chan place, 64)
	c := client.New(server.URL+"/socket.io/", gateway.Namespace)
	c.On("agent:status", func(b json.RawMessage) {
		var p place
		if err := json.Unmarshal(b, &p); err != nil {
			t.Error(err)
		}
		heard <- p
	})
	connected := make(chan error, 1)
	go func() { connected <- c.Connect(ctx, map[string]string{"token": page.Access}) }()
	<-s.asked
	told := make(chan error, 1)
	go func() {
		_, err := colleague.Seat.SetStatus(ctx, agent.Away, "lunch")
		told <- err
	}()
	select {
	case err := <-told:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(5 * time.Second):
		t.Error("whoever tells a page waits for its query")
	}
	close(s.go_)
	if err := <-connected; err != nil {
		t.Fatal(err)
	}
	seen, late := map[string]int64{}, time.After(5*time.Second)
	for {
		select {
		case p := <-heard:
			if p.Seq <= seen[p.Stream] && seen[p.Stream] > 0 {
				t.Errorf("%s came after %d: %d", p.Stream, seen[p.Stream], p.Seq)
			}
			seen[p.Stream] = p.Seq
			if p.Agent.Status == agent.Away {
				_ = c.Close()
				return
			}
		case <-late:
			t.Fatalf("the page was not told: %v", seen)
		}
	}
}
