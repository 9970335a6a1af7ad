package shelf

import (
	"bytes"
	"errors"
	"os"
	"syscall"
	"testing"

	"softphone/internal/phone/recording"
)

// crammed is a file on a disk with room for some bytes.
type crammed struct {
	*os.File
	room *int
}

func (c crammed) Write(b []byte) (int, error) {
	n := min(len(b), *c.room)
	*c.room -= n
	if n, err := c.File.Write(b[:n]); err != nil || n < len(b) {
		return n, errors.Join(err, syscall.ENOSPC)
	}
	return len(b), nil
}

func TestAFullDiskRefusesClearlyAndRecovers(t *testing.T) {
	room, dir := 250, t.TempDir()
	d := NewDisk(dir)
	d.create = func(dir, pattern string) (file, error) {
		f, err := os.CreateTemp(dir, pattern)
		return crammed{f, &room}, err
	}
	fillUp(t, d, func() { room = 1000 }, 100)
}

// The same on a real one, where the machine lets us make it.
func TestARealFullDiskRefusesClearlyAndRecovers(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=256k"); err != nil {
		t.Skip("no right to mount:", err) // the test above has said the same of our code
	}
	defer func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	}()
	ballast := dir + "/ballast"
	if err := os.WriteFile(ballast, make([]byte, 60<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	fillUp(t, NewDisk(dir), func() {
		if err := os.Remove(ballast); err != nil {
			t.Error(err)
		}
	}, 40<<10)
}

// fillUp puts pieces until the disk is full, frees some and puts one more.
func fillUp(t *testing.T, d *Disk, free func(), size int) {
	t.Helper()
	body := bytes.Repeat([]byte{1}, size)
	var kept []string
	var err error
	for i := range 20 {
		name := "r1/" + string(rune('a'+i))
		if err = d.Put(t.Context(), name, body); err != nil {
			break
		}
		kept = append(kept, name)
	}
	if !errors.Is(err, recording.ErrFull) {
		t.Fatalf("a full disk says %v, want ErrFull", err)
	}
	names, err := d.List(t.Context(), "r1/")
	if err != nil || len(names) != len(kept) || len(kept) == 0 {
		t.Errorf("%d pieces are there, %v; %d were kept", len(names), err, len(kept))
	}
	left, err := os.ReadDir(d.dir + "/r1")
	if err != nil || len(left) != len(kept) {
		t.Errorf("%d files, %v; the refused one is to leave nothing", len(left), err)
	}
	free()
	if err := d.Put(t.Context(), "r1/z", body); err != nil {
		t.Errorf("with room again: %v", err)
	}
	for _, name := range append(kept, "r1/z") {
		if got, err := d.Get(t.Context(), name, 0, -1); err != nil || !bytes.Equal(got, body) {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
	}
}
