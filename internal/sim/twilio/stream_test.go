package twilio_test

import (
	"bytes"
	"context"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"softphone/internal/protocol/g711"
	"softphone/internal/protocol/mediastream"
	"softphone/internal/protocol/twiml"
	"softphone/internal/protocol/wav"
	"softphone/internal/sim/twilio"

	"github.com/coder/websocket"
	"github.com/google/go-cmp/cmp"
)

// TestMarksAndClear follows "Media Streams WebSocket messages", mark and clear:
// a mark comes back when what was sent before it has been played, at once when
// nothing waits, and all of them at a clear.
func TestMarksAndClear(t *testing.T) {
	d := newDesk(t, nil)
	got := make(chan []string, 1)
	d.socket = func(s *stream) {
		s.untilStart()
		s.write(mediastream.AppendMark(nil, s.start.StreamSid, "empty"))
		s.until("empty")
		s.write(mediastream.AppendMedia(nil, s.start.StreamSid, make([]byte, 1600)))
		s.write(mediastream.AppendMark(nil, s.start.StreamSid, "played"))
		frames := s.until("played")
		s.write(mediastream.AppendMedia(nil, s.start.StreamSid, make([]byte, 80000)))
		s.write(mediastream.AppendMark(nil, s.start.StreamSid, "one"))
		s.write(mediastream.AppendMark(nil, s.start.StreamSid, "two"))
		s.write(mediastream.AppendClear(nil, s.start.StreamSid))
		cleared := s.until("two")
		if frames < 9 || frames > 13 {
			t.Errorf("the mark after 200 ms came after %d frames, want about 10", frames)
		}
		if cleared > 5 {
			t.Errorf("the marks of a clear came after %d frames, want at once", cleared)
		}
		var marks []string
		for _, e := range s.events {
			if e == "mark" {
				marks = append(marks, e)
			}
		}
		got <- marks
	}
	made := d.dial(quick)
	if marks := receive(d, got); len(marks) != 4 {
		t.Errorf("%d marks came back, want 4", len(marks))
	}
	d.ended(made.Sid)
	d.noViolations()
}

func (s *stream) untilStart() {
	for s.start.StreamSid == "" && s.next() {
	}
}

// until reads up to a mark and returns how many frames came before.
func (s *stream) until(mark string) (frames int) {
	for {
		m, ok := s.read()
		if !ok {
			s.desk.t.Errorf("the socket ended before mark %q", mark)
			return frames
		}
		if m.Event == mediastream.EventMark && m.Mark == mark {
			return frames
		}
		if m.Event == mediastream.EventMedia {
			frames++
		}
	}
}

// TestEcho says that what is played is heard, and what is said arrives, sample
// by sample, and that the control interface has both with their time.
func TestEcho(t *testing.T) {
	d := newDesk(t, nil)
	pattern := make([]byte, 800)
	for i := range pattern {
		pattern[i] = byte(i*7%120) | 0x80
	}
	got := make(chan []byte, 1)
	d.socket = func(s *stream) {
		s.untilStart()
		s.write(mediastream.AppendMedia(nil, s.start.StreamSid, pattern))
		for !bytes.Contains(s.heard, pattern) && len(s.heard) < 3*8000 && s.next() {
		}
		got <- s.heard
		for s.next() {
		}
	}
	made := d.dial(twilio.NumberEcho)
	if heard := receive(d, got); !bytes.Contains(heard, pattern) {
		t.Error("the pattern did not come back from the echo")
	}
	_, body := d.control(http.MethodGet, "/calls/"+made.Sid+"/heard.wav", nil)
	clip, err := wav.ReadClip(bytes.NewReader(body), 1<<20)
	if err != nil || !bytes.Contains(clip.Sound, pattern) {
		t.Errorf("heard.wav: %v, pattern there: %v", err, bytes.Contains(clip.Sound, pattern))
	}
	_, body = d.control(http.MethodGet, "/calls/"+made.Sid+"/timeline.json", nil)
	if !strings.Contains(string(body), `"rate":8000`) {
		t.Errorf("timeline: %s", body)
	}
	d.update(made.Sid, "Status", "completed")
	d.ended(made.Sid)
}

func TestTone(t *testing.T) {
	d := newDesk(t, nil)
	got := make(chan []byte, 1)
	d.socket = func(s *stream) {
		for len(s.heard) < 8000 && s.next() {
		}
		got <- s.heard
	}
	made := d.dial(twilio.NumberTone)
	if level := g711.Level(receive(d, got)); level < -10.1 || level > -9.9 {
		t.Errorf("the tone has %.2f dBm0, want -10", level)
	}
	d.ended(made.Sid)
}

// TestKeys presses keys, which reach the server as dtmf messages.
func TestKeys(t *testing.T) {
	d := newDesk(t, func(c *twilio.Config) {
		c.People = append(c.People, twilio.Person{Number: "+12015550141", AnswerAfter: twilio.In(0),
			Turns: []twilio.Turn{{Press: "42#"}, {HangUp: true}}})
	})
	got := make(chan string, 1)
	d.socket = func(s *stream) {
		keys := ""
		for len(keys) < 5 {
			m, ok := s.read()
			if !ok {
				break
			}
			keys += m.Digit
			if keys == "42#" && !strings.Contains(keys, "!") {
				s.desk.press(s.start.CallSid, "7")
				keys += "!"
			}
			if m.Digit == "7" {
				break
			}
		}
		got <- keys
	}
	made := d.dial("+12015550141")
	if keys := receive(d, got); keys != "42#!7" {
		t.Errorf("keys = %q, want 42# and then 7", keys)
	}
	d.ended(made.Sid)
}

func (d *desk) press(sid, keys string) {
	if status, body := d.control(http.MethodPost, "/calls/"+sid+"/press", map[string]string{"keys": keys}); status != http.StatusNoContent {
		d.t.Errorf("press: %d %s", status, body)
	}
}

// TestViolations sends what "error 31951" and "error 31924" name. It is
// ignored and warned of once; binary messages end the stream.
func TestViolations(t *testing.T) {
	d := newDesk(t, nil)
	got := make(chan int, 1)
	d.socket = func(s *stream) {
		s.untilStart()
		for _, frame := range []string{`nonsense`, `{"event":"media","streamSid":"MZ0","media":{"payload":"AAAA"}}`, `{"event":"stop"}`} {
			s.write([]byte(frame))
		}
		s.write(mediastream.AppendMark(nil, s.start.StreamSid, "alive"))
		s.until("alive")
		if err := s.conn.Write(context.Background(), websocket.MessageBinary, []byte{1}); err != nil {
			t.Error(err)
		}
		for s.next() {
		}
		got <- 1
	}
	made := d.dial(quick)
	receive(d, got)
	d.ended(made.Sid)
	violations, warnings := d.sim.Ledger(made.Sid, twilio.KindViolation), d.sim.Ledger(made.Sid, twilio.KindAlert)
	if len(violations) != 4 {
		t.Errorf("%d violations, want 4: %v", len(violations), violations)
	}
	count := 0
	for _, e := range warnings {
		if e.What == "stream warning" {
			count++
		}
	}
	if count != 1 {
		t.Errorf("%d warnings, want one a stream", count)
	}
}

// TestRefusedStreams lists addresses that <Stream> does not take.
func TestRefusedStreams(t *testing.T) {
	for name, c := range map[string]struct {
		url    string
		secure bool
		code   int
	}{
		"query string": {"/media?token=1", false, 31920},
		"not there":    {"/nowhere", false, 31920},
		"scheme":       {"https://h.example/media", false, 31922},
		"not wss":      {"ws://h.example/media", true, 31910},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, func(config *twilio.Config) { config.Insecure = !c.secure })
			document := twiml.Response{Verbs: []twiml.Verb{twiml.Connect{Stream: twiml.Stream{URL: c.url}}}}
			form := d.order(quick)
			d.answer(document.Verbs...)
			_, body := d.do(http.MethodPost, callsPath+".json", form)
			e := d.noted(readCall(t, body).Sid, twilio.KindViolation, "no stream")
			if e.Detail["code"] != c.code {
				t.Errorf("code = %v, want %d", e.Detail["code"], c.code)
			}
		})
	}
}

// TestNextVerbAfterTheServerClosed says that the document goes on when, and
// only when, the server closes the socket.
func TestNextVerbAfterTheServerClosed(t *testing.T) {
	d := newDesk(t, nil)
	d.socket = func(s *stream) {
		s.untilStart()
		_ = s.conn.Close(websocket.StatusNormalClosure, "")
	}
	d.answer(twiml.Connect{Stream: twiml.Stream{URL: "/media", Name: "leg", StatusCallback: d.server.URL + "/status"}}, twiml.Say{Text: "Sorry"}, twiml.Hangup{})
	made := d.dial(quick)
	d.ended(made.Sid)
	var verbs []string
	for _, e := range d.sim.Ledger(made.Sid, twilio.KindVerb) {
		verbs = append(verbs, e.What)
	}
	if diff := cmp.Diff(verbs, []string{"Say", "Hangup"}); diff != "" {
		t.Errorf("verbs after the stream (-got +want):\n%s", diff)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	var events []string
	for _, f := range d.callbacks {
		if f.Get("StreamEvent") != "" {
			events = append(events, f.Get("StreamName")+" "+f.Get("StreamEvent"))
			if _, err := time.Parse(time.RFC3339, f.Get("Timestamp")); err != nil {
				t.Errorf("stream callback: %v", err)
			}
		}
	}
	slices.Sort(events)
	if diff := cmp.Diff(events, []string{"leg stream-started", "leg stream-stopped"}); diff != "" {
		t.Errorf("stream callbacks (-got +want):\n%s", diff)
	}
}

// TestConversation lets the default person say everything: a sentence after
// each turn of the other side, then goodbye.
func TestConversation(t *testing.T) {
	d := newDesk(t, func(c *twilio.Config) {
		c.People = append(c.People, twilio.Person{Number: "+12015550142", AnswerAfter: twilio.In(0), Turns: []twilio.Turn{
			{Say: "customer-1"}, {Say: "customer-4"}, {HangUp: true}}})
	})
	d.socket = func(s *stream) {
		s.untilStart()
		for range 2 {
			s.waitForPause()
			s.write(mediastream.AppendMedia(nil, s.start.StreamSid, speech(600*time.Millisecond)))
		}
		for s.next() {
		}
	}
	made := d.dial("+12015550142")
	if end := d.ended(made.Sid); end != "completed" {
		t.Errorf("ended as %q, want completed", end)
	}
	var deeds []string
	for _, e := range d.sim.Ledger(made.Sid, twilio.KindPerson) {
		what, _ := e.Detail["what"].(string)
		deeds = append(deeds, strings.TrimSpace(e.What+" "+what))
	}
	if diff := cmp.Diff(deeds, []string{"answered", "says customer-1", "says customer-4", "hung up"}); diff != "" {
		t.Errorf("what the person did (-got +want):\n%s", diff)
	}
	d.noViolations()
}

// waitForPause reads until the person has spoken and paused for 0.5 s.
func (s *stream) waitForPause() {
	spoken, quiet := 0, 0
	for spoken < 10 || quiet < 25 {
		m, ok := s.read()
		if !ok {
			return
		}
		if g711.Level(m.Media.Payload) > -40 {
			spoken++
			quiet = 0
		} else {
			quiet++
		}
	}
}

// speech is a sound as loud as a voice.
func speech(d time.Duration) []byte {
	sound := make([]byte, int(d*8000/time.Second))
	for i := range sound {
		sound[i] = []byte{0x1E, 0x0B, 0x0B, 0x1E, 0x9E, 0x8B, 0x8B, 0x9E}[i%8]
	}
	return sound
}

// TestFileAndOrders lets a person play a file, say a voice and hang up when
// told.
func TestFileAndOrders(t *testing.T) {
	path := filepath.Join(t.TempDir(), "song.wav")
	pcm := make([]byte, 2*16000)
	for i := 0; i < len(pcm); i += 2 {
		pcm[i+1] = byte(i/2%16) * 4
	}
	if err := os.WriteFile(path, wav.Append(nil, wav.Format{Tag: wav.PCM, Channels: 1, Rate: 16000}, pcm), 0o600); err != nil {
		t.Fatal(err)
	}
	d := newDesk(t, nil)
	if status, body := d.control(http.MethodPut, "/people/+12015550143", twilio.Person{Name: "Radio", Sound: twilio.File, Path: path, AnswerAfter: twilio.In(0)}); status != http.StatusOK {
		t.Fatalf("put a person: %d %s", status, body)
	}
	got := make(chan []byte, 1)
	d.socket = func(s *stream) {
		for len(s.heard) < 4000 && s.next() {
		}
		got <- s.heard
		for s.next() {
		}
	}
	made := d.dial("+12015550143")
	if level := g711.Level(receive(d, got)); level < -20 {
		t.Errorf("the file is heard at %.1f dBm0, want it loud", level)
	}
	for path, body := range map[string]any{"say": map[string]string{"voice": "customer-2"}, "hangup": nil} {
		if path == "hangup" {
			continue
		}
		if status, answer := d.control(http.MethodPost, "/calls/"+made.Sid+"/"+path, body); status != http.StatusNoContent {
			t.Errorf("%s: %d %s", path, status, answer)
		}
	}
	for path, body := range map[string]any{"say": map[string]string{"voice": "nobody"}, "press": map[string]string{"keys": "x"}, "socket": map[string]string{"kind": "fire"}} {
		if status, _ := d.control(http.MethodPost, "/calls/"+made.Sid+"/"+path, body); status != http.StatusBadRequest {
			t.Errorf("%s %v: %d, want 400", path, body, status)
		}
	}
	if status, _ := d.control(http.MethodPost, "/calls/"+made.Sid+"/hangup", nil); status != http.StatusNoContent {
		t.Errorf("hang up: %d", status)
	}
	if end := d.ended(made.Sid); end != "completed" {
		t.Errorf("ended as %q, want completed", end)
	}
}
