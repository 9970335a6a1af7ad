package twiml_test

import (
	"errors"
	"strings"
	"testing"

	"softphone/internal/protocol/twiml"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// TestDocuments compares with documents of Twilio's TwiML pages: <Stream>
// ("Bi-directional Media Streams", "Custom parameters"), <Say>, <Play>,
// <Pause>, <Redirect>, <Reject>.
func TestDocuments(t *testing.T) {
	for _, c := range []struct {
		response twiml.Response
		want     string
	}{
		{twiml.Response{}, `<Response/>`},
		{doc(twiml.Connect{Stream: twiml.Stream{URL: "wss://example.com/media"}}, twiml.Hangup{}),
			`<Response><Connect><Stream url="wss://example.com/media"/></Connect><Hangup/></Response>`},
		{doc(twiml.Connect{Action: "/after", Method: "GET", Stream: twiml.Stream{
			URL: "wss://example.com/media", Name: "leg", Track: "inbound_track",
			StatusCallback: "https://example.com/s?a=1&b=2", StatusCallbackMethod: "POST",
			Parameters: []twiml.Parameter{{Name: "token", Value: "x<y"}, {Name: "empty"}}}}),
			`<Response><Connect action="/after" method="GET"><Stream url="wss://example.com/media" name="leg" track="inbound_track" ` +
				`statusCallback="https://example.com/s?a=1&amp;b=2" statusCallbackMethod="POST">` +
				`<Parameter name="token" value="x&lt;y"/><Parameter name="empty" value=""/></Stream></Connect></Response>`},
		{doc(twiml.Say{Voice: "alice", Language: "fr-FR", Loop: 2, Text: "Bonjour l'ami"}, twiml.Pause{}, twiml.Pause{Length: 5}),
			`<Response><Say voice="alice" language="fr-FR" loop="2">Bonjour l&#39;ami</Say><Pause/><Pause length="5"/></Response>`},
		{doc(twiml.Play{URL: "https://api.twilio.com/cowbell.mp3", Loop: twiml.Endless}, twiml.Play{Digits: "wwww3"}),
			`<Response><Play loop="0">https://api.twilio.com/cowbell.mp3</Play><Play digits="wwww3"></Play></Response>`},
		{doc(twiml.Redirect{Method: "GET", URL: "../next"}, twiml.Reject{Reason: "busy"}),
			`<Response><Redirect method="GET">../next</Redirect><Reject reason="busy"/></Response>`},
		{doc(twiml.Dial{Nouns: []twiml.Noun{twiml.Number{Number: "415-123-4567"}}}),
			`<Response><Dial><Number>415-123-4567</Number></Dial></Response>`},
		{doc(twiml.Dial{Action: "/handleDialCallStatus", Method: "GET", Timeout: 10, TimeLimit: 60, CallerID: "+18888675310",
			AnswerOnBridge: "true", HangupOnStar: "true", Sequential: "true", RingTone: "fr-tr", Record: "record-from-ringing-dual",
			RecordingRules: twiml.RecordingRules{Track: "inbound", Trim: "trim-silence", StatusCallback: "/r", StatusCallbackMethod: "GET", StatusCallbackEvent: "in-progress completed absent"},
			Nouns: []twiml.Noun{
				twiml.Number{Number: "+14155551212", SendDigits: "wwww1928", Leg: twiml.Leg{URL: "/w", Method: "GET", StatusCallback: "/s", StatusCallbackMethod: "POST", StatusCallbackEvent: "initiated ringing"}},
				twiml.Client{Identity: "jenny", Parameters: []twiml.Parameter{{Name: "FirstName", Value: "Jane"}}}}}),
			`<Response><Dial action="/handleDialCallStatus" method="GET" timeout="10" timeLimit="60" callerId="+18888675310" answerOnBridge="true" ` +
				`hangupOnStar="true" sequential="true" ringTone="fr-tr" record="record-from-ringing-dual" recordingTrack="inbound" trim="trim-silence" ` +
				`recordingStatusCallback="/r" recordingStatusCallbackMethod="GET" recordingStatusCallbackEvent="in-progress completed absent">` +
				`<Number url="/w" method="GET" statusCallback="/s" statusCallbackMethod="POST" statusCallbackEvent="initiated ringing" sendDigits="wwww1928">+14155551212</Number>` +
				`<Client><Identity>jenny</Identity><Parameter name="FirstName" value="Jane"/></Client></Dial></Response>`},
		{doc(twiml.Dial{Nouns: []twiml.Noun{twiml.Conference{Name: "Room 1234", Muted: "true", Beep: "onEnter", StartOnEnter: "false", EndOnExit: "true",
			WaitURL: new(string), WaitMethod: "GET", MaxParticipants: 8, Record: "record-from-start", Trim: "do-not-trim", Coach: "CA1", Label: "agent",
			StatusCallback: "/c", StatusCallbackMethod: "POST", StatusCallbackEvent: "start end join leave mute hold",
			RecordingStatusCallback: "/r", RecordingStatusCallbackMethod: "GET", RecordingStatusCallbackEvent: "completed"}}}),
			`<Response><Dial><Conference muted="true" beep="onEnter" startConferenceOnEnter="false" endConferenceOnExit="true" waitUrl="" waitMethod="GET" ` +
				`maxParticipants="8" record="record-from-start" trim="do-not-trim" coach="CA1" participantLabel="agent" statusCallback="/c" statusCallbackMethod="POST" ` +
				`statusCallbackEvent="start end join leave mute hold" recordingStatusCallback="/r" recordingStatusCallbackMethod="GET" recordingStatusCallbackEvent="completed">` +
				`Room 1234</Conference></Dial></Response>`},
		{doc(twiml.Enqueue{Action: "/a", Method: "GET", WaitURL: new(string), WaitURLMethod: "GET", MaxQueueSize: 3, Name: "support"}, twiml.Leave{},
			twiml.Dial{Nouns: []twiml.Noun{twiml.Queue{URL: "about_to_connect.xml", Method: "GET", Name: "support"}}}),
			`<Response><Enqueue action="/a" method="GET" waitUrl="" waitUrlMethod="GET" maxQueueSize="3">support</Enqueue><Leave/>` +
				`<Dial><Queue url="about_to_connect.xml" method="GET">support</Queue></Dial></Response>`},
		{doc(twiml.StartRecording{Channels: "dual", RecordingRules: twiml.RecordingRules{Track: "both", StatusCallback: "/r"}},
			twiml.Record{Action: "/a", Method: "GET", Timeout: 10, FinishOnKey: new(string), MaxLength: 30, PlayBeep: "false",
				RecordingRules: twiml.RecordingRules{Trim: "do-not-trim", StatusCallback: "/r", StatusCallbackEvent: "completed"}}),
			`<Response><Start><Recording channels="dual" track="both" recordingStatusCallback="/r"/></Start>` +
				`<Record action="/a" method="GET" timeout="10" finishOnKey="" maxLength="30" playBeep="false" trim="do-not-trim" recordingStatusCallback="/r" recordingStatusCallbackEvent="completed"/></Response>`},
	} {
		got := c.response.Bytes()
		if diff := cmp.Diff(string(got), `<?xml version="1.0" encoding="UTF-8"?>`+"\n"+c.want); diff != "" {
			t.Errorf("document (-got +want):\n%s", diff)
		}
		back, err := twiml.Parse(got)
		if err != nil {
			t.Errorf("%s: %v", c.want, err)
		}
		if diff := cmp.Diff(back, c.response); diff != "" {
			t.Errorf("parsed back (-got +want):\n%s", diff)
		}
	}
}

func doc(verbs ...twiml.Verb) twiml.Response { return twiml.Response{Verbs: verbs} }

func TestHandwritten(t *testing.T) {
	got, err := twiml.Parse([]byte("<?xml version='1.0'?>\n<!-- hold -->\n<Response>\n  <Say>a<!-- b -->c &amp; <![CDATA[<d>]]></Say>\n <Hangup></Hangup>\n</Response>\n"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(got, doc(twiml.Say{Text: "ac & <d>"}, twiml.Hangup{})); diff != "" {
		t.Errorf("(-got +want):\n%s", diff)
	}
}

func TestRefusals(t *testing.T) {
	long := strings.Repeat("x", twiml.MaxParameter)
	for _, c := range []struct {
		document string
		code     int
		line     int
	}{
		{"", twiml.CodeParse, 1},
		{"hello", twiml.CodeSchema, 1},
		{"<Response>", twiml.CodeParse, 1},
		{"<Response/><Response/>", twiml.CodeParse, 1},
		{"<Response/>tail", twiml.CodeParse, 1},
		{"<response/>", twiml.CodeSchema, 1},
		{"<Response\n><say>x</say></Response>", twiml.CodeSchema, 2},
		{"<Response>\n\n<Sing>la</Sing></Response>", twiml.CodeSchema, 3},
		{"<Response><Dial/></Response>", twiml.CodeSchema, 1},
		{"<Response><Dial>+12015550123<Number>+12015550124</Number></Dial></Response>", twiml.CodeSchema, 1},
		{"<Response><Dial><Conference>a</Conference><Conference>b</Conference></Dial></Response>", twiml.CodeSchema, 1},
		{"<Response><Dial><Number>1</Number><Queue>q</Queue></Dial></Response>", twiml.CodeSchema, 1},
		{"<Response><Dial><Dial>x</Dial></Dial></Response>", twiml.CodeSchema, 1},
		{"<Response><Dial answerOnBridge='yes'>x</Dial></Response>", twiml.CodeSchema, 1},
		{"<Response><Dial record='dual'>x</Dial></Response>", twiml.CodeSchema, 1},
		{"<Response><Dial><Number statusCallbackEvent='started'>x</Number></Dial></Response>", twiml.CodeSchema, 1},
		{"<Response><Dial><Client><Stream/></Client></Dial></Response>", twiml.CodeSchema, 1},
		{"<Response><Dial><Conference maxParticipants='1'>x</Conference></Dial></Response>", twiml.CodeSchema, 1},
		{"<Response><Dial><Conference statusCallbackEvent='started'>x</Conference></Dial></Response>", twiml.CodeSchema, 1},
		{"<Response><Record maxLength='0'/></Response>", twiml.CodeSchema, 1},
		{"<Response><Record finishOnKey='any'/></Response>", twiml.CodeSchema, 1},
		{"<Response><Record>x</Record></Response>", twiml.CodeSchema, 1},
		{"<Response><Start/></Response>", twiml.CodeSchema, 1},
		{"<Response><Start><Recording channels='two'/></Start></Response>", twiml.CodeSchema, 1},
		{"<Response><Enqueue maxQueueSize='0'>q</Enqueue></Response>", twiml.CodeSchema, 1},
		{"<Response><Leave reason='x'/></Response>", twiml.CodeSchema, 1},
		{"<Response>text</Response>", twiml.CodeSchema, 1},
		{"<Response to='x'/>", twiml.CodeSchema, 1},
		{"<Response><Stream url='wss://h/p'/></Response>", twiml.CodeSchema, 1},
		{"<Response><Connect/></Response>", twiml.CodeSchema, 1},
		{"<Response><Connect><Stream url='a'/><Stream url='b'/></Connect></Response>", twiml.CodeSchema, 1},
		{"<Response><Connect><Stream url='a'><Say/></Stream></Connect></Response>", twiml.CodeSchema, 1},
		{"<Response><Connect><Stream url='a' track='both_tracks'/></Connect></Response>", twiml.CodeSchema, 1},
		{"<Response><Connect><Stream url='a'><Parameter name='n' value='" + long + "'/></Stream></Connect></Response>", twiml.CodeSchema, 1},
		{"<Response><Say><break/></Say></Response>", twiml.CodeSchema, 1},
		{"<Response><Say loop='-1'>x</Say></Response>", twiml.CodeSchema, 1},
		{"<Response><Say text='x'/></Response>", twiml.CodeSchema, 1},
		{"<Response><Say voice='a' voice='b'/></Response>", twiml.CodeParse, 1},
		{"<Response><Play digits='12x'/></Response>", twiml.CodeSchema, 1},
		{"<Response><Pause length='0'/></Response>", twiml.CodeSchema, 1},
		{"<Response><Redirect method='post'>x</Redirect></Response>", twiml.CodeSchema, 1},
		{"<Response><Reject reason='rude'/></Response>", twiml.CodeSchema, 1},
		{"<Response><Hangup>now</Hangup></Response>", twiml.CodeSchema, 1},
		{"<!DOCTYPE x [<!ENTITY a 'b'>]><Response><Say>&a;</Say></Response>", twiml.CodeParse, 1},
		{"<Response><Say>&unknown;</Say></Response>", twiml.CodeParse, 1},
		{"<Response><Say>\xff</Say></Response>", twiml.CodeParse, 1},
		{"<Response xmlns='urn:x'/>", twiml.CodeSchema, 1},
		{"<Response>" + strings.Repeat(" ", twiml.MaxDocument) + "</Response>", twiml.CodeTooLong, 1},
	} {
		_, err := twiml.Parse([]byte(c.document))
		var e *twiml.Error
		if !errors.As(err, &e) {
			t.Errorf("%.60q was accepted (%v)", c.document, err)
			continue
		}
		if e.Code != c.code || e.Line != c.line {
			t.Errorf("%.60q: %v, want code %d in line %d", c.document, e, c.code, c.line)
		}
	}
}

func FuzzTwiML(f *testing.F) {
	f.Add("token", "</Parameter><Hangup/>", "a&b", "x]]>y\r\n\t")
	f.Add("\x00\ufffe", "\"'", "\xff\xc0", "\u2028\U0010ffff")
	f.Fuzz(func(t *testing.T, name, value, attribute, text string) {
		want := doc(
			twiml.Connect{Action: attribute, Stream: twiml.Stream{URL: text, Name: name, Parameters: []twiml.Parameter{{Name: name, Value: value}}}},
			twiml.Say{Voice: attribute, Language: value, Text: text},
			twiml.Play{URL: value}, twiml.Redirect{URL: attribute})
		got, err := twiml.Parse(want.Bytes())
		var e *twiml.Error
		if errors.As(err, &e) && (e.Code == twiml.CodeTooLong || len(name)+len(value) >= twiml.MaxParameter) {
			return
		}
		if err != nil {
			t.Fatalf("%v in %s", err, want.Bytes())
		}
		clean := cmpopts.AcyclicTransformer("clean", twiml.Clean)
		if diff := cmp.Diff(got, want, clean); diff != "" {
			t.Fatalf("(-got +want):\n%s", diff)
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("<Response><Connect><Stream url='wss://h/p'><Parameter name='a' value='b'/></Stream></Connect></Response>"))
	f.Add([]byte("<Response><Dial timeout='3'> <Number url='a'> 1 </Number><Client>x</Client></Dial><Dial> 1 </Dial><Record finishOnKey='#'/><Leave/></Response>"))
	f.Add([]byte("<Response><Dial><Conference waitUrl='' beep='onExit'>r</Conference></Dial><Enqueue waitUrl=''>q</Enqueue><Start><Recording/></Start></Response>"))
	f.Fuzz(func(t *testing.T, document []byte) {
		r, err := twiml.Parse(document)
		if err != nil {
			return
		}
		again, err := twiml.Parse(r.Bytes())
		if err != nil || !cmp.Equal(again, r) {
			t.Fatalf("written again it reads as %v, %v, want %v", again, err, r)
		}
	})
}
