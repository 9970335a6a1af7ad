package twilio

import (
	"time"

	"softphone/internal/protocol/g711"
)

// talker is the head of a person on the phone. The line asks it every 20 ms, in
// this order and from one goroutine.
type talker interface {
	// hear takes what the person hears.
	hear(frame []byte)
	// say fills in what the person says, and may do something else.
	say(frame []byte) deed
}

// deed is something a person does besides making sound.
type deed struct {
	press  byte   // a key
	hangUp bool   // the end
	note   string // what begins now, for the ledger
	detail string
}

// When it is whose turn. A person takes the other side for speaking when it is
// louder than speechFloor and well above the noise; a pause of turnPause is the
// end of a turn. The greeting waits a moment, as people do who lift a receiver.
const (
	speechFloor  = -42.0 // dBm0
	aboveNoise   = 10.0  // dB
	speechHeard  = 10    // frames in all, so that a click is no word
	turnPause    = 35    // frames: 0.7 s
	greetingTime = 15    // frames: 0.3 s
)

// ear knows whether the other side has spoken since the last reset, and for how
// long it has been silent.
type ear struct {
	noise  float64 // dBm0, the floor
	spoken int     // frames of speech
	quiet  int     // frames since the last of them
}

// newEar starts with the noise of an ordinary line.
func newEar() ear { return ear{noise: -60} }

func (e *ear) hear(frame []byte) {
	level := g711.Level(frame)
	if level > max(speechFloor, e.noise+aboveNoise) {
		e.spoken++
		e.quiet = 0
	} else {
		e.quiet++
	}
	e.follow(level)
}

// follow lets the floor fall at once and rise by 3 dB a second, up to where
// speech begins: steady noise becomes the floor, speech with its pauses does not.
func (e *ear) follow(level float64) {
	const rise = 3.0 / 50
	e.noise = min(max(level, g711.Quiet), e.noise+rise, speechFloor)
	e.noise = max(e.noise, g711.Quiet)
}

func (e *ear) reset() { e.spoken, e.quiet = 0, 0 }

// turnOver says that the other side has said something and is silent now.
func (e *ear) turnOver() bool { return e.spoken >= speechHeard && e.quiet >= turnPause }

// conversation is a person who takes turns.
type conversation struct {
	voices *voices
	turns  []Turn
	ear    ear
	now    []byte // what is being said
	pause  int    // frames until the next deed
	doing  *Turn  // the turn that is under way
	begun  bool
	frames int // since the answer
}

func newConversation(v *voices, turns []Turn) *conversation {
	return &conversation{voices: v, turns: turns, ear: newEar(), pause: greetingTime}
}

func (c *conversation) hear(frame []byte) { c.ear.hear(frame) }

func (c *conversation) say(frame []byte) deed {
	c.frames++
	n := copy(frame, c.now)
	c.now = c.now[n:]
	g711.Fill(frame[n:])
	if n > 0 {
		return deed{}
	}
	if c.pause > 0 {
		c.pause--
		return deed{}
	}
	return c.next()
}

// next goes on with the turn under way or begins one whose time has come.
func (c *conversation) next() deed {
	if c.doing == nil && !c.begin() {
		return deed{}
	}
	switch t := c.doing; {
	case t.Wait > 0:
		c.pause = int(time.Duration(t.Wait) / frameTime)
		t.Wait = 0
	case t.Say != "":
		return c.speak()
	case t.Press != "":
		return c.press()
	case t.HangUp:
		return deed{hangUp: true, note: "hung up"}
	default:
		c.doing = nil
	}
	return deed{}
}

func (c *conversation) begin() bool {
	if len(c.turns) == 0 || !c.isDue(c.turns[0]) {
		return false
	}
	turn := c.turns[0]
	c.doing, c.turns, c.begun = &turn, c.turns[1:], true
	c.ear.reset()
	return true
}

func (c *conversation) isDue(t Turn) bool {
	if t.At != nil {
		return time.Duration(c.frames)*frameTime >= time.Duration(*t.At)
	}
	return !c.begun || c.ear.turnOver()
}

func (c *conversation) speak() deed {
	id := c.doing.Say
	c.doing.Say = ""
	sound, err := c.voices.clip(id)
	if err != nil { // a file that was there when the person was introduced
		return deed{note: "lost the words", detail: err.Error()}
	}
	c.now = sound
	return deed{note: "says", detail: id}
}

// press presses one key after the other, with time for each to sound.
func (c *conversation) press() deed {
	key := c.doing.Press[0]
	c.doing.Press = c.doing.Press[1:]
	c.pause = int(2 * keyTime / frameTime)
	return deed{press: key, note: "pressed", detail: string(key)}
}

// silentHead says nothing; toneHead repeats a sound; echoHead repeats what it
// hears.
type (
	silentHead struct{}
	loopHead   struct {
		sound []byte
		at    int
	}
	echoHead struct{ last [frameBytes]byte }
)

func (silentHead) hear([]byte) {}

func (silentHead) say(frame []byte) deed {
	g711.Fill(frame)
	return deed{}
}

func (*loopHead) hear([]byte) {}

func (l *loopHead) say(frame []byte) deed {
	for i := range frame {
		if l.at == len(l.sound) {
			l.at = 0
		}
		frame[i] = l.sound[l.at]
		l.at++
	}
	return deed{}
}

func (e *echoHead) hear(frame []byte) { copy(e.last[:], frame) }

func (e *echoHead) say(frame []byte) deed {
	copy(frame, e.last[:])
	return deed{}
}

// toneLevel is that of NumberTone, in dBm0.
const toneLevel = -10

// head returns how a person behaves on the phone.
func (p Person) head(v *voices) talker {
	switch p.Sound {
	case Silent:
		return silentHead{}
	case Tone:
		frequency := p.Frequency
		if frequency == 0 {
			frequency = 1000
		}
		return &loopHead{sound: mixed(10*time.Second, toneLevel, frequency)}
	case Echo:
		return &echoHead{}
	case File:
		if sound, err := v.file(p.Path); err == nil && len(sound) > 0 {
			return &loopHead{sound: sound}
		}
		return silentHead{}
	}
	return newConversation(v, p.Turns)
}
