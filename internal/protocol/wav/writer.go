package wav

import (
	"fmt"
	"io"
	"time"
)

// Writer writes one file as the sound arrives. It belongs to one goroutine.
type Writer struct {
	w       io.Writer
	format  Format
	written uint64
}

// NewWriter writes a header with open sizes to w. A file whose program dies
// keeps it, and players, and our Reader, play it to its end.
func NewWriter(w io.Writer, f Format) (*Writer, error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	if _, err := w.Write(AppendHeader(nil, f, Unknown)); err != nil {
		return nil, fmt.Errorf("write WAV header: %w", err)
	}
	return &Writer{w: w, format: f}, nil
}

// Write appends sound in the file's format.
func (w *Writer) Write(sound []byte) (int, error) {
	n, err := w.w.Write(sound)
	w.written += uint64(n)
	return n, err
}

// Duration returns how much sound was written.
func (w *Writer) Duration() time.Duration { return w.format.Duration(int64(w.written)) }

// Close pads the last chunk to an even length and, where w can seek, writes
// the true sizes. It does not close w.
func (w *Writer) Close() error {
	if w.written%2 == 1 {
		if _, err := w.w.Write([]byte{0}); err != nil {
			return fmt.Errorf("pad WAV data: %w", err)
		}
	}
	s, ok := w.w.(io.Seeker)
	if !ok || w.written >= Unknown {
		return nil
	}
	return w.patch(s)
}

func (w *Writer) patch(s io.Seeker) error {
	if _, err := s.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("return to WAV header: %w", err)
	}
	if _, err := w.w.Write(AppendHeader(nil, w.format, uint32(w.written))); err != nil {
		return fmt.Errorf("write WAV sizes: %w", err)
	}
	if _, err := s.Seek(0, io.SeekEnd); err != nil {
		return fmt.Errorf("leave WAV header: %w", err)
	}
	return nil
}

// Append appends a whole file of the given sound to dst.
func Append(dst []byte, f Format, sound []byte) []byte {
	dst = append(AppendHeader(dst, f, uint32(len(sound))), sound...)
	if len(sound)%2 == 1 {
		dst = append(dst, 0)
	}
	return dst
}

// Stereo interleaves two mono mu-law sides into dst, the first on the left; the
// shorter one is filled up with silence.
func Stereo(dst, left, right []byte) []byte {
	for i := range max(len(left), len(right)) {
		dst = append(dst, at(left, i), at(right, i))
	}
	return dst
}

func at(side []byte, i int) byte {
	if i < len(side) {
		return side[i]
	}
	return 0xFF // mu-law silence
}
