package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"softphone/internal/adapter/store"
	"softphone/internal/phone/auth"
	"softphone/internal/phone/call"
	"softphone/internal/phone/seal"
	"softphone/internal/phone/tenant"
	"softphone/internal/protocol/twilioapi"
	"softphone/internal/sim/twilio"
)

// asProgram lets a test run the program itself, signals and death included,
// built as the test is, the race detector in it.
const asProgram = "SOFTPHONE_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// town is a simulated Twilio in this process, and a server in another one that
// the test starts, kills and starts again over the same data.
type town struct {
	t     *testing.T
	sim   *twilio.Sim
	api   *httptest.Server // the simulator
	data  string
	url   string // of the server
	desks []*townDesk

	mu  sync.Mutex
	log bytes.Buffer // of all processes
	cmd *exec.Cmd
}

// townDesk is a tenant with one agent and an account of its own, so that cases
// do not wait for each other's second ("Call resource", calls per second).
type townDesk struct {
	*town
	slug, tenantID string
	account        twilio.Account
	agent          demoUser
	token          string
}

// People of the town beside those of the house.
const (
	quick    = "+12015550140" // answers at once
	gaveUp   = "+12015550141" // the network gives up after a moment
	unsure   = "+12015550142" // answers after half a second
	leaves   = "+12015550143" // answers at once and hangs up after three seconds
	deadLine = "http://127.0.0.1:1"
)

func newTown(t *testing.T, desks int) *town {
	t.Helper()
	w := &town{t: t, data: filepath.Join(folder(t), "data"), url: "http://" + freeAddress(t)}
	config := twilio.Config{Insecure: true, KeepSound: time.Second, People: []twilio.Person{
		{Number: quick, Name: "Quick", AnswerAfter: twilio.In(0), Sound: twilio.Silent},
		{Number: gaveUp, Name: "Away", When: twilio.NoAnswer, AnswerAfter: twilio.In(time.Second)},
		{Number: leaves, Name: "In a hurry", AnswerAfter: twilio.In(0), Sound: twilio.Silent, HangUpAfter: twilio.Span(3 * time.Second)},
		{Number: unsure, Name: "Unsure", AnswerAfter: twilio.In(500 * time.Millisecond), Sound: twilio.Silent},
	}}
	for i := range desks {
		d := &townDesk{town: w, slug: fmt.Sprintf("desk-%d", i), account: twilio.Account{
			Sid: fmt.Sprintf("AC%032x", i+1), Token: fmt.Sprintf("token%027d", i), CallsPerSecond: -1,
			Numbers: []twilio.Number{{Number: fmt.Sprintf("+1201555%04d", 200+i)}},
		}}
		d.agent = demoUser{Email: fmt.Sprintf("agent@desk%d.example", i), Password: demoPassword, Name: "Agent", Role: auth.Agent}
		w.desks = append(w.desks, d)
		config.Accounts = append(config.Accounts, d.account)
	}
	var err error
	if w.sim, err = twilio.New(config); err != nil {
		t.Fatal(err)
	}
	if err := w.sim.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	w.api = httptest.NewServer(w.sim.Handler())
	t.Cleanup(w.close)
	w.settle()
	return w
}

// folder is in memory where there is such a place: what a killed process has
// written is there either way, and forty databases need not wait for one disk.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "softphone-test-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func (w *town) close() {
	w.kill()
	if err := w.sim.Close(); err != nil {
		w.t.Error(err)
	}
	w.api.Close()
	http.DefaultClient.CloseIdleConnections()
	if w.t.Failed() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.t.Logf("the server said:\n%s", lastLines(w.log.String(), 60))
	}
}

func lastLines(s string, n int) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

func (w *town) ring() *seal.Ring {
	w.t.Helper()
	ring, err := seal.NewRing(demoKey)
	if err != nil {
		w.t.Fatal(err)
	}
	return ring
}

// open opens the databases while no process has them.
func (w *town) open() *store.Control {
	w.t.Helper()
	c, err := store.Open(context.Background(), store.Config{Dir: w.data, Ring: w.ring(), Log: slog.New(slog.DiscardHandler), Now: time.Now})
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// settle makes the tenants.
func (w *town) settle() {
	w.t.Helper()
	control := w.open()
	defer control.Close()
	hash, signer := auth.HashPassword(demoPassword), auth.NewSigner(w.ring().Derive("tokens"), time.Now)
	for _, d := range w.desks {
		if err := d.settle(control, hash, signer); err != nil {
			w.t.Fatal(err)
		}
	}
}

// settle makes a tenant, its agent and a session of theirs: forty passwords are
// not what is tested.
func (d *townDesk) settle(control *store.Control, hash string, signer *auth.Signer) error {
	ctx := context.Background()
	t, err := control.CreateTenant(ctx, d.slug, d.slug, "")
	if err != nil {
		return err
	}
	d.tenantID = t.ID
	db, err := control.Open(ctx, t.ID)
	if err != nil {
		return err
	}
	u, err := db.CreateUser(ctx, auth.User{Email: d.agent.Email, Name: d.agent.Name, Role: d.agent.Role}, hash)
	if err != nil {
		return err
	}
	session := auth.Session{ID: "session-" + d.slug, UserID: u.ID, RefreshHash: d.slug, Expires: time.Now().Add(time.Hour)}
	if err := db.NewSession(ctx, session); err != nil {
		return err
	}
	if d.token, _, err = signer.Issue(auth.Claims{Subject: u.ID, Tenant: t.ID, Session: session.ID}); err != nil {
		return err
	}
	return errors.Join(control.AddLogin(ctx, d.agent.Email, t.ID), d.point(control, d.api.URL))
}

// point leads a desk to another Twilio.
func (d *townDesk) point(control *store.Control, base string) error {
	token := tenant.Secret(d.account.Token)
	in := tenant.Integrations{Twilio: tenant.Twilio{AccountSid: d.account.Sid, AuthToken: &token, PhoneNumbers: []string{d.account.Numbers[0].Number}, BaseURL: base}}
	return control.SaveIntegrations(context.Background(), d.tenantID, in)
}

// start runs the server until it is killed or told to stop.
func (w *town) start(flags ...string) {
	w.t.Helper()
	cmd := exec.Command(os.Args[0], append([]string{
		"serve", "--listen", strings.TrimPrefix(w.url, "http://"), "--data", w.data,
		"--encryption-key", demoKey, "--twilio-base-url", w.api.URL, "--allow-base-url", deadLine,
	}, flags...)...)
	cmd.Env = append(os.Environ(), asProgram+"=1")
	cmd.Stdout, cmd.Stderr = w, w
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	w.cmd = cmd
	for range 400 {
		if w.readiness() == http.StatusOK {
			return
		}
		time.Sleep(25 * time.Millisecond)
	}
	w.t.Fatal("the server is not ready")
}

// readiness is what the server answers to a load balancer; 0 when it does not.
func (w *town) readiness() int {
	res, err := http.Get(w.url + "/readyz")
	if err != nil {
		return 0
	}
	res.Body.Close()
	return res.StatusCode
}

// Write keeps what the processes log.
func (w *town) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.log.Write(b)
}

// kill ends the server as a crash does.
func (w *town) kill() {
	if w.cmd == nil {
		return
	}
	_ = w.cmd.Process.Kill()
	_ = w.cmd.Wait() // it was killed
	w.cmd = nil
}

// signal asks the server to stop; gone waits until it has.
func (w *town) signal() {
	w.t.Helper()
	if err := w.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		w.t.Error(err)
	}
}

func (w *town) gone() error {
	ended := make(chan error, 1)
	cmd := w.cmd
	w.cmd = nil
	go func() { ended <- cmd.Wait() }()
	select {
	case err := <-ended:
		return err
	case <-time.After(30 * time.Second):
		_ = cmd.Process.Kill()
		<-ended
		return errors.New("it did not end within 30 s")
	}
}

// together runs n subtests at the same time, all of them: -parallel would let as
// many run as there are processors, and these mostly wait.
func together(t *testing.T, n int, name func(int) string, run func(*testing.T, int)) {
	t.Helper()
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { t.Run(name(i), func(t *testing.T) { run(t, i) }) })
	}
	all.Wait()
}

// dial places a call over REST and returns its id.
func (d *townDesk) dial(t *testing.T, to string) call.ID {
	t.Helper()
	var dialled struct{ Call call.View }
	if status := ask(t, "POST", d.url+"/api/voice/call", d.token, map[string]string{"to": to}, &dialled); status != http.StatusCreated {
		t.Fatalf("dial %s: %d", to, status)
	}
	return dialled.Call.ID
}

func (d *townDesk) hangUp(t *testing.T, id call.ID) {
	t.Helper()
	var answer struct{ Detail string }
	if status := ask(t, "POST", d.url+"/api/voice/calls/"+string(id)+"/end", d.token, nil, &answer); status != http.StatusOK {
		t.Errorf("end: %d %s", status, answer.Detail)
	}
}

// dossier is a call with its legs.
type dossierOf struct {
	Call call.View
	Legs []struct {
		Phase call.Phase
		Cause string
	}
}

func (d *townDesk) look(t *testing.T, id call.ID) (found dossierOf) {
	t.Helper()
	ask(t, "GET", d.url+"/api/voice/calls/"+string(id), d.token, nil, &found)
	return found
}

// until waits for a call to be as wanted.
func (d *townDesk) until(t *testing.T, id call.ID, what string, fits func(dossierOf) bool) dossierOf {
	t.Helper()
	var found dossierOf
	pause := 20 * time.Millisecond
	for end := time.Now().Add(75 * time.Second); time.Now().Before(end); time.Sleep(pause) {
		pause = min(pause*5/4, 400*time.Millisecond)
		if found = d.look(t, id); fits(found) {
			return found
		}
	}
	t.Fatalf("the call never came to %s: %+v", what, found)
	return found
}

func isOver(d dossierOf) bool { return d.Call.Status.Final() }

func inPhase(p call.Phase) func(dossierOf) bool {
	return func(d dossierOf) bool { return len(d.Legs) == 1 && d.Legs[0].Phase == p }
}

// fault orders trouble for this desk only.
func (d *townDesk) fault(t *testing.T, f twilio.Fault) {
	t.Helper()
	f.Account = d.account.Sid
	d.control(t, "/faults", f, http.StatusCreated)
}

// control steers the simulator.
func (w *town) control(t *testing.T, path string, order any, want int) {
	t.Helper()
	raw, err := json.Marshal(order)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.Post(w.api.URL+"/control"+path, "application/json", bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if body, _ := io.ReadAll(res.Body); res.StatusCode != want {
		t.Fatalf("%s: %s", path, body)
	}
}

// atTwilio lists the calls of the desk's account, newest first.
func (d *townDesk) atTwilio(t *testing.T) []twilioapi.Call {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, d.api.URL+twilioapi.AccountPath(d.account.Sid)+"/Calls.json?PageSize=1000", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.SetBasicAuth(d.account.Sid, d.account.Token)
	var list twilioapi.CallList
	if err := fetch(r, &list); err != nil {
		t.Fatal(err)
	}
	return list.Calls
}

// violations are what Twilio would have refused.
func (w *town) violations(t *testing.T, account string) {
	t.Helper()
	for _, e := range w.sim.Ledger("", twilio.KindViolation) {
		if account == "" || e.Account == account {
			t.Errorf("violation: %s %v", e.What, e.Detail)
		}
	}
}

// books checks what every desk's database says when the server is gone: calls
// are over, events are numbered without a gap in each epoch and end with the
// call, agents are free, and every call at Twilio is a call of ours, once.
func (w *town) books(t *testing.T) {
	t.Helper()
	control := w.open()
	defer control.Close()
	for _, d := range w.desks {
		db, err := control.Open(t.Context(), d.tenantID)
		if err != nil {
			t.Fatal(err)
		}
		calls, err := db.Calls(t.Context(), call.Search{Limit: 200})
		if err != nil {
			t.Fatal(err)
		}
		ours := map[string]int{}
		for _, v := range calls {
			d.book(t, db, v)
			if v.CallSID != "" {
				ours[v.CallSID]++
			}
		}
		for _, c := range d.atTwilio(t) {
			if ours[c.Sid] != 1 || !twilioapi.IsFinal(c.Status) {
				t.Errorf("%s: Twilio's call %s, %s to %s, is there %d times", d.slug, c.Sid, c.Status, c.To, ours[c.Sid])
			}
		}
		u, _, err := db.UserByEmail(t.Context(), d.agent.Email)
		if load, err2 := db.Load(t.Context(), u.ID); err != nil || err2 != nil || load != 0 {
			t.Errorf("%s: the agent carries %d calls, %v %v", d.slug, load, err, err2)
		}
	}
}

func (d *townDesk) book(t *testing.T, db *store.Tenant, v call.View) {
	t.Helper()
	if !v.Status.Final() || v.Verdict == nil {
		t.Errorf("%s: call %s is %s, %+v", d.slug, v.ID, v.Status, v.Verdict)
	}
	events, err := db.EventsOf(t.Context(), v.ID, "")
	if err != nil {
		t.Fatal(err)
	}
	epoch, seq := 0, int64(0)
	for _, e := range events {
		if e.Epoch != epoch {
			epoch, seq = e.Epoch, 0
		}
		if seq++; e.Seq != seq {
			t.Errorf("%s: call %s: event %d/%d where %d is due", d.slug, v.ID, e.Epoch, e.Seq, seq)
		}
	}
	if n := len(events); n == 0 || events[n-1].Type != "call:ended" {
		t.Errorf("%s: call %s has %d events and no end", d.slug, v.ID, n)
	}
}
