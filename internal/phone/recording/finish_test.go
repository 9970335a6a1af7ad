package recording_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"softphone/internal/phone/recording"
	"softphone/internal/protocol/g711"
	"softphone/internal/protocol/wav"
)

// A finishing that dies at any step is done again, and a piece that lost its row
// is found by its name.
func TestFinishingMayDieAtEveryStep(t *testing.T) {
	for fuse := range 4 {
		synctest.Test(t, func(t *testing.T) {
			r, v := newRoom(), recording.NewValve(time.Now())
			take := r.start(t, v)
			speak(take.Hear(recording.Customer), 0, 1200, always(9))
			take.Close(v.Now())
			<-take.Done()
			delete(r.pieces, "r1 1 2")
			first := &process{room: r, fuse: fuse}
			if err := first.archive().Finish(t.Context(), "r1"); (err == nil) != (fuse >= 2) {
				t.Errorf("with %d steps to live: %v", fuse, err)
			}
			rec, left, _ := r.joined(t)
			if len(rec.Gaps) != 0 || !isAll(left, 9) {
				t.Errorf("with %d steps to live: gaps %v", fuse, rec.Gaps)
			}
		})
	}
}

// network is a carrier that has one recording.
type network struct {
	notices []recording.Notice
	file    []byte
	deleted int
	down    bool
}

func (n *network) StartRecording(context.Context, string, recording.ID) (string, error) {
	return "RE1", nil
}
func (n *network) PauseRecording(context.Context, string, bool) error { return nil }
func (n *network) Recordings(context.Context, string) ([]recording.Notice, error) {
	return n.notices, nil
}
func (n *network) FetchRecording(context.Context, string, int) (io.ReadCloser, error) {
	return io.NopCloser(bytes.NewReader(n.file)), nil
}
func (n *network) DeleteRecording(context.Context, string) error {
	if n.down {
		return errAway
	}
	n.deleted++
	return nil
}

func TestACarriersRecordingIsFetchedCheckedAndDeletedThere(t *testing.T) {
	pcm := make([]byte, 0, 20*8000*4)
	for i := range 20 * 8000 {
		left, right := int16(i%1000), int16(-(i % 500))
		pcm = append(pcm, byte(left), byte(uint16(left)>>8), byte(right), byte(uint16(right)>>8))
	}
	format := wav.Format{Tag: wav.PCM, Channels: 2, Rate: 8000}
	n := &network{file: wav.Append(nil, format, pcm)}
	r := newRoom()
	a := r.archive()
	if _, err := a.Books.Begin(t.Context(), recording.Record{ID: "r1", CallID: "c1", Source: recording.AtCarrier}); err != nil {
		t.Fatal(err)
	}
	fetch := func() error { return a.Fetch(t.Context(), n, "r1", "CA1", false) }
	if err := fetch(); !errors.Is(err, recording.ErrNotYet) {
		t.Errorf("before the carrier knows of it: %v", err)
	}
	n.notices = []recording.Notice{{SID: "RE1", Status: "processing"}}
	if err := fetch(); !errors.Is(err, recording.ErrNotYet) {
		t.Errorf("while the carrier works on it: %v", err)
	}
	n.notices[0].Status, n.notices[0].Duration, n.notices[0].Channels = "completed", 25*time.Second, 2
	if err := fetch(); err == nil || n.deleted != 0 {
		t.Errorf("five seconds are missing: %v, deleted %d times", err, n.deleted)
	}
	short := n.file
	n.notices[0].Duration, n.file = 20*time.Second, n.file[:len(n.file)-10_000]
	if err := fetch(); err == nil || n.deleted != 0 {
		t.Errorf("cut short: %v, deleted %d times", err, n.deleted)
	}
	n.file, n.down = short, true
	if err := fetch(); !errors.Is(err, errAway) {
		t.Errorf("copy not deleted: %v", err)
	}
	n.down = false
	for range 2 {
		if err := fetch(); err != nil {
			t.Fatal(err)
		}
	}
	rec, left, right := r.joined(t)
	if rec.Duration != 20*time.Second || rec.Copy != recording.CopyDeleted || n.deleted != 1 {
		t.Errorf("lasts %v, copy %q, deleted %d times", rec.Duration, rec.Copy, n.deleted)
	}
	if left[777] != g711.Encode(777) || right[777] != g711.Encode(-277) {
		t.Errorf("sample 777 is %d and %d", g711.Decode(left[777]), g711.Decode(right[777]))
	}
}

func TestACarrierWithoutRecordingFailsIt(t *testing.T) {
	r := newRoom()
	a := r.archive()
	if _, err := a.Books.Begin(t.Context(), recording.Record{ID: "r1", CallID: "c1"}); err != nil {
		t.Fatal(err)
	}
	n := &network{notices: []recording.Notice{{SID: "RE1", Status: "absent", Cause: "31000"}}}
	if err := a.Fetch(t.Context(), n, "r1", "CA1", false); err != nil {
		t.Fatal(err)
	}
	if rec := r.records["r1"]; rec.Status != recording.Failed || rec.Why != "carrier: absent 31000" {
		t.Errorf("status %q, %q", rec.Status, rec.Why)
	}
}
