package twilio

import (
	"fmt"
	"maps"
	"math"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"softphone/internal/protocol/g711"
	"softphone/internal/protocol/wav"
)

// Heard is what a person heard, or said, piece by piece, so that a test can say
// "music from here to there, then the voice of that one".
type Heard struct {
	Call     string    `json:"call"`
	Start    time.Time `json:"start"`
	Segments []Segment `json:"segments"`
}

// Segment is a time in which the same things were heard.
type Segment struct {
	FromMs int     `json:"fromMs"` // since Start
	ToMs   int     `json:"toMs"`
	Level  float64 `json:"level"` // dBm0, of the loudest 0.2 s
	// What is one or more of: silence, voice:ID (a voice or a file people have),
	// sound:NAME (one that was taught), music and ringback (Twilio's own),
	// key:DIGIT, tone:HERTZ, and sound, which is something else.
	What []string `json:"what"`
}

// silent is what counts as silence, in dBm0.
const silent = -55

// sounds are those that can be recognised.
type sounds struct {
	mu    sync.Mutex
	known []*shape
}

// teach makes a sound known under a name; it takes the place of one of the same
// name.
func (s *sounds) teach(name string, sound []byte) {
	taught := newShape(name, halved(sound))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.known = slices.DeleteFunc(slices.Clone(s.known), func(old *shape) bool { return old.name == name })
	s.known = append(s.known, taught)
}

func (s *sounds) all() []*shape {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.known
}

// learn makes Twilio's own sounds known, and whatever voice or file a person has
// used so far.
func (s *Sim) learn() {
	known := map[string]bool{}
	for _, k := range s.sounds.all() {
		known[k.name] = true
	}
	heard := s.voices.all()
	for name, sound := range map[string][]byte{
		"music":    append(slices.Clone(music()), music()[:g711.Rate]...), // it goes round
		"ringback": ringback(),
	} {
		heard[name] = sound
	}
	for _, name := range slices.Sorted(maps.Keys(heard)) {
		if !known[name] {
			s.sounds.teach(name, heard[name])
		}
	}
}

// halved returns the samples at half the rate, each the mean of two: enough to
// recognise a voice by, at a quarter of the work.
func halved(sound []byte) []float64 {
	samples := make([]float64, len(sound)/2)
	for i := range samples {
		samples[i] = float64(g711.Decode(sound[2*i])) + float64(g711.Decode(sound[2*i+1]))
	}
	return samples
}

// listener goes through a sound and remembers where in which known sound it is.
type listener struct {
	known []*shape
	where map[*shape]int // where the next window is expected
}

// listen cuts a sound into segments.
func (s *Sim) listen(sound []byte) []Segment {
	s.learn()
	l := &listener{known: s.sounds.all(), where: map[*shape]int{}}
	list := []Segment{}
	const window = 2 * shapeWindow // bytes
	for at := 0; at+window <= len(sound); at += window {
		piece := sound[at : at+window]
		level, what := g711.Level(piece), l.hear(piece)
		from, to := at*1000/g711.Rate, (at+window)*1000/g711.Rate
		if n := len(list); n > 0 && slices.Equal(list[n-1].What, what) {
			list[n-1].ToMs, list[n-1].Level = to, max(list[n-1].Level, level)
			continue
		}
		list = append(list, Segment{from, to, level, what})
	}
	return list
}

// hear names what is in a window.
func (l *listener) hear(piece []byte) []string {
	if g711.Level(piece) < silent {
		clear(l.where)
		return []string{"silence"}
	}
	if key := keysIn(piece); key != 0 {
		return []string{"key:" + string(key)}
	}
	window := halved(piece)
	if what := l.recognise(window); len(what) > 0 {
		return what
	}
	if tones := partials(window, g711.Rate/2); tones != nil {
		var what []string
		for _, f := range tones {
			what = append(what, fmt.Sprintf("tone:%d", 10*int(math.Round(f/10))))
		}
		return what
	}
	return []string{"sound"}
}

func keysIn(piece []byte) byte {
	count := map[byte]int{}
	for at := 0; at+frameBytes <= len(piece); at += frameBytes {
		if key := keyIn(piece[at : at+frameBytes]); key != 0 {
			if count[key]++; count[key] >= 3 {
				return key
			}
		}
	}
	return 0
}

// recognise finds known sounds: where they are expected first, then everywhere.
func (l *listener) recognise(window []float64) []string {
	energy := 0.0
	for _, v := range window {
		energy += v * v
	}
	var what []string
	next, best := map[*shape]int{}, 0.0
	for s, place := range l.where {
		for shift := -2; shift <= 2; shift++ {
			like := s.at(place+shift, window, energy)
			if best = max(best, like); like >= shapeLike {
				next[s] = place + shift + shapeWindow
			}
		}
	}
	if best < shapeAlone { // something else may have begun
		l.search(window, energy, next)
	}
	for s := range next {
		what = append(what, s.name)
	}
	l.where = next
	slices.Sort(what)
	return what
}

func (l *listener) search(window []float64, energy float64, found map[*shape]int) {
	spectrum := make([]complex128, shapeBlock)
	for i, v := range window {
		spectrum[i] = complex(v, 0)
	}
	fft(spectrum, false)
	for _, s := range l.known {
		if place, like := s.find(spectrum, energy); like >= shapeLike {
			found[s] = place + shapeWindow
		}
	}
}

// serveHeard is GET /control/calls/{sid}/heard.json and said.json.
func (s *Sim) serveHeard(l *line, w http.ResponseWriter, r *http.Request) {
	heard, said := l.sounds()
	if r.PathValue("what") == "said.json" {
		heard = said
	}
	writeJSON(w, http.StatusOK, Heard{Call: l.call.sid, Start: l.timeline().Start, Segments: s.listen(heard)})
}

// serveTeach is PUT /control/sounds/{name}: the WAV file of the body is known
// from now on as sound:NAME.
func (s *Sim) serveTeach(w http.ResponseWriter, r *http.Request) {
	sound, err := readSound(http.MaxBytesReader(w, r.Body, maxClip))
	if err == nil && len(sound) < 2*shapeWindow {
		err = fmt.Errorf("the sound is shorter than 0.2 s")
	}
	if err != nil {
		refuseJSON(w, err)
		return
	}
	s.sounds.teach("sound:"+strings.TrimPrefix(r.PathValue("name"), "sound:"), sound)
	w.WriteHeader(http.StatusNoContent)
}

// ToneLevel returns the level of one frequency in a sound, in dBm0.
func ToneLevel(sound []byte, frequency float64) float64 {
	if len(sound) == 0 {
		return g711.Quiet
	}
	energy := goertzel(sound, frequency)
	if energy <= 0 {
		return g711.Quiet
	}
	// A sine of level 3.17 dBm0 has the peak full.
	return max(g711.Quiet, 10*math.Log10(energy/(full*full/2))+3.17)
}

// ToneFile returns a WAV file of one frequency, for tests that give people
// something to hear.
func ToneFile(d time.Duration, frequency float64) []byte {
	return wav.Append(nil, wav.Phone(1), mixed(d, toneLevel, frequency))
}
