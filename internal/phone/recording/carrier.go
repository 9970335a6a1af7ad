package recording

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"softphone/internal/phone/media"
	"softphone/internal/protocol/g711"
	"softphone/internal/protocol/wav"
)

// Carrier records calls itself, where a tenant wants that.
type Carrier interface {
	// StartRecording begins the recording of a leg, once: asked again it returns
	// the one that runs.
	StartRecording(ctx context.Context, callSID string, id ID) (sid string, err error)
	// PauseRecording stops and goes on with what is recorded of a leg now.
	PauseRecording(ctx context.Context, callSID string, on bool) error
	// Recordings lists the recordings of a leg.
	Recordings(ctx context.Context, callSID string) ([]Notice, error)
	// FetchRecording reads the sound of a recording: a WAV file.
	FetchRecording(ctx context.Context, sid string, channels int) (io.ReadCloser, error)
	// DeleteRecording removes the carrier's copy. One that is gone is no error.
	DeleteRecording(ctx context.Context, sid string) error
}

// Notice is what the carrier says of a recording.
type Notice struct {
	Recording ID // ours, if the carrier was told
	CallSID   string
	SID       string
	Status    string // in-progress, paused, stopped, processing, completed, absent, failed
	Duration  time.Duration
	Channels  int
	Cause     string
}

// ErrNotYet says that the carrier has not finished its recording.
var ErrNotYet = errors.New("the carrier is not ready with the recording")

// durationSlack is how much the carrier's whole seconds and its file may differ.
const durationSlack = 2 * time.Second

// Fetch brings a carrier's recording here, checks it, finishes it, and then, not
// before, has the carrier's copy deleted unless it is to be kept. A callback that
// was lost does not matter: the carrier is asked. It may be done again.
func (a *Archive) Fetch(ctx context.Context, c Carrier, id ID, callSID string, keep bool) error {
	r, err := a.Books.Record(ctx, id)
	if err != nil || r.Status == Deleted || r.Status == Failed {
		return err
	}
	if r.Status != Ready {
		n, err := a.notice(ctx, c, r, callSID)
		if err != nil || n.SID == "" {
			return err
		}
		if err := a.bring(ctx, c, &r, n); err != nil {
			return err
		}
	}
	switch {
	case r.Copy != CopyThere:
		return nil
	case keep:
		return a.Books.NoteCarrier(ctx, id, r.CarrierSID, CopyKept, r.Channels)
	}
	if err := c.DeleteRecording(ctx, r.CarrierSID); err != nil {
		return fmt.Errorf("delete the carrier's copy: %w", err)
	}
	return a.Books.NoteCarrier(ctx, id, r.CarrierSID, CopyDeleted, r.Channels)
}

// notice asks the carrier for its recording; an empty one says that there is none
// and will be none, which is noted.
func (a *Archive) notice(ctx context.Context, c Carrier, r Record, callSID string) (Notice, error) {
	all, err := c.Recordings(ctx, callSID)
	if err != nil {
		return Notice{}, err
	}
	for _, n := range all {
		if r.CarrierSID != "" && n.SID != r.CarrierSID {
			continue
		}
		switch n.Status {
		case "completed":
			return n, nil
		case "absent", "failed", "deleted":
			return Notice{}, a.Books.Fail(ctx, r.ID, "carrier: "+n.Status+" "+n.Cause)
		}
		return Notice{}, ErrNotYet
	}
	return Notice{}, ErrNotYet
}

func (a *Archive) bring(ctx context.Context, c Carrier, r *Record, n Notice) error {
	file, err := c.FetchRecording(ctx, n.SID, n.Channels)
	if err != nil {
		return err
	}
	defer file.Close()
	length, channels, err := a.Import(ctx, r.ID, file)
	if err != nil {
		return err
	}
	if n.Duration > 0 && (length-n.Duration > durationSlack || n.Duration-length > durationSlack) {
		return fmt.Errorf("carrier's file lasts %v, its recording %v", length, n.Duration)
	}
	r.CarrierSID, r.Copy, r.Channels = n.SID, CopyThere, channels
	if err := a.Books.NoteCarrier(ctx, r.ID, n.SID, CopyThere, channels); err != nil {
		return err
	}
	if err := a.Books.Close(ctx, r.ID, length, nil); err != nil {
		return err
	}
	return a.Finish(ctx, r.ID)
}

// Import stores a WAV file of telephone sound as the pieces of a recording. Done
// again it replaces them.
func (a *Archive) Import(ctx context.Context, id ID, file io.Reader) (length time.Duration, channels int, err error) {
	in, err := wav.NewReader(file)
	if err != nil {
		return 0, 0, err
	}
	f := in.Format
	if f.Rate != g711.Rate {
		return 0, 0, fmt.Errorf("%w: %d samples a second", wav.ErrFormat, f.Rate)
	}
	buf := make([]byte, int(PieceTime/media.FrameTime)*media.FrameBytes*f.FrameBytes())
	read := int64(0)
	for n := 1; ; n++ {
		k, err := io.ReadFull(in, buf)
		if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
			return 0, 0, fmt.Errorf("read the carrier's sound: %w", err)
		}
		sound := padded(muLaw(buf[:k-k%f.FrameBytes()], f), f.Channels)
		p := Piece{Recording: id, Epoch: 1, N: n, From: length, Len: wav.Phone(f.Channels).Duration(int64(len(sound)))}
		if len(sound) > 0 {
			if err := a.keepPiece(ctx, p, sound); err != nil {
				return 0, 0, err
			}
		}
		length, read = length+p.Len, read+int64(k)
		if k == len(buf) {
			continue
		}
		if read < in.Size {
			return 0, 0, fmt.Errorf("carrier's file ends after %d of %d bytes", read, in.Size)
		}
		return length, f.Channels, nil
	}
}

// muLaw is sound of any of our formats as G.711.
func muLaw(sound []byte, f wav.Format) []byte {
	if f.Tag == wav.MuLaw {
		return sound
	}
	out := make([]byte, len(sound)/2)
	for i := range out {
		out[i] = g711.Encode(int16(uint16(sound[2*i]) | uint16(sound[2*i+1])<<8))
	}
	return out
}

// padded fills the last frame up with silence.
func padded(sound []byte, channels int) []byte {
	out := append([]byte(nil), sound...)
	for len(out)%(media.FrameBytes*channels) != 0 {
		out = append(out, silence)
	}
	return out
}
