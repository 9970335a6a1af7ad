package twilio

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"
	"time"

	"softphone/internal/protocol/twilioapi"
)

// Numbers whose people always behave the same. All are of the range that is
// reserved for fiction, and libraries for phone numbers take them for valid.
const (
	NumberAna         = "+12015550123" // Ana Dupont, who was charged twice
	NumberBusy        = "+12015550180"
	NumberNoAnswer    = "+12015550181"
	NumberInvalid     = "+12015550182" // refused with 21211
	NumberUnverified  = "+12015550183" // refused with 21219
	NumberRejects     = "+12015550184" // rings, then declines
	NumberUnreachable = "+12015550185" // fails with SIP 404
	NumberEcho        = "+12015550186" // returns what it hears
	NumberTone        = "+12015550187" // plays 1 kHz at -10 dBm0
	NumberSilent      = "+12015550188" // answers and says nothing
	NumberHangsUp     = "+12015550189" // answers and hangs up after a second
)

// What a person does when called.
const (
	Answers     = "answers"
	Busy        = "busy"
	NoAnswer    = "noAnswer"
	Rejects     = "rejects"
	Unreachable = "unreachable"
	Invalid     = "invalid"
	Unverified  = "unverified"
)

// What a person does once the call is answered.
const (
	Talks  = "talks" // takes turns
	Silent = "silent"
	Tone   = "tone"
	Echo   = "echo"
	File   = "file" // plays a WAV file over and over
)

// Person is somebody who can be called.
type Person struct {
	Number string `json:"number"`
	Name   string `json:"name"`
	// When says what happens on a call: one of Answers (the default), Busy,
	// NoAnswer, Rejects, Unreachable, Invalid, Unverified.
	When string `json:"when,omitempty"`
	// AnswerAfter is how long it rings. Default 1.5 s. Who never answers rings
	// until the caller's patience ends, or, with AnswerAfter, the network's.
	AnswerAfter *Span `json:"answerAfter,omitempty"`
	// Sound is one of Talks (the default), Silent, Tone, Echo, File.
	Sound string `json:"sound,omitempty"`
	// Path is the WAV file of sound File.
	Path string `json:"path,omitempty"`
	// Turns are what a person who talks does, one after the other. The first
	// comes after answering, each other one when the other side has spoken and
	// been silent for 0.7 s.
	Turns []Turn `json:"turns,omitempty"`
	// HangUpAfter ends the call this long after the answer; 0 does not.
	HangUpAfter Span `json:"hangUpAfter,omitempty"`
	// GiveUpAfter is how long somebody who calls lets it ring. Default a minute.
	GiveUpAfter Span `json:"giveUpAfter,omitempty"`
	// Frequency is that of sound Tone, in Hz. Default 1000.
	Frequency float64 `json:"frequency,omitempty"`
}

// Turn is one thing a person does when it is their turn, in this order: wait,
// say, press, hang up.
type Turn struct {
	// At makes it their turn this long after the answer, whether or not anybody
	// has spoken: for those who speak while they are on hold.
	At     *Span  `json:"at,omitempty"`
	Wait   Span   `json:"wait,omitempty"`
	Say    string `json:"say,omitempty"`   // id of a voice, or path of a WAV file
	Press  string `json:"press,omitempty"` // keys
	HangUp bool   `json:"hangUp,omitempty"`
}

// Span is a time.Duration that is "1.5s" in JSON.
type Span time.Duration

// MarshalJSON writes "1.5s".
func (s Span) MarshalJSON() ([]byte, error) { return json.Marshal(time.Duration(s).String()) }

// UnmarshalJSON reads "1.5s".
func (s *Span) UnmarshalJSON(b []byte) error {
	var text string
	if err := json.Unmarshal(b, &text); err != nil {
		return fmt.Errorf("a time is written like \"1.5s\": %w", err)
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		return fmt.Errorf("%q is not a time like \"1.5s\"", text)
	}
	*s = Span(d)
	return nil
}

// In returns d for the fields of Person.
func In(d time.Duration) *Span { return (*Span)(&d) }

// ReadPeople reads a list of people as JSON.
func ReadPeople(r io.Reader) ([]Person, error) {
	d := json.NewDecoder(r)
	d.DisallowUnknownFields()
	var people []Person
	if err := d.Decode(&people); err != nil {
		return nil, fmt.Errorf("read people: %w", err)
	}
	return people, nil
}

const defaultAnswerAfter = 1500 * time.Millisecond

func (p Person) answerAfter() time.Duration {
	if p.AnswerAfter == nil {
		return defaultAnswerAfter
	}
	return time.Duration(*p.AnswerAfter)
}

// check fills in what was left out and says what is wrong.
func (p *Person) check(v *voices) error {
	if !twilioapi.IsNumber(p.Number) && !isClient(p.Number) {
		return fmt.Errorf("person %q: number %q is not in E.164 form", p.Name, p.Number)
	}
	return p.checkAs(v, p.Number)
}

// checkAs is check of somebody whose number may be withheld.
func (p *Person) checkAs(v *voices, number string) error {
	if p.When == "" {
		p.When = Answers
	}
	if p.Sound == "" {
		p.Sound = Talks
	}
	switch {
	case !slices.Contains([]string{Answers, Busy, NoAnswer, Rejects, Unreachable, Invalid, Unverified}, p.When):
		return fmt.Errorf("person %s: unknown behaviour %q", number, p.When)
	case !slices.Contains([]string{Talks, Silent, Tone, Echo, File}, p.Sound):
		return fmt.Errorf("person %s: unknown sound %q", number, p.Sound)
	case p.Frequency < 0 || p.Frequency > 3900:
		return fmt.Errorf("person %s: a telephone carries no tone of %v Hz", number, p.Frequency)
	}
	return p.checkSounds(v)
}

func (p *Person) checkSounds(v *voices) error {
	if p.Sound == File {
		if _, err := v.file(p.Path); err != nil {
			return fmt.Errorf("person %s: %w", p.Number, err)
		}
	}
	for _, t := range p.Turns {
		if _, err := v.clip(t.Say); t.Say != "" && err != nil {
			return fmt.Errorf("person %s: %w", p.Number, err)
		}
		if !isKeys(t.Press) {
			return fmt.Errorf("person %s: %q has no keys", p.Number, t.Press)
		}
	}
	return nil
}

// people is the telephone book.
type people struct {
	voices *voices
	mu     sync.Mutex
	known  map[string]Person
	live   map[string]*liveSeat // somebody at a page is this person
}

func newPeople(v *voices) *people {
	p := &people{voices: v, known: map[string]Person{}, live: map[string]*liveSeat{}}
	for _, known := range []Person{
		{Number: NumberAna, Name: "Ana Dupont", Turns: v.dialogue()},
		{Number: NumberBusy, Name: "Always busy", When: Busy, AnswerAfter: In(300 * time.Millisecond)},
		{Number: NumberNoAnswer, Name: "Never answers", When: NoAnswer},
		{Number: NumberInvalid, Name: "Number does not exist", When: Invalid},
		{Number: NumberUnverified, Name: "Number not verified", When: Unverified},
		{Number: NumberRejects, Name: "Declines", When: Rejects},
		{Number: NumberUnreachable, Name: "Cannot be reached", When: Unreachable},
		{Number: NumberEcho, Name: "Echo", Sound: Echo},
		{Number: NumberTone, Name: "1 kHz tone", Sound: Tone},
		{Number: NumberSilent, Name: "Says nothing", Sound: Silent},
		{Number: NumberHangsUp, Name: "Hangs up at once", Sound: Silent, HangUpAfter: Span(time.Second)},
	} {
		if err := p.put(known); err != nil {
			panic("sim/twilio: a person of the house is wrong: " + err.Error())
		}
	}
	return p
}

func (p *people) put(person Person) error {
	if err := person.check(p.voices); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.known[person.Number] = person
	return nil
}

// at returns who has a number: somebody listed, or the default person.
func (p *people) at(number string) Person {
	p.mu.Lock()
	defer p.mu.Unlock()
	if person, ok := p.known[number]; ok {
		return person
	}
	if isClient(number) { // no browser has registered under this name
		return Person{Number: number, Name: number, When: NoAnswer, AnswerAfter: In(0)}
	}
	return Person{Number: number, Name: "Somebody", When: Answers, Sound: Talks, Turns: p.voices.dialogue()}
}

func (p *people) list() []Person {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.SortedFunc(maps.Values(p.known), func(a, b Person) int {
		if a.Number < b.Number {
			return -1
		}
		return 1
	})
}
