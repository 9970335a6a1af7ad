package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"

	"softphone/internal/adapter/gateway"
	"softphone/internal/adapter/webrtc"
	"softphone/internal/demo"
	"softphone/internal/phone/call"
	"softphone/internal/phone/media"
	"softphone/internal/protocol/socketio/client"
	"softphone/internal/sim/twilio"
)

// checkAgent is a person at the desk: a login, a socket, a microphone and an
// ear. It keeps what it was told and what it heard.
type checkAgent struct {
	story demoStory
	user  demoUser
	name  string
	id    string // of the user, once logged in
	token string
	sock  *client.Client
	peer  *webrtc.Agent
	mouth *checkMouth
	ear   *checkEar
	stop  context.CancelFunc
	wait  sync.WaitGroup

	mu     sync.Mutex
	told   []toldEvent
	news   chan struct{} // closed and made anew with each event
	callID call.ID
	from   int // index of the first event of the call

	part          []demo.Sentence // what the agent has to say
	saidSentences []string        // and has said
}

type toldEvent struct {
	name string
	at   time.Time
	body json.RawMessage
}

func newCheckAgent(story demoStory, user demoUser) *checkAgent {
	return &checkAgent{story: story, user: user, name: user.Name, news: make(chan struct{}), mouth: newCheckMouth(), ear: &checkEar{}}
}

// leave gives back what the agent holds.
func (a *checkAgent) leave() {
	if a.stop != nil {
		a.stop()
	}
	a.wait.Wait()
	if a.peer != nil {
		a.peer.Close()
	}
	if a.sock != nil {
		_ = a.sock.Close()
	}
}

// ask sends JSON to the desk and reads JSON.
func (a *checkAgent) ask(ctx context.Context, method, path string, body, into any) error {
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, method, a.story.URL+path, bytes.NewReader(raw))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+a.token)
	return fetch(r, into)
}

func fetch(r *http.Request, into any) error {
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(res.Body, 16<<20))
	if err != nil {
		return err
	}
	if res.StatusCode >= http.StatusBadRequest {
		return fmt.Errorf("%s answered %s: %s", r.URL.Path, res.Status, raw)
	}
	if b, ok := into.(*[]byte); ok {
		*b = raw
		return nil
	}
	return json.Unmarshal(raw, into)
}

func (a *checkAgent) logIn(ctx context.Context) (string, error) {
	var pass struct {
		AccessToken string
		User        struct{ ID string }
	}
	var err error
	if a.part, err = demo.Sentences(); err != nil {
		return "", err
	}
	err = a.ask(ctx, http.MethodPost, "/api/auth/login", map[string]string{"email": a.user.Email, "password": a.user.Password}, &pass)
	a.token, a.id = pass.AccessToken, pass.User.ID
	return string(a.user.Role) + " of " + a.user.Desk, err
}

func (a *checkAgent) connect(ctx context.Context) (string, error) {
	a.sock = client.New(a.story.URL+"/socket.io/", gateway.Namespace)
	for _, name := range gateway.EventNames() {
		a.sock.On(name, func(body json.RawMessage) { a.hearOf(name, body) })
	}
	if err := a.sock.Connect(ctx, map[string]string{"token": a.token}); err != nil {
		a.sock = nil
		return "", err
	}
	_, err := a.await(ctx, "call:state", func(json.RawMessage) bool { return true })
	return "", err
}

func (a *checkAgent) hearOf(name string, body json.RawMessage) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.told = append(a.told, toldEvent{name, time.Now(), bytes.Clone(body)})
	close(a.news)
	a.news = make(chan struct{})
}

// await returns the first event of the call, or of the session before one, that
// has the name and fits.
func (a *checkAgent) await(ctx context.Context, name string, fits func(json.RawMessage) bool) (toldEvent, error) {
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	for {
		a.mu.Lock()
		for _, e := range a.told[a.from:] {
			if e.name == name && fits(e.body) {
				a.mu.Unlock()
				return e, nil
			}
		}
		news := a.news
		a.mu.Unlock()
		select {
		case <-news:
		case <-ctx.Done():
			return toldEvent{}, fmt.Errorf("%s never came: %w", name, ctx.Err())
		}
	}
}

// command asks over the socket and reads the acknowledgement.
func (a *checkAgent) command(ctx context.Context, name string, body, into any) error {
	raw, err := a.sock.EmitAck(ctx, name, body)
	if err != nil {
		return err
	}
	var head struct {
		OK    bool
		Error gateway.Error
	}
	if err := json.Unmarshal(raw, &head); err != nil {
		return err
	}
	if !head.OK {
		return &commandRefused{head.Error}
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(raw, into)
}

type commandRefused struct{ no gateway.Error }

func (c *commandRefused) Error() string { return string(c.no.Code) + ": " + c.no.Message }

func (a *checkAgent) connectSound(ctx context.Context) (string, error) {
	peer, err := webrtc.NewAgent(ctx)
	if err != nil {
		return "", err
	}
	a.peer = peer
	peer.Connect(a.ear)
	var answer gateway.SDP
	if err := a.command(ctx, "media:offer", gateway.SDP{SDP: peer.Offer()}, &answer); err != nil {
		return "", err
	}
	if err := peer.Take(answer.SDP); err != nil {
		return "", err
	}
	select {
	case <-peer.Up():
	case <-ctx.Done():
		return "", errors.New("sound never connected")
	}
	speaking, stop := context.WithCancel(context.WithoutCancel(ctx))
	a.stop = stop
	a.wait.Go(func() { _ = media.Play(speaking, peer, a.mouth) })
	_, err = a.await(ctx, "media:state", func(b json.RawMessage) bool {
		var m gateway.MediaState
		return json.Unmarshal(b, &m) == nil && m.Up
	})
	// The desk wants to have heard the microphone before it dials with it.
	time.Sleep(10 * media.FrameTime)
	return "", err
}

func (a *checkAgent) dial(ctx context.Context, number string) (string, error) {
	a.mu.Lock()
	a.from = len(a.told)
	a.mu.Unlock()
	a.ear.clear()
	a.mouth.clear()
	var answer gateway.Answered
	if err := a.command(ctx, "call:initiate", gateway.Initiate{To: number}, &answer); err != nil {
		return "", err
	}
	a.callID = answer.Call.ID
	_, err := a.await(ctx, "call:initiated", func(b json.RawMessage) bool { return a.view(b).ID == a.callID })
	return answer.Call.To, err
}

func (a *checkAgent) view(body json.RawMessage) call.View {
	var e struct{ Call call.View }
	_ = json.Unmarshal(body, &e) // a body that is no call fits nothing
	return e.Call
}

func (a *checkAgent) awaitCall(ctx context.Context, name string, fits func(call.View) bool) (call.View, error) {
	e, err := a.await(ctx, name, func(b json.RawMessage) bool {
		v := a.view(b)
		return v.ID == a.callID && fits(v)
	})
	return a.view(e.body), err
}

func (a *checkAgent) beAnswered(ctx context.Context) (string, error) {
	v, err := a.awaitCall(ctx, "call:update", func(v call.View) bool { return v.Status == call.InProgress })
	return v.CallSID, err
}

func (a *checkAgent) awaitEnd(ctx context.Context) (call.View, error) {
	return a.awaitCall(ctx, "call:ended", func(call.View) bool { return true })
}

// isOver reports whether the call has ended.
func (a *checkAgent) isOver() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.ContainsFunc(a.told[a.from:], func(e toldEvent) bool { return e.name == "call:ended" })
}

func (a *checkAgent) hangUp(ctx context.Context) (string, error) {
	return "", a.command(ctx, "call:end", gateway.OfCall{CallID: a.callID}, nil)
}

// secondCall calls somebody else meanwhile: the first call waits on hold and is
// taken up again.
func (a *checkAgent) secondCall(ctx context.Context) (string, error) {
	var second gateway.Answered
	if err := a.command(ctx, "call:initiate", gateway.Initiate{To: twilio.NumberTone}, &second); err != nil {
		return "", err
	}
	if _, err := a.awaitCall(ctx, "call:update", func(v call.View) bool { return v.Held }); err != nil {
		return "", err
	}
	if err := until(ctx, "the second call was not heard", func() bool { return tonal(a.ear.last(), 1000) > 0.8 }); err != nil {
		return "", err
	}
	if err := a.command(ctx, "call:hold", gateway.Holding{CallID: a.callID}, nil); err != nil {
		return "", err
	}
	if err := until(ctx, "the second call is still heard", func() bool { return tonal(a.ear.last(), 1000) < 0.1 }); err != nil {
		return "", err
	}
	return "and is taken up again", a.command(ctx, "call:end", gateway.OfCall{CallID: second.Call.ID}, nil)
}
