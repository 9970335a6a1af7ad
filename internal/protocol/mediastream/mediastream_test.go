package mediastream_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"softphone/internal/protocol/mediastream"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

const (
	streamSid  = "MZXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX"
	accountSid = "ACXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX"
	callSid    = "CAXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX"
)

// TestFromTwilio holds the samples of "Twilio, Media Streams WebSocket
// messages", section "Messages from Twilio", the payload cut to twelve bytes.
func TestFromTwilio(t *testing.T) {
	for _, c := range []struct {
		frame string
		want  mediastream.Message
	}{
		{`{ "event": "connected", "protocol": "Call", "version": "1.0.0" }`,
			mediastream.Message{Event: "connected", Protocol: "Call", Version: "1.0.0"}},
		{`{
		  "event": "start", "sequenceNumber": "1",
		  "start": {
		    "accountSid": "` + accountSid + `", "streamSid": "` + streamSid + `", "callSid": "` + callSid + `",
		    "tracks": [ "inbound" ],
		    "mediaFormat": { "encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1 },
		    "customParameters": { "FirstName": "Jane", "LastName": "Doe" }
		  },
		  "streamSid": "` + streamSid + `" }`,
			mediastream.Message{Event: "start", Sequence: 1, StreamSid: streamSid, Start: &mediastream.Start{
				AccountSid: accountSid, CallSid: callSid, StreamSid: streamSid,
				Tracks: []string{"inbound"}, Format: mediastream.PhoneFormat,
				Parameters: map[string]string{"FirstName": "Jane", "LastName": "Doe"}}}},
		{`{ "event": "media", "sequenceNumber": "3",
		    "media": { "track": "outbound", "chunk": "1", "timestamp": "5", "payload": "no+JhoaJjpzSHxAK" },
		    "streamSid": "` + streamSid + `" }`,
			mediastream.Message{Event: "media", Sequence: 3, StreamSid: streamSid,
				Media: mediastream.Media{Track: "outbound", Chunk: 1, At: 5 * time.Millisecond}}},
		{`{ "event": "dtmf", "streamSid":"` + streamSid + `", "sequenceNumber":"5", "dtmf": { "track":"inbound_track", "digit": "1" } }`,
			mediastream.Message{Event: "dtmf", Sequence: 5, StreamSid: streamSid, Digit: "1"}},
		{`{ "event": "mark", "sequenceNumber": "4", "streamSid": "` + streamSid + `", "mark": { "name": "my label" } }`,
			mediastream.Message{Event: "mark", Sequence: 4, StreamSid: streamSid, Mark: "my label"}},
		{`{ "event": "stop", "sequenceNumber": "5", "stop": { "accountSid": "` + accountSid + `", "callSid": "` + callSid + `" }, "streamSid": "` + streamSid + `" }`,
			mediastream.Message{Event: "stop", Sequence: 5, StreamSid: streamSid,
				Stop: &mediastream.Stop{AccountSid: accountSid, CallSid: callSid}}},
		{`{"event":"weather","streamSid":"` + streamSid + `","new":{"field":[1,2]}}`,
			mediastream.Message{Event: "weather", StreamSid: streamSid}},
	} {
		got, err := new(mediastream.Decoder).Decode([]byte(c.frame))
		if err != nil {
			t.Errorf("%s: %v", c.frame, err)
		}
		if got.Event == mediastream.EventMedia {
			if want := "\x9e\x8f\x89\x86\x86\x89\x8e\x9c\xd2\x1f\x10\x0a"; string(got.Media.Payload) != want {
				t.Errorf("payload = %q, want %q", got.Media.Payload, want)
			}
			got.Media.Payload = nil
		}
		if diff := cmp.Diff(got, c.want); diff != "" {
			t.Errorf("%s (-got +want):\n%s", c.frame, diff)
		}
	}
}

// TestToTwilio holds the samples of section "Messages to Twilio" of the same
// document, and checks that the decoder of the other side takes them.
func TestToTwilio(t *testing.T) {
	for _, c := range []struct {
		got  []byte
		want string
		read mediastream.Command
	}{
		{mediastream.AppendMedia(nil, streamSid, []byte("sound")),
			`{"event":"media","streamSid":"` + streamSid + `","media":{"payload":"c291bmQ="}}`,
			mediastream.Command{Event: "media", StreamSid: streamSid, Payload: []byte("sound")}},
		{mediastream.AppendMark(nil, streamSid, `my "label"`),
			`{"event":"mark","streamSid":"` + streamSid + `","mark":{"name":"my \"label\""}}`,
			mediastream.Command{Event: "mark", StreamSid: streamSid, Mark: `my "label"`}},
		{mediastream.AppendClear(nil, streamSid),
			`{"event":"clear","streamSid":"` + streamSid + `"}`,
			mediastream.Command{Event: "clear", StreamSid: streamSid}},
	} {
		if diff := cmp.Diff(string(c.got), c.want); diff != "" {
			t.Errorf("(-got +want):\n%s", diff)
		}
		read, err := new(mediastream.CommandDecoder).Decode(c.got)
		if err != nil {
			t.Errorf("%s: %v", c.got, err)
		}
		if diff := cmp.Diff(read, c.read); diff != "" {
			t.Errorf("%s (-got +want):\n%s", c.got, diff)
		}
	}
}

// TestEncodedForTheServer says that what one side writes the other side reads.
func TestEncodedForTheServer(t *testing.T) {
	start := mediastream.Start{AccountSid: accountSid, CallSid: callSid, StreamSid: streamSid,
		Tracks: []string{"inbound"}, Format: mediastream.PhoneFormat, Parameters: map[string]string{"tok\"en": "ü\n"}}
	sound := mediastream.Media{Track: "inbound", Chunk: 7, At: 140 * time.Millisecond, Payload: []byte{1, 2, 3}}
	stop := mediastream.Stop{AccountSid: accountSid, CallSid: callSid}
	for _, c := range []struct {
		frame []byte
		want  mediastream.Message
	}{
		{mediastream.AppendConnected(nil), mediastream.Message{Event: "connected", Protocol: "Call", Version: "1.0.0"}},
		{mediastream.AppendStart(nil, 1, start), mediastream.Message{Event: "start", Sequence: 1, StreamSid: streamSid, Start: &start}},
		{mediastream.AppendSound(nil, 8, streamSid, sound), mediastream.Message{Event: "media", Sequence: 8, StreamSid: streamSid, Media: sound}},
		{mediastream.AppendDTMF(nil, 9, streamSid, "#"), mediastream.Message{Event: "dtmf", Sequence: 9, StreamSid: streamSid, Digit: "#"}},
		{mediastream.AppendPlayed(nil, 10, streamSid, "é"), mediastream.Message{Event: "mark", Sequence: 10, StreamSid: streamSid, Mark: "é"}},
		{mediastream.AppendStop(nil, 11, streamSid, stop), mediastream.Message{Event: "stop", Sequence: 11, StreamSid: streamSid, Stop: &stop}},
	} {
		got, err := new(mediastream.Decoder).Decode(c.frame)
		if err != nil {
			t.Errorf("%s: %v", c.frame, err)
		}
		if diff := cmp.Diff(got, c.want); diff != "" {
			t.Errorf("%s (-got +want):\n%s", c.frame, diff)
		}
	}
	want := `"customParameters":{}`
	if got := string(mediastream.AppendStart(nil, 1, mediastream.Start{})); !strings.Contains(got, want) {
		t.Errorf("start without parameters = %s, want %s in it", got, want)
	}
}

func TestMalformed(t *testing.T) {
	for _, frame := range []string{
		``, `x`, `[]`, `{}`, `null`, `{"event":7}`, `{"event":"start"}`, `{"event":"media"}`,
		`{"event":"media","media":{"track":"inbound"}}`,
		`{"event":"media","media":{"payload":"@@@@"}}`,
		`{"event":"media","media":{"payload":"abc"}}`,
		`{"event":"media","media":{"payload":"AAAA","timestamp":"-5"}}`,
		`{"event":"media","media":{"payload":"AAAA","timestamp":"999999999999999999"}}`,
		`{"event":"media","media":{"payload":"AAAA","chunk":"1x"}}`,
		`{"event":"media","media":{"payload":"AAAA"}}}`,
		`{"event":"media","media":{"payload":"AAAA"},}`,
		`{"event":"mark","mark":[]}`,
	} {
		if m, err := new(mediastream.Decoder).Decode([]byte(frame)); !errors.Is(err, mediastream.ErrMalformed) {
			t.Errorf("%s: %v, %v, want ErrMalformed", frame, m, err)
		}
	}
}

// TestMalformedCommands lists what "error 31951" names: bad JSON, missing and
// extra fields, events that only go the other way.
func TestMalformedCommands(t *testing.T) {
	for _, frame := range []string{
		``, `{`, `{}`, `{"event":"media"}`,
		`{"event":"media","media":{"payload":"AAAA"}}`,
		`{"event":"media","streamSid":"","media":{"payload":"AAAA"}}`,
		`{"event":"media","streamSid":"MZ","media":{"payload":""}}`,
		`{"event":"media","streamSid":"MZ","media":{"payload":"AAA"}}`,
		`{"event":"media","streamSid":"MZ","media":{"payload":"AAAA","track":"inbound"}}`,
		`{"event":"media","streamSid":"MZ","sequenceNumber":"1","media":{"payload":"AAAA"}}`,
		`{"event":"media","streamSid":"MZ","media":{"payload":"AAAA"}}{}`,
		`{"event":"mark","streamSid":"MZ"}`,
		`{"event":"mark","streamSid":"MZ","mark":{}}`,
		`{"event":"clear"}`,
		`{"event":"clear","streamSid":"MZ","media":{}}`,
		`{"event":"stop","streamSid":"MZ"}`,
		`{"event":"dtmf","streamSid":"MZ","dtmf":{"digit":"1"}}`,
	} {
		if c, err := new(mediastream.CommandDecoder).Decode([]byte(frame)); !errors.Is(err, mediastream.ErrMalformed) {
			t.Errorf("%s: %v, %v, want ErrMalformed", frame, c, err)
		}
	}
}

// TestQuickEqualsJSON writes media frames in every shape a JSON writer may
// choose and compares with what encoding/json reads.
func TestQuickEqualsJSON(t *testing.T) {
	var d mediastream.Decoder // one for all: buffers are used again
	rapid.Check(t, func(t *rapid.T) {
		frame := drawFrame(t)
		got, err := d.Decode([]byte(frame))
		if err != nil {
			t.Fatalf("%s: %v", frame, err)
		}
		if diff := cmp.Diff(got, oracle(t, frame)); diff != "" {
			t.Fatalf("%s (-got +want):\n%s", frame, diff)
		}
	})
}

func drawFrame(t *rapid.T) string {
	blank := rapid.StringMatching(`[ \t\r\n]{0,2}`)
	word := rapid.OneOf(rapid.StringMatching(`[A-Za-z0-9_]{0,12}`), rapid.String())
	number := rapid.Map(rapid.Int64Range(0, 1<<40), func(n int64) string { return `"` + strconv.FormatInt(n, 10) + `"` })
	quoted := rapid.Map(word, func(s string) string { b, _ := json.Marshal(s); return string(b) })
	payload := rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, 400), func(b []byte) string {
		return `"` + base64.StdEncoding.EncodeToString(b) + `"`
	})
	object := func(pairs ...string) string {
		kept := pairs
		if rapid.Bool().Draw(t, "extra") {
			kept = append(kept, `"more":[{"a":null},1.5]`)
		}
		kept = rapid.Permutation(kept).Draw(t, "order")
		space := blank.Draw(t, "blank")
		return "{" + space + strings.Join(kept, space+","+space) + space + "}"
	}
	colon := blank.Draw(t, "colon") + ":" + blank.Draw(t, "colon")
	media := object(
		`"track"`+colon+quoted.Draw(t, "track"), `"chunk"`+colon+number.Draw(t, "chunk"),
		`"timestamp"`+colon+number.Draw(t, "timestamp"), `"payload"`+colon+payload.Draw(t, "payload"))
	return object(`"event"`+colon+`"media"`, `"sequenceNumber"`+colon+number.Draw(t, "sequence"),
		`"streamSid"`+colon+quoted.Draw(t, "sid"), `"media"`+colon+media)
}

func oracle(t *rapid.T, frame string) mediastream.Message {
	var w struct {
		Event, StreamSid string
		SequenceNumber   int64 `json:",string"`
		Media            struct {
			Track            string
			Chunk, Timestamp int64 `json:",string"`
			Payload          []byte
		}
	}
	if err := json.Unmarshal([]byte(frame), &w); err != nil {
		t.Fatal(err)
	}
	return mediastream.Message{Event: mediastream.Event(w.Event), StreamSid: w.StreamSid, Sequence: w.SequenceNumber,
		Media: mediastream.Media{Track: w.Media.Track, Chunk: w.Media.Chunk,
			At: time.Duration(w.Media.Timestamp) * time.Millisecond, Payload: w.Media.Payload}}
}

func TestNoAllocation(t *testing.T) {
	sound := make([]byte, 160)
	in := mediastream.AppendSound(nil, 3, streamSid, mediastream.Media{Track: "inbound", Chunk: 2, At: time.Second, Payload: sound})
	out := mediastream.AppendMedia(nil, streamSid, sound)
	spaced := []byte(strings.NewReplacer(`:`, ` : `, `,`, ",\n").Replace(string(in)))
	var d mediastream.Decoder
	var c mediastream.CommandDecoder
	buf := make([]byte, 0, 1024)
	for name, f := range map[string]func() error{
		"Decode":             func() error { _, err := d.Decode(in); return err },
		"Decode with blanks": func() error { _, err := d.Decode(spaced); return err },
		"decode command":     func() error { _, err := c.Decode(out); return err },
		"AppendMedia":        func() error { buf = mediastream.AppendMedia(buf[:0], streamSid, sound); return nil },
		"AppendMark":         func() error { buf = mediastream.AppendMark(buf[:0], streamSid, "m1"); return nil },
		"AppendSound": func() error {
			buf = mediastream.AppendSound(buf[:0], 3, streamSid, mediastream.Media{Track: "inbound", Payload: sound})
			return nil
		},
	} {
		got := testing.AllocsPerRun(100, func() {
			if err := f(); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		})
		if got != 0 {
			t.Errorf("%s: %v allocations a frame, want 0", name, got)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"event":"media","sequenceNumber":"2","streamSid":"MZ","media":{"track":"inbound","chunk":"1","timestamp":"5","payload":"AAAA"}}`))
	f.Add([]byte(`{"event":"start","start":{"customParameters":{"a":"b"}}}`))
	f.Add([]byte(`{"event":"mark","streamSid":"MZ","mark":{"name":"x"}}`))
	f.Fuzz(func(t *testing.T, frame []byte) {
		var d mediastream.Decoder
		m, err := d.Decode(frame)
		if err == nil && !json.Valid(frame) {
			t.Fatalf("%q is no JSON and was read as %v", frame, m)
		}
		var c mediastream.CommandDecoder
		command, err := c.Decode(frame)
		if err != nil {
			return
		}
		if command.StreamSid == "" || len(command.Payload) > len(frame) {
			t.Fatalf("%q was read as %v", frame, command)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	frame := mediastream.AppendSound(nil, 3, streamSid, mediastream.Media{Track: "inbound", Chunk: 2, At: time.Second, Payload: make([]byte, 160)})
	var d mediastream.Decoder
	for b.Loop() {
		if _, err := d.Decode(frame); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppendMedia(b *testing.B) {
	buf, sound := make([]byte, 0, 1024), make([]byte, 160)
	for b.Loop() {
		buf = mediastream.AppendMedia(buf[:0], streamSid, sound)
	}
}
