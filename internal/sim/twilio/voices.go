package twilio

import (
	"embed"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"

	"softphone/internal/protocol/g711"
	"softphone/internal/protocol/wav"
)

//go:embed voices
var recorded embed.FS

// Voice is something a person can say.
type Voice struct {
	ID   string `json:"id"`
	Text string `json:"text"`
	File string `json:"file"`
}

// maxClip bounds a sound file: ten minutes.
const maxClip = 10 * 60 * g711.Rate * 2

// voices are the recorded sentences, and files by path.
type voices struct {
	list  []Voice
	mu    sync.Mutex
	sound map[string][]byte // by id or path, mu-law
}

func loadVoices() (*voices, error) {
	v := &voices{sound: map[string][]byte{}}
	index, err := recorded.ReadFile("voices/voices.json")
	if err != nil {
		return nil, fmt.Errorf("read list of voices: %w", err)
	}
	if err := json.Unmarshal(index, &v.list); err != nil {
		return nil, fmt.Errorf("read list of voices: %w", err)
	}
	for _, voice := range v.list {
		if v.sound[voice.ID], err = recorded.ReadFile("voices/" + voice.File); err != nil {
			return nil, fmt.Errorf("read voice %s: %w", voice.ID, err)
		}
	}
	return v, nil
}

// dialogue is what the default person says: the customer's sentences, and
// goodbye.
func (v *voices) dialogue() []Turn {
	var turns []Turn
	for _, voice := range v.list {
		if strings.HasPrefix(voice.ID, "customer-") {
			turns = append(turns, Turn{Say: voice.ID})
		}
	}
	return append(turns, Turn{HangUp: true})
}

// clip returns the sound of a voice or of a WAV file.
func (v *voices) clip(id string) ([]byte, error) {
	v.mu.Lock()
	sound, ok := v.sound[id]
	v.mu.Unlock()
	if ok {
		return sound, nil
	}
	return v.file(id)
}

// all returns every sound that was used so far, as voice:ID.
func (v *voices) all() map[string][]byte {
	v.mu.Lock()
	defer v.mu.Unlock()
	sounds := map[string][]byte{}
	for id, sound := range v.sound {
		if len(sound) >= 2*shapeWindow {
			sounds["voice:"+id] = sound
		}
	}
	return sounds
}

func (v *voices) file(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open sound: %w", err)
	}
	defer f.Close()
	clip, err := wav.ReadClip(f, maxClip)
	if err != nil {
		return nil, fmt.Errorf("read sound %s: %w", path, err)
	}
	sound := toPhone(clip)
	v.mu.Lock()
	defer v.mu.Unlock()
	v.sound[path] = sound
	return sound, nil
}

// toPhone returns a clip as mu-law at 8 kHz, of its first channel. Other rates
// are interpolated, which is good enough for a telephone.
func toPhone(c wav.Clip) []byte {
	instants := len(c.Sound) / c.Format.FrameBytes()
	sound := make([]byte, instants*g711.Rate/c.Format.Rate)
	for i := range sound {
		at := float64(i) * float64(c.Format.Rate) / g711.Rate
		whole := int(at)
		a, b := sampleAt(c, whole), sampleAt(c, min(whole+1, instants-1))
		sound[i] = g711.Encode(int16(a + (b-a)*(at-float64(whole))))
	}
	return sound
}

func sampleAt(c wav.Clip, instant int) float64 {
	at := instant * c.Format.FrameBytes()
	if c.Format.Tag == wav.MuLaw {
		return float64(g711.Decode(c.Sound[at]))
	}
	return float64(int16(uint16(c.Sound[at]) | uint16(c.Sound[at+1])<<8))
}
