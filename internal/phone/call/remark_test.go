package call_test

import (
	"encoding/json"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"softphone/internal/phone/call"
	"softphone/internal/phone/media"
)

// scribe notes what a call tells its listener.
type scribe struct{ joined, over int }

func (s *scribe) Joined(*media.Bridge) { s.joined++ }
func (s *scribe) Over()                { s.over++ }

func assist(state string) call.Remark {
	return call.Remark{Type: "call:update", Assist: &call.Assist{State: state}}
}

func said(id, speaker, text string, start time.Duration) call.Remark {
	return call.Remark{Type: "ai:transcript", Body: json.RawMessage(`{"final":true}`),
		Line: &call.Line{ID: id, CallID: "C1", Speaker: speaker, Text: text, Start: start}}
}

// talking is a call with a listener in which both hear each other.
func talking(t *testing.T, l *line) (*call.Call, *scribe) {
	t.Helper()
	s, config := &scribe{}, l.config()
	config.Listener = s
	c := call.NewCall(config)
	if err := c.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	synctest.Wait()
	do(t, c, call.DeviceUp{Port: newPort()})
	do(t, c, call.StreamUp{Leg: "L1", Port: newPort()})
	return c, s
}

func over(c *call.Call) bool {
	select {
	case <-c.Ended():
		return true
	default:
		return false
	}
}

// TestLastWordsOfACallThatIsOver: call:ended waits for nobody, the last line is
// stored and numbered all the same, and then the transcript is written anew.
func TestLastWordsOfACallThatIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &line{}
		c, s := talking(t, l)
		do(t, c, assist("listening"))
		do(t, c, said("a", "agent", "Hello.", 0))
		do(t, c, call.DeviceUp{Port: newPort()})
		do(t, c, told("completed"))
		time.Sleep(2 * time.Second) // its sound is heard out
		synctest.Wait()
		ended := l.changes[len(l.changes)-1]
		if !over(c) || ended.Claim != call.ReleaseAgent || !ended.Transcript {
			t.Fatalf("over %v, agent %v, transcript %v", over(c), ended.Claim, ended.Transcript)
		}
		if s.joined != 2 || s.over != 1 {
			t.Errorf("listener joined %d bridges and heard of %d ends, want 2 and 1", s.joined, s.over)
		}
		if err := c.Do(t.Context(), hangUp); !errors.Is(err, call.ErrOver) {
			t.Errorf("hanging up after the end: %v", err)
		}
		time.Sleep(3 * time.Second)
		do(t, c, said("b", "caller", "Goodbye.", time.Second))
		do(t, c, assist("off"))
		<-c.Done()
		l.numbered(t)
		last := l.changes[len(l.changes)-1]
		if !last.Transcript || l.changes[len(l.changes)-2].Lines[0].ID != "b" {
			t.Errorf("last words were not stored: %+v", l.changes[len(l.changes)-2:])
		}
		if err := c.Do(t.Context(), said("c", "caller", "Still here?", 0)); !errors.Is(err, call.ErrOver) {
			t.Errorf("a line after the last word: %v", err)
		}
	})
}

// TestAListenerThatIsSilentIsNotWaitedFor: a second in which the sound is heard
// out, and five after the end.
func TestAListenerThatIsSilentIsNotWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &line{}
		c, _ := talking(t, l)
		do(t, c, assist("unavailable"))
		do(t, c, told("completed"))
		began := time.Now()
		<-c.Done()
		if took := time.Since(began); took != 6*time.Second {
			t.Errorf("waited %v", took)
		}
		if got := c.View().Assist.State; got != "off" || !l.changes[len(l.changes)-1].Transcript {
			t.Errorf("assistant %s; %+v", got, l.changes[len(l.changes)-1])
		}
		l.numbered(t)
	})
}

func TestACallWithoutAListenerEndsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &line{}
		c, _ := talking(t, l)
		do(t, c, told("completed"))
		<-c.Ended()
		began := time.Now()
		<-c.Done()
		if took := time.Since(began); took != 0 {
			t.Errorf("took %v", took)
		}
	})
}

func TestTranscript(t *testing.T) {
	got := call.Transcript([]call.Line{
		{Speaker: "caller", Text: "Hello."}, {Speaker: "agent", Text: "Good", Gap: "unreachable"}, {Speaker: "caller", Gap: "model"},
	})
	const want = "Caller: Hello.\nAgent: Good [words missing]\nCaller: [words missing]"
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
