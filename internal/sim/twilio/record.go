package twilio

import (
	"context"
	"net/url"
	"strings"
	"time"

	"softphone/internal/protocol/twilioapi"
	"softphone/internal/protocol/twiml"
)

// Defaults of <Record>, of the vendor's page.
const (
	recordSilence = 5 * time.Second
	recordMost    = time.Hour
	recordKeys    = "1234567890*#"
)

// record is the verb <Record>: it records the person alone until they are
// silent, press a key, hang up or have said enough.
func (c *call) record(ctx context.Context, p page, v twiml.Record) (*source, bool) {
	c.verb("Record", "maxLength", v.MaxLength)
	l := c.phone()
	if v.PlayBeep != "false" {
		l.playOut(ctx, beep())
	}
	rules := rulesOf(p.base, twilioapi.SourceRecord, v.RecordingRules, false, true)
	rules.track = "inbound"
	t := c.recordCall(rules)
	ended := c.untilRecorded(ctx, l, t, v)
	t.stop()
	result := with(t.result(), url.Values{"Digits": {ended}})
	if ctx.Err() != nil && twilioapi.IsFinal(c.state()) {
		result.Set("Digits", "hangup")
	}
	c.note(KindRecording, "recorded", map[string]any{"recording": t.sid, "digits": result.Get("Digits"), "empty": t.isEmpty()})
	if t.isEmpty() && ctx.Err() == nil { // nothing was said: the next verb runs
		return nil, false
	}
	if v.Action == "" && p.base == "" {
		return nil, false
	}
	return c.act(ctx, p.base, v.Action, v.Method, result)
}

// untilRecorded waits for what ends the recording and returns the key that did.
func (c *call) untilRecorded(ctx context.Context, l *line, t *take, v twiml.Record) string {
	keys := recordKeys
	if v.FinishOnKey != nil {
		keys = *v.FinishOnKey
	}
	pressed := make(chan byte, 1)
	l.listenForKeys(func(key byte) {
		if strings.IndexByte(keys, key) >= 0 {
			select {
			case pressed <- key:
			default:
			}
		}
	})
	defer l.listenForKeys(nil)
	enough := time.NewTimer(secondsOr(v.MaxLength, recordMost))
	defer enough.Stop()
	look := time.NewTicker(frameTime)
	defer look.Stop()
	for {
		select {
		case key := <-pressed:
			return string(key)
		case <-enough.C:
			return ""
		case <-ctx.Done():
			return ""
		case <-look.C:
			if t.silentFor() >= secondsOr(v.Timeout, recordSilence) {
				return ""
			}
		}
	}
}

func secondsOr(n int, otherwise time.Duration) time.Duration {
	if n == 0 {
		return otherwise
	}
	return time.Duration(n) * time.Second
}
