package recording_test

import (
	"bytes"
	"io"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"softphone/internal/phone/media"
	"softphone/internal/phone/recording"
	"softphone/internal/protocol/g711"
	"softphone/internal/protocol/wav"
)

func whole(t *testing.T, a *recording.Archive, rec recording.Record) []byte {
	t.Helper()
	v, err := a.View(t.Context(), rec)
	if err != nil {
		t.Fatal(err)
	}
	file, err := io.ReadAll(v)
	if err != nil {
		t.Fatal(err)
	}
	if int64(len(file)) != v.Size() || v.Size() != rec.Size {
		t.Errorf("file has %d bytes, View says %d, record %d", len(file), v.Size(), rec.Size)
	}
	return file
}

// frame i of a side.
func frame(side []byte, i int) []byte {
	return side[i*media.FrameBytes : (i+1)*media.FrameBytes]
}

func isAll(b []byte, want byte) bool { return bytes.Count(b, []byte{want}) == len(b) }

func TestBothSidesLieOnOneClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, v := newRoom(), recording.NewValve(time.Now())
		take := r.start(t, v)
		var both sync.WaitGroup
		both.Go(func() { speak(take.Hear(recording.Customer), 0, 1000, func(i int) byte { return byte(i % 100) }) })
		both.Go(func() { // three seconds later, from a leg whose clock is at an hour
			time.Sleep(3 * time.Second)
			speak(take.Hear(recording.Agent), time.Hour, 500, func(i int) byte { return byte(100 + i%100) })
		})
		both.Wait()
		rec, left, right := r.finished(t, take, v)

		if want := 20 * time.Second; rec.Duration != want {
			t.Errorf("lasts %v, want %v", rec.Duration, want)
		}
		for i := range 1000 {
			if !isAll(frame(left, i), byte(i%100)) {
				t.Fatalf("customer's frame %d is %d", i, frame(left, i)[0])
			}
			want := byte(0xFF)
			if i >= 150 && i < 650 {
				want = byte(100 + (i-150)%100)
			}
			if !isAll(frame(right, i), want) {
				t.Fatalf("agent's frame %d is %d, want %d", i, frame(right, i)[0], want)
			}
		}
		if len(rec.Gaps) != 0 {
			t.Errorf("gaps %v", rec.Gaps)
		}
		if n := len(r.files); n != 3 { // 8, 8 and 4 seconds
			t.Errorf("%d pieces", n)
		}
		if got := len(rec.Peaks); got != 2 || len(rec.Peaks[0]) != recording.PeakMost {
			t.Errorf("peaks of %d lanes", got)
		}
		if rec.Peaks[1][0] != 0 || rec.Peaks[1][recording.PeakMost/4] == 0 {
			t.Errorf("agent's lane begins with %d and has %d at a quarter", rec.Peaks[1][0], rec.Peaks[1][recording.PeakMost/4])
		}
	})
}

func TestAPauseTakesNothingAndSaysWhen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, v := newRoom(), recording.NewValve(time.Now())
		take := r.start(t, v)
		transcript := &counter{}
		ear, guard := take.Hear(recording.Customer), v.Guard(transcript)
		var from, to time.Duration
		speak(ear, 0, 200, always(1))
		speak(guard, 0, 1, always(1))
		time.Sleep(7 * time.Millisecond)
		from = v.Shut(recording.Paused)
		before, _ := v.Bytes()
		speak(ear, 200*media.FrameTime, 700, always(2)) // the card number
		speak(guard, 0, 10, always(2))
		to = v.Open(recording.Paused)
		if after, stopped := v.Bytes(); after != before || stopped != 710*media.FrameBytes {
			t.Errorf("%d bytes passed and %d were stopped while paused, want 0 and %d", after-before, stopped, 710*media.FrameBytes)
		}
		// A frame that was said in the pause comes late.
		ear.WriteFrame(media.Frame{At: 890 * media.FrameTime, Data: bytes.Repeat([]byte{2}, media.FrameBytes)})
		speak(ear, time.Duration(v.Now()).Truncate(media.FrameTime), 100, always(3))
		rec, left, _ := r.finished(t, take, v)

		if from%media.FrameTime != 0 || to%media.FrameTime != 0 {
			t.Errorf("pause from %v to %v is not of whole frames", from, to)
		}
		want := []recording.Gap{{FromMs: from.Milliseconds(), ToMs: to.Milliseconds(), Reason: recording.Paused}}
		if d := cmp.Diff(rec.Gaps, want); d != "" {
			t.Error(d)
		}
		if bytes.IndexByte(left, 2) >= 0 {
			t.Error("what was said in the pause is in the recording")
		}
		first, last := int(from/media.FrameTime), int(to/media.FrameTime)
		if !isAll(frame(left, 199), 1) || !isAll(left[first*media.FrameBytes:last*media.FrameBytes], 0xFF) {
			t.Error("the frame before the pause is missing, or the pause is not silent")
		}
		if bytes.Count(left, []byte{3}) < 99*media.FrameBytes {
			t.Errorf("%d bytes after the pause", bytes.Count(left, []byte{3}))
		}
		if transcript.frames != 1 {
			t.Errorf("the transcript heard %d frames, want the one before the pause", transcript.frames)
		}
	})
}

type counter struct{ frames int }

func (c *counter) WriteFrame(media.Frame) { c.frames++ }

// Two pauses for different reasons, one inside the other, at every offset to the
// frame's beat: the frame that came before is kept, the one after is not.
func TestPausesAreExactAtEveryMoment(t *testing.T) {
	for ms := range 20 {
		synctest.Test(t, func(t *testing.T) {
			r, v := newRoom(), recording.NewValve(time.Now())
			take := r.start(t, v)
			ear := take.Hear(recording.Agent)
			speak(ear, 0, 50, always(1))
			time.Sleep(time.Duration(ms) * time.Millisecond)
			v.Shut(recording.Held)
			v.Shut(recording.Paused)
			speak(ear, time.Second, 10, always(2))
			v.Open(recording.Held)
			speak(ear, time.Second+10*media.FrameTime, 10, always(2))
			v.Open(recording.Paused)
			time.Sleep(media.FrameTime)
			speak(ear, v.Now().Truncate(media.FrameTime), 10, always(3))
			rec, _, right := r.finished(t, take, v)
			if got := bytes.Count(right, []byte{1}); got != 50*media.FrameBytes {
				t.Errorf("offset %d: %d bytes before the pause, want %d", ms, got, 50*media.FrameBytes)
			}
			if got := bytes.Count(right, []byte{3}); got != 10*media.FrameBytes {
				t.Errorf("offset %d: %d bytes after the pause, want %d", ms, got, 10*media.FrameBytes)
			}
			if bytes.IndexByte(right, 2) >= 0 {
				t.Errorf("offset %d: paused sound was kept", ms)
			}
			if len(rec.Gaps) != 2 {
				t.Errorf("offset %d: gaps %v, want one for each reason", ms, rec.Gaps)
			}
		})
	}
}

// The first frames of a leg come late and at once: their place is that of sound
// without delay.
func TestABurstAtTheBeginningDoesNotShiftALeg(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, v := newRoom(), recording.NewValve(time.Now())
		take := r.start(t, v)
		ear := take.Hear(recording.Customer)
		time.Sleep(200 * time.Millisecond)
		buf := make([]byte, media.FrameBytes)
		for i := range 10 {
			ear.WriteFrame(media.Frame{At: time.Duration(i) * media.FrameTime, Data: append(buf[:0], bytes.Repeat([]byte{byte(i + 1)}, media.FrameBytes)...)})
		}
		speak(ear, 200*time.Millisecond, 100, always(50))
		_, left, _ := r.finished(t, take, v)
		for i := range 10 {
			if !isAll(frame(left, i), byte(i+1)) {
				t.Errorf("frame %d of the burst is %d", i, frame(left, i)[0])
			}
		}
	})
}

// A clock that is wrong by 500 ppm for an hour is never off by more than its
// leash, and loses nothing but what the difference is worth.
func TestADriftingLegStaysOnTheClock(t *testing.T) {
	for _, step := range []time.Duration{media.FrameTime * 9995 / 10000, media.FrameTime * 10005 / 10000} {
		synctest.Test(t, func(t *testing.T) {
			r, v := newRoom(), recording.NewValve(time.Now())
			take := r.start(t, v)
			ear := take.Hear(recording.Customer)
			buf := make([]byte, media.FrameBytes)
			for i := range 15000 { // 5 minutes
				for k := range buf {
					buf[k] = byte(v.Now() / time.Second % 100)
				}
				ear.WriteFrame(media.Frame{At: time.Duration(i) * media.FrameTime, Data: buf})
				time.Sleep(step)
			}
			_, left, _ := r.finished(t, take, v)
			for s := range 290 {
				if got := frame(left, s*50+25)[0]; int(got) != s%100 {
					t.Errorf("step %v: in the middle of second %d is the sound of second %d", step, s, got)
				}
			}
			if lost := bytes.Count(left, []byte{0xFF}); lost > 10*media.FrameBytes {
				t.Errorf("step %v: %d bytes of silence", step, lost)
			}
		})
	}
}

func TestTwoOnOneSideAreMixed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, v := newRoom(), recording.NewValve(time.Now())
		take := r.start(t, v)
		var both sync.WaitGroup
		for _, level := range []int16{1000, 2000} {
			both.Go(func() { speak(take.Hear(recording.Agent), 0, 100, always(g711.Encode(level))) })
		}
		both.Wait()
		_, _, right := r.finished(t, take, v)
		want := g711.Encode(g711.Decode(g711.Encode(1000)) + g711.Decode(g711.Encode(2000)))
		if !isAll(right, want) {
			t.Errorf("mixed to %d, want %d", right[0], want)
		}
	})
}

// Nothing can be stored for ten seconds, then everything is.
func TestAFullDiskIsSurvived(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, v := newRoom(), recording.NewValve(time.Now())
		r.away = true
		take := r.start(t, v)
		ear := take.Hear(recording.Customer)
		speak(ear, 0, 1000, always(1))
		r.set(func() { r.away = false })
		speak(ear, 20*time.Second, 500, always(1))
		rec, left, _ := r.finished(t, take, v)
		if !isAll(left, 1) || len(rec.Gaps) != 0 || rec.Duration != 30*time.Second {
			t.Errorf("%v, gaps %v, %d silent bytes", rec.Duration, rec.Gaps, bytes.Count(left, []byte{0xFF}))
		}
	})
}

// Nothing can be stored for three minutes: what could not wait is told.
func TestWhatCouldNotBeStoredIsAGap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, v := newRoom(), recording.NewValve(time.Now())
		take := r.start(t, v)
		ear := take.Hear(recording.Customer)
		speak(ear, 0, 1000, always(1))
		r.set(func() { r.away = true })
		speak(ear, 20*time.Second, 9000, always(1))
		r.set(func() { r.away = false })
		speak(ear, 200*time.Second, 1000, always(1))
		rec, left, _ := r.finished(t, take, v)
		if len(rec.Gaps) != 1 || rec.Gaps[0].Reason != recording.NotStored {
			t.Fatalf("gaps %v, want one of what was not stored", rec.Gaps)
		}
		told := (rec.Gaps[0].ToMs - rec.Gaps[0].FromMs) * 8
		if got := bytes.Count(left, []byte{0xFF}); int64(got) != told {
			t.Errorf("%d bytes are silent, the gap list tells %d", got, told)
		}
	})
}

// A machine too slow to empty its ears tells what they dropped.
func TestDroppedSoundIsAGapOfItsSide(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, v := newRoom(), recording.NewValve(time.Now())
		take := r.start(t, v)
		ear := take.Hear(recording.Agent)
		speak(ear, 0, 200, always(1))
		data := bytes.Repeat([]byte{1}, media.FrameBytes)
		for i := range 400 { // at once, which no clock allows: 250 stay
			ear.WriteFrame(media.Frame{At: 4*time.Second + time.Duration(i)*media.FrameTime, Data: data})
		}
		time.Sleep(2 * time.Second)
		rec, _, _ := r.finished(t, take, v)
		if !slices.ContainsFunc(rec.Gaps, func(g recording.Gap) bool { return g.Reason == recording.Overload && g.Side == recording.Agent }) {
			t.Errorf("gaps %v", rec.Gaps)
		}
	})
}

// kill -9 at every change of what is stored, then the next owner goes on and
// finishes. What was sealed before is there to the byte, what is missing is told,
// and less than ten seconds of it are.
func TestADeathAtEveryStepLosesLessThanTenSeconds(t *testing.T) {
	const talk, away = 40 * time.Second, 5 * time.Second
	deaths := 0
	for fuse := 0; ; fuse++ {
		died := false
		synctest.Test(t, func(t *testing.T) {
			r, began := newRoom(), time.Now()
			first := &process{room: r, fuse: fuse}
			v := recording.NewValve(began)
			take, ear := first.start(t, v), (*recording.Ear)(nil)
			ear = take.Hear(recording.Customer)
			for i := 0; i < 2000 && !first.dead(); i++ {
				speak(ear, time.Duration(i)*media.FrameTime, 1, always(7))
			}
			if died = first.dead(); !died {
				take.Close(v.Now())
				<-take.Done()
				return
			}
			if left := talk - v.Now() - away; left > 0 {
				time.Sleep(away)
				v := recording.NewValve(began)
				second := r.start(t, v)
				speak(second.Hear(recording.Customer), 0, int(left/media.FrameTime), always(7))
				second.Close(talk)
				<-second.Done()
			}
			take.Close(0) // for the goroutines' sake: it can do nothing any more
			<-take.Done()
			r.set(func() { r.talk, r.over = talk, true })
			if len(r.records) == 0 {
				return // there was never a recording
			}
			rec, left, _ := r.joined(t)
			if rec.Duration != talk {
				t.Errorf("death at step %d: lasts %v, want %v", fuse, rec.Duration, talk)
			}
			var told time.Duration
			for _, g := range rec.Gaps {
				told += time.Duration(g.ToMs-g.FromMs) * time.Millisecond
				if g.Reason != recording.Crashed {
					t.Errorf("death at step %d: gap %v", fuse, g)
				}
			}
			if silent := time.Duration(bytes.Count(left, []byte{0xFF})/media.FrameBytes) * media.FrameTime; silent != told {
				t.Errorf("death at step %d: %v are silent, the gaps tell %v: %v", fuse, silent, told, rec.Gaps)
			}
			if told >= away+10*time.Second {
				t.Errorf("death at step %d: %v lost, %v of it while nobody was there", fuse, told, away)
			}
		})
		if t.Failed() || !died {
			break
		}
		deaths++
	}
	if deaths < 10 { // row, five pieces of file and row, end
		t.Errorf("%d deaths tried", deaths)
	}
}

func TestTamperedLostAndMisplacedPiecesAreRefused(t *testing.T) {
	for name, harm := range map[string]struct {
		why  recording.Reason
		what func(r *room, names []string)
	}{
		"a bit":         {recording.Damaged, func(r *room, n []string) { r.files[n[1]][1000] ^= 1 }},
		"cut short":     {recording.Damaged, func(r *room, n []string) { r.files[n[1]] = r.files[n[1]][:5000] }},
		"another piece": {recording.Damaged, func(r *room, n []string) { r.files[n[1]] = r.files[n[0]] }},
		"gone":          {recording.Missing, func(r *room, n []string) { delete(r.files, n[1]) }},
	} {
		synctest.Test(t, func(t *testing.T) {
			r, v := newRoom(), recording.NewValve(time.Now())
			take := r.start(t, v)
			speak(take.Hear(recording.Customer), 0, 1200, always(9))
			take.Close(v.Now())
			<-take.Done()
			names, _ := take.Archive.Shelf.List(t.Context(), "r1/")
			harm.what(r, names)
			rec, left, _ := r.joined(t)
			want := []recording.Gap{{FromMs: 8000, ToMs: 16000, Reason: harm.why}}
			if d := cmp.Diff(rec.Gaps, want); d != "" {
				t.Errorf("%s: %s", name, d)
			}
			if !isAll(left[:8*8000], 9) || !isAll(left[8*8000:16*8000], 0xFF) || !isAll(left[16*8000:], 9) {
				t.Errorf("%s: the other pieces are not whole", name)
			}
			// Changed after it was finished: reading fails, it does not fall silent.
			harm.what(r, []string{names[2], names[0]})
			a := r.archive()
			view, err := a.View(t.Context(), rec)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadAll(view); err == nil {
				t.Errorf("%s: a file that was changed later was read", name)
			}
		})
	}
}

func TestTheFileIsOneThatEverybodyReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, v := newRoom(), recording.NewValve(time.Now())
		take := r.start(t, v)
		speak(take.Hear(recording.Customer), 0, 50, always(1))
		rec, _, _ := r.finished(t, take, v)
		in, err := wav.NewReader(bytes.NewReader(whole(t, r.archive(), rec)))
		if err != nil {
			t.Fatal(err)
		}
		if in.Format != wav.Phone(2) || in.Size != 2*8000 {
			t.Errorf("format %+v, %d bytes of sound", in.Format, in.Size)
		}
	})
}

func TestARemovedRecordingLeavesNoSound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, v := newRoom(), recording.NewValve(time.Now())
		take := r.start(t, v)
		speak(take.Hear(recording.Customer), 0, 500, always(1))
		r.finished(t, take, v)
		if err := r.archive().Remove(t.Context(), "r1"); err != nil {
			t.Fatal(err)
		}
		if len(r.files) != 0 {
			t.Errorf("%d files left", len(r.files))
		}
	})
}

func TestRotatedKeysOpenWhatEarlierOnesSealed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, v := newRoom(), recording.NewValve(time.Now())
		take := r.start(t, v)
		ear := take.Hear(recording.Customer)
		speak(ear, 0, 500, always(1))
		other := r.archive() // another process rotates
		other.NewID = func(time.Time) string { return "other" }
		if err := other.Rotate(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := take.Archive.Rotate(t.Context()); err == nil {
			speak(ear, 10*time.Second, 500, always(1))
		}
		rec, left, _ := r.finished(t, take, v)
		if !isAll(left, 1) || len(rec.Gaps) != 0 {
			t.Errorf("gaps %v", rec.Gaps)
		}
		keys := map[string]bool{}
		for _, p := range r.pieces {
			keys[p.KeyID] = true
		}
		if len(keys) < 2 {
			t.Errorf("pieces were sealed with %v, want several keys", keys)
		}
	})
}

func TestHearingDoesNotAllocate(t *testing.T) {
	r, v := newRoom(), recording.NewValve(time.Now())
	take := r.start(t, v)
	ear := take.Hear(recording.Customer)
	f := media.Frame{Data: make([]byte, media.FrameBytes)}
	if got := testing.AllocsPerRun(1000, func() { ear.WriteFrame(f) }); got != 0 {
		t.Errorf("hearing a frame allocates %v times, want 0", got)
	}
	take.Close(0)
	<-take.Done()
}
