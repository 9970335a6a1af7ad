package twiml

import (
	"encoding/xml"
	"strconv"
	"strings"
)

// Dial connects the leg with another one ("<Dial>"): numbers and clients ring
// all at once and the first to answer wins, or one after the other when
// Sequential; a conference or a queue stands alone.
type Dial struct {
	Action         string
	Method         string
	Timeout        int // seconds of ringing; 0 leaves Twilio's default of 30
	TimeLimit      int // seconds of talk; 0 leaves Twilio's default of four hours
	CallerID       string
	AnswerOnBridge string // "true" or "false"; so are all flags: empty is Twilio's default
	HangupOnStar   string
	Sequential     string
	RingTone       string
	Record         string
	RecordingRules
	Nouns []Noun
}

// RecordingRules are the attributes of everything that can be recorded.
type RecordingRules struct {
	Track                string
	Trim                 string
	StatusCallback       string
	StatusCallbackMethod string
	StatusCallbackEvent  string // words with blanks between
}

// Noun is who is dialled: Number, Client, Conference or Queue.
type Noun interface {
	appendTo(dst []byte) []byte
	dialled()
}

var _ = []Noun{Number{}, Client{}, Conference{}, Queue{}}

// Leg is what the nouns that ring have in common ("<Number>", "<Client>").
type Leg struct {
	URL                  string // a document the called side hears before it is connected
	Method               string
	StatusCallback       string
	StatusCallbackMethod string
	StatusCallbackEvent  string // words with blanks between
}

// Number is a telephone.
type Number struct {
	Leg
	SendDigits string
	Number     string
}

// Client is a browser with Twilio's own SDK.
type Client struct {
	Leg
	Identity   string
	Parameters []Parameter
}

// Conference is a room; its name is the account's own ("<Conference>").
type Conference struct {
	Muted                string
	Beep                 string
	StartOnEnter         string
	EndOnExit            string
	WaitURL              *string // nil is Twilio's music, "" silence
	WaitMethod           string
	MaxParticipants      int // 0 leaves Twilio's default of 250
	Record               string
	Trim                 string
	Coach                string // sid of the call that hears this one
	Label                string
	StatusCallback       string
	StatusCallbackMethod string
	StatusCallbackEvent  string

	RecordingStatusCallback       string
	RecordingStatusCallbackMethod string
	RecordingStatusCallbackEvent  string
	Name                          string
}

// Queue is whoever waits at the front of a queue ("<Queue>").
type Queue struct {
	URL    string
	Method string
	Name   string
}

func (Number) dialled()     {}
func (Client) dialled()     {}
func (Conference) dialled() {}
func (Queue) dialled()      {}

func (d Dial) appendTo(dst []byte) []byte {
	dst = append(dst, "<Dial"...)
	dst = attribute(dst, "action", d.Action)
	dst = attribute(dst, "method", d.Method)
	dst = number(dst, "timeout", d.Timeout)
	dst = number(dst, "timeLimit", d.TimeLimit)
	dst = attribute(dst, "callerId", d.CallerID)
	dst = attribute(dst, "answerOnBridge", d.AnswerOnBridge)
	dst = attribute(dst, "hangupOnStar", d.HangupOnStar)
	dst = attribute(dst, "sequential", d.Sequential)
	dst = attribute(dst, "ringTone", d.RingTone)
	dst = attribute(dst, "record", d.Record)
	dst = d.appendRules(dst, "recordingTrack")
	dst = append(dst, '>')
	for _, n := range d.Nouns {
		dst = n.appendTo(dst)
	}
	return append(dst, "</Dial>"...)
}

func (r RecordingRules) appendRules(dst []byte, track string) []byte {
	dst = attribute(dst, track, r.Track)
	dst = attribute(dst, "trim", r.Trim)
	dst = attribute(dst, "recordingStatusCallback", r.StatusCallback)
	dst = attribute(dst, "recordingStatusCallbackMethod", r.StatusCallbackMethod)
	return attribute(dst, "recordingStatusCallbackEvent", r.StatusCallbackEvent)
}

func (l Leg) appendLeg(dst []byte) []byte {
	dst = attribute(dst, "url", l.URL)
	dst = attribute(dst, "method", l.Method)
	dst = attribute(dst, "statusCallback", l.StatusCallback)
	dst = attribute(dst, "statusCallbackMethod", l.StatusCallbackMethod)
	return attribute(dst, "statusCallbackEvent", l.StatusCallbackEvent)
}

func (n Number) appendTo(dst []byte) []byte {
	dst = n.appendLeg(append(dst, "<Number"...))
	dst = attribute(dst, "sendDigits", n.SendDigits)
	return text(dst, "Number", n.Number)
}

func (c Client) appendTo(dst []byte) []byte {
	dst = append(c.appendLeg(append(dst, "<Client"...)), "><Identity"...)
	dst = text(dst, "Identity", c.Identity)
	for _, p := range c.Parameters {
		dst = p.appendTo(dst)
	}
	return append(dst, "</Client>"...)
}

func (c Conference) appendTo(dst []byte) []byte {
	dst = append(dst, "<Conference"...)
	dst = attribute(dst, "muted", c.Muted)
	dst = attribute(dst, "beep", c.Beep)
	dst = attribute(dst, "startConferenceOnEnter", c.StartOnEnter)
	dst = attribute(dst, "endConferenceOnExit", c.EndOnExit)
	dst = given(dst, "waitUrl", c.WaitURL)
	dst = attribute(dst, "waitMethod", c.WaitMethod)
	dst = number(dst, "maxParticipants", c.MaxParticipants)
	dst = attribute(dst, "record", c.Record)
	dst = attribute(dst, "trim", c.Trim)
	dst = attribute(dst, "coach", c.Coach)
	dst = attribute(dst, "participantLabel", c.Label)
	dst = attribute(dst, "statusCallback", c.StatusCallback)
	dst = attribute(dst, "statusCallbackMethod", c.StatusCallbackMethod)
	dst = attribute(dst, "statusCallbackEvent", c.StatusCallbackEvent)
	dst = attribute(dst, "recordingStatusCallback", c.RecordingStatusCallback)
	dst = attribute(dst, "recordingStatusCallbackMethod", c.RecordingStatusCallbackMethod)
	dst = attribute(dst, "recordingStatusCallbackEvent", c.RecordingStatusCallbackEvent)
	return text(dst, "Conference", c.Name)
}

func (q Queue) appendTo(dst []byte) []byte {
	dst = attribute(append(dst, "<Queue"...), "url", q.URL)
	dst = attribute(dst, "method", q.Method)
	return text(dst, "Queue", q.Name)
}

func number(dst []byte, name string, n int) []byte {
	if n == 0 {
		return dst
	}
	return attribute(dst, name, strconv.Itoa(n))
}

// given writes an attribute whose empty value means something.
func given(dst []byte, name string, value *string) []byte {
	if value == nil {
		return dst
	}
	dst = append(append(append(dst, ' '), name...), `="`...)
	return append(escape(dst, *value), '"')
}

var dialRecord = []string{"do-not-record", "record-from-answer", "record-from-ringing",
	"record-from-answer-dual", "record-from-ringing-dual", "true", "false"}

func (p *parser) dial(start *xml.StartElement) (Verb, error) {
	var d Dial
	f := d.fields("recordingTrack")
	for name, target := range (fields{
		"action": &d.Action, "method": method(&d.Method),
		"timeout": seconds{&d.Timeout}, "timeLimit": seconds{&d.TimeLimit}, "callerId": &d.CallerID,
		"answerOnBridge": flag(&d.AnswerOnBridge), "hangupOnStar": flag(&d.HangupOnStar),
		"sequential": flag(&d.Sequential), "ringTone": &d.RingTone, "record": word(&d.Record, dialRecord...),
	}) {
		f[name] = target
	}
	if err := p.attributes(start, f); err != nil {
		return nil, err
	}
	body, err := p.mixed("Dial", func(inner *xml.StartElement) error {
		n, err := p.noun(inner)
		d.Nouns = append(d.Nouns, n)
		return err
	})
	if body != "" {
		d.Nouns = append(d.Nouns, Number{Number: body})
	}
	return d, p.checkNouns(d, err)
}

// checkNouns says that a room or a queue is not dialled together with others.
func (p *parser) checkNouns(d Dial, err error) error {
	if err != nil {
		return err
	}
	if len(d.Nouns) == 0 {
		return p.fail(CodeSchema, "Dial calls nobody")
	}
	for _, n := range d.Nouns {
		switch n.(type) {
		case Conference, Queue:
			if len(d.Nouns) > 1 {
				return p.fail(CodeSchema, "a Conference or a Queue stands alone in Dial")
			}
		}
	}
	return nil
}

// fields are the attributes of RecordingRules.
func (r *RecordingRules) fields(track string) fields {
	return fields{
		track: word(&r.Track, "inbound", "outbound", "both"), "trim": word(&r.Trim, "trim-silence", "do-not-trim"),
		"recordingStatusCallback":       &r.StatusCallback,
		"recordingStatusCallbackMethod": method(&r.StatusCallbackMethod),
		"recordingStatusCallbackEvent":  words{&r.StatusCallbackEvent, []string{"in-progress", "completed", "absent"}},
	}
}

func (l *Leg) fields() fields {
	return fields{
		"url": &l.URL, "method": method(&l.Method), "statusCallback": &l.StatusCallback,
		"statusCallbackMethod": method(&l.StatusCallbackMethod),
		"statusCallbackEvent":  words{&l.StatusCallbackEvent, []string{"initiated", "ringing", "answered", "completed"}},
	}
}

func (p *parser) noun(start *xml.StartElement) (Noun, error) {
	switch start.Name.Local {
	case "Number":
		return p.number(start)
	case "Client":
		return p.client(start)
	case "Conference":
		return p.conference(start)
	case "Queue":
		return p.queue(start)
	}
	return nil, p.fail(CodeSchema, "%s is not allowed in Dial", start.Name.Local)
}

func (p *parser) number(start *xml.StartElement) (n Number, err error) {
	f := n.fields()
	f["sendDigits"] = keys{&n.SendDigits}
	if err = p.attributes(start, f); err == nil {
		n.Number, err = p.body("Number")
	}
	n.Number = strings.TrimSpace(n.Number)
	return n, err
}

func (p *parser) client(start *xml.StartElement) (c Client, err error) {
	if err := p.attributes(start, c.fields()); err != nil {
		return c, err
	}
	body, err := p.mixed("Client", func(inner *xml.StartElement) error {
		if inner.Name.Local != "Identity" {
			parameter, err := p.parameter(inner)
			c.Parameters = append(c.Parameters, parameter)
			return err
		}
		if err := p.attributes(inner, nil); err != nil {
			return err
		}
		identity, err := p.body("Identity")
		c.Identity = strings.TrimSpace(identity)
		return err
	})
	if body != "" {
		c.Identity = body
	}
	return c, err
}

func (p *parser) conference(start *xml.StartElement) (c Conference, err error) {
	err = p.attributes(start, fields{
		"muted": flag(&c.Muted), "beep": word(&c.Beep, "true", "false", "onEnter", "onExit"),
		"startConferenceOnEnter": flag(&c.StartOnEnter), "endConferenceOnExit": flag(&c.EndOnExit),
		"waitUrl": present{&c.WaitURL}, "waitMethod": method(&c.WaitMethod),
		"maxParticipants": within{&c.MaxParticipants, 2, 250},
		"record":          word(&c.Record, "do-not-record", "record-from-start", "true", "false"),
		"trim":            word(&c.Trim, "trim-silence", "do-not-trim"), "coach": &c.Coach, "participantLabel": &c.Label,
		"statusCallback": &c.StatusCallback, "statusCallbackMethod": method(&c.StatusCallbackMethod),
		"statusCallbackEvent": words{&c.StatusCallbackEvent, []string{"start", "end", "join", "leave", "mute", "hold", "modify", "speaker", "announcement"}},

		"recordingStatusCallback":       &c.RecordingStatusCallback,
		"recordingStatusCallbackMethod": method(&c.RecordingStatusCallbackMethod),
		"recordingStatusCallbackEvent":  words{&c.RecordingStatusCallbackEvent, []string{"in-progress", "completed", "absent", "failed"}},
	})
	if err == nil {
		c.Name, err = p.body("Conference")
	}
	c.Name = strings.TrimSpace(c.Name)
	return c, err
}

func (p *parser) queue(start *xml.StartElement) (q Queue, err error) {
	if err = p.attributes(start, fields{"url": &q.URL, "method": method(&q.Method)}); err == nil {
		q.Name, err = p.body("Queue")
	}
	q.Name = strings.TrimSpace(q.Name)
	return q, err
}

// mixed reads an element that holds either children or a text.
func (p *parser) mixed(name string, child func(*xml.StartElement) error) (string, error) {
	var text strings.Builder
	children := false
	for {
		t, err := p.token()
		if err != nil {
			return "", err
		}
		switch t := t.(type) {
		case xml.EndElement:
			body := strings.TrimSpace(text.String())
			if children && body != "" {
				return "", p.fail(CodeSchema, "%s has both text and children", name)
			}
			return body, nil
		case xml.StartElement:
			children = true
			if err := p.plainName(t.Name); err != nil {
				return "", err
			}
			if err := child(&t); err != nil {
				return "", err
			}
		case xml.CharData:
			text.Write(t)
		}
	}
}
