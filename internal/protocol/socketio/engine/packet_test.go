package engine_test

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"softphone/internal/protocol/socketio/engine"
)

// The example of "Packet encoding", "HTTP long-polling".
func TestPayloadExample(t *testing.T) {
	const body = "4hello\x1ebAQIDBA=="
	packets, err := engine.ParsePayload([]byte(body))
	want := []engine.Packet{
		{Type: engine.Message, Data: []byte("hello")},
		{Type: engine.Message, Binary: true, Data: []byte{1, 2, 3, 4}},
	}
	if diff := cmp.Diff(packets, want); diff != "" || err != nil {
		t.Errorf("packets (-got +want), %v:\n%s", err, diff)
	}
	frames := []engine.Frame{engine.TextFrame(engine.Message, "hello"), engine.BinaryFrame([]byte{1, 2, 3, 4})}
	if got := string(engine.AppendPayload(nil, frames)); got != body {
		t.Errorf("body: got %q, want %q", got, body)
	}
}

// What is appended as a payload is parsed as the same packets.
func TestPayloadRoundTrip(t *testing.T) {
	text := rapid.Custom(func(t *rapid.T) engine.Frame {
		kind := engine.Type(rapid.ByteRange('0', '6').Draw(t, "type"))
		data := rapid.String().Filter(func(s string) bool { return !strings.Contains(s, "\x1e") }).Draw(t, "data")
		return engine.TextFrame(kind, data)
	})
	binary := rapid.Map(rapid.SliceOf(rapid.Byte()), engine.BinaryFrame)
	rapid.Check(t, func(t *rapid.T) {
		frames := rapid.SliceOfN(rapid.OneOf(text, binary), 1, 20).Draw(t, "frames")
		packets, err := engine.ParsePayload(engine.AppendPayload(nil, frames))
		if err != nil || len(packets) != len(frames) {
			t.Fatalf("got %d packets and %v, want %d", len(packets), err, len(frames))
		}
		for i, p := range packets {
			if got := frameOf(p); got.Binary != frames[i].Binary || !bytes.Equal(got.Data, frames[i].Data) {
				t.Fatalf("packet %d: got %v, want %v", i, got, frames[i])
			}
		}
	})
}

func frameOf(p engine.Packet) engine.Frame {
	if p.Binary {
		return engine.BinaryFrame(p.Data)
	}
	return engine.TextFrame(p.Type, string(p.Data))
}

// Whatever is accepted is encoded to the same bytes again, and holds what the parser promises.
func FuzzEnginePacket(f *testing.F) {
	for _, seed := range []string{"4hello", "2probe", "3", "6", "", "abc", "4\xff", "0{\"sid\":\"x\"}"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		packet, err := engine.ParseText(text)
		if err != nil {
			return
		}
		if packet.Type < engine.Open || packet.Type > engine.Noop || !utf8.Valid(packet.Data) {
			t.Fatalf("%q: accepted as %+v", text, packet)
		}
		if got := frameOf(packet).Data; !bytes.Equal(got, text) {
			t.Fatalf("%q: encoded again as %q", text, got)
		}
	})
}

// Splitting a body makes no more of it than there was.
func FuzzEnginePayload(f *testing.F) {
	for _, seed := range []string{"4hello\x1e2\x1e4world", "4hello\x1ebAQIDBA==", "\x1e\x1e", "b", "b=", "bAQ==\x1e", strings.Repeat("4\x1e", 1500)} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		packets, err := engine.ParsePayload(body)
		if err != nil {
			return
		}
		if len(packets) > 1024 {
			t.Fatalf("%d packets of %d bytes", len(packets), len(body))
		}
		var frames []engine.Frame
		total := 0
		for _, packet := range packets {
			total += len(packet.Data)
			frames = append(frames, frameOf(packet))
		}
		if total > len(body) {
			t.Fatalf("%d bytes became %d", len(body), total)
		}
		again, err := engine.ParsePayload(engine.AppendPayload(nil, frames))
		if diff := cmp.Diff(again, packets); diff != "" || err != nil {
			t.Fatalf("parsed again (-got +want), %v:\n%s", err, diff)
		}
	})
}
