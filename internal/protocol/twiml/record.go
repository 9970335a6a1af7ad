package twiml

import (
	"encoding/xml"
	"strconv"
	"strings"
)

// Record records what the person says and blocks meanwhile ("<Record>"). Without
// an action the document is asked for again.
type Record struct {
	Action      string
	Method      string
	Timeout     int // seconds of silence that end it; 0 leaves Twilio's default of 5
	FinishOnKey *string
	MaxLength   int // seconds; 0 leaves Twilio's default of an hour
	PlayBeep    string
	RecordingRules
}

// StartRecording begins a recording that goes on while later verbs run
// ("<Start>", "<Recording>").
type StartRecording struct {
	Channels string // "mono", Twilio's default, or "dual"
	RecordingRules
}

// Enqueue lets the call wait in a queue ("<Enqueue>").
type Enqueue struct {
	Action        string
	Method        string
	WaitURL       *string // nil is Twilio's music, "" silence
	WaitURLMethod string
	MaxQueueSize  int // 0 is as many as the queue takes
	Name          string
}

// Leave takes the call out of its queue; a document of waitUrl says it
// ("<Leave>").
type Leave struct{}

func (r Record) appendTo(dst []byte) []byte {
	dst = attribute(append(dst, "<Record"...), "action", r.Action)
	dst = attribute(dst, "method", r.Method)
	dst = number(dst, "timeout", r.Timeout)
	dst = given(dst, "finishOnKey", r.FinishOnKey)
	dst = number(dst, "maxLength", r.MaxLength)
	dst = attribute(dst, "playBeep", r.PlayBeep)
	return append(r.appendRules(dst, "recordingTrack"), "/>"...)
}

func (s StartRecording) appendTo(dst []byte) []byte {
	dst = attribute(append(dst, "<Start><Recording"...), "channels", s.Channels)
	return append(s.appendRules(dst, "track"), "/></Start>"...)
}

func (e Enqueue) appendTo(dst []byte) []byte {
	dst = attribute(append(dst, "<Enqueue"...), "action", e.Action)
	dst = attribute(dst, "method", e.Method)
	dst = given(dst, "waitUrl", e.WaitURL)
	dst = attribute(dst, "waitUrlMethod", e.WaitURLMethod)
	dst = number(dst, "maxQueueSize", e.MaxQueueSize)
	return text(dst, "Enqueue", e.Name)
}

func (Leave) appendTo(dst []byte) []byte { return append(dst, "<Leave/>"...) }

func (p *parser) record(start *xml.StartElement) (Verb, error) {
	var r Record
	f := r.fields("recordingTrack")
	for name, target := range (fields{
		"action": &r.Action, "method": method(&r.Method), "timeout": seconds{&r.Timeout},
		"finishOnKey": digits{&r.FinishOnKey}, "maxLength": seconds{&r.MaxLength}, "playBeep": flag(&r.PlayBeep),
	}) {
		f[name] = target
	}
	err := p.bare(start, f)
	return r, err
}

func (p *parser) start(start *xml.StartElement) (Verb, error) {
	var s StartRecording
	if err := p.attributes(start, nil); err != nil {
		return nil, err
	}
	inner, err := p.child("Start")
	if err != nil {
		return nil, err
	}
	if inner == nil || inner.Name.Local != "Recording" {
		return nil, p.fail(CodeSchema, "Start must hold a Recording")
	}
	f := s.fields("track")
	f["channels"] = word(&s.Channels, "mono", "dual")
	if err := p.bare(inner, f); err != nil {
		return nil, err
	}
	return s, p.empty("Start")
}

func (p *parser) enqueue(start *xml.StartElement) (v Verb, err error) {
	var e Enqueue
	err = p.attributes(start, fields{
		"action": &e.Action, "method": method(&e.Method), "waitUrl": present{&e.WaitURL},
		"waitUrlMethod": method(&e.WaitURLMethod), "maxQueueSize": within{&e.MaxQueueSize, 1, 5000},
	})
	if err == nil {
		e.Name, err = p.body("Enqueue")
	}
	e.Name = strings.TrimSpace(e.Name)
	return e, err
}

func flag(target *string) choice { return word(target, "true", "false") }

// words are several of the allowed ones with blanks between.
type words struct {
	target  *string
	allowed []string
}

func (w words) set(value string) bool {
	*w.target = value
	for _, got := range strings.Fields(value) {
		var one string
		if !word(&one, w.allowed...).set(got) {
			return false
		}
	}
	return true
}

// present keeps that an attribute was there, even if it was empty.
type present struct{ target **string }

func (p present) set(value string) bool {
	*p.target = &value
	return true
}

// digits are keys of which each one counts; none is a choice as well.
type digits struct{ target **string }

func (d digits) set(value string) bool {
	*d.target = &value
	return strings.Trim(value, "0123456789*#") == ""
}

type within struct {
	target      *int
	least, most int
}

func (w within) set(value string) bool {
	n, err := strconv.Atoi(value)
	*w.target = n
	return err == nil && n >= w.least && n <= w.most
}
