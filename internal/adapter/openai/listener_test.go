package openai_test

import (
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"softphone/internal/phone/assist"
	"softphone/internal/phone/crm"
	"softphone/internal/phone/media"
	"softphone/internal/protocol/g711"
)

// tape plays a recording faster than life.
type tape struct {
	sound []byte
	at    time.Duration
}

func (t *tape) Read(ctx context.Context) (media.Frame, error) {
	if len(t.sound) < media.FrameBytes {
		return media.Frame{}, io.EOF
	}
	select {
	case <-time.After(media.FrameTime / 10):
	case <-ctx.Done():
		return media.Frame{}, ctx.Err()
	}
	f := media.Frame{At: t.at, Data: t.sound[:media.FrameBytes]}
	t.sound, t.at = t.sound[media.FrameBytes:], t.at+media.FrameTime
	return f, nil
}

func hush(length time.Duration) []byte {
	sound := make([]byte, length/media.FrameTime*media.FrameBytes)
	g711.Fill(sound)
	return sound
}

// talk is clips with a second of silence around each.
func talk(t *testing.T, names ...string) *tape {
	sound := hush(time.Second)
	for _, name := range names {
		sound = append(append(sound, clip(t, name)...), hush(time.Second)...)
	}
	return &tape{sound: append(sound, hush(20*time.Second)...)}
}

type desk struct {
	lines   []assist.Line
	tips    []assist.Suggestion
	actions []assist.Action
	states  []assist.State
}

func (d *desk) Partial(assist.Line)         {}
func (d *desk) Line(l assist.Line)          { d.lines = append(d.lines, l) }
func (d *desk) Suggest(s assist.Suggestion) { d.tips = append(d.tips, s) }
func (d *desk) Act(a assist.Action)         { d.actions = append(d.actions, a) }
func (d *desk) State(s assist.State)        { d.states = append(d.states, s) }

type book struct{}

func (book) Search(context.Context, string, int) ([]crm.Contact, error) {
	return []crm.Contact{{ID: "c1", Name: "Ana Dupont"}}, nil
}

// TestListenerOverTheWire runs a whole call's help against the vendor.
func TestListenerOverTheWire(t *testing.T) {
	v, d := begin(t), &desk{}
	a := v.account(nil)
	l := assist.Start(soon(t), assist.Config{Ear: a, Brain: a, Desk: d, Tools: []assist.Tool{assist.SearchContact(book{})},
		Languages: []string{"en"}, Caller: talk(t, "customer-1.ulaw", "customer-2.ulaw"), Agent: talk(t, "agent-1.ulaw")})
	<-l.Done()
	got := map[assist.Speaker]string{}
	for _, at := range d.lines {
		got[at.Speaker] += at.Text + " "
	}
	for speaker, want := range map[assist.Speaker]string{assist.Caller: "charged twice for the same order", assist.Agent: "Alex from Northlight"} {
		if !strings.Contains(got[speaker], want) {
			t.Errorf("%s: got %q, want %q in it", speaker, got[speaker], want)
		}
	}
	advised := ""
	for _, tip := range d.tips {
		advised += tip.Text
	}
	if !strings.Contains(advised, "refund the second charge") {
		t.Errorf("got suggestions %v, want the one about the charge", d.tips)
	}
	if last := d.states[len(d.states)-1]; last.Phase != assist.Off {
		t.Errorf("ended as %v", last)
	}
	for _, kind := range []string{"session.update", "input_audio_buffer.append", "input_audio_buffer.commit", "conversation.item.create", "response.create",
		"conversation.item.input_audio_transcription.delta", "conversation.item.input_audio_transcription.completed", "response.done", "rate_limits.updated"} {
		if v.wire.seen[kind] == 0 {
			t.Errorf("no %s went over the wire: %v", kind, v.wire.seen)
		}
	}
	if len(d.actions) != 2 || d.actions[1].State != assist.Done || !strings.Contains(string(d.actions[1].Result), "Ana Dupont") {
		t.Errorf("got actions %v, want a search that found Ana Dupont", d.actions)
	}
}
