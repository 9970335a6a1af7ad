package wav_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"softphone/internal/protocol/wav"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// TestHeaders holds the bytes of Microsoft's "Multimedia Programming Interface
// and Data Specifications 1.0", chapter "WAVE", and its 1994 revision for
// formats other than PCM (extension size and fact chunk).
func TestHeaders(t *testing.T) {
	for name, c := range map[string]struct {
		format wav.Format
		want   string
	}{
		"mu-law stereo": {wav.Phone(2), "RIFF\x3a\x00\x00\x00WAVE" +
			"fmt \x12\x00\x00\x00\x07\x00\x02\x00\x40\x1f\x00\x00\x80\x3e\x00\x00\x02\x00\x08\x00\x00\x00" +
			"fact\x04\x00\x00\x00\x04\x00\x00\x00data\x08\x00\x00\x00abcdefgh"},
		"PCM mono": {wav.Format{Tag: wav.PCM, Channels: 1, Rate: 8000}, "RIFF\x2c\x00\x00\x00WAVE" +
			"fmt \x10\x00\x00\x00\x01\x00\x01\x00\x40\x1f\x00\x00\x80\x3e\x00\x00\x02\x00\x10\x00" +
			"data\x08\x00\x00\x00abcdefgh"},
	} {
		if diff := cmp.Diff(string(wav.Append(nil, c.format, []byte("abcdefgh"))), c.want); diff != "" {
			t.Errorf("%s (-got +want):\n%s", name, diff)
		}
	}
}

func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		format := wav.Format{
			Tag:      rapid.SampledFrom([]int{wav.PCM, wav.MuLaw}).Draw(t, "tag"),
			Channels: rapid.IntRange(1, 2).Draw(t, "channels"),
			Rate:     rapid.SampledFrom([]int{8000, 24000, 48000}).Draw(t, "rate"),
		}
		sound := rapid.SliceOfN(rapid.Byte(), 0, 500).Draw(t, "sound")
		sound = sound[:len(sound)-len(sound)%format.FrameBytes()]
		got, err := wav.ReadClip(bytes.NewReader(wav.Append(nil, format, sound)), 500)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(got, wav.Clip{Format: format, Sound: sound}); diff != "" {
			t.Fatalf("(-got +want):\n%s", diff)
		}
	})
}

func TestFileWrittenAsItArrives(t *testing.T) {
	path := filepath.Join(t.TempDir(), "call.wav")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w, err := wav.NewWriter(f, wav.Phone(1))
	if err != nil {
		t.Fatal(err)
	}
	for range 51 {
		if _, err := w.Write(bytes.Repeat([]byte{0x55}, 161)); err != nil {
			t.Fatal(err)
		}
	}
	growing := readFile(t, path)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	closed := readFile(t, path)
	if diff := cmp.Diff(growing, closed); diff != "" {
		t.Errorf("sound of the growing and the closed file differ:\n%s", diff)
	}
	if got, want := closed.Duration(), 51*161*time.Second/8000; got != want {
		t.Errorf("duration = %v, want %v", got, want)
	}
}

func readFile(t *testing.T, path string) wav.Clip {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	clip, err := wav.ReadClip(f, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	return clip
}

func TestOtherChunksAreSkipped(t *testing.T) {
	file := wav.Append(nil, wav.Phone(1), []byte("sound!"))
	list := append([]byte("LIST\x05\x00\x00\x00INFOx"), 0)
	file = append(file[:12:12], append(list, file[12:]...)...)
	got, err := wav.ReadClip(bytes.NewReader(file), 100)
	if err != nil {
		t.Fatal(err)
	}
	if string(got.Sound) != "sound!" {
		t.Errorf("sound = %q, want %q", got.Sound, "sound!")
	}
}

func TestRefusals(t *testing.T) {
	good := wav.Append(nil, wav.Phone(2), make([]byte, 400))
	change := func(at int, b ...byte) []byte {
		bad := bytes.Clone(good)
		copy(bad[at:], b)
		return bad
	}
	for name, file := range map[string][]byte{
		"empty":              nil,
		"not RIFF":           change(0, []byte("RIFX")...),
		"not WAVE":           change(8, []byte("AVI ")...),
		"A-law":              change(20, 6),
		"no channels":        change(22, 0),
		"three channels":     change(22, 3),
		"rate zero":          change(24, 0, 0),
		"huge rate":          change(24, 255, 255, 255, 255),
		"sixteen bits":       change(34, 16),
		"format of 2 GB":     change(16, 255, 255, 255, 127),
		"sound first":        []byte("RIFF\x10\x00\x00\x00WAVEdata\x04\x00\x00\x00abcd"),
		"long first chunk":   []byte("RIFF\x10\x00\x00\x00WAVEjunk\xff\xff\xff\x7fabcd"),
		"ends in the header": good[:40],
	} {
		if _, err := wav.ReadClip(bytes.NewReader(file), 1000); !errors.Is(err, wav.ErrFormat) {
			t.Errorf("%s: error = %v, want ErrFormat", name, err)
		}
	}
	if _, err := wav.ReadClip(bytes.NewReader(good), 399); !errors.Is(err, wav.ErrTooLong) {
		t.Errorf("one byte too long: error = %v, want ErrTooLong", err)
	}
}

func TestStereo(t *testing.T) {
	got := wav.Stereo(nil, []byte{1, 2, 3}, []byte{9})
	if diff := cmp.Diff(got, []byte{1, 9, 2, 0xFF, 3, 0xFF}); diff != "" {
		t.Errorf("(-got +want):\n%s", diff)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(wav.Append(nil, wav.Phone(2), []byte("abcdef")))
	f.Add(wav.Append(nil, wav.Format{Tag: wav.PCM, Channels: 1, Rate: 24000}, []byte("abcdef")))
	f.Fuzz(func(t *testing.T, file []byte) {
		clip, err := wav.ReadClip(bytes.NewReader(file), 1<<16)
		if err != nil {
			return
		}
		if len(clip.Sound) > len(file) {
			t.Fatalf("%d bytes of sound in a file of %d", len(clip.Sound), len(file))
		}
		again, err := wav.ReadClip(bytes.NewReader(wav.Append(nil, clip.Format, clip.Sound)), 1<<16)
		if err != nil || !cmp.Equal(again, clip) {
			t.Fatalf("written again it reads as %v, %v, want %v", again, err, clip)
		}
	})
}
