package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"softphone/internal/adapter/gateway"
	"softphone/internal/demo"
	"softphone/internal/e2e/babble"
	"softphone/internal/phone/call"
	"softphone/internal/protocol/wav"
	"softphone/internal/sim/twilio"
)

// talker is an agent in a test, with a telephone over WebRTC.
type talker struct {
	*checkAgent
	*testing.T
	ctx context.Context
}

// seat logs an agent in and connects microphone and ear.
func seat(t *testing.T, url string, user int) talker {
	t.Helper()
	var story demoStory
	ask(t, "GET", url+"/api/demo", "", nil, &story)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	a := talker{newCheckAgent(story, story.Users[user]), t, ctx}
	t.Cleanup(func() { a.leave(); cancel() })
	for _, step := range sitDown() {
		if _, err := step.do(a.checkAgent, ctx); err != nil {
			t.Fatalf("%s: %v", step.what, err)
		}
	}
	return a
}

// call dials a number and waits until it answers.
func (a talker) call(number string) {
	a.Helper()
	a.must(a.dial(a.ctx, number))
	a.must(a.beAnswered(a.ctx))
}

// greeted waits for the other's first words.
func (a talker) greeted() {
	a.Helper()
	a.must(a.hearSpeech(a.ctx))
}

func (a talker) must(_ string, err error) {
	a.Helper()
	if err != nil {
		a.Fatal(err)
	}
}

// reply says something when the other has finished.
func (a talker) reply(sound []byte) {
	a.Helper()
	a.listen()
	a.ear.restart()
	a.say(sound)
}

func (a talker) say(sound []byte) {
	a.Helper()
	a.mouth.say(sound)
	if err := until(a.ctx, "the agent never finished", func() bool { return !a.mouth.speaking() }); err != nil {
		a.Fatal(err)
	}
}

// listen waits for the end of the other's turn. Nobody pauses for 0.9 s within
// one, so a machine that stalls for half a second breaks no conversation.
func (a talker) listen() {
	a.Helper()
	if err := until(a.ctx, "the other never finished", func() bool { return a.ear.quietFor() > 900*time.Millisecond || a.isOver() }); err != nil {
		a.Fatal(err)
	}
}

// file is what is kept of a call.
type file struct {
	Call        call.View
	Lines       []gateway.TranscriptLine
	Transcript  string
	Suggestions []gateway.Suggestion
	Actions     []gateway.Action
}

// kept waits until the assistant has said its last word of a call that is over.
func (a talker) kept() file {
	a.Helper()
	if _, err := a.awaitEnd(a.ctx); err != nil {
		a.Fatal(err)
	}
	if _, err := a.awaitCall(a.ctx, "call:update", func(v call.View) bool {
		return v.Status.Final() && v.Assist != nil && v.Assist.State == "off"
	}); err != nil {
		a.Fatal(err)
	}
	var f file
	if err := a.ask(a.ctx, http.MethodGet, "/api/voice/calls/"+string(a.callID), nil, &f); err != nil {
		a.Fatal(err)
	}
	return f
}

// numbered checks that the stream of the call has no gap, last words included.
func (a talker) numbered() {
	a.Helper()
	a.mu.Lock()
	defer a.mu.Unlock()
	next := int64(1)
	for _, e := range a.told[a.from:] {
		var n gateway.Numbered
		if json.Unmarshal(e.body, &n) != nil || n.CallID != a.callID || n.Seq == 0 {
			continue
		}
		if n.Seq != next {
			a.Errorf("%s has number %d, want %d", e.name, n.Seq, next)
		}
		next = n.Seq + 1
	}
}

// fromOpenAI lists what the simulated OpenAI noted: details of one type.
func (a talker) fromOpenAI(direction, kind string) []json.RawMessage {
	a.Helper()
	r, err := http.NewRequestWithContext(a.ctx, http.MethodGet, strings.TrimSuffix(a.story.OpenAI.BaseURL, "/v1")+"/control/ledger?kind="+kind, nil)
	if err != nil {
		a.Fatal(err)
	}
	var raw []byte
	if err := fetch(r, &raw); err != nil {
		a.Fatal(err)
	}
	var found []json.RawMessage
	for line := range bytes.Lines(raw) {
		var e struct {
			Direction string
			Detail    json.RawMessage
		}
		if err := json.Unmarshal(line, &e); err != nil {
			a.Fatal(err)
		}
		if e.Direction == direction {
			found = append(found, e.Detail)
		}
	}
	return found
}

const (
	hello     = "caller: Hello, Ana Dupont speaking."
	twice     = "caller: Oh good. I was charged twice for the same order."
	orderNo   = "caller: Please do. The order number is four four one two."
	wonderful = "caller: That is wonderful, thank you very much. Goodbye."
	morning   = "agent: Good morning, this is Alex from Northlight. I am calling about your last invoice."
	sorry     = "agent: I am sorry to hear that. Let me look at your account."
	refund    = "agent: Thank you. I see both charges, and I will refund one of them today."
	goodbye   = "agent: Goodbye, and have a nice day."
)

func sentences(t *testing.T) [][]byte {
	t.Helper()
	list, err := demo.Sentences()
	if err != nil {
		t.Fatal(err)
	}
	out := make([][]byte, len(list))
	for i, s := range list {
		out[i] = s.Sound
	}
	return out
}

func TestAConversationIsWrittenDownWordForWord(t *testing.T) {
	t.Parallel()
	a := seat(t, startDemo(t), 0)
	a.call(twilio.NumberAna)
	a.greeted()
	for _, s := range sentences(t) {
		a.reply(s)
	}
	f := a.kept()
	want := []string{hello, morning, twice, sorry, orderNo, refund, wonderful, goodbye}
	if diff := cmp.Diff(spoken(f.Lines), want); diff != "" {
		t.Errorf("lines (-got +want):\n%s", diff)
	}
	at := int64(0)
	for _, l := range f.Lines {
		if !l.Final || l.Gap != "" || l.StartMs < at || l.EndMs <= l.StartMs || !strings.HasPrefix(l.LineID, string(a.callID)) {
			t.Errorf("line after %d ms: %+v", at, l)
		}
		at = l.StartMs
	}
	text := strings.NewReplacer("caller: ", "Caller: ", "agent: ", "Agent: ").Replace(strings.Join(want, "\n"))
	if diff := cmp.Diff(f.Transcript, text); diff != "" {
		t.Errorf("transcript (-got +want):\n%s", diff)
	}
	if !slices.ContainsFunc(f.Suggestions, func(s gateway.Suggestion) bool {
		return strings.Contains(s.Text, "refund the second charge") && s.LineID == f.Lines[2].LineID
	}) {
		t.Errorf("suggestions %+v, want one about the charge", f.Suggestions)
	}
	if n := len(f.Actions); n == 0 || f.Actions[n-1].Tool != "search_contact" || f.Actions[n-1].State != "done" ||
		!strings.Contains(string(f.Actions[n-1].Result), "Dupont Bakery") {
		t.Errorf("actions %+v, want a search that found Ana", f.Actions)
	}
	a.numbered()
	a.agrees(f)
}

// agrees holds what is kept against what the simulator says it wrote.
func (a talker) agrees(f file) {
	a.Helper()
	var wrote, kept []string
	for _, d := range a.fromOpenAI("out", "conversation.item.input_audio_transcription.completed") {
		var e struct{ Transcript string }
		if err := json.Unmarshal(d, &e); err != nil {
			a.Fatal(err)
		}
		wrote = append(wrote, e.Transcript)
	}
	for _, l := range f.Lines {
		kept = append(kept, l.Text)
	}
	slices.Sort(wrote)
	slices.Sort(kept)
	if diff := cmp.Diff(kept, wrote); diff != "" {
		a.Errorf("kept (-) is not what the vendor wrote (+):\n%s", diff)
	}
	if refused := a.fromOpenAI("out", "error"); len(refused) > 0 {
		a.Errorf("the vendor refused %s", refused)
	}
}

// TestOtherWordsAreWrittenAsOtherWords: the agent says other sentences, one of
// them nobody knows, and then nothing.
func TestOtherWordsAreWrittenAsOtherWords(t *testing.T) {
	t.Parallel()
	a, said := seat(t, startDemo(t), 0), sentences(t)
	a.call(twilio.NumberAna)
	a.greeted()
	a.reply(said[2])
	a.reply(babble.Speak(rand.Uint64(), 2300*time.Millisecond))
	a.listen()
	a.must(a.hangUp(a.ctx))
	f := a.kept()
	got := spoken(f.Lines)
	if diff := cmp.Diff(got[:min(3, len(got))], []string{hello, refund, twice}); diff != "" || len(got) != 5 || got[4] != orderNo {
		t.Fatalf("lines %q", got)
	}
	var seconds float64
	if _, err := fmt.Sscanf(got[3], "agent: [speech, %f s]", &seconds); err != nil || seconds < 1.8 || seconds > 2.8 {
		t.Errorf("speech that nobody knows is %q, want its length, 2.3 s", got[3])
	}
	a.numbered()
}

// TestADialogueThatNobodyKnew is spoken by voices made for this run.
func TestADialogueThatNobodyKnew(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var turns []twilio.Turn
	var agent [][]byte
	var want []string
	for i, words := range []string{"Lighthouse keepers never whisper.", "Seven green umbrellas, please.", "Who painted the ferry?", "Nobody; it was the wind."} {
		name := fmt.Sprintf("made-%d", i)
		sound := babble.Speak(rand.Uint64(), time.Duration(1800+300*i)*time.Millisecond)
		for file, content := range map[string][]byte{name + ".wav": wav.Append(nil, wav.Phone(1), sound), name + ".txt": []byte(words + "\n")} {
			if err := os.WriteFile(filepath.Join(dir, file), content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if i%2 == 0 {
			turns, want = append(turns, twilio.Turn{Say: filepath.Join(dir, name+".wav")}), append(want, "caller: "+words)
			continue
		}
		agent, want = append(agent, sound), append(want, "agent: "+words)
	}
	url := startDemo(t, func(d *DemoCmd) { d.Voices = dir })
	const number = "+12015550142"
	var put any
	if status := ask(t, "PUT", url+"/sim/twilio/control/people/"+number, "", twilio.Person{Name: "Nobody", Turns: append(turns, twilio.Turn{HangUp: true})}, &put); status != http.StatusOK {
		t.Fatalf("person: %d %v", status, put)
	}
	a := seat(t, url, 0)
	a.call(number)
	a.greeted()
	for _, s := range agent {
		a.reply(s)
	}
	f := a.kept()
	if diff := cmp.Diff(spoken(f.Lines), want); diff != "" {
		t.Errorf("lines (-got +want):\n%s", diff)
	}
	a.agrees(f)
}

// TestACallGoesOnWithoutItsAssistant: the key is wrong when the call begins and
// is mended while it lasts. The sound never suffers.
func TestACallGoesOnWithoutItsAssistant(t *testing.T) {
	t.Parallel()
	url := startDemo(t)
	kim, a := admin(t, url), seat(t, url, 0)
	kim.key("sk-wrong")
	a.call(twilio.NumberEcho)
	bad, err := a.awaitCall(a.ctx, "call:update", func(v call.View) bool { return v.Assist != nil && v.Assist.State == "unavailable" })
	if err != nil || bad.Assist.Reason != "bad_key" {
		t.Fatalf("assistant %+v, %v", bad.Assist, err)
	}
	a.must(a.hearEcho(a.ctx))
	kim.key(demoKeyOpenAI)
	if _, err := a.awaitCall(a.ctx, "call:update", func(v call.View) bool { return v.Assist != nil && v.Assist.State == "listening" }); err != nil {
		t.Fatal(err)
	}
	a.ear.clear()
	a.say(sentences(t)[3])
	a.listen()
	a.must(a.hangUp(a.ctx))
	f := a.kept()
	// The echo says the agent's words as the caller's. What was said in the last
	// five seconds before the key was mended may be written too.
	if diff := cmp.Diff(spoken(f.Lines[max(len(f.Lines)-2, 0):]), []string{goodbye, "caller: Goodbye, and have a nice day."}); diff != "" {
		t.Errorf("lines (-got +want):\n%s", diff)
	}
	kim.key("")
	a.call(twilio.NumberEcho)
	off, err := a.awaitCall(a.ctx, "call:update", func(v call.View) bool { return v.Assist != nil })
	if err != nil || off.Assist.State != "off" || off.Assist.Reason != "not_configured" {
		t.Errorf("without a key: %+v, %v", off.Assist, err)
	}
	a.must(a.hearEcho(a.ctx))
	a.must(a.hangUp(a.ctx))
}

// manager changes the desk's settings.
type manager struct {
	*testing.T
	url, token string
}

func admin(t *testing.T, url string) manager {
	t.Helper()
	var pass struct{ AccessToken string }
	ask(t, "POST", url+"/api/auth/login", "", map[string]string{"email": "kim@northlight.example", "password": demoPassword}, &pass)
	return manager{t, url, pass.AccessToken}
}

// key stores another key for OpenAI.
func (m manager) key(k string) {
	m.Helper()
	var in, out map[string]any
	ask(m.T, "GET", m.url+"/api/tenant/integrations", m.token, nil, &in)
	in["openai"].(map[string]any)["apiKey"] = k
	change := map[string]any{"twilio": in["twilio"], "openai": in["openai"]}
	if status := ask(m.T, "PUT", m.url+"/api/tenant/integrations", m.token, change, &out); status != http.StatusOK {
		m.Fatalf("settings: %d %v", status, out)
	}
}
