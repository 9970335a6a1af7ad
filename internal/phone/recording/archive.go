package recording

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"softphone/internal/phone/media"
	"softphone/internal/phone/seal"
)

// Archive keeps the recordings of one tenant. All fields are required.
type Archive struct {
	Books    Books
	Shelf    Shelf
	Envelope *seal.Envelope
	NewID    func(time.Time) string

	mu     sync.Mutex
	loaded bool
}

// keys loads the tenant's data keys, and makes the first one.
func (a *Archive) keys(ctx context.Context, again bool) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.loaded && !again {
		return nil
	}
	keys, err := a.Books.Keys(ctx)
	if err != nil {
		return err
	}
	if len(keys) == 0 {
		return a.newKeyLocked(ctx)
	}
	for _, k := range keys {
		if err := a.Envelope.Add(k.ID, k.Wrapped); err != nil {
			return err
		}
	}
	a.loaded = true
	return nil
}

func (a *Archive) newKeyLocked(ctx context.Context) error {
	k := Key{ID: a.NewID(time.Now())}
	var err error
	if k.Wrapped, err = a.Envelope.WrapKey(k.ID); err != nil {
		return err
	}
	if err := a.Books.AddKey(ctx, k); err != nil {
		return err
	}
	a.loaded = true
	return a.Envelope.Add(k.ID, k.Wrapped)
}

// Rotate makes a new data key, which seals from now on, and wraps the earlier
// ones with the current master key. Done twice it does no harm.
func (a *Archive) Rotate(ctx context.Context) error {
	if err := a.keys(ctx, true); err != nil {
		return err
	}
	keys, err := a.Books.Keys(ctx)
	if err != nil {
		return err
	}
	for _, k := range keys {
		again, fresh, err := a.Envelope.Rewrap(k.ID, k.Wrapped)
		if err == nil && fresh {
			err = a.Books.ReplaceKey(ctx, Key{ID: k.ID, Wrapped: again})
		}
		if err != nil {
			return err
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.newKeyLocked(ctx)
}

// keepPiece seals a piece, puts it on the shelf and then in the books: a row
// promises a file. A file whose row is missing says in its name, which is under
// its seal, what it is.
func (a *Archive) keepPiece(ctx context.Context, p Piece, sound []byte) error {
	if err := a.keys(ctx, false); err != nil {
		return err
	}
	if len(sound) > 0 {
		id, err := a.fill(ctx, &p, sound)
		if err != nil {
			return fmt.Errorf("piece %d of recording %s: %w", p.N, id, err)
		}
	}
	return a.Books.KeepPiece(ctx, p)
}

func (a *Archive) fill(ctx context.Context, p *Piece, sound []byte) (ID, error) {
	name := nameOf(*p)
	keyID, sealed, err := a.Envelope.Seal(place(name), sound)
	if err != nil {
		return p.Recording, err
	}
	p.File, p.KeyID, p.Size = name+"."+keyID, keyID, int64(len(sealed))
	p.Checksum = checksum(sealed)
	return p.Recording, a.Shelf.Put(ctx, p.File, sealed)
}

func checksum(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// place is what a piece is sealed for.
func place(name string) string { return "recording " + name }

func nameOf(p Piece) string {
	return fmt.Sprintf("%s/%04d-%06d-%d-%d", p.Recording, p.Epoch, p.N, slotOf(p.From), slotOf(p.Len))
}

// parseName reads a file's name; ok is false for what is none of ours.
func parseName(file string) (p Piece, ok bool) {
	id, rest, ok := strings.Cut(file, "/")
	numbers, key, found := strings.Cut(rest, ".")
	parts := strings.Split(numbers, "-")
	if !ok || !found || len(parts) != 4 {
		return p, false
	}
	var n [4]int
	for i, part := range parts {
		var err error
		if n[i], err = strconv.Atoi(part); err != nil || n[i] < 0 {
			return p, false
		}
	}
	p = Piece{Recording: ID(id), Epoch: n[0], N: n[1], From: slot(n[2]).time(), Len: slot(n[3]).time(), File: file, KeyID: key}
	return p, nameOf(p)+"."+key == file
}

// Errors of a piece that is there and is not what it was.
var errDamaged = errors.New("piece was changed")

// open reads a piece's sound. ErrNotThere and errDamaged are final; any other
// error may pass.
func (a *Archive) open(ctx context.Context, p Piece) ([]byte, error) {
	if err := a.keys(ctx, false); err != nil {
		return nil, err
	}
	sealed, err := a.Shelf.Get(ctx, p.File, 0, -1)
	if err != nil {
		return nil, err
	}
	if p.Checksum != "" && checksum(sealed) != p.Checksum {
		return nil, fmt.Errorf("%s: %w", p.File, errDamaged)
	}
	where := place(strings.TrimSuffix(p.File, "."+p.KeyID))
	sound, err := a.Envelope.Open(p.KeyID, where, sealed)
	if errors.Is(err, seal.ErrNoKey) { // rotated by another process
		if err := a.keys(ctx, true); err != nil {
			return nil, err
		}
		sound, err = a.Envelope.Open(p.KeyID, where, sealed)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p.File, errors.Join(errDamaged, err))
	}
	return sound, nil
}

// bytesOf is how much sound a piece has for each channel.
func bytesOf(d time.Duration) int64 { return int64(d/media.FrameTime) * media.FrameBytes }
