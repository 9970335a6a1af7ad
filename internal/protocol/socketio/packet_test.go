package socketio_test

import (
	"bytes"
	"encoding/json"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"softphone/internal/protocol/socketio"
)

// The examples of "Packet encoding".
func TestPacketExamples(t *testing.T) {
	for text, want := range map[string]socketio.Packet{
		`0`: {Type: socketio.Connect, Namespace: "/"},
		`0/admin,{"sid":"oSO0OpakMV_3jnilAAAA"}`: {
			Type: socketio.Connect, Namespace: "/admin", Data: json.RawMessage(`{"sid":"oSO0OpakMV_3jnilAAAA"}`),
		},
		`4{"message":"Not authorized"}`: {
			Type: socketio.ConnectError, Namespace: "/", Data: json.RawMessage(`{"message":"Not authorized"}`),
		},
		`2["foo"]`:          {Type: socketio.EventPacket, Namespace: "/", Data: json.RawMessage(`["foo"]`)},
		`2/admin,["bar"]`:   {Type: socketio.EventPacket, Namespace: "/admin", Data: json.RawMessage(`["bar"]`)},
		`212["foo"]`:        {Type: socketio.EventPacket, Namespace: "/", ID: 12, HasID: true, Data: json.RawMessage(`["foo"]`)},
		`3/admin,13["bar"]`: {Type: socketio.AckPacket, Namespace: "/admin", ID: 13, HasID: true, Data: json.RawMessage(`["bar"]`)},
		`1`:                 {Type: socketio.Disconnect, Namespace: "/"},
		`1/admin,`:          {Type: socketio.Disconnect, Namespace: "/admin"},
		`52-/admin,["baz",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]`: {
			Type: socketio.BinaryEvent, Namespace: "/admin", Attachments: [][]byte{{1, 2}, {3, 4}},
			Data: json.RawMessage(`["baz",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]`),
		},
		`61-15["bar",{"_placeholder":true,"num":0}]`: {
			Type: socketio.BinaryAck, Namespace: "/", ID: 15, HasID: true, Attachments: [][]byte{{1, 2, 3, 4}},
			Data: json.RawMessage(`["bar",{"_placeholder":true,"num":0}]`),
		},
	} {
		got, err := decode(text, want.Attachments)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if diff := cmp.Diff(*got, want, cmpopts.IgnoreUnexported(socketio.Packet{})); diff != "" {
			t.Errorf("%s (-got +want):\n%s", text, diff)
		}
		if got := string(want.AppendText(nil)); got != text {
			t.Errorf("encoded: got %s, want %s", got, text)
		}
	}
}

// decode adds a text and its attachments to a decoder.
func decode(text string, attachments [][]byte) (*socketio.Packet, error) {
	decoder := socketio.Decoder{MaxAttachments: 10, MaxDepth: 32}
	packet, err := decoder.Add([]byte(text), false)
	for _, attachment := range attachments {
		if err != nil || packet != nil {
			break
		}
		packet, err = decoder.Add(attachment, true)
	}
	return packet, err
}

// What is emitted is what is received, with binary values in their places.
func TestEventRoundTrip(t *testing.T) {
	value := rapid.OneOf(
		rapid.Map(rapid.String(), func(s string) any { return s }),
		rapid.Map(rapid.Int32(), func(n int32) any { return float64(n) }),
		rapid.Map(rapid.Bool(), func(b bool) any { return b }),
		rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, 9), func(b []byte) any { return socketio.Binary(b) }),
		rapid.Map(rapid.MapOf(rapid.String(), rapid.String()), func(m map[string]string) any {
			object := map[string]any{}
			for k, v := range m {
				object[k] = v
			}
			return object
		}),
	)
	rapid.Check(t, func(t *rapid.T) {
		event := "my " + rapid.String().Draw(t, "event")
		namespace := rapid.SampledFrom([]string{"/", "/voice", "/a/b?c=d"}).Draw(t, "namespace")
		args := rapid.SliceOfN(value, 0, 10).Draw(t, "args")
		sent, err := socketio.EventOf(namespace, event, args...)
		if err != nil {
			t.Fatal(err)
		}
		got, err := decode(string(sent.AppendText(nil)), sent.Attachments)
		if err != nil || got == nil || got.Namespace != namespace {
			t.Fatalf("decoded: got %+v, %v", got, err)
		}
		name, received, err := got.Event()
		if err != nil || name != event || received.Len() != len(args) {
			t.Fatalf("event: got %q with %d arguments, %v; want %q with %d", name, received.Len(), err, event, len(args))
		}
		for i, want := range args {
			compare(t, received, i, want)
		}
	})
}

func compare(t *rapid.T, received socketio.Arguments, i int, want any) {
	if data, ok := want.(socketio.Binary); ok {
		if got, err := received.Bytes(i); err != nil || !bytes.Equal(got, data) {
			t.Fatalf("argument %d: got %v, %v, want %v", i, got, err, data)
		}
		return
	}
	var got any
	if err := received.Decode(i, &got); err != nil {
		t.Fatalf("argument %d: %v", i, err)
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Fatalf("argument %d (-got +want):\n%s", i, diff)
	}
}

var header = regexp.MustCompile(`^[0-6]`)

// A packet that is accepted has the form of its type and survives being encoded again.
func FuzzSocketPacket(f *testing.F) {
	for _, seed := range []string{
		`0`, `0/admin,{"sid":"x"}`, `2["foo"]`, `212["foo"]`, `3/admin,13["bar"]`, `1/admin,`, `52-/admin,["baz"]`,
		`61-15["bar",{"_placeholder":true,"num":0}]`, `4{"message":"no"}`, `2{}`, `2[[[[[[`, `5-["x"]`, `2["\ud800"]`,
	} {
		f.Add([]byte(seed), []byte{1, 2}, []byte{})
	}
	f.Fuzz(func(t *testing.T, text, one, two []byte) {
		packet, err := decode(string(text), [][]byte{one, two})
		if err != nil || packet == nil {
			return
		}
		if !header.Match(text) || len(packet.Attachments) > 2 {
			t.Fatalf("%q: accepted as %+v", text, packet)
		}
		again, err := decode(string(packet.AppendText(nil)), packet.Attachments)
		if err != nil {
			t.Fatalf("%q: encoded again is refused: %v", text, err)
		}
		if diff := cmp.Diff(again, packet, cmpopts.IgnoreUnexported(socketio.Packet{})); diff != "" {
			t.Fatalf("%q: encoded again (-got +want):\n%s", text, diff)
		}
		if packet.Type == socketio.EventPacket || packet.Type == socketio.BinaryEvent {
			readArguments(packet)
		}
	})
}

// readArguments does what a handler may do.
func readArguments(packet *socketio.Packet) {
	_, args, err := packet.Event()
	if err != nil {
		return
	}
	for i := -1; i <= args.Len(); i++ {
		_, _ = args.Bytes(i) // must not panic
	}
	args.Echo()
}
