package twiml

import (
	"encoding/xml"
	"strconv"
	"strings"
	"unicode/utf8"
)

// verb is the table of contents of the grammar.
func (p *parser) verb(start *xml.StartElement) (Verb, error) {
	switch start.Name.Local {
	case "Connect":
		return p.connect(start)
	case "Say":
		return p.say(start)
	case "Play":
		return p.play(start)
	case "Pause":
		return p.pause(start)
	case "Redirect":
		return p.redirect(start)
	case "Hangup":
		return Hangup{}, p.bare(start, nil)
	case "Reject":
		return p.reject(start)
	case "Dial":
		return p.dial(start)
	case "Record":
		return p.record(start)
	case "Start":
		return p.start(start)
	case "Enqueue":
		return p.enqueue(start)
	case "Leave":
		return Leave{}, p.bare(start, nil)
	}
	return nil, p.fail(CodeSchema, "unknown verb %s", start.Name.Local)
}

func (p *parser) connect(start *xml.StartElement) (Verb, error) {
	var c Connect
	err := p.attributes(start, fields{"action": &c.Action, "method": method(&c.Method)})
	if err != nil {
		return nil, err
	}
	inner, err := p.child("Connect")
	if err != nil {
		return nil, err
	}
	if inner == nil || inner.Name.Local != "Stream" {
		return nil, p.fail(CodeSchema, "Connect must hold a Stream")
	}
	if c.Stream, err = p.stream(inner); err != nil {
		return nil, err
	}
	return c, p.empty("Connect")
}

func (p *parser) stream(start *xml.StartElement) (Stream, error) {
	var s Stream
	err := p.attributes(start, fields{
		"url":                  &s.URL,
		"name":                 &s.Name,
		"track":                word(&s.Track, "inbound_track"),
		"statusCallback":       &s.StatusCallback,
		"statusCallbackMethod": method(&s.StatusCallbackMethod),
	})
	if err != nil {
		return s, err
	}
	for {
		inner, err := p.child("Stream")
		if err != nil || inner == nil {
			return s, err
		}
		parameter, err := p.parameter(inner)
		if err != nil {
			return s, err
		}
		s.Parameters = append(s.Parameters, parameter)
	}
}

func (p *parser) parameter(start *xml.StartElement) (Parameter, error) {
	var v Parameter
	if start.Name.Local != "Parameter" {
		return v, p.fail(CodeSchema, "%s is not allowed in Stream", start.Name.Local)
	}
	if err := p.bare(start, fields{"name": &v.Name, "value": &v.Value}); err != nil {
		return v, err
	}
	if utf8.RuneCountInString(v.Name)+utf8.RuneCountInString(v.Value) >= MaxParameter {
		return v, p.fail(CodeSchema, "a Parameter has %d characters or more", MaxParameter)
	}
	return v, nil
}

func (p *parser) say(start *xml.StartElement) (v Verb, err error) {
	var s Say
	err = p.attributes(start, fields{"voice": &s.Voice, "language": &s.Language, "loop": times{&s.Loop}})
	if err == nil {
		s.Text, err = p.body("Say")
	}
	return s, err
}

func (p *parser) play(start *xml.StartElement) (v Verb, err error) {
	var s Play
	err = p.attributes(start, fields{"loop": times{&s.Loop}, "digits": keys{&s.Digits}})
	if err == nil {
		s.URL, err = p.body("Play")
	}
	return s, err
}

func (p *parser) pause(start *xml.StartElement) (Verb, error) {
	var v Pause
	err := p.bare(start, fields{"length": seconds{&v.Length}})
	return v, err
}

func (p *parser) redirect(start *xml.StartElement) (v Verb, err error) {
	var r Redirect
	err = p.attributes(start, fields{"method": method(&r.Method)})
	if err == nil {
		r.URL, err = p.body("Redirect")
	}
	return r, err
}

func (p *parser) reject(start *xml.StartElement) (Verb, error) {
	var r Reject
	err := p.bare(start, fields{"reason": word(&r.Reason, "rejected", "busy")})
	return r, err
}

// bare reads an element that has attributes only.
func (p *parser) bare(start *xml.StartElement, f fields) error {
	if err := p.attributes(start, f); err != nil {
		return err
	}
	return p.empty(start.Name.Local)
}

// fields says where an element's attributes go: a *string takes anything, a
// setter what it likes.
type fields map[string]any

type setter interface{ set(value string) bool }

func (p *parser) attributes(start *xml.StartElement, f fields) error {
	seen := make(map[string]bool, len(start.Attr))
	for _, a := range start.Attr {
		name := a.Name.Local
		target, known := f[name]
		switch {
		case a.Name.Space != "" || !known:
			return p.fail(CodeSchema, "%s has no attribute %s", start.Name.Local, name)
		case seen[name]:
			return p.fail(CodeParse, "attribute %s is there twice", name)
		case !store(target, a.Value):
			return p.fail(CodeSchema, "%s=%q is not allowed in %s", name, a.Value, start.Name.Local)
		}
		seen[name] = true
	}
	return nil
}

func store(target any, value string) bool {
	if s, ok := target.(*string); ok {
		*s = value
		return true
	}
	return target.(setter).set(value)
}

// choice is an attribute with a few allowed words.
type choice struct {
	target *string
	words  []string
}

func word(target *string, words ...string) choice { return choice{target, words} }

func method(target *string) choice { return word(target, "GET", "POST") }

func (c choice) set(value string) bool {
	*c.target = value
	for _, w := range c.words {
		if w == value {
			return true
		}
	}
	return false
}

// maxLoop is the largest loop count ("<Play>": values above are cut to it).
const maxLoop = 1000

type times struct{ target *int }

func (t times) set(value string) bool {
	n, err := strconv.Atoi(value)
	if *t.target = n; n == 0 {
		*t.target = Endless
	}
	return err == nil && n >= 0 && n <= maxLoop
}

type seconds struct{ target *int }

func (s seconds) set(value string) bool {
	n, err := strconv.Atoi(value)
	*s.target = n
	return err == nil && n >= 1 && n <= 86400
}

// keys are what a keypad can play; w waits half a second, W a whole one.
type keys struct{ target *string }

func (k keys) set(value string) bool {
	*k.target = value
	return strings.Trim(value, "0123456789*#wW") == ""
}
