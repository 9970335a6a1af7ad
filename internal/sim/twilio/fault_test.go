package twilio_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"softphone/internal/protocol/twilioapi"
	"softphone/internal/sim/twilio"

	"github.com/google/go-cmp/cmp"
)

func TestCreationFaults(t *testing.T) {
	for name, c := range map[string]struct {
		fault  twilio.Fault
		status int // 0: no answer
		calls  int
	}{
		"unauthorized": {twilio.Fault{Kind: twilio.FaultStatus, Status: 401}, 401, 0},
		"too many":     {twilio.Fault{Kind: twilio.FaultStatus, Status: 429}, 429, 0},
		"broken":       {twilio.Fault{Kind: twilio.FaultStatus, Status: 500}, 500, 0},
		"dropped":      {twilio.Fault{Kind: twilio.FaultDrop}, 0, 0},
		"made, lost":   {twilio.Fault{Kind: twilio.FaultCreateThenDrop}, 0, 1},
		"made, error":  {twilio.Fault{Kind: twilio.FaultCreateThenError}, 500, 1},
		"slow":         {twilio.Fault{Kind: twilio.FaultSlow, Delay: twilio.Span(50 * time.Millisecond)}, 201, 1},
		"other":        {twilio.Fault{Kind: twilio.FaultDrop, Account: "AC1"}, 201, 1},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, nil)
			d.fault(c.fault)
			status, body := d.do(http.MethodPost, callsPath+".json", d.order(twilio.NumberNoAnswer))
			if status != c.status {
				t.Errorf("%d %s, want %d", status, body, c.status)
			}
			if status >= 400 && twilioapi.ReadError(status, body).Code == 0 {
				t.Errorf("the error has no code: %s", body)
			}
			if got := len(d.list("")); got != c.calls {
				t.Errorf("%d calls were made, want %d", got, c.calls)
			}
		})
	}
}

// TestCallbackBeforeTheAnswer says that news of a call can come before the
// answer to the request that made it.
func TestCallbackBeforeTheAnswer(t *testing.T) {
	d := newDesk(t, nil)
	d.fault(twilio.Fault{Kind: twilio.FaultCallbackFirst})
	d.dial(twilio.NumberNoAnswer)
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.callbacks) == 0 {
		t.Error("the answer came before the first callback")
	}
}

func TestCallbackFaults(t *testing.T) {
	for name, c := range map[string]struct {
		fault twilio.Fault
		want  []string // in the order of arrival
	}{
		"dropped":   {twilio.Fault{Kind: twilio.FaultCallbackDrop, When: "ringing"}, []string{"initiated", "busy"}},
		"twice":     {twilio.Fault{Kind: twilio.FaultCallbackTwice, When: "ringing"}, []string{"initiated", "ringing", "ringing", "busy"}},
		"reordered": {twilio.Fault{Kind: twilio.FaultCallbackReorder, When: "initiated"}, []string{"ringing", "initiated", "busy"}},
		"delayed":   {twilio.Fault{Kind: twilio.FaultCallbackDelay, When: "initiated", Delay: twilio.Span(time.Second)}, []string{"ringing", "busy", "initiated"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, nil)
			if status, body := d.control(http.MethodPut, "/people/"+twilio.NumberBusy, twilio.Person{When: twilio.Busy, AnswerAfter: twilio.In(300 * time.Millisecond)}); status != http.StatusOK {
				t.Fatalf("%d %s", status, body)
			}
			d.fault(c.fault)
			d.dial(twilio.NumberBusy)
			d.eventually("all callbacks", func() bool {
				d.mu.Lock()
				defer d.mu.Unlock()
				return len(d.callbacks) == len(c.want)
			})
			d.mu.Lock()
			defer d.mu.Unlock()
			var got []string
			for _, f := range d.callbacks {
				got = append(got, f.Get("CallStatus"))
			}
			if diff := cmp.Diff(got, c.want); diff != "" {
				t.Errorf("callbacks in order of arrival (-got +want):\n%s", diff)
			}
			if name == "twice" && d.tokens[2] == "" {
				t.Error("the repeat has no idempotency token")
			}
		})
	}
}

// TestFaultsOfRequestsAboutACall says that a change that was answered with an
// error did nothing, and that reading fails only as often as was ordered.
func TestFaultsOfRequestsAboutACall(t *testing.T) {
	d := newDesk(t, nil)
	made := d.dial(twilio.NumberNoAnswer)
	d.fault(twilio.Fault{Kind: twilio.FaultUpdate, Status: 500})
	d.fault(twilio.Fault{Kind: twilio.FaultRead, Status: 503, Count: 2})
	if status, _ := d.update(made.Sid, "Status", "canceled"); status != http.StatusInternalServerError {
		t.Errorf("change: %d, want 500", status)
	}
	for _, c := range []struct {
		path string
		want int
	}{{"/" + made.Sid + ".json", 503}, {".json", 503}, {"/" + made.Sid + ".json", 200}, {".json", 200}} {
		if status, body := d.do(http.MethodGet, callsPath+c.path, nil); status != c.want {
			t.Errorf("%s: %d %s, want %d", c.path, status, body, c.want)
		}
	}
	if got := d.call(made.Sid).Status; twilioapi.IsFinal(got) {
		t.Errorf("the refused change was carried out: %s", got)
	}
}

// TestDocumentLostOnTheWay says that a request that did not arrive is repeated
// where the address asks for it ("Webhooks, connection overrides").
func TestDocumentLostOnTheWay(t *testing.T) {
	d := newDesk(t, nil)
	d.fault(twilio.Fault{Kind: twilio.FaultVoiceFail})
	made := d.dial(quick)
	d.noted(made.Sid, twilio.KindStream, "started")
	if tries := len(d.sim.Ledger(made.Sid, twilio.KindVoice)); tries != 2 {
		t.Errorf("%d tries, want two", tries)
	}
}

func TestNetworkGivesUp(t *testing.T) {
	d := newDesk(t, nil)
	d.control(http.MethodPut, "/people/+12015550141", twilio.Person{When: twilio.NoAnswer, AnswerAfter: twilio.In(100 * time.Millisecond)})
	if end := d.ended(d.dial("+12015550141").Sid); end != "no-answer" {
		t.Errorf("ended as %q, want no-answer", end)
	}
}

// TestStreamsThatComeToNothing says stop though nobody hung up, and lets a leg
// hear nothing at all.
func TestStreamsThatComeToNothing(t *testing.T) {
	d := newDesk(t, nil)
	d.fault(twilio.Fault{Kind: twilio.FaultSocketStop})
	made := d.dial(quick)
	d.ended(made.Sid)
	if e := d.noted(made.Sid, twilio.KindStream, "stopped"); e.Detail["cause"] != "hung up" {
		t.Errorf("cause = %v, want hung up", e.Detail["cause"])
	}
	d.fault(twilio.Fault{Kind: twilio.FaultSocketNever, For: twilio.Span(100 * time.Millisecond)})
	made = d.dial(quick)
	d.ended(made.Sid)
	if streams := d.sim.Ledger(made.Sid, twilio.KindStream); len(streams) > 0 {
		t.Errorf("a stream came: %v", streams)
	}
}

func TestAnswerDelay(t *testing.T) {
	d := newDesk(t, nil)
	d.fault(twilio.Fault{Kind: twilio.FaultAnswerDelay, Delay: twilio.Span(time.Hour)})
	made := d.dial(quick)
	d.eventually("ringing", func() bool { return d.call(made.Sid).Status == "ringing" })
	if status, _ := d.update(made.Sid, "Status", "canceled"); status != http.StatusOK {
		t.Errorf("cancel: %d", status)
	}
	if end := d.ended(made.Sid); end != "canceled" {
		t.Errorf("ended as %q, want canceled: nobody answers for an hour", end)
	}
}

func TestSocketFaults(t *testing.T) {
	for name, c := range map[string]struct {
		fault twilio.Fault
		cause string
	}{
		"closed":        {twilio.Fault{Kind: twilio.FaultSocketClose, Delay: twilio.Span(50 * time.Millisecond)}, "closed by order"},
		"reset":         {twilio.Fault{Kind: twilio.FaultSocketReset}, "reset by order"},
		"ends the call": {twilio.Fault{Kind: twilio.FaultSocketReset, EndsCall: true}, "reset by order"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, nil)
			d.fault(c.fault)
			events := make(chan []string, 1)
			d.socket = func(s *stream) {
				for s.next() {
				}
				events <- s.events
			}
			made := d.dial(quick, "TimeLimit", "5")
			for _, e := range receive(d, events) {
				if e == "stop" {
					t.Error("a lost socket said stop")
				}
			}
			d.ended(made.Sid)
			if e := d.noted(made.Sid, twilio.KindStream, "stopped"); e.Detail["cause"] != c.cause {
				t.Errorf("cause = %v, want %s", e.Detail["cause"], c.cause)
			}
			lost := d.noted(made.Sid, twilio.KindCall, "completed").Detail["why"] == "the socket was lost"
			if lost != c.fault.EndsCall {
				t.Errorf("the call ended with the socket: %v, want %v", lost, c.fault.EndsCall)
			}
		})
	}
}

// TestStall says that a stalled stream sends nothing, and that its time goes on.
func TestStall(t *testing.T) {
	d := newDesk(t, nil)
	d.fault(twilio.Fault{Kind: twilio.FaultSocketStall, Delay: twilio.Span(200 * time.Millisecond), For: twilio.Span(400 * time.Millisecond)})
	jump := make(chan time.Duration, 1)
	d.socket = func(s *stream) {
		last, widest := time.Duration(0), time.Duration(0)
		for last < 1500*time.Millisecond {
			m, ok := s.read()
			if !ok {
				break
			}
			if m.Media.At > 0 {
				widest, last = max(widest, m.Media.At-last), m.Media.At
			}
		}
		jump <- widest
	}
	d.dial(quick)
	if got := receive(d, jump); got < 300*time.Millisecond {
		t.Errorf("the widest gap in the timestamps is %v, want about 400ms", got)
	}
}

func TestFaultList(t *testing.T) {
	d := newDesk(t, nil)
	for _, bad := range []twilio.Fault{{Kind: "fire"}, {Kind: twilio.FaultStatus, Status: 200}, {Kind: twilio.FaultRead}, {Kind: twilio.FaultDrop, Count: -1}} {
		if status, _ := d.control(http.MethodPost, "/faults", bad); status != http.StatusBadRequest {
			t.Errorf("%+v was taken with %d", bad, status)
		}
	}
	d.fault(twilio.Fault{Kind: twilio.FaultStatus, Status: 500, Count: 2})
	d.do(http.MethodPost, callsPath+".json", d.order(quick))
	_, body := d.control(http.MethodGet, "/faults", nil)
	var left []twilio.Fault
	if err := json.Unmarshal(body, &left); err != nil || len(left) != 1 || left[0].Count != 1 {
		t.Errorf("after one of two strikes: %s, %v", body, err)
	}
	d.control(http.MethodDelete, "/faults", nil)
	if _, body := d.control(http.MethodGet, "/faults", nil); strings.TrimSpace(string(body)) != "[]" {
		t.Errorf("after forgetting: %s", body)
	}
}

// TestFaultOfOneCall says that trouble for one call leaves the others alone, and
// that a loss ordered for one stream is what happens when its server dies.
func TestFaultOfOneCall(t *testing.T) {
	d := newDesk(t, nil)
	die := make(chan struct{})
	d.socket = func(s *stream) {
		s.untilStart()
		<-die
		_ = s.conn.CloseNow()
	}
	first, second := d.dial(quick), d.dial(quick)
	d.noted(first.Sid, twilio.KindStream, "started")
	d.noted(second.Sid, twilio.KindStream, "started")
	d.fault(twilio.Fault{Kind: twilio.FaultRead, Status: 500, Call: second.Sid})
	if status, _ := d.do(http.MethodGet, callsPath+"/"+first.Sid+".json", nil); status != http.StatusOK {
		t.Errorf("the first call: %d, want 200", status)
	}
	if status, _ := d.do(http.MethodGet, callsPath+"/"+second.Sid+".json", nil); status != http.StatusInternalServerError {
		t.Errorf("the second call: %d, want 500", status)
	}
	if status, body := d.control(http.MethodPost, "/calls/"+first.Sid+"/socket", twilio.Fault{Kind: twilio.FaultSocketLost, Unnoticed: true}); status != http.StatusNoContent {
		t.Fatalf("%d %s", status, body)
	}
	d.noted(first.Sid, twilio.KindFault, "socketLost")
	close(die)
	if end := d.ended(second.Sid); end != "completed" {
		t.Errorf("the second call ended as %q", end)
	}
	d.noted(first.Sid, twilio.KindStream, "stopped")
	if got := d.call(first.Sid).Status; got != "in-progress" {
		t.Errorf("the first call is %s, want in-progress: nobody noticed", got)
	}
	d.update(first.Sid, "Status", "completed")
	d.ended(first.Sid)
}
