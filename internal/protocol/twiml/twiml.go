// Package twiml is the language in which Twilio is told what to do with a call:
// a small XML document of verbs. The verbs this product speaks are Go values
// here; Bytes turns them into a document, Parse turns a document back and
// refuses whatever Twilio would warn about.
//
// The one rule: anything may stand in an attribute or a text (a name somebody
// typed, a token), and the parsed tree is still the one that was written.
package twiml

// ContentType is what Twilio expects of an answer ("TwiML for Programmable
// Voice", "Responding to Twilio").
const ContentType = "text/xml; charset=utf-8"

// MaxInline is the longest document the parameter Twiml of a call may carry, in
// characters (api.v2010, CreateCall, Twiml).
const MaxInline = 4000

// MaxDocument is the longest document Twilio fetches, in bytes (error 11750).
const MaxDocument = 64 << 10

// Response is a document: its verbs run from top to bottom.
type Response struct {
	Verbs []Verb
}

// Verb is one instruction: Connect, Dial, Enqueue, Hangup, Leave, Pause, Play,
// Record, Redirect, Reject, Say or StartRecording.
type Verb interface {
	appendTo(dst []byte) []byte
}

var _ = []Verb{
	Connect{}, Say{}, Play{}, Pause{}, Redirect{}, Hangup{}, Reject{},
	Dial{}, Record{}, StartRecording{}, Enqueue{}, Leave{},
}

// Connect hands the sound of the leg, both directions, to a Stream. The next
// verb runs after the stream's server closed the socket ("<Connect>").
type Connect struct {
	Action string
	Method string
	Stream Stream
}

// Stream names the WebSocket that gets the sound ("<Stream>").
type Stream struct {
	URL                  string // wss, no query string
	Name                 string
	Track                string // inside Connect only "inbound_track"
	StatusCallback       string
	StatusCallbackMethod string
	Parameters           []Parameter
}

// MaxParameter bounds name and value of a Parameter together, exclusive, in
// characters ("<Stream>", "Custom parameters").
const MaxParameter = 500

// Parameter reaches the stream's server in its start message.
type Parameter struct {
	Name  string
	Value string
}

// Endless is the Loop of a Say or Play that repeats until the call ends.
const Endless = -1

// Say speaks a text ("<Say>").
type Say struct {
	Voice    string
	Language string
	Loop     int // times; 0 is once, Endless for ever
	Text     string
}

// Play plays a file, or keypad tones when Digits is set ("<Play>").
type Play struct {
	Loop   int // times; 0 is once, Endless for ever
	Digits string
	URL    string
}

// Pause waits ("<Pause>").
type Pause struct {
	Length int // seconds; 0 leaves Twilio's default of one
}

// Redirect goes on with the document of another address ("<Redirect>").
type Redirect struct {
	Method string // Twilio's default is POST
	URL    string
}

// Hangup ends the call ("<Hangup>").
type Hangup struct{}

// Reject refuses an incoming call without answering it ("<Reject>").
type Reject struct {
	Reason string // "rejected", Twilio's default, or "busy"
}
