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

// listen hangs on a call what hears it: the recording by the desk's rules, and
// the assistant, if the desk has one. It returns what is to be told of the call.
func (b *Board) listen(in tenant.Integrations, c *call.Config) func(*call.Call) {
	tape, w := b.newTape(context.Background(), *c), (*scribe)(nil) // the rules are a few rows of our own
	if tape != nil {
		c.Listeners = append(c.Listeners, tape)
	}
	if b.ex.Assist != nil {
		ear, _ := b.ex.Assist(b.Tenant, in, auth.User{})
		w = &scribe{board: b, config: *c, able: ear != nil, guard: tape.Guard, taps: map[*media.Mouth]func(){}}
		c.Listeners = append(c.Listeners, w)
	}
	return func(made *call.Call) {
		tape.of(made)
		if w != nil {
			w.call = made
		}
	}
}

// scribe is the assistant of one call: it lives as long as the call, whoever
// speaks in it.
type scribe struct {
	board  *Board
	config call.Config
	call   *call.Call
	able   bool                            // there is an account
	guard  func(media.Writer) media.Writer // stops what it hears while the recording is paused

	// Of the call's owner.
	told          bool // that there is no account
	listener      *assist.Listener
	began         time.Time // zero of call time
	caller, agent *media.Tap
	taps          map[*media.Mouth]func()
}

var _ call.Listener = (*scribe)(nil)

// Follow implements call.Listener. It hears the customer and the first of those
// who talk with the customer: one tap takes one voice.
func (w *scribe) Follow(t call.Talk) {
	heard := map[*media.Mouth]*media.Tap{}
	if len(t.Voices) > 0 && !t.Waiting && w.ready() {
		for _, v := range t.Voices {
			if v.Role == call.Customer {
				heard[v.Mouth] = w.caller
			} else if !taken(heard, w.agent) {
				heard[v.Mouth] = w.agent
			}
		}
	}
	for mouth, remove := range w.taps {
		if heard[mouth] == nil {
			remove()
			delete(w.taps, mouth)
		}
	}
	for mouth, tap := range heard {
		if w.taps[mouth] == nil {
			w.taps[mouth] = mouth.Tap(w.guard(&earpiece{tap: tap, began: w.began}))
		}
	}
}

func taken(heard map[*media.Mouth]*media.Tap, tap *media.Tap) bool {
	for _, t := range heard {
		if t == tap {
			return true
		}
	}
	return false
}

// ready starts the assistant, or says once that there is none.
func (w *scribe) ready() bool {
	if !w.able {
		if !w.told {
			w.told = true
			go desk{call: w.call}.State(assist.State{Phase: assist.Off, Reason: assist.NotConfigured}) // ends with its answer
		}
		return false
	}
	if w.listener == nil {
		w.start()
	}
	return true
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
	models := account{w.board, w.call}
	w.listener = assist.Start(context.Background(), assist.Config{ // ends with the call: Over
		Ear: models, Brain: models, Desk: desk{w.call, w.board.ex.Fault}, Circuit: &w.board.circuit,
		Name:   fmt.Sprintf("%s-%d", w.config.Record.ID, w.call.Epoch()),
		Caller: &hearing{tap: w.caller}, Agent: &hearing{tap: w.agent},
		Tools:    []assist.Tool{assist.SearchContact(addressBook{w.board, func() call.UserID { return w.call.View().UserID }})},
		Keywords: w.keywords(), Instructions: w.about(),
	})
}

// keywords are names that a transcriber would else have to guess.
func (w *scribe) keywords() []string {
	var known []string
	for _, name := range []string{w.config.ContactName, w.call.View().UserName, w.board.Tenant.Name} {
		if name != "" {
			known = append(known, name)
		}
	}
	return known
}

func (w *scribe) about() string {
	about := fmt.Sprintf("The agent is %s of %s.", w.call.View().UserName, w.board.Tenant.Name)
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
type account struct {
	*Board
	call *call.Call
}

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
	ear, brain := a.ex.Assist(a.Tenant, in, auth.User{ID: string(a.call.View().UserID)})
	if ear == nil {
		return nil, nil, &assist.Fault{Reason: assist.NotConfigured, Fatal: true, Err: errNoAccount}
	}
	return ear, brain, nil
}

// addressBook is the address book with the rights that the call's agent has at
// the moment of the search: the model may see what its user may see.
type addressBook struct {
	*Board
	agent func() call.UserID // of the call, at that moment
}

var errNoRight = errors.New("the agent may not read the address book")

// Search implements assist.Contacts.
func (b addressBook) Search(ctx context.Context, q string, limit int) ([]crm.Contact, error) {
	u, err := b.store.User(ctx, string(b.agent()))
	if err != nil {
		return nil, err
	}
	if u.Disabled || !u.Role.May(auth.UseAssistant) || !u.Role.May(auth.ReadCRM) {
		return nil, errNoRight
	}
	return b.store.SearchContacts(ctx, q, limit)
}

// desk hands what the assistant makes of a call to the call.
type desk struct {
	call  *call.Call
	fault func(reason string) // counts; nil: nobody does
}

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
	if s.Reason != "" && s.Phase != assist.Off && d.fault != nil { // off: nobody entered an account
		d.fault(s.Reason)
	}
	d.keep(call.Remark{Type: "call:update", Assist: &call.Assist{State: string(s.Phase), Reason: s.Reason}})
}

func object(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // plain data; the assistant has checked what models wrote
	}
	return b
}
