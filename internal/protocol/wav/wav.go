// Package wav reads and writes RIFF WAVE files of telephone sound: G.711
// mu-law (format tag 7) and 16-bit linear PCM (tag 1), one or two channels.
// Recordings, voices and what simulated people heard are kept in it.
//
// The one rule: a file from outside is a stranger. The reader believes no size
// it has not checked, allocates nothing by what a header says, and refuses what
// it does not know.
package wav

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

// Format tags of Microsoft's Multimedia Programming Interface, "WAVE format
// registration".
const (
	PCM   = 1
	MuLaw = 7
)

// ErrFormat is wrapped by every refusal of a file.
var ErrFormat = errors.New("not a WAV file of telephone sound")

// Format says what the bytes of a file mean.
type Format struct {
	Tag      int // PCM or MuLaw
	Channels int // 1, or 2 for both sides of a call
	Rate     int // samples a second of one channel
}

// Phone is the format of a recording: mu-law at 8 kHz.
func Phone(channels int) Format { return Format{Tag: MuLaw, Channels: channels, Rate: 8000} }

// SampleBytes returns the size of one sample of one channel.
func (f Format) SampleBytes() int {
	if f.Tag == PCM {
		return 2
	}
	return 1
}

// FrameBytes returns the size of one instant: a sample of every channel.
func (f Format) FrameBytes() int { return f.SampleBytes() * f.Channels }

// Duration returns how long n bytes of sound last.
func (f Format) Duration(n int64) time.Duration {
	instants := n / int64(f.FrameBytes())
	whole, part := instants/int64(f.Rate), instants%int64(f.Rate)
	return time.Duration(whole)*time.Second + time.Duration(part)*time.Second/time.Duration(f.Rate)
}

func (f Format) check() error {
	switch {
	case f.Tag != PCM && f.Tag != MuLaw:
		return fmt.Errorf("%w: format tag %d", ErrFormat, f.Tag)
	case f.Channels < 1 || f.Channels > 2:
		return fmt.Errorf("%w: %d channels", ErrFormat, f.Channels)
	case f.Rate < 1000 || f.Rate > 192_000:
		return fmt.Errorf("%w: %d samples a second", ErrFormat, f.Rate)
	}
	return nil
}

// Unknown is the data size of a file that is still growing.
const Unknown = 0xFFFFFFFF

// AppendHeader appends everything that comes before the sound. size is the
// number of bytes of sound, Unknown while nobody knows.
func AppendHeader(dst []byte, f Format, size uint32) []byte {
	le := binary.LittleEndian
	dst = append(dst, "RIFF"...)
	dst = le.AppendUint32(dst, riffSize(f, size))
	dst = append(dst, "WAVEfmt "...)
	dst = le.AppendUint32(dst, fmtSize(f))
	dst = le.AppendUint16(dst, uint16(f.Tag))
	dst = le.AppendUint16(dst, uint16(f.Channels))
	dst = le.AppendUint32(dst, uint32(f.Rate))
	dst = le.AppendUint32(dst, uint32(f.Rate*f.FrameBytes()))
	dst = le.AppendUint16(dst, uint16(f.FrameBytes()))
	dst = le.AppendUint16(dst, uint16(8*f.SampleBytes()))
	if f.Tag != PCM {
		dst = appendFact(dst, f, size)
	}
	dst = append(dst, "data"...)
	return le.AppendUint32(dst, size)
}

// appendFact ends the format chunk with an empty extension and adds the chunk
// with the number of samples: both are demanded of formats other than PCM.
func appendFact(dst []byte, f Format, size uint32) []byte {
	le := binary.LittleEndian
	dst = le.AppendUint16(dst, 0)
	dst = append(dst, "fact"...)
	dst = le.AppendUint32(dst, 4)
	if size == Unknown {
		return le.AppendUint32(dst, Unknown)
	}
	return le.AppendUint32(dst, size/uint32(f.FrameBytes()))
}

func fmtSize(f Format) uint32 {
	if f.Tag == PCM {
		return 16
	}
	return 18
}

// headerSize is the length of what AppendHeader writes.
func headerSize(f Format) uint32 {
	if f.Tag == PCM {
		return 44
	}
	return 58
}

func riffSize(f Format, size uint32) uint32 {
	whole := uint64(size) + uint64(size&1) + uint64(headerSize(f)) - 8
	return uint32(min(whole, Unknown))
}
