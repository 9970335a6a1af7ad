package switchboard

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"softphone/internal/phone/assist"
	"softphone/internal/phone/auth"
	"softphone/internal/phone/call"
	"softphone/internal/phone/crm"
	"softphone/internal/phone/media"
	"softphone/internal/phone/tenant"
)

// Assistants makes the models that help with a call from a desk's settings. An
// ear that is nil says that the desk has no account for it.
type Assistants func(tenant.Tenant, tenant.Integrations, auth.User) (assist.Ear, assist.Brain)

const (
	// earFrames is how much sound waits for the assistant: 2 s, then the oldest
	// is dropped. It takes sound at once, so more means that the machine is
	// overloaded, and then the callers come first.
	earFrames = 100
	// offBeat is how late a leg's own clock may be before it is set anew: less than
	// the silence that ends an utterance.
	offBeat = 400 * time.Millisecond
)

// attended returns a call that is recorded by the desk's rules and that the
// assistant listens to, if the desk has one and the user may use it.
func (s *Seat) attended(in tenant.Integrations, config call.Config) *call.Call {
	tape, w := s.newTape(context.Background(), config), (*scribe)(nil) // the rules are a few rows of our own
	var l listeners
	if tape != nil {
		l = append(l, tape)
	}
	if s.ex.Assist != nil && s.User.Role.May(auth.UseAssistant) {
		ear, _ := s.ex.Assist(s.Tenant, in, s.User)
		w = &scribe{seat: s, config: config, able: ear != nil, guard: tape.Guard}
		l = append(l, w)
	}
	if len(l) > 0 {
		config.Listener = l
	}
	c := call.NewCall(config)
	tape.of(c)
	if w != nil {
		w.call = c
	}
	return c
}

// scribe is the assistant of one call: it lives as long as the call, over as many
// bridges as there are.
type scribe struct {
	seat   *Seat
	config call.Config
	call   *call.Call
	able   bool                            // there is an account
	guard  func(media.Writer) media.Writer // stops what it hears while the recording is paused

	// Of the call's owner.
	listener      *assist.Listener
	began         time.Time // zero of call time
	caller, agent *media.Tap
}

var _ call.Listener = (*scribe)(nil)

// Joined implements call.Listener.
func (w *scribe) Joined(b *media.Bridge) {
	if !w.able {
		go desk{w.call}.State(assist.State{Phase: assist.Off, Reason: assist.NotConfigured}) // ends with its answer
		return
	}
	if w.listener == nil {
		w.start()
	}
	b.TapCustomer(w.guard(&earpiece{tap: w.caller, began: w.began}))
	b.TapAgent(w.guard(&earpiece{tap: w.agent, began: w.began}))
}

// Over implements call.Listener: the listener ends by itself, soon.
func (w *scribe) Over() {
	if w.listener != nil {
		w.caller.Close()
		w.agent.Close()
	}
}

func (w *scribe) start() {
	w.began = time.Now()
	w.caller, w.agent = media.NewTap(earFrames), media.NewTap(earFrames)
	models := account{w.seat}
	w.listener = assist.Start(context.Background(), assist.Config{ // ends with the call: Over
		Ear: models, Brain: models, Desk: desk{w.call}, Circuit: &w.seat.circuit,
		Name:   fmt.Sprintf("%s-%d", w.config.Record.ID, w.config.Record.Epoch),
		Caller: &hearing{tap: w.caller}, Agent: &hearing{tap: w.agent},
		Tools:    []assist.Tool{assist.SearchContact(addressBook{w.seat})},
		Keywords: w.keywords(), Instructions: w.about(),
	})
}

// keywords are names that a transcriber would else have to guess.
func (w *scribe) keywords() []string {
	var known []string
	for _, name := range []string{w.config.ContactName, w.config.UserName, w.seat.Tenant.Name} {
		if name != "" {
			known = append(known, name)
		}
	}
	return known
}

func (w *scribe) about() string {
	about := fmt.Sprintf("The agent is %s of %s.", w.config.UserName, w.seat.Tenant.Name)
	if w.config.ContactName != "" {
		about += fmt.Sprintf(" The address book says that the other is %s.", w.config.ContactName)
	}
	return about
}

// earpiece hears one leg of one bridge and stamps the time of the call, counted
// from the moment in which the two heard each other first: a device that comes
// anew begins at its own zero. Sound is never early, so the frame that came with
// the least delay tells the time. One goroutine writes.
type earpiece struct {
	tap   *media.Tap
	began time.Time
	shift time.Duration
	set   bool
}

// WriteFrame implements media.Writer.
func (e *earpiece) WriteFrame(f media.Frame) {
	if shift := time.Since(e.began) - f.At; !e.set || shift < e.shift || shift > e.shift+offBeat {
		e.shift, e.set = shift, true
	}
	f.At += e.shift
	e.tap.WriteFrame(f)
}

func (e *earpiece) String() string { return fmt.Sprintf("earpiece -> %v", e.tap) }

// hearing is a tap with room for the frame that is read.
type hearing struct {
	tap *media.Tap
	buf [media.FrameBytes]byte
}

// Read implements assist.Tap.
func (h *hearing) Read(ctx context.Context) (media.Frame, error) { return h.tap.Read(ctx, h.buf[:]) }

// account opens sessions with the settings as they are at that moment: a key
// that is mended during a call helps in it.
type account struct{ *Seat }

var errNoAccount = errors.New("the desk has no account for the assistant")

// Listen implements assist.Ear.
func (a account) Listen(ctx context.Context, hints assist.Hints) (assist.Hearing, error) {
	ear, _, err := a.models(ctx)
	if err != nil {
		return nil, err
	}
	return ear.Listen(ctx, hints)
}

// Think implements assist.Brain.
func (a account) Think(ctx context.Context, brief assist.Brief) (assist.Mind, error) {
	_, brain, err := a.models(ctx)
	if err != nil {
		return nil, err
	}
	return brain.Think(ctx, brief)
}

func (a account) models(ctx context.Context) (assist.Ear, assist.Brain, error) {
	in, err := a.ex.Directory.Integrations(ctx, a.Tenant.ID)
	if err != nil {
		return nil, nil, err
	}
	ear, brain := a.ex.Assist(a.Tenant, in, a.User)
	if ear == nil {
		return nil, nil, &assist.Fault{Reason: assist.NotConfigured, Fatal: true, Err: errNoAccount}
	}
	return ear, brain, nil
}

// addressBook is the address book with the rights that the call's agent has at
// the moment of the search: the model may see what its user may see.
type addressBook struct{ *Seat }

var errNoRight = errors.New("the agent may not read the address book")

// Search implements assist.Contacts.
func (b addressBook) Search(ctx context.Context, q string, limit int) ([]crm.Contact, error) {
	u, err := b.store.User(ctx, b.User.ID)
	if err != nil {
		return nil, err
	}
	if u.Disabled || !u.Role.May(auth.ReadCRM) {
		return nil, errNoRight
	}
	return b.store.SearchContacts(ctx, q, limit)
}

// desk hands what the assistant makes of a call to the call.
type desk struct{ call *call.Call }

var _ assist.Desk = desk{}

// storePause is between two tries to hand something to a call that has too much
// unfinished work. Only the assistant waits meanwhile.
const storePause = 100 * time.Millisecond

// keep hands in what must not be lost, as long as the call takes anything.
func (d desk) keep(in call.Remark) {
	for {
		err := d.call.Do(context.Background(), in)
		if !errors.Is(err, call.ErrOverloaded) {
			return
		}
		time.Sleep(storePause)
	}
}

type transcriptBody struct {
	LineID   string         `json:"lineId"`
	Revision int            `json:"revision"`
	Speaker  assist.Speaker `json:"speaker"`
	Text     string         `json:"text"`
	Final    bool           `json:"final"`
	StartMs  int64          `json:"startMs"`
	EndMs    int64          `json:"endMs"`
	Gap      string         `json:"gap,omitempty"`
}

func transcript(l assist.Line, final bool) call.Remark {
	return call.Remark{Type: "ai:transcript", Volatile: !final, Body: object(transcriptBody{
		LineID: l.ID, Revision: l.Revision, Speaker: l.Speaker, Text: l.Text, Final: final,
		StartMs: l.Start.Milliseconds(), EndMs: l.End.Milliseconds(), Gap: l.Gap,
	})}
}

// Partial implements assist.Desk.
func (d desk) Partial(l assist.Line) {
	_ = d.call.Do(context.Background(), transcript(l, false)) // the next one says more
}

// Line implements assist.Desk.
func (d desk) Line(l assist.Line) {
	in := transcript(l, true)
	in.Line = &call.Line{
		ID: l.ID, CallID: d.call.View().ID, Speaker: string(l.Speaker), Text: l.Text,
		Start: l.Start, End: l.End, Revision: l.Revision, Gap: l.Gap,
	}
	d.keep(in)
}

// Suggest implements assist.Desk.
func (d desk) Suggest(s assist.Suggestion) {
	d.keep(call.Remark{Type: "ai:suggestion", Body: object(struct {
		SuggestionID string `json:"suggestionId"`
		Text         string `json:"text"`
		Reason       string `json:"reason"`
		LineID       string `json:"lineId"`
		State        string `json:"state"`
	}{s.ID, s.Text, s.Reason, s.LineID, "shown"})})
}

// Act implements assist.Desk.
func (d desk) Act(a assist.Action) {
	d.keep(call.Remark{Type: "ai:action", Body: object(struct {
		ActionID  string             `json:"actionId"`
		Tool      string             `json:"tool"`
		Arguments json.RawMessage    `json:"arguments"`
		State     assist.ActionState `json:"state"`
		Result    json.RawMessage    `json:"result,omitempty"`
	}{a.ID, a.Tool, a.Arguments, a.State, a.Result})})
}

// State implements assist.Desk.
func (d desk) State(s assist.State) {
	d.keep(call.Remark{Type: "call:update", Assist: &call.Assist{State: string(s.Phase), Reason: s.Reason}})
}

func object(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // plain data; the assistant has checked what models wrote
	}
	return b
}
