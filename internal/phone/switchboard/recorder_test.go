package switchboard

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"softphone/internal/adapter/shelf"
	"softphone/internal/adapter/store"
	"softphone/internal/phone/auth"
	"softphone/internal/phone/call"
	"softphone/internal/phone/crm"
	"softphone/internal/phone/media"
	"softphone/internal/phone/recording"
	"softphone/internal/phone/seal"
	"softphone/internal/phone/tenant"
	"softphone/internal/protocol/wav"
)

// studio is a desk over real rows and files, with a carrier of a few lines.
type studio struct {
	room // carrier
	t    *testing.T
	ex   *Exchange
	seat *Seat
	db   *store.Tenant
	net  *recordingNet

	mu     sync.Mutex
	states []RecordState
}

// recordingNet is a carrier that records.
type recordingNet struct {
	mu     sync.Mutex
	calls  []string
	silent bool // it does not answer
}

func (n *recordingNet) note(what string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.calls = append(n.calls, what)
}

func (n *recordingNet) StartRecording(_ context.Context, sid string, _ recording.ID) (string, error) {
	n.note("start " + sid)
	return "RE1", nil
}

func (n *recordingNet) PauseRecording(ctx context.Context, _ string, on bool) error {
	if n.silent {
		<-ctx.Done()
		return ctx.Err()
	}
	n.note(map[bool]string{true: "pause", false: "resume"}[on])
	return nil
}

func (n *recordingNet) Recordings(context.Context, string) ([]recording.Notice, error) {
	return []recording.Notice{{SID: "RE1", Status: "completed", Channels: 2}}, nil
}

func (n *recordingNet) FetchRecording(context.Context, string, int) (io.ReadCloser, error) {
	n.note("fetch")
	return io.NopCloser(readerOf(wav.Append(nil, wav.Phone(2), make([]byte, 16000*3)))), nil
}

func (n *recordingNet) DeleteRecording(context.Context, string) error {
	n.note("delete")
	return nil
}

func readerOf(b []byte) io.Reader { return &slowReader{b} }

type slowReader struct{ left []byte }

func (r *slowReader) Read(p []byte) (int, error) {
	if len(r.left) == 0 {
		return 0, io.EOF
	}
	n := copy(p[:min(len(p), 1000)], r.left)
	r.left = r.left[n:]
	return n, nil
}

// openStudio opens it inside a bubble.
func openStudio(t *testing.T, dir string, s recording.Rules) *studio {
	t.Helper()
	ring, err := seal.NewRing(seal.NewKey())
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	control, err := store.Open(t.Context(), store.Config{Dir: dir, Ring: ring, Log: log, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	made, err := control.CreateTenant(t.Context(), "acme", "Acme", "")
	if err != nil {
		t.Fatal(err)
	}
	st := &studio{t: t, net: &recordingNet{}}
	if st.db, err = control.Open(t.Context(), made.ID); err != nil {
		t.Fatal(err)
	}
	u, err := st.db.CreateUser(t.Context(), auth.User{Email: "a@acme.example", Name: "Alex", Role: auth.Admin}, "hash")
	if err != nil {
		t.Fatal(err)
	}
	st.ex = New(Config{
		Directory: control, Log: log, Now: time.Now, NewID: store.NewID, Links: recording.Links{Key: ring.Derive("links"), Now: time.Now},
		Open: func(ctx context.Context, id string) (Store, error) { return control.Open(ctx, id) },
		Recordings: func(context.Context, string) (Recordings, error) {
			books := st.db.Recordings()
			return Recordings{Ledger: books, Jobs: st.db.Jobs(), Archive: &recording.Archive{
				Books: books, Shelf: shelf.NewDisk(dir + "/audio"), Envelope: seal.NewEnvelope(ring, made.ID), NewID: store.NewID,
			}}, nil
		},
		Carrier:         func(tenant.Tenant, tenant.Integrations) call.Carrier { return st },
		CarrierRecorder: func(tenant.Tenant, tenant.Integrations) recording.Carrier { return st.net },
	})
	b, err := st.ex.Board(t.Context(), made.ID)
	if err != nil {
		t.Fatal(err)
	}
	st.seat = &Seat{Board: b, User: u}
	if _, err := st.seat.SaveRecordingRules(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		st.ex.Close(t.Context())
		if err := control.Close(); err != nil {
			t.Error(err)
		}
	})
	return st
}

// call starts one to a contact.
func (st *studio) call(contact string) (*call.Call, *tape) {
	st.t.Helper()
	desk := &people{board: st.seat.Board}
	c := call.Config{
		Record:   call.Record{ID: "C1", From: "+12015550100", To: "+14155550123", UserID: st.user(), ContactID: contact, Epoch: 1, Direction: call.Outbound},
		Customer: call.Phone{Leg: "L1"}.Party(), Agent: call.Colleague("A1", st.user(), "Alex"), Desk: desk,
		Carrier: st, Journal: st.db, Log: st.ex.Log, PublishVolatile: func(call.Volatile, []call.UserID) {}, Publish: st.happened,
	}
	p := st.seat.newTape(st.t.Context(), c)
	c.Listeners = []call.Listener{p}
	k := call.NewCall(c)
	p.of(k)
	desk.call = k
	if err := st.seat.begin(st.t.Context(), k, "L1"); err != nil {
		st.t.Fatal(err)
	}
	return k, p
}

func (st *studio) user() call.UserID { return call.UserID(st.seat.User.ID) }

func (st *studio) happened(e call.Event) {
	if e.Type != "call:recording" {
		return
	}
	var s RecordState
	if err := json.Unmarshal(e.Body, &s); err != nil {
		st.t.Error(err)
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	st.states = append(st.states, s)
}

func (st *studio) told() (states []string) {
	synctest.Wait()
	st.mu.Lock()
	defer st.mu.Unlock()
	for _, s := range st.states {
		states = append(states, s.State)
	}
	return states
}

func (st *studio) record(on bool) RecordState {
	st.t.Helper()
	s, err := st.seat.Record(st.t.Context(), "C1", on)
	if err != nil {
		st.t.Fatal(err)
	}
	return s
}

// comesBack is what a page that comes back is told of the call's recording.
func (st *studio) comesBack() (s RecordState) {
	st.t.Helper()
	synctest.Wait()
	calls, err := st.seat.Standings(st.t.Context())
	if err != nil || len(calls) != 1 {
		st.t.Fatalf("%d calls, %v", len(calls), err)
	}
	if err := json.Unmarshal(calls[0].Recording, &s); err != nil {
		st.t.Fatal(err)
	}
	return s
}

// finished waits until the call's recording is.
func (st *studio) finished() recording.Record {
	st.t.Helper()
	for range 600 {
		r, err := st.seat.Recording(st.t.Context(), "C1")
		if err == nil && r.Status != recording.Running && r.Status != recording.Finishing {
			return r
		}
		time.Sleep(time.Second)
	}
	st.t.Fatal("the recording is never finished")
	panic("unreachable")
}

type heardFrames struct {
	mu sync.Mutex
	n  int
}

func (h *heardFrames) WriteFrame(media.Frame) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.n++
}

func TestARecordedCallOverTwoDevicesAndAPause(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		st := openStudio(t, dir, recording.Rules{Default: recording.Yes})
		c, tape := st.call("")
		first, second, customer, others := newPhone(), newPhone(), newPhone(), &heardFrames{}
		guard := tape.Guard(others)
		customer.at = 7 * time.Minute
		put(t, c, call.DeviceUp{User: st.user(), Port: first})
		time.Sleep(3 * time.Second)
		put(t, c, call.StreamUp{Leg: "L1", Port: customer})
		customer.say(2*time.Second, time.Second)
		put(t, c, call.DeviceDown{User: st.user(), Port: first})
		time.Sleep(4 * time.Second)
		put(t, c, call.DeviceUp{User: st.user(), Port: second})
		second.say(10*time.Second, 0)
		paused := st.record(false)
		if got := st.comesBack(); got != paused {
			t.Errorf("a page that comes back is told %+v, want %+v", got, paused)
		}
		customer.say(5*time.Second, 0)
		guard.WriteFrame(media.Frame{Data: make([]byte, media.FrameBytes)})
		resumed := st.record(true)
		guard.WriteFrame(media.Frame{Data: make([]byte, media.FrameBytes)})
		customer.say(1230*time.Millisecond/media.FrameTime*media.FrameTime, 0)
		put(t, c, completed)
		<-c.Done()
		r := st.finished()

		v, err := st.seat.Past(t.Context(), "C1")
		if err != nil {
			t.Fatal(err)
		}
		talk := v.EndedAt.Sub(*v.AnsweredAt)
		if off := r.Duration - talk; off > media.FrameTime || off < -media.FrameTime {
			t.Errorf("recording lasts %v, the call was talked in for %v", r.Duration, talk)
		}
		// The customer who waits for the second device hears music, as on hold.
		want := []recording.Gap{{FromMs: 3000, ToMs: 7000, Reason: recording.Held}, {FromMs: paused.AtMs, ToMs: resumed.AtMs, Reason: recording.Paused}}
		if d := cmp.Diff(r.Gaps, want); d != "" || resumed.AtMs-paused.AtMs != 5000 {
			t.Errorf("paused for %d ms: %s", resumed.AtMs-paused.AtMs, d)
		}
		if d := cmp.Diff(st.told(), []string{"recording", "hold", "recording", "paused", "recording"}); d != "" {
			t.Error(d)
		}
		if others.n != 1 {
			t.Errorf("another listener heard %d frames, want the one after the pause", others.n)
		}
		for lane, from := range [][2]int{{0, 2}, {7, 17}} {
			for sec := from[0]; sec < from[1]; sec++ {
				if at := (2*sec + 1) * recording.PeakMost * 500 / int(r.Duration.Milliseconds()); r.Peaks[lane][at] == 0 {
					t.Errorf("lane %d is silent at %d.5 s", lane, sec)
				}
			}
		}
	})
}

func TestARuleThatAsksWaitsForConsent(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		st := openStudio(t, dir, recording.Rules{Default: recording.Yes, AllParties: []string{"+1415"}})
		c, _ := st.call("")
		customer := newPhone()
		if _, err := st.seat.Record(t.Context(), "C1", true); !hasCode(err, NotNow) {
			t.Errorf("before the answer: %v", err)
		}
		put(t, c, call.DeviceUp{User: st.user(), Port: newPhone()})
		put(t, c, call.StreamUp{Leg: "L1", Port: customer})
		customer.say(5*time.Second, 0)
		if s := st.record(true); s.State != "recording" || s.Why != "consent" {
			t.Errorf("begun as %+v", s)
		}
		customer.say(5*time.Second, 0)
		put(t, c, completed)
		<-c.Done()
		r := st.finished()
		// What was said before is not in it: nobody recorded then.
		if r.Peaks[0][recording.PeakMost/4] != 0 || r.Peaks[0][recording.PeakMost*3/4] == 0 {
			t.Errorf("level before consent %d, after it %d", r.Peaks[0][recording.PeakMost/4], r.Peaks[0][recording.PeakMost*3/4])
		}
		entries, err := st.db.Recordings().Entries(t.Context(), "C1")
		if err != nil || len(entries) != 1 || entries[0].Action != "recording.consent" || entries[0].From != 5*time.Second {
			t.Errorf("noted %+v, %v", entries, err)
		}
		if d := cmp.Diff(st.told(), []string{"ask", "recording", "recording"}); d != "" {
			t.Error(d)
		}
	})
}

func TestWhoHasRefusedIsNotRecorded(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		st := openStudio(t, dir, recording.Rules{Default: recording.Yes})
		k, err := st.db.CreateContact(t.Context(), crm.Contact{Name: "Ana"})
		if err == nil {
			err = st.db.Recordings().SetConsent(t.Context(), k.ID, recording.Refused)
		}
		if err != nil {
			t.Fatal(err)
		}
		c, _ := st.call(k.ID)
		put(t, c, call.DeviceUp{User: st.user(), Port: newPhone()})
		put(t, c, call.StreamUp{Leg: "L1", Port: newPhone()})
		if _, err := st.seat.Record(t.Context(), "C1", true); !hasCode(err, Forbidden) {
			t.Errorf("recorded against a refusal: %v", err)
		}
		if s := st.record(false); s.State != "paused" { // the others that listen can be paused all the same
			t.Errorf("state %+v", s)
		}
		put(t, c, completed)
		<-c.Done()
		if _, err := st.seat.Recording(t.Context(), "C1"); !hasCode(err, NotFound) {
			t.Errorf("there is a recording: %v", err)
		}
	})
}

func TestHoldsAreNotRecordedUnlessTheDeskWantsIt(t *testing.T) {
	for holds, want := range map[bool]int{false: 1, true: 0} {
		dir := t.TempDir()
		synctest.Test(t, func(t *testing.T) {
			st := openStudio(t, dir, recording.Rules{Default: recording.Yes, Holds: holds})
			c, _ := st.call("")
			customer := newPhone()
			put(t, c, call.DeviceUp{User: st.user(), Port: newPhone()})
			put(t, c, call.StreamUp{Leg: "L1", Port: customer})
			customer.say(time.Second, 0)
			put(t, c, call.Hold{User: st.user(), On: true})
			customer.say(2*time.Second, 0)
			put(t, c, call.Hold{User: st.user(), On: false})
			put(t, c, call.DeviceUp{User: st.user(), Port: newPhone()})
			customer.say(time.Second, 0)
			put(t, c, completed)
			<-c.Done()
			if r := st.finished(); len(r.Gaps) != want || want == 1 && r.Gaps[0].Reason != recording.Held {
				t.Errorf("holds %t: gaps %v", holds, r.Gaps)
			}
		})
	}
}

func TestTheCarrierRecordsAndPausesWhereTheDeskWantsIt(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		st := openStudio(t, dir, recording.Rules{Default: recording.Yes, Carrier: true})
		c, _ := st.call("")
		customer := newPhone()
		put(t, c, call.Told{Fact: call.Fact{Leg: "L1", SID: "CA1", Status: "in-progress"}})
		put(t, c, call.DeviceUp{User: st.user(), Port: newPhone()})
		put(t, c, call.StreamUp{Leg: "L1", Port: customer})
		customer.say(time.Second, 0)
		st.record(false)
		st.record(true)
		st.net.silent = true
		began := time.Now()
		if _, err := st.seat.Record(t.Context(), "C1", false); !hasCode(err, NotPaused) || time.Since(began) != time.Second {
			t.Errorf("a pause that is not confirmed: %v after %v", err, time.Since(began))
		}
		st.net.silent = false
		st.record(true)
		put(t, c, completed)
		<-c.Done()
		r := st.finished()
		if r.Status != recording.Ready || r.Source != recording.AtCarrier || r.Duration != 3*time.Second || r.Copy != recording.CopyDeleted && r.Copy != recording.CopyThere {
			t.Errorf("recording %+v", r)
		}
		time.Sleep(time.Minute)
		want := []string{"start CA1", "pause", "resume", "resume", "fetch", "delete"}
		if d := cmp.Diff(st.net.calls, want); d != "" {
			t.Error(d)
		}
	})
}

func TestARecordingWhoseOwnerDiedIsFinished(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		st := openStudio(t, dir, recording.Rules{})
		now := time.Now()
		err := st.db.Change(t.Context(), call.Change{Fence: 1, Call: call.Record{
			ID: "C1", Direction: call.Outbound, From: "a", To: "b", Status: call.Completed, StartedAt: now, AnsweredAt: now, EndedAt: now.Add(9 * time.Second), Talk: 9 * time.Second,
			CreatedAt: now, UpdatedAt: now, Epoch: 1,
		}})
		if err == nil {
			_, err = st.db.Recordings().Begin(t.Context(), recording.Record{ID: "R1", CallID: "C1", Kind: recording.OfCall, Source: recording.Bridge})
		}
		if err != nil {
			t.Fatal(err)
		}
		r := st.finished()
		want := []recording.Gap{{FromMs: 0, ToMs: 9000, Reason: recording.Crashed}}
		if r.Status != recording.Ready || r.Duration != 9*time.Second || !slices.Equal(r.Gaps, want) {
			t.Errorf("finished as %q, %v, gaps %v", r.Status, r.Duration, r.Gaps)
		}
	})
}

func hasCode(err error, want Code) bool {
	var no *Refusal
	return errors.As(err, &no) && no.Code == want
}
