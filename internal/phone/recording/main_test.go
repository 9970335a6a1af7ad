package recording_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"softphone/internal/phone/media"
	"softphone/internal/phone/recording"
	"softphone/internal/phone/seal"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var errAway = errors.New("away")

// room is shelf and books in memory, for every process that comes. They can be
// away.
type room struct {
	mu      sync.Mutex
	files   map[string][]byte
	records map[recording.ID]recording.Record
	pieces  map[string]recording.Piece
	keys    []recording.Key
	talk    time.Duration
	over    bool
	away    bool
}

// process is shelf and books as one process reaches them. What it does after its
// fuse has burnt does not happen, as after kill -9.
type process struct {
	*room
	fuse  int // changes of what is stored until death; negative: never
	steps int
}

func newRoom() *room {
	return &room{files: map[string][]byte{}, records: map[recording.ID]recording.Record{}, pieces: map[string]recording.Piece{}}
}

// step counts a change of what is stored.
func (r *process) step(change func()) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.away || r.fuse == 0 {
		return errAway
	}
	r.steps++
	if r.fuse > 0 {
		r.fuse--
	}
	change()
	return nil
}

func (r *room) set(f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f()
}

func (r *process) Put(_ context.Context, name string, body []byte) error {
	return r.step(func() { r.files[name] = bytes.Clone(body) })
}

func (r *process) Get(_ context.Context, name string, from, n int64) ([]byte, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	b, ok := r.files[name]
	switch {
	case r.away:
		return nil, errAway
	case !ok:
		return nil, recording.ErrNotThere
	case n < 0:
		return bytes.Clone(b[from:]), nil
	}
	return bytes.Clone(b[from : from+n]), nil
}

func (r *process) Delete(_ context.Context, name string) error {
	return r.step(func() { delete(r.files, name) })
}

func (r *process) List(_ context.Context, prefix string) (names []string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for name := range r.files {
		if strings.HasPrefix(name, prefix) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, nil
}

func (r *process) Begin(_ context.Context, n recording.Record) (recording.Record, error) {
	err := r.step(func() {
		for _, old := range r.records {
			if old.CallID == n.CallID && old.Status == recording.Running {
				old.Epoch++
				n = old
			}
		}
		n.Epoch = max(n.Epoch, 1)
		n.Status, n.Ended, n.Channels = recording.Running, -1, 2
		r.records[n.ID] = n
	})
	return n, err
}

func (r *process) KeepPiece(_ context.Context, p recording.Piece) error {
	return r.step(func() { r.pieces[fmt.Sprintf("%s %d %d", p.Recording, p.Epoch, p.N)] = p })
}

func (r *process) change(id recording.ID, f func(*recording.Record)) error {
	return r.step(func() {
		n := r.records[id]
		f(&n)
		r.records[id] = n
	})
}

func (r *process) Close(_ context.Context, id recording.ID, ended time.Duration, gaps []recording.Gap) error {
	return r.change(id, func(n *recording.Record) { n.Status, n.Ended, n.Gaps = recording.Finishing, ended, gaps })
}

func (r *process) Finish(_ context.Context, n recording.Record) error {
	return r.change(n.ID, func(old *recording.Record) { *old = n })
}

func (r *process) Fail(_ context.Context, id recording.ID, why string) error {
	return r.change(id, func(n *recording.Record) { n.Status, n.Why = recording.Failed, why })
}

func (r *process) NoteCarrier(_ context.Context, id recording.ID, sid string, copy recording.CarrierCopy, channels int) error {
	return r.change(id, func(n *recording.Record) { n.CarrierSID, n.Copy, n.Channels = sid, copy, channels })
}

func (r *process) Remove(_ context.Context, id recording.ID) error {
	return r.change(id, func(n *recording.Record) { n.Status = recording.Deleted })
}

func (r *process) Record(_ context.Context, id recording.ID) (recording.Record, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	n, ok := r.records[id]
	if !ok {
		return n, recording.ErrNoRecord
	}
	return n, nil
}

func (r *process) RecordsOf(context.Context, string) ([]recording.Record, error) { return nil, nil }
func (r *process) Left(context.Context, time.Time) ([]recording.Record, error)   { return nil, nil }
func (r *process) Talk(context.Context, string) (time.Duration, bool, error) {
	return r.talk, r.over, nil
}
func (r *process) Keys(context.Context) (keys []recording.Key, err error) {
	r.set(func() { keys = slices.Clone(r.keys) })
	return keys, nil
}
func (r *process) AddKey(_ context.Context, k recording.Key) error {
	r.set(func() { r.keys = append(r.keys, k) })
	return nil
}
func (r *process) ReplaceKey(context.Context, recording.Key) error { return nil }
func (r *process) Pieces(_ context.Context, id recording.ID) ([]recording.Piece, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []recording.Piece
	for _, p := range r.pieces {
		if p.Recording == id {
			out = append(out, p)
		}
	}
	return out, nil
}

var ring = func() *seal.Ring {
	r, err := seal.NewRing(seal.NewKey())
	if err != nil {
		panic(err)
	}
	return r
}()

func (r *room) archive() *recording.Archive { return (&process{room: r, fuse: -1}).archive() }

func (r *process) archive() *recording.Archive {
	n := 0
	return &recording.Archive{Books: r, Shelf: r, Envelope: seal.NewEnvelope(ring, "t1"), NewID: func(time.Time) string {
		n++
		return fmt.Sprintf("key%d", n)
	}}
}

// start records call c1 as r1, from now on unless it began before.
func (r *room) start(t *testing.T, v *recording.Valve) *recording.Take {
	t.Helper()
	return (&process{room: r, fuse: -1}).start(t, v)
}

func (r *process) start(t *testing.T, v *recording.Valve) *recording.Take {
	t.Helper()
	return recording.Start(t.Context(), recording.Config{
		Record: recording.Record{ID: "r1", CallID: "c1", Kind: recording.OfCall}, Valve: v,
		Archive: r.archive(), Log: slog.New(slog.DiscardHandler),
	})
}

// speak pushes frames in real time: from the leg's own zero, each filled with
// what sound gives for its number.
func speak(w media.Writer, from time.Duration, n int, sound func(i int) byte) {
	buf := make([]byte, media.FrameBytes)
	for i := range n {
		for k := range buf {
			buf[k] = sound(i)
		}
		w.WriteFrame(media.Frame{At: from + time.Duration(i)*media.FrameTime, Data: buf})
		time.Sleep(media.FrameTime)
	}
}

func always(b byte) func(int) byte { return func(int) byte { return b } }

// finished closes a take at now, finishes the recording and returns it with its
// two sides.
func (r *room) finished(t *testing.T, take *recording.Take, v *recording.Valve) (rec recording.Record, left, right []byte) {
	t.Helper()
	take.Close(v.Now())
	<-take.Done()
	return r.joined(t)
}

func (r *room) joined(t *testing.T) (rec recording.Record, left, right []byte) {
	t.Helper()
	a := r.archive()
	if err := a.Finish(t.Context(), "r1"); err != nil {
		t.Fatal(err)
	}
	rec, err := a.Books.Record(t.Context(), "r1")
	if err != nil || rec.Status != recording.Ready {
		t.Fatalf("finished as %q, %v", rec.Status, err)
	}
	file := whole(t, a, rec)
	for i := 58; i < len(file); i += 2 {
		left, right = append(left, file[i]), append(right, file[i+1])
	}
	return rec, left, right
}

func (r *process) dead() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.fuse == 0
}
