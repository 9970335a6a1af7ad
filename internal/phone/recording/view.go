package recording

import (
	"cmp"
	"context"
	"errors"
	"io"
	"slices"
	"time"

	"softphone/internal/protocol/wav"
)

// View is a whole recording as one WAV file, made of its pieces as it is read:
// there is no second copy. It belongs to one goroutine. Its context is that of
// the one request it is made for.
type View struct {
	ctx      context.Context
	archive  *Archive
	header   []byte
	channels int64
	parts    []part // in order, without overlap
	size     int64
	at       int64

	held int // the part that is open; -1 is none
	open []byte
}

// part is a stretch of a piece: bytes of sound, all channels.
type part struct {
	piece    Piece
	from, to int64 // in the sound
	skip     int64 // of the piece's own sound
}

var _ io.ReadSeeker = (*View)(nil)

// View opens a finished recording.
func (a *Archive) View(ctx context.Context, r Record) (*View, error) {
	pieces, err := a.Books.Pieces(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	return a.view(ctx, r.Channels, r.Duration, pieces), nil
}

func (a *Archive) view(ctx context.Context, channels int, length time.Duration, pieces []Piece) *View {
	v := &View{ctx: ctx, archive: a, channels: int64(channels), held: -1}
	sound := bytesOf(length) * v.channels
	v.header = wav.AppendHeader(nil, wav.Phone(channels), uint32(sound))
	v.size = int64(len(v.header)) + sound
	v.parts = v.lay(pieces, sound)
	return v
}

// lay orders the pieces on the clock. Where two owners recorded the same moment
// the newer one counts.
func (v *View) lay(pieces []Piece, sound int64) []part {
	pieces = slices.Clone(pieces)
	slices.SortFunc(pieces, func(a, b Piece) int {
		return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.Epoch, b.Epoch), cmp.Compare(a.N, b.N))
	})
	var out []part
	for _, p := range pieces {
		next := part{piece: p, from: bytesOf(p.From) * v.channels, to: min(bytesOf(p.End())*v.channels, sound)}
		if n := len(out); n > 0 && out[n-1].to > next.from {
			if last := &out[n-1]; p.Epoch > last.piece.Epoch {
				last.to = next.from
			} else {
				next.skip, next.from = last.to-next.from, last.to
			}
		}
		if next.from < next.to && p.File != "" {
			out = append(out, next)
		}
	}
	return out
}

// Size is the length of the file.
func (v *View) Size() int64 { return v.size }

// Span tells which stretch of call time bytes of the file are.
func (v *View) Span(from, to int64) (begin, end time.Duration) {
	f, head := wav.Phone(int(v.channels)), int64(len(v.header))
	return f.Duration(max(from-head, 0)), f.Duration(max(to-head, 0))
}

// Seek implements io.Seeker.
func (v *View) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += v.at
	case io.SeekEnd:
		offset += v.size
	}
	if offset < 0 {
		return v.at, errors.New("seek before the beginning")
	}
	v.at = offset
	return offset, nil
}

// Read implements io.Reader. What no piece has is silence; a piece that cannot
// be read is an error, never silence.
func (v *View) Read(p []byte) (int, error) {
	if v.at >= v.size {
		return 0, io.EOF
	}
	if head := int64(len(v.header)); v.at < head {
		n := copy(p, v.header[v.at:])
		v.at += int64(n)
		return n, nil
	}
	n, err := v.sound(p, v.at-int64(len(v.header)))
	v.at += int64(n)
	return n, err
}

// sound reads from one part, or from the silence before the next.
func (v *View) sound(p []byte, at int64) (int, error) {
	p = p[:min(int64(len(p)), v.size-int64(len(v.header))-at)]
	i, _ := slices.BinarySearchFunc(v.parts, at, func(p part, at int64) int {
		if p.to <= at {
			return -1
		}
		return 1
	})
	if i == len(v.parts) || at < v.parts[i].from {
		if i < len(v.parts) {
			p = p[:min(int64(len(p)), v.parts[i].from-at)]
		}
		for k := range p {
			p[k] = silence
		}
		return len(p), nil
	}
	if err := v.load(i); err != nil {
		return 0, err
	}
	part := v.parts[i]
	from := at - part.from + part.skip
	return copy(p, v.open[from:from+part.to-at]), nil
}

func (v *View) load(i int) error {
	if v.held == i {
		return nil
	}
	sound, err := v.archive.open(v.ctx, v.parts[i].piece)
	if err != nil {
		return err
	}
	if want := bytesOf(v.parts[i].piece.Len) * v.channels; int64(len(sound)) != want {
		return errDamaged
	}
	v.held, v.open = i, sound
	return nil
}
