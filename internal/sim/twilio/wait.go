package twilio

import (
	"context"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"softphone/internal/protocol/twiml"
)

// entertain lets a leg hear something while it waits: music when there is no
// address, nothing when it is empty, else what the address gives, asked for
// again whenever it runs out ("<Enqueue>", waitUrl). left is called when a
// document says Leave. What is played ends with stop.
func (c *call) entertain(ctx context.Context, base string, address *string, method string, extra func() url.Values, left func()) (stop context.CancelFunc) {
	l := c.phone()
	if address == nil {
		l.overAndOver(music())
		return sync.OnceFunc(func() { l.overAndOver(nil) })
	}
	if *address == "" {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	from := &source{address: absolute(base, *address), method: orPost(method)}
	done := make(chan struct{})
	if !c.sim.goes(func(context.Context) {
		defer close(done)
		c.entertainFrom(ctx, from, extra, left)
	}) {
		close(done)
	}
	return sync.OnceFunc(func() {
		cancel()
		<-done
	})
}

// entertainFrom plays what an address gives until ctx ends or nothing comes of
// it any more. A document without sound is not asked for without end.
func (c *call) entertainFrom(ctx context.Context, first *source, extra func() url.Values, left func()) {
	for from := first; ctx.Err() == nil; {
		if extra != nil {
			from.extra = extra()
		}
		began := time.Now()
		next, again := c.entertainOnce(ctx, from, left)
		if !again || time.Since(began) < frameTime && !sleep(ctx, time.Second) {
			return
		}
		if from = first; next != nil {
			from = next
		}
	}
}

// entertainOnce plays a sound file, or runs the verbs of a document that are
// allowed there.
func (c *call) entertainOnce(ctx context.Context, from *source, left func()) (next *source, again bool) {
	form := with(c.form(c.state()), from.extra)
	r, err := c.sim.send(ctx, hook{
		account: c.account, call: c.sid, kind: KindVoice, what: "wait", address: from.address, method: from.method, form: form,
	})
	if err != nil {
		if ctx.Err() == nil {
			c.note(KindAlert, "nothing to wait with", map[string]any{"error": err.Error()})
		}
		return nil, false
	}
	if kind, _, _ := mime.ParseMediaType(r.contentType); strings.HasPrefix(kind, "audio/") {
		sound, err := readSound(strings.NewReader(string(r.body)))
		if err != nil {
			c.note(KindAlert, "no sound", map[string]any{"error": err.Error()})
			return nil, false
		}
		c.phone().playOut(ctx, sound)
		return nil, true
	}
	p, err := c.read(r.body, r.address)
	if err != nil {
		return nil, false
	}
	return c.entertainWith(ctx, p, left)
}

func (c *call) entertainWith(ctx context.Context, p page, left func()) (next *source, again bool) {
	for _, verb := range p.response.Verbs {
		if ctx.Err() != nil {
			return nil, false
		}
		switch v := verb.(type) {
		case twiml.Leave:
			c.verb("Leave", "", nil)
			if left != nil {
				left()
			}
			return nil, false
		case twiml.Play, twiml.Say, twiml.Pause, twiml.Hangup:
			c.execute(ctx, p, verb)
		case twiml.Redirect:
			return &source{address: absolute(p.base, v.URL), method: orPost(v.Method)}, true
		default:
			c.note(KindViolation, "a verb that must not run while waiting", nil)
			return nil, false
		}
	}
	return nil, len(p.response.Verbs) > 0
}

// methodOrGet is the method of sounds that are static ("Participants resource",
// HoldMethod).
func methodOrGet(form url.Values, name string) string {
	if form.Get(name) == http.MethodPost {
		return http.MethodPost
	}
	return http.MethodGet
}
