package openai

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"softphone/internal/protocol/g711"
	"softphone/internal/protocol/wav"
)

//go:embed voices
var recorded embed.FS

// DefaultVoices are the sentences it understands when given no others.
func DefaultVoices() fs.FS {
	sub, err := fs.Sub(recorded, "voices")
	if err != nil {
		panic(err) // the folder is part of the program
	}
	return sub
}

// maxClip bounds a voice: a minute of 48 kHz stereo.
const maxClip = 60 * 48000 * 4

// voice is a sentence it knows.
type voice struct {
	id, text string
	look     []column
	words    []wordAt
}

// wordAt is a word and where it ends, in columns.
type wordAt struct {
	word string
	end  float64
}

// loadVoices reads a folder: voices.json with mu-law or WAV files, and every
// other WAV file that has a .txt of its name beside it.
func loadVoices(dir fs.FS) ([]voice, error) {
	list, err := listed(dir)
	if err != nil {
		return nil, err
	}
	loose, err := unlisted(dir, list)
	if err != nil {
		return nil, err
	}
	var known []voice
	for _, entry := range append(list, loose...) {
		sound, err := readSound(dir, entry.File)
		if err != nil {
			return nil, fmt.Errorf("read voice %s: %w", entry.ID, err)
		}
		known = append(known, newVoice(entry.ID, entry.Text, sound))
	}
	return known, nil
}

type voiceEntry struct{ ID, Text, File string }

func listed(dir fs.FS) (list []voiceEntry, err error) {
	index, err := fs.ReadFile(dir, "voices.json")
	if err != nil {
		return nil, nil // a folder of WAV and text files needs no list
	}
	if err := json.Unmarshal(index, &list); err != nil {
		return nil, fmt.Errorf("read voices.json: %w", err)
	}
	return list, nil
}

func unlisted(dir fs.FS, list []voiceEntry) ([]voiceEntry, error) {
	files, err := fs.Glob(dir, "*.wav")
	if err != nil {
		return nil, fmt.Errorf("list voices: %w", err)
	}
	var loose []voiceEntry
	for _, file := range files {
		if slices.ContainsFunc(list, func(e voiceEntry) bool { return e.File == file }) {
			continue
		}
		id := strings.TrimSuffix(file, ".wav")
		text, err := fs.ReadFile(dir, id+".txt")
		if err != nil {
			continue // a sound without words teaches nothing
		}
		loose = append(loose, voiceEntry{id, strings.TrimSpace(string(text)), file})
	}
	return loose, nil
}

func readSound(dir fs.FS, file string) ([]int16, error) {
	if path.Ext(file) != ".wav" {
		coded, err := fs.ReadFile(dir, file)
		if err != nil {
			return nil, err
		}
		sound := make([]int16, len(coded))
		g711.DecodeTo(sound, coded)
		return sound, nil
	}
	f, err := dir.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	clip, err := wav.ReadClip(f, maxClip)
	if err != nil {
		return nil, err
	}
	return resampled(linear(clip), clip.Format.Rate), nil
}

// linear returns the first channel of a clip.
func linear(c wav.Clip) []int16 {
	size := c.Format.FrameBytes()
	sound := make([]int16, len(c.Sound)/size)
	for i := range sound {
		b := c.Sound[i*size:]
		if c.Format.Tag == wav.MuLaw {
			sound[i] = g711.Decode(b[0])
		} else {
			sound[i] = int16(uint16(b[0]) | uint16(b[1])<<8)
		}
	}
	return sound
}

// resampled returns sound at 8 kHz, each sample the mean of those it replaces,
// which keeps most of what is above the telephone's band out of it.
func resampled(sound []int16, from int) []int16 {
	if from == rate {
		return sound
	}
	out := make([]int16, len(sound)*rate/from)
	for i := range out {
		a := i * from / rate
		b := min(max((i+1)*from/rate, a+1), len(sound))
		sum := 0
		for _, s := range sound[a:b] {
			sum += int(s)
		}
		out[i] = int16(sum / max(b-a, 1))
	}
	return out
}

// newVoice spreads the words over the time in which something is said.
func newVoice(id, text string, sound []int16) voice {
	look := trimmed(picture(nil, sound))
	from, to := spoken(look)
	v := voice{id: id, text: text, look: look[from:to]}
	words := strings.Fields(text)
	letters, seen := len(strings.Join(words, "")), 0
	for _, w := range words {
		seen += len(w)
		v.words = append(v.words, wordAt{w, float64(to-from) * float64(seen) / float64(letters)})
	}
	return v
}

// spoken cuts the silence off both ends.
func spoken(p []column) (from, to int) {
	peak := 0.0
	for _, c := range p {
		peak = max(peak, c.loud)
	}
	for to = len(p); to > 0 && p[to-1].loud < peak-fadeout; to-- {
	}
	for from < to && p[from].loud < peak-fadeout {
		from++
	}
	return from, to
}
