package wav

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"
)

// maxChunks and maxSkip bound what a reader looks at before the sound: real
// files have a handful of small chunks (names, cue points) there.
const (
	maxChunks = 64
	maxSkip   = 1 << 20
)

// Reader reads the sound of one file; Read gives raw bytes in Format and
// io.EOF after the last whole instant.
type Reader struct {
	Format Format
	// Size is the number of bytes of sound the header promises, -1 when the
	// file was still growing. What is missing from the end is no error.
	Size int64
	data io.Reader
}

// NewReader reads up to the beginning of the sound.
func NewReader(r io.Reader) (*Reader, error) {
	var head [12]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, fmt.Errorf("%w: no RIFF header: %w", ErrFormat, err)
	}
	if string(head[:4]) != "RIFF" || string(head[8:]) != "WAVE" {
		return nil, fmt.Errorf("%w: no RIFF WAVE header", ErrFormat)
	}
	return (&scan{r: r}).toData()
}

// scan walks the chunks of a file.
type scan struct {
	r       io.Reader
	format  Format
	known   bool
	skipped int64
}

func (s *scan) toData() (*Reader, error) {
	for range maxChunks {
		id, size, err := s.chunk()
		if err != nil {
			return nil, err
		}
		switch id {
		case "fmt ":
			err = s.readFormat(size)
		case "data":
			return s.open(size)
		default:
			err = s.skip(int64(size) + int64(size&1))
		}
		if err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("%w: more than %d chunks before the sound", ErrFormat, maxChunks)
}

func (s *scan) chunk() (id string, size uint32, err error) {
	var head [8]byte
	if _, err := io.ReadFull(s.r, head[:]); err != nil {
		return "", 0, fmt.Errorf("%w: ends before the sound: %w", ErrFormat, err)
	}
	return string(head[:4]), binary.LittleEndian.Uint32(head[4:]), nil
}

func (s *scan) readFormat(size uint32) error {
	if s.known || size < 16 || size > 64 {
		return fmt.Errorf("%w: format chunk of %d bytes", ErrFormat, size)
	}
	body := make([]byte, size+size&1)
	if _, err := io.ReadFull(s.r, body); err != nil {
		return fmt.Errorf("%w: format chunk cut short: %w", ErrFormat, err)
	}
	s.known = true
	return s.parseFormat(body)
}

func (s *scan) parseFormat(b []byte) error {
	le := binary.LittleEndian
	s.format = Format{
		Tag:      int(le.Uint16(b)),
		Channels: int(le.Uint16(b[2:])),
		Rate:     int(le.Uint32(b[4:])),
	}
	if err := s.format.check(); err != nil {
		return err
	}
	align, bits := int(le.Uint16(b[12:])), int(le.Uint16(b[14:]))
	if align != s.format.FrameBytes() || bits != 8*s.format.SampleBytes() {
		return fmt.Errorf("%w: %d bits in blocks of %d bytes", ErrFormat, bits, align)
	}
	return nil
}

func (s *scan) skip(n int64) error {
	if s.skipped += n; s.skipped > maxSkip {
		return fmt.Errorf("%w: sound does not begin within %d bytes", ErrFormat, maxSkip)
	}
	if _, err := io.CopyN(io.Discard, s.r, n); err != nil {
		return fmt.Errorf("%w: chunk cut short: %w", ErrFormat, err)
	}
	return nil
}

func (s *scan) open(size uint32) (*Reader, error) {
	if !s.known {
		return nil, fmt.Errorf("%w: sound before its format", ErrFormat)
	}
	if size == Unknown {
		return &Reader{Format: s.format, Size: -1, data: s.r}, nil
	}
	return &Reader{Format: s.format, Size: int64(size), data: io.LimitReader(s.r, int64(size))}, nil
}

// Read gives the next sound.
func (r *Reader) Read(p []byte) (int, error) { return r.data.Read(p) }

// Clip is a short piece of sound held in memory.
type Clip struct {
	Format Format
	Sound  []byte // whole instants only
}

// Duration returns how long the clip lasts.
func (c Clip) Duration() time.Duration { return c.Format.Duration(int64(len(c.Sound))) }

// ErrTooLong says that a file has more sound than the caller would take.
var ErrTooLong = errors.New("sound is too long")

// ReadClip reads a whole file with at most limit bytes of sound.
func ReadClip(r io.Reader, limit int64) (Clip, error) {
	in, err := NewReader(r)
	if err != nil {
		return Clip{}, err
	}
	sound, err := io.ReadAll(io.LimitReader(in, limit+1))
	if err != nil {
		return Clip{}, fmt.Errorf("read WAV sound: %w", err)
	}
	if int64(len(sound)) > limit {
		return Clip{}, fmt.Errorf("%w: more than %d bytes", ErrTooLong, limit)
	}
	whole := len(sound) - len(sound)%in.Format.FrameBytes()
	return Clip{Format: in.Format, Sound: sound[:whole]}, nil
}
