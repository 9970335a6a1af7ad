package switchboard

import (
	"context"
	"errors"
	"sync"
	"time"

	"softphone/internal/phone/call"
	"softphone/internal/phone/job"
	"softphone/internal/phone/recording"
)

// Recordings are a tenant's recordings as a desk needs them. All fields are
// required.
type Recordings struct {
	Archive *recording.Archive
	Ledger  Ledger
	Jobs    job.Queue
}

// Ledger keeps the rules of recording, what was done with recordings, and the
// work that is left.
type Ledger interface {
	Setting(ctx context.Context, name string, into any) error
	SaveSetting(ctx context.Context, name string, value any) error
	Consent(ctx context.Context, contactID string) (recording.Consent, error)
	SetConsent(ctx context.Context, contactID string, c recording.Consent) error
	// Note writes down what somebody does, before it is done.
	Note(ctx context.Context, e recording.Entry) (id string, err error)
	NoteSpan(ctx context.Context, id string, from, to time.Duration) error
	// RemoveNoted deletes a recording and notes it, or neither.
	RemoveNoted(ctx context.Context, id recording.ID, e recording.Entry) error
	// ReceiveRecording keeps what the carrier told and orders the fetch.
	ReceiveRecording(ctx context.Context, id recording.ID, dedupe, raw string) error
	Order(ctx context.Context, j call.Job) error
}

// Kinds of jobs; the key is the recording's id.
const (
	finishRecording = "recording.finish"
	fetchRecording  = "recording.fetch"
	sweepRecording  = "recording.sweep"
	leftRecordings  = "recording.left"
)

const (
	// leftEvery is how often recordings are looked for whose owner died, and
	// leftFor how long their call must have been over: an owner that lives has
	// given up by then.
	leftEvery, leftFor = time.Minute, time.Minute
	// callbackWait is how long the carrier's word on its recording is waited for
	// before it is asked, and fetchMost how long it may take with it.
	callbackWait, fetchMost = 2 * time.Minute, 24 * time.Hour
)

// tapes are the recordings of a desk: those that run, and the work on the others.
type tapes struct {
	Recordings
	board  *Board
	runner *job.Runner

	mu   sync.Mutex
	live map[call.ID]*tape
	wait sync.WaitGroup
}

// openTapes begins the work on the desk's recordings.
func (b *Board) openTapes(ctx context.Context) error {
	if b.ex.Recordings == nil {
		return nil
	}
	r, err := b.ex.Recordings(ctx, b.Tenant.ID)
	if err != nil {
		return err
	}
	t := &tapes{Recordings: r, board: b, live: map[call.ID]*tape{}}
	t.runner = &job.Runner{Queue: r.Jobs, Log: b.log, Do: map[string]func(context.Context, job.Job) error{
		finishRecording: func(ctx context.Context, j job.Job) error { return r.Archive.Finish(ctx, recording.ID(j.Key)) },
		fetchRecording:  t.fetch,
		sweepRecording:  t.sweep,
		leftRecordings:  t.left,
	}}
	if err := r.Ledger.Order(ctx, call.Job{Kind: leftRecordings, Key: "all", Body: object(struct{}{}), Due: b.ex.Now()}); err != nil {
		return err
	}
	t.runner.Start(ctx)
	b.tapes = t
	return nil
}

// close waits for what is being stored, then ends the work.
func (t *tapes) close() {
	if t == nil {
		return
	}
	t.wait.Wait()
	t.runner.Stop()
}

// left orders the finishing of recordings whose owner died with their call over.
func (t *tapes) left(ctx context.Context, _ job.Job) error {
	all, err := t.Archive.Books.Left(ctx, t.board.ex.Now().Add(-leftFor))
	if err != nil {
		return err
	}
	for _, r := range all {
		kind := finishRecording
		if r.Source == recording.AtCarrier {
			kind = fetchRecording
		}
		if err := t.order(ctx, kind, r.ID, t.board.ex.Now()); err != nil {
			return err
		}
	}
	return &job.Wait{For: leftEvery, Err: errors.New("looked for what dead owners left")}
}

func (t *tapes) order(ctx context.Context, kind string, id recording.ID, due time.Time) error {
	return t.Ledger.Order(ctx, call.Job{Kind: kind, Key: string(id), Body: object(struct{}{}), Due: due})
}

// fetch brings a carrier's recording here. One that the carrier does not have
// after a day has failed.
func (t *tapes) fetch(ctx context.Context, j job.Job) error {
	r, err := t.Archive.Books.Record(ctx, recording.ID(j.Key))
	if err != nil {
		return err
	}
	v, err := t.board.store.Call(ctx, call.ID(r.CallID))
	if err != nil {
		return err
	}
	carrier, s, err := t.carrier(ctx)
	if err != nil {
		return err
	}
	err = t.Archive.Fetch(ctx, carrier, r.ID, v.CallSID, s.KeepCopies)
	if errors.Is(err, recording.ErrNotYet) {
		if t.board.ex.Now().Sub(r.CreatedAt) > fetchMost {
			return t.Archive.Books.Fail(ctx, r.ID, "the carrier never had it")
		}
		return &job.Wait{For: callbackWait, Err: err}
	}
	return err
}

// sweep removes the files of a deleted recording, here and at the carrier.
func (t *tapes) sweep(ctx context.Context, j job.Job) error {
	id := recording.ID(j.Key)
	if err := t.Archive.Sweep(ctx, id); err != nil {
		return err
	}
	r, err := t.Archive.Books.Record(ctx, id)
	if err != nil || r.CarrierSID == "" || r.Copy == recording.CopyDeleted {
		return err
	}
	carrier, _, err := t.carrier(ctx)
	if err != nil {
		return err
	}
	if err := carrier.DeleteRecording(ctx, r.CarrierSID); err != nil {
		return err
	}
	return t.Archive.Books.NoteCarrier(ctx, id, r.CarrierSID, recording.CopyDeleted, r.Channels)
}

var errNoCarrierRecorder = errors.New("this server does not record at the carrier")

// carrier is the tenant's account with the settings as they are now.
func (t *tapes) carrier(ctx context.Context) (recording.Carrier, recording.Rules, error) {
	s, err := t.settings(ctx)
	if err != nil {
		return nil, s, err
	}
	in, err := t.board.ex.Directory.Integrations(ctx, t.board.Tenant.ID)
	if err != nil {
		return nil, s, err
	}
	if t.board.ex.CarrierRecorder == nil {
		return nil, s, errNoCarrierRecorder
	}
	return t.board.ex.CarrierRecorder(t.board.Tenant, in), s, nil
}

// settingName is the part of the desk's settings that rules recording.
const settingName = "recording"

func (t *tapes) settings(ctx context.Context) (recording.Rules, error) {
	s := recording.Rules{Default: recording.No}
	err := t.Ledger.Setting(ctx, settingName, &s)
	s.Numbers, s.AllParties = append([]recording.NumberRule{}, s.Numbers...), append([]string{}, s.AllParties...)
	return s, err
}

// add keeps a live tape; forget drops it.
func (t *tapes) add(id call.ID, p *tape) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.live[id] = p
}

func (t *tapes) forget(id call.ID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.live, id)
}

func (t *tapes) of(id call.ID) *tape {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.live[id]
}
