package shelf

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"softphone/internal/phone/recording"
)

// Disk is a folder. A piece is written beside its place, synced and renamed, so
// that it is there whole or not at all, also after a power cut.
type Disk struct {
	dir string
	// create is os.CreateTemp; a test's disk fills up in it.
	create func(dir, pattern string) (file, error)
}

type file interface {
	io.WriteCloser
	Sync() error
	Name() string
}

var _ recording.Shelf = (*Disk)(nil)

// NewDisk keeps pieces in a folder, which is made when the first one comes.
func NewDisk(dir string) *Disk {
	return &Disk{dir: dir, create: func(dir, pattern string) (file, error) { return os.CreateTemp(dir, pattern) }}
}

// unfinished begins the names of files that are being written. After a crash
// they mean nothing.
const unfinished = ".new-"

// Put implements recording.Shelf.
func (d *Disk) Put(ctx context.Context, name string, body []byte) error {
	if err := errors.Join(check(name), ctx.Err()); err != nil {
		return err
	}
	if err := d.put(filepath.Join(d.dir, filepath.FromSlash(name)), body); err != nil {
		return fmt.Errorf("keep piece %s: %w", name, full(err))
	}
	return nil
}

func (d *Disk) put(to string, body []byte) error {
	dir := filepath.Dir(to)
	if err := d.makeDir(dir); err != nil {
		return err
	}
	f, err := d.create(dir, unfinished)
	if err != nil {
		return err
	}
	_, err = f.Write(body)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), to)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name())) // what is left of it takes room
	}
	return syncDir(dir)
}

// makeDir makes a folder that survives a power cut: its entry is synced too.
func (d *Disk) makeDir(dir string) error {
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return syncDir(filepath.Dir(dir))
}

func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// full says it in the words of the phone when there is no room.
func full(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return fmt.Errorf("%w: %w", recording.ErrFull, err)
	}
	return err
}

// Get implements recording.Shelf.
func (d *Disk) Get(_ context.Context, name string, from, n int64) ([]byte, error) {
	if err := check(name); err != nil {
		return nil, err
	}
	f, err := os.Open(filepath.Join(d.dir, filepath.FromSlash(name)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", name, recording.ErrNotThere)
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if _, err := f.Seek(from, io.SeekStart); err != nil {
		return nil, err
	}
	if n < 0 {
		return io.ReadAll(f)
	}
	return io.ReadAll(io.LimitReader(f, n))
}

// Delete implements recording.Shelf, and removes the folder that it empties.
func (d *Disk) Delete(_ context.Context, name string) error {
	if err := check(name); err != nil {
		return err
	}
	at := filepath.Join(d.dir, filepath.FromSlash(name))
	if err := os.Remove(at); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if dir := filepath.Dir(at); dir != filepath.Clean(d.dir) {
		_ = os.Remove(dir) // not empty: another piece is in it
	}
	return nil
}

// List implements recording.Shelf.
func (d *Disk) List(_ context.Context, prefix string) ([]string, error) {
	folder := path.Dir(prefix + "x")
	if folder != "." {
		if err := check(folder); err != nil {
			return nil, err
		}
	}
	var names []string
	err := filepath.WalkDir(filepath.Join(d.dir, filepath.FromSlash(folder)), func(at string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || strings.HasPrefix(e.Name(), unfinished) {
			return err
		}
		name, err := filepath.Rel(d.dir, at)
		if name = filepath.ToSlash(name); strings.HasPrefix(name, prefix) {
			names = append(names, name)
		}
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	slices.Sort(names)
	return names, err
}
