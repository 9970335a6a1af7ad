package twilio

import (
	"os"
	"testing"
	"time"

	"softphone/internal/protocol/g711"

	"github.com/google/go-cmp/cmp"
)

// TestEveryKeyIsHeard plays all keys at several levels and offsets.
func TestEveryKeyIsHeard(t *testing.T) {
	for _, offset := range []int{0, 37, 80, 121} {
		sound := append(silence(time.Duration(offset)*time.Second/g711.Rate), keyTones(keypad+"55")...)
		if got := heardKeys(sound); got != keypad+"55" {
			t.Errorf("with %d samples before: heard %q, want %q", offset, got, keypad+"55")
		}
	}
	for _, level := range []float64{-3, -25} {
		sound := append(mixed(60*time.Millisecond, level, rows[1], columns[2]), silence(60*time.Millisecond)...)
		if got := heardKeys(sound); got != "6" {
			t.Errorf("key 6 at %.0f dBm0 is heard as %q", level, got)
		}
	}
}

func heardKeys(sound []byte) string {
	var ear digitEar
	keys := ""
	for len(sound) >= frameBytes {
		if key, ok := ear.hear(sound[:frameBytes]); ok {
			keys += string(key)
		}
		sound = sound[frameBytes:]
	}
	return keys
}

// TestSpeechIsNoKey listens to every recorded voice, single tones, tones of
// unequal loudness and a short key.
func TestSpeechIsNoKey(t *testing.T) {
	v, err := loadVoices()
	if err != nil {
		t.Fatal(err)
	}
	sounds := map[string][]byte{
		"one tone": mixed(time.Second, -9, 697), "1 kHz": mixed(time.Second, -9, 1000),
		"too short": append(mixed(20*time.Millisecond, -9, 697, 1209), silence(time.Second)...),
		"too quiet": mixed(time.Second, -45, 697, 1209), "say": spoken("a long sentence of the machine"),
	}
	for _, voice := range v.list {
		sounds[voice.ID] = v.sound[voice.ID]
	}
	if len(v.list) < 4 {
		t.Errorf("%d voices, want the four of the dialogue", len(v.list))
	}
	for name, sound := range sounds {
		if got := heardKeys(sound); got != "" {
			t.Errorf("%s is taken for keys %q", name, got)
		}
	}
}

// TestTurns plays levels to a person's ear.
func TestTurns(t *testing.T) {
	quiet, loud, hum := silence(frameTime), mixed(frameTime, -20, 300), mixed(frameTime, -38, 100)
	type piece struct {
		frame []byte
		n     int
	}
	for name, c := range map[string]struct {
		pieces []piece
		over   bool
	}{
		"nothing":           {[]piece{{quiet, 500}}, false},
		"a click":           {[]piece{{loud, 3}, {quiet, 100}}, false},
		"speech":            {[]piece{{quiet, 50}, {loud, 40}, {quiet, 36}}, true},
		"still a pause":     {[]piece{{quiet, 50}, {loud, 40}, {quiet, 30}}, false},
		"goes on":           {[]piece{{loud, 40}, {quiet, 20}, {loud, 5}, {quiet, 20}}, false},
		"speech over a hum": {[]piece{{hum, 500}, {loud, 40}, {hum, 36}}, true},
	} {
		e := newEar()
		for _, p := range c.pieces {
			for range p.n {
				e.hear(p.frame)
			}
			if name == "speech over a hum" && p.n == 500 {
				e.reset()
			}
		}
		if got := e.turnOver(); got != c.over {
			t.Errorf("%s: turn over = %v, want %v", name, got, c.over)
		}
	}
}

func TestPlayer(t *testing.T) {
	var p player
	var reached []string
	note := func(name string) func() { return func() { reached = append(reached, name) } }
	frame := make([]byte, frameBytes)
	p.mark(note("at once"))
	p.add(mixed(30*time.Millisecond, -10, 1000))
	p.mark(note("after 30 ms"))
	p.add(mixed(20*time.Millisecond, -10, 1000))
	p.mark(note("after 50 ms"))
	p.mark(note("with it"))
	if n := p.play(frame); n != 160 || len(reached) != 1 {
		t.Errorf("first frame: %d bytes, marks %v", n, reached)
	}
	if p.play(frame); len(reached) != 1 {
		t.Errorf("second frame: marks %v before it was heard", reached)
	}
	if n := p.play(frame); n != 80 || frame[80] != g711.Silence || len(reached) != 2 {
		t.Errorf("third frame: %d bytes, then %#x, marks %v, want 80, silence and the second mark", n, frame[80], reached)
	}
	p.mark(note("of the last frame"))
	if len(reached) != 2 {
		t.Errorf("marks %v while the last frame is heard", reached)
	}
	if n := p.play(frame); n != 0 || len(reached) != 5 {
		t.Errorf("fourth frame: %d bytes, marks %v, want none and five", n, reached)
	}
	p.add(frame)
	p.mark(note("cleared"))
	if got := p.clear(); got != 160 || p.waiting() != 0 {
		t.Errorf("clear dropped %d bytes and left %d", got, p.waiting())
	}
	if diff := cmp.Diff(reached, []string{"at once", "after 30 ms", "after 50 ms", "with it", "of the last frame", "cleared"}); diff != "" {
		t.Errorf("marks (-got +want):\n%s", diff)
	}
}

// TestPlayerKeepsNothing says that an hour of sound does not stay in memory.
func TestPlayerKeepsNothing(t *testing.T) {
	var p player
	frame := make([]byte, frameBytes)
	p.add(make([]byte, 10*frameBytes)) // never runs empty
	for range 180_000 {
		p.add(frame)
		p.play(frame)
	}
	if got := cap(p.sound); got > 100*frameBytes {
		t.Errorf("the player holds %d bytes after an hour", got)
	}
}

func TestLedgerIsBounded(t *testing.T) {
	l, err := openLedger("")
	if err != nil {
		t.Fatal(err)
	}
	for range ledgerSize + 10 {
		l.add(Entry{Kind: KindCall})
	}
	if got := len(l.entries); got > ledgerSize {
		t.Errorf("%d entries are kept, want at most %d", got, ledgerSize)
	}
	if last := l.find(0, "", ""); last[len(last)-1].Seq != ledgerSize+10 {
		t.Errorf("the last entry is number %d, want %d", last[len(last)-1].Seq, ledgerSize+10)
	}
}

func TestLedgerOfAFullDisk(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Log("this system has no /dev/full; the file's error cannot be made here")
		return
	}
	l, err := openLedger("/dev/full")
	if err != nil {
		t.Fatal(err)
	}
	l.add(Entry{Kind: KindCall})
	if len(l.find(0, "", KindCall)) != 1 {
		t.Error("the entry is lost in memory too")
	}
	if l.close() == nil {
		t.Error("closing hides that the file could not be written")
	}
}
