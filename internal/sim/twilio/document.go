package twilio

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"softphone/internal/protocol/twilioapi"
	"softphone/internal/protocol/twiml"
	"softphone/internal/protocol/wav"
)

// page is a document that was fetched, with the address that relative ones in
// it belong to.
type page struct {
	response twiml.Response
	base     string
}

// followDocuments runs the first document and every one it, or a request,
// leads to. A leg with a script follows that first.
func (c *call) followDocuments(ctx context.Context) {
	step := c.script
	if step == nil {
		step = c.following(c.firstSource())
	}
	for step != nil && ctx.Err() == nil {
		inner, abandon := context.WithCancel(ctx)
		c.canAbandon(abandon)
		next := step(inner)
		abandon()
		if ordered := c.takeOrdered(); ordered != nil {
			next = ordered
		}
		step = c.following(next)
	}
}

func (c *call) following(from *source) func(context.Context) *source {
	if from == nil {
		return nil
	}
	return func(ctx context.Context) *source { return c.follow(ctx, from) }
}

// canAbandon sets what a redirection does; one that was ordered meanwhile is
// done at once.
func (c *call) canAbandon(abandon context.CancelFunc) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.abandon = abandon
	if c.goOn != nil {
		abandon()
	}
}

func (c *call) firstSource() *source {
	order := c.given()
	if address := order.Get("Url"); address != "" {
		return &source{address: address, method: methodOf(order, "Method")}
	}
	return &source{inline: order.Get("Twiml")}
}

// redirect leaves the document under way for another one.
func (c *call) redirect(to source) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.goOn = &to
	c.abandon()
}

func (c *call) takeOrdered() *source {
	c.mu.Lock()
	defer c.mu.Unlock()
	ordered := c.goOn
	c.goOn = nil
	return ordered
}

// apology is what callers hear when neither address has a document (the words
// are Twilio's, the documents do not give them).
const apology = "We are sorry. An application error has occurred. Goodbye."

func (c *call) follow(ctx context.Context, from *source) *source {
	p, err := c.load(ctx, from)
	if err != nil {
		if ctx.Err() == nil {
			c.note(KindAlert, "no document", map[string]any{"error": err.Error()})
			c.apologise(ctx)
		}
		return nil
	}
	for _, verb := range p.response.Verbs {
		if ctx.Err() != nil || !c.isReadyFor(verb) {
			return nil
		}
		if next, done := c.execute(ctx, p, verb); done {
			return next
		}
	}
	return nil
}

func (c *call) apologise(ctx context.Context) {
	if c.direction == twilioapi.Inbound && c.pickUp() {
		c.phone().playOut(ctx, spoken(apology))
	}
}

// isReadyFor answers a call that came in at the first verb that needs it:
// Reject refuses it, Pause lets it ring, and a Dial that answers on bridge lets
// it ring until the other side has answered ("TwiML for Programmable Voice",
// "<Pause>", "<Reject>", "<Dial>" answerOnBridge).
func (c *call) isReadyFor(verb twiml.Verb) bool {
	switch v := verb.(type) {
	case twiml.Reject, twiml.Pause:
		return true
	case twiml.Dial:
		if v.AnswerOnBridge == "true" {
			return true
		}
	}
	return c.pickUp()
}

// load returns a document; when that fails, the one of the fallback address,
// which is told what went wrong.
func (c *call) load(ctx context.Context, from *source) (page, error) {
	if from.inline != "" {
		return c.read([]byte(from.inline), "")
	}
	p, err := c.fetch(ctx, from, nil)
	order := c.given()
	fallback := order.Get("FallbackUrl")
	if err == nil || fallback == "" || ctx.Err() != nil {
		return p, err
	}
	c.note(KindAlert, "going to the fallback address", map[string]any{"error": err.Error()})
	why := url.Values{"ErrorCode": {strconv.Itoa(codeOf(err))}, "ErrorUrl": {twilioapi.ParseTarget(from.address).URL}}
	return c.fetch(ctx, &source{address: fallback, method: methodOf(order, "FallbackMethod")}, why)
}

func codeOf(err error) int {
	var t *trouble
	var syntax *twiml.Error
	switch {
	case errors.As(err, &t):
		return t.code
	case errors.As(err, &syntax):
		return syntax.Code
	}
	return twilioapi.CodeRetrieval
}

func (c *call) fetch(ctx context.Context, from *source, extra url.Values) (page, error) {
	form := with(with(with(c.form(c.state()), c.extra), from.extra), extra)
	r, err := c.sim.send(ctx, hook{
		account: c.account, call: c.sid, kind: KindVoice, what: "document",
		address: from.address, method: from.method, form: form,
	})
	if err != nil {
		return page{}, err
	}
	c.checkType(r)
	return c.read(r.body, r.address)
}

// checkType notes an answer that is not XML: Twilio would play it if it were
// sound, and warn about all others (12300).
func (c *call) checkType(r *reply) {
	kind, _, err := mime.ParseMediaType(r.contentType)
	if err != nil || kind != "text/xml" && kind != "application/xml" {
		c.note(KindViolation, "a document is sent as text/xml", map[string]any{"code": 12300, "contentType": r.contentType})
	}
}

func (c *call) read(document []byte, base string) (page, error) {
	response, err := twiml.Parse(document)
	if err != nil {
		c.note(KindViolation, err.Error(), map[string]any{"code": codeOf(err), "document": string(document[:min(len(document), 2000)])})
		return page{}, err
	}
	return page{response, base}, nil
}

// execute runs a verb. done says that the document ends with it, next where
// the call goes then.
func (c *call) execute(ctx context.Context, p page, verb twiml.Verb) (next *source, done bool) {
	switch v := verb.(type) {
	case twiml.Connect:
		c.connect(ctx, p.base, v.Stream)
	case twiml.Say:
		c.verb("Say", "text", v.Text)
		c.repeat(ctx, spoken(v.Text), v.Loop)
	case twiml.Play:
		c.playFile(ctx, p.base, v)
	case twiml.Pause:
		c.verb("Pause", "seconds", max(v.Length, 1))
		sleep(ctx, time.Duration(max(v.Length, 1))*time.Second)
	case twiml.Redirect:
		c.verb("Redirect", "url", v.URL)
		return &source{address: absolute(p.base, v.URL), method: orPost(v.Method)}, true
	case twiml.Hangup:
		c.verb("Hangup", "", nil)
		c.finish(ranOut)
		return nil, true
	case twiml.Reject:
		c.reject(v)
		return nil, true
	case twiml.Dial:
		return c.executeDial(ctx, p, v)
	case twiml.Record:
		return c.record(ctx, p, v)
	case twiml.StartRecording:
		c.startRecording(p.base, v)
	case twiml.Enqueue:
		return c.enqueue(ctx, p, v)
	case twiml.Leave:
		c.note(KindViolation, "Leave outside of a waiting room", nil)
	}
	return nil, false
}

// reject refuses a call that came in ("<Reject>"). What its status is then the
// page does not say for the reason rejected.
func (c *call) reject(v twiml.Reject) {
	if c.phone() != nil {
		c.note(KindViolation, "Reject on a call that is answered", nil)
		return
	}
	c.verb("Reject", "reason", v.Reason)
	if v.Reason == "busy" {
		c.finish(verdict{twilioapi.StatusBusy, 486, "rejected as busy"})
		return
	}
	c.finish(verdict{twilioapi.StatusNoAnswer, 603, "rejected"})
}

// act asks the action address of a verb how to go on. A call that is over tells
// it as well, and nobody waits for the answer; one that was led elsewhere does
// not.
func (c *call) act(ctx context.Context, base, action, method string, extra url.Values) (*source, bool) {
	to := source{address: absolute(base, action), method: orPost(method), extra: extra}
	if ctx.Err() == nil {
		return &to, true
	}
	if status := c.state(); twilioapi.IsFinal(status) {
		c.sim.goes(func(ctx context.Context) {
			_, _ = c.sim.send(ctx, hook{ // the ledger has it
				account: c.account, call: c.sid, kind: KindVoice, what: "action",
				address: to.address, method: to.method, form: with(c.form(status), extra),
			})
		})
	}
	return nil, true
}

func (c *call) verb(name, key string, value any) {
	detail := map[string]any{}
	if key != "" {
		detail[key] = value
	}
	c.note(KindVerb, name, detail)
}

func orPost(method string) string {
	if method == "" {
		return http.MethodPost
	}
	return method
}

// absolute resolves an address of a document, keeping its fragment, which holds
// overrides.
func absolute(base, address string) string {
	b, err := url.Parse(base)
	if err != nil {
		return address
	}
	u, err := b.Parse(strings.TrimSpace(address))
	if err != nil {
		return address
	}
	return u.String()
}

func (c *call) repeat(ctx context.Context, sound []byte, loop int) {
	for n := 0; (loop < 0 || n < max(loop, 1)) && ctx.Err() == nil; n++ {
		c.line.playOut(ctx, sound)
	}
}

func (c *call) playFile(ctx context.Context, base string, v twiml.Play) {
	if v.Digits != "" {
		c.verb("Play", "digits", v.Digits)
		c.repeat(ctx, keyTones(v.Digits), v.Loop)
		return
	}
	address := absolute(base, v.URL)
	c.verb("Play", "url", address)
	sound, err := c.download(ctx, address)
	if err != nil {
		c.note(KindAlert, "no sound", map[string]any{"code": twilioapi.CodeRetrieval, "url": address, "error": err.Error()})
		return
	}
	c.repeat(ctx, sound, v.Loop)
}

// download fetches a sound file; media files are asked for by GET and without
// parameters.
func (c *call) download(ctx context.Context, address string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, fmt.Errorf("sound address: %w", err)
	}
	answer, err := c.sim.hooks.Do(r)
	if err != nil {
		return nil, fmt.Errorf("fetch sound: %w", err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the server answered %d", answer.StatusCode)
	}
	return readSound(answer.Body)
}

func readSound(r io.Reader) ([]byte, error) {
	clip, err := wav.ReadClip(r, maxClip)
	if err != nil {
		return nil, err
	}
	return toPhone(clip), nil
}

// connect runs <Connect><Stream>. The document goes on when the server closes
// the socket, and not before ("<Stream>", bidirectional).
func (c *call) connect(ctx context.Context, base string, verb twiml.Stream) {
	if f, ok := c.sim.faults.take(c.account.Sid, c.sid, "", FaultSocketNever); ok {
		c.note(KindFault, f.Kind, nil)
		c.never(ctx, time.Duration(f.For))
		return
	}
	s, err := c.openOrRefuse(ctx, base, verb)
	var no *refusal
	if errors.As(err, &no) {
		c.refuseStream(ctx, no, verb)
		return
	}
	c.note(KindStream, "started", map[string]any{"stream": s.sid, "url": verb.URL, "parameters": len(verb.Parameters)})
	c.streamCallback(verb, s.sid, "stream-started", "")
	c.attach(s)
	c.sim.goes(func(context.Context) { s.read() })
	c.sim.faults.socket(c, s)
	select {
	case <-s.done:
	case <-ctx.Done():
		s.hangUp()
	}
	c.attach(nil)
	c.line.player.clear()
	detail, loss := s.story()
	c.note(KindStream, "stopped", detail)
	if loss.Unnoticed { // the leg hears nothing until it is led elsewhere or hung up
		<-ctx.Done()
	}
	c.streamCallback(verb, s.sid, "stream-stopped", "")
	if loss.EndsCall { // Twilio may go on with the document after a loss, or not
		c.finish(verdict{twilioapi.StatusCompleted, 200, "the socket was lost"})
	}
}

func (c *call) openOrRefuse(ctx context.Context, base string, verb twiml.Stream) (*stream, error) {
	if f, ok := c.sim.faults.take(c.account.Sid, c.sid, "", FaultSocketRefuse); ok {
		c.note(KindFault, f.Kind, nil)
		return nil, &refusal{twilioapi.CodeStreamRefused, "refused by order"}
	}
	return c.openStream(ctx, base, verb)
}

// never is a stream that does not come: the leg hears nothing for a while.
func (c *call) never(ctx context.Context, d time.Duration) {
	if d == 0 {
		<-ctx.Done()
		return
	}
	sleep(ctx, d)
}

func (c *call) attach(s *stream) {
	c.mu.Lock()
	c.live = s
	c.mu.Unlock()
	c.line.connect(s)
}

// refuseStream notes why there is no stream. Only what the address or the
// server's answer is to blame for counts as a violation.
func (c *call) refuseStream(ctx context.Context, no *refusal, verb twiml.Stream) {
	if ctx.Err() != nil {
		return
	}
	kind := KindAlert
	if no.code != twilioapi.CodeStreamTimeout && no.why != "refused by order" {
		kind = KindViolation
	}
	c.note(kind, "no stream", map[string]any{"code": no.code, "why": no.why, "url": verb.URL})
	c.streamCallback(verb, "", "stream-error", no.Error())
}

// streamCallback sends the stream's own status callback, whose Timestamp is ISO
// 8601 unlike all others ("<Stream>", statusCallback).
func (c *call) streamCallback(verb twiml.Stream, sid, event, problem string) {
	if verb.StatusCallback == "" {
		return
	}
	name := verb.Name
	if name == "" {
		name = sid
	}
	form := url.Values{
		"AccountSid": {c.account.Sid}, "CallSid": {c.sid}, "StreamSid": {sid}, "StreamName": {name},
		"StreamEvent": {event}, "Timestamp": {time.Now().UTC().Format("2006-01-02T15:04:05.000Z")},
	}
	if problem != "" {
		form.Set("StreamError", problem)
	}
	c.deliver(hook{
		account: c.account, call: c.sid, kind: KindCallback, what: event,
		address: verb.StatusCallback, method: orPost(verb.StatusCallbackMethod), form: form,
	})
}
