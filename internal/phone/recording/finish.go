package recording

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"time"

	"softphone/internal/phone/media"
)

// Finish joins a recording whose sound is in: it takes in pieces that have lost
// their rows, looks at every piece, tells what is missing, and computes waveform
// and checksum. It may be done again after any crash in it. An error says that it
// must be.
func (a *Archive) Finish(ctx context.Context, id ID) error {
	r, err := a.Books.Record(ctx, id)
	if err != nil || r.Status == Ready || r.Status == Deleted {
		return err
	}
	pieces, err := a.adopted(ctx, r)
	if err != nil {
		return err
	}
	if r.Duration, err = a.length(ctx, r, pieces); err != nil {
		return err
	}
	gaps := r.Gaps
	for i := range pieces {
		why, err := a.inspect(ctx, pieces[i])
		if err != nil {
			return err
		}
		if why != "" {
			pieces[i].Gaps = append(pieces[i].Gaps, gapOf(pieces[i].From, pieces[i].End(), why, ""))
			pieces[i].File = ""
			if err := a.Books.KeepPiece(ctx, pieces[i]); err != nil {
				return err
			}
		}
		gaps = append(gaps, pieces[i].Gaps...)
	}
	r.Gaps = merged(within(append(gaps, uncovered(pieces, gaps, r.Duration)...), 0, r.Duration))
	v := a.view(ctx, r.Channels, r.Duration, pieces)
	if err := summarise(&r, v); err != nil {
		return err
	}
	r.Status = Ready
	return a.Books.Finish(ctx, r)
}

// adopted lists the pieces, those included whose process died between the shelf
// and the books: their names are under their seals.
func (a *Archive) adopted(ctx context.Context, r Record) ([]Piece, error) {
	pieces, err := a.Books.Pieces(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	names, err := a.Shelf.List(ctx, string(r.ID)+"/")
	if err != nil {
		return nil, err
	}
	known := map[[2]int]bool{}
	for _, p := range pieces {
		known[[2]int{p.Epoch, p.N}] = true
	}
	for _, name := range names {
		p, ok := parseName(name)
		if !ok || p.Recording != r.ID || known[[2]int{p.Epoch, p.N}] {
			continue
		}
		if _, err := a.open(ctx, p); err != nil {
			if final(err) == "" {
				return nil, err
			}
			continue // not ours to keep: it stays a gap
		}
		if err := a.Books.KeepPiece(ctx, p); err != nil {
			return nil, err
		}
		pieces = append(pieces, p)
	}
	return pieces, nil
}

// length is how long the recording is: as its owner said, else as long as the
// call was talked in, else as far as its pieces go.
func (a *Archive) length(ctx context.Context, r Record, pieces []Piece) (time.Duration, error) {
	if r.Ended >= 0 {
		return whole(r.Ended), nil
	}
	if r.Kind == OfCall {
		talk, over, err := a.Books.Talk(ctx, r.CallID)
		if err != nil || over {
			return whole(talk), err
		}
	}
	var end time.Duration
	for _, p := range pieces {
		end = max(end, p.End())
	}
	return end, nil
}

// whole rounds to frames.
func whole(d time.Duration) time.Duration { return slotOf(d + media.FrameTime/2).time() }

// inspect says why a piece cannot be used; an error may pass.
func (a *Archive) inspect(ctx context.Context, p Piece) (Reason, error) {
	if p.File == "" {
		return "", nil
	}
	_, err := a.open(ctx, p)
	if why := final(err); why != "" {
		return why, nil
	}
	return "", err
}

// final tells an error that no second try mends.
func final(err error) Reason {
	switch {
	case errors.Is(err, ErrNotThere):
		return Missing
	case errors.Is(err, errDamaged):
		return Damaged
	}
	return ""
}

// summarise reads the whole file once.
func summarise(r *Record, v *View) error {
	sum := sha256.New()
	lanes := newPeaks(r.Channels, bytesOf(r.Duration))
	if _, err := io.CopyN(sum, v, int64(len(v.header))); err != nil {
		return err
	}
	if _, err := io.Copy(io.MultiWriter(sum, lanes), v); err != nil {
		return err
	}
	r.Size, r.Checksum, r.Peaks = v.size, hex.EncodeToString(sum.Sum(nil)), lanes.lanes
	return nil
}

// Remove deletes the sound of a recording and leaves its row, which says that it
// was. The rows go first: what is not promised is not missed.
func (a *Archive) Remove(ctx context.Context, id ID) error {
	if err := a.Books.Remove(ctx, id); err != nil {
		return err
	}
	return a.Sweep(ctx, id)
}

// Sweep takes the files of a deleted recording from the shelf. It may be done
// again.
func (a *Archive) Sweep(ctx context.Context, id ID) error {
	names, err := a.Shelf.List(ctx, string(id)+"/")
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := a.Shelf.Delete(ctx, name); err != nil {
			return err
		}
	}
	return nil
}
