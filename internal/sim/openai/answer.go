package openai

import (
	"context"
	"fmt"
	"strings"
	"time"

	"softphone/internal/protocol/realtime"
)

const (
	thinking   = 60 * time.Millisecond // before the first word
	perDelta   = 12 * time.Millisecond
	limitsWait = 40 * time.Millisecond // rate_limits.updated after response.done
)

// answer is a response under way. Its steps run one after the other on the
// session's goroutine; stop drops the rest.
type answer struct {
	s       *session
	re      realtime.Response
	inside  bool // of the default conversation
	spoken  bool
	item    realtime.Item
	begun   bool // the item was announced
	context int  // tokens read
	steps   []func(context.Context)
	ended   bool
}

func (s *session) createResponse(ctx context.Context, frame []byte) *mistake {
	event, err := realtime.Read[realtime.ResponseCreate](frame)
	if err != nil {
		return &mistake{realtime.InvalidValue, "Invalid value for 'response'.", "response"}
	}
	var p realtime.ResponseParams
	if event.Response != nil {
		p = *event.Response
	}
	switch {
	case s.kind == realtime.Transcription:
		return &mistake{realtime.InvalidValue, "A transcription session does not create responses.", "type"}
	case p.Conversation != "" && p.Conversation != "auto" && p.Conversation != "none":
		return invalid("response.conversation", p.Conversation, "auto", "none")
	case len(p.Metadata) > 16:
		return &mistake{realtime.InvalidValue, "Metadata may have at most 16 pairs.", "response.metadata"}
	case p.Conversation != "none" && s.active != nil:
		return &mistake{realtime.ActiveResponse, fmt.Sprintf("Conversation already has an active response in progress: %s. "+
			"Wait until the response is finished before creating a new one.", s.active.re.ID), ""}
	}
	if m := described(frame); m != nil {
		return m
	}
	s.begin(ctx, p)
	return nil
}

// begin starts a response; out of band ones run beside any other.
func (s *session) begin(ctx context.Context, p realtime.ResponseParams) {
	a := &answer{s: s, inside: p.Conversation != "none"}
	a.re = realtime.Response{Object: "realtime.response", ID: newID("resp_", 21), Status: realtime.InProgress, Output: []realtime.Item{},
		OutputModalities: p.OutputModalities, MaxOutputTokens: orInf(p.MaxOutputTokens), Metadata: p.Metadata}
	if len(a.re.OutputModalities) == 0 {
		for _, m := range s.settings["output_modalities"].([]any) {
			a.re.OutputModalities = append(a.re.OutputModalities, m.(string))
		}
	}
	a.spoken = a.re.OutputModalities[0] == "audio"
	s.answers[a.re.ID] = a
	if a.inside {
		s.active, a.re.ConversationID = a, &s.convID
	}
	s.send(ctx, realtime.ResponseEvent{Header: header(realtime.ResponseCreatedType), Response: a.re})
	s.later(thinking, func() { a.think(ctx, p) })
}

func orInf(limit any) any {
	if limit == nil {
		return "inf"
	}
	return limit
}

func (a *answer) think(ctx context.Context, p realtime.ResponseParams) {
	if a.ended {
		return
	}
	for kind, code := range map[string]string{"quota": realtime.InsufficientQuota, "rate_limit": realtime.RateLimitExceeded} {
		if a.s.sim.strikes(kind) {
			a.fail(ctx, code)
			return
		}
	}
	q := a.s.question(p)
	a.context = q.tokens()
	thought := a.s.sim.mind().answer(q)
	if thought.call != nil {
		a.callSteps(*thought.call)
	} else {
		a.textSteps(thought.text)
	}
	a.next(ctx)
}

// next takes one step and plans the one after it.
func (a *answer) next(ctx context.Context) {
	if a.ended {
		return
	}
	if len(a.steps) == 0 {
		a.finish(ctx, realtime.Completed, nil)
		return
	}
	step := a.steps[0]
	a.steps = a.steps[1:]
	step(ctx)
	a.s.later(perDelta, func() { a.next(ctx) })
}

func (a *answer) textSteps(words string) {
	a.item = realtime.Item{ID: newID("item_", 21), Object: "realtime.item", Type: realtime.MessageItem, Role: "assistant", Content: []realtime.Content{}}
	a.steps = append(a.steps, a.open, func(ctx context.Context) { a.part(ctx, realtime.PartAddedType, "") })
	said := ""
	for _, delta := range pieces(words) {
		a.steps = append(a.steps, func(ctx context.Context) { said += delta; a.say(ctx, said, delta) })
	}
	a.steps = append(a.steps, func(ctx context.Context) { a.close(ctx, words, realtime.Completed) })
}

// pieces are words with their spaces, two at a time.
func pieces(words string) []string {
	each := strings.SplitAfter(words, " ")
	var out []string
	for i := 0; i < len(each); i += 2 {
		out = append(out, strings.Join(each[i:min(i+2, len(each))], ""))
	}
	return out
}

// open announces the item: status in_progress, empty.
func (a *answer) open(ctx context.Context) {
	a.begun = true
	a.item.Status = realtime.InProgress
	a.s.send(ctx, realtime.OutputItem{Header: header(realtime.OutputItemAddedType), ResponseID: a.re.ID, Item: a.item})
	if a.inside {
		previous := a.s.insert(a.item, nil)
		a.s.send(ctx, realtime.ItemEvent{Header: header(realtime.ItemAddedType), PreviousItemID: previous, Item: a.item})
	}
}

// part is content_part.added and .done: its type is text or audio there, though
// the item's content is output_text or output_audio.
func (a *answer) part(ctx context.Context, kind, words string) {
	part := realtime.Content{Type: "text", Text: &words}
	if a.spoken {
		part = realtime.Content{Type: "audio", Transcript: &words}
	}
	a.s.send(ctx, realtime.PartEvent{Header: header(kind), ResponseID: a.re.ID, ItemID: a.item.ID, Part: part})
}

// say sends a delta; said is all so far, kept for when it is cut short.
func (a *answer) say(ctx context.Context, said, delta string) {
	a.item.Content = []realtime.Content{a.content(said)}
	kind := realtime.TextDeltaType
	if a.spoken {
		kind = realtime.AudioTextDeltaType
	}
	a.s.send(ctx, realtime.TextDelta{Header: header(kind), ResponseID: a.re.ID, ItemID: a.item.ID, Delta: delta, Obfuscation: obfuscation(delta)})
	if a.spoken {
		a.s.send(ctx, realtime.TextDelta{Header: header(realtime.AudioDeltaType), ResponseID: a.re.ID, ItemID: a.item.ID,
			Delta: hum(spokenMs(delta), text(a.s.settings, "audio", "output", "format", "type"))})
	}
}

func (a *answer) content(words string) realtime.Content {
	if a.spoken {
		return realtime.Content{Type: "output_audio", Transcript: &words}
	}
	return realtime.Content{Type: "output_text", Text: &words}
}

// close sends the done events of a message.
func (a *answer) close(ctx context.Context, words, status string) {
	if a.spoken {
		a.s.send(ctx, audioDone{header(realtime.AudioDoneType), a.re.ID, a.item.ID, 0, 0})
		a.s.send(ctx, audioTextDone{header(realtime.AudioTextDoneType), a.re.ID, a.item.ID, 0, 0, words})
	} else {
		a.s.send(ctx, realtime.TextDone{Header: header(realtime.TextDoneType), ResponseID: a.re.ID, ItemID: a.item.ID, Text: words})
	}
	a.part(ctx, realtime.PartDoneType, words)
	a.item.Content = []realtime.Content{a.content(words)}
	a.closeItem(ctx, status)
}

type audioDone struct {
	realtime.Header
	ResponseID   string `json:"response_id"`
	ItemID       string `json:"item_id"`
	OutputIndex  int    `json:"output_index"`
	ContentIndex int    `json:"content_index"`
}

// audioTextDone names its words transcript, where a text calls them text.
type audioTextDone struct {
	realtime.Header
	ResponseID   string `json:"response_id"`
	ItemID       string `json:"item_id"`
	OutputIndex  int    `json:"output_index"`
	ContentIndex int    `json:"content_index"`
	Transcript   string `json:"transcript"`
}

func (a *answer) closeItem(ctx context.Context, status string) {
	a.item.Status = status
	if a.inside {
		previous := (*string)(nil)
		if i := a.s.find(a.item.ID); i >= 0 {
			a.s.items[i] = a.item
			if i > 0 {
				previous = orNull(a.s.items[i-1].ID)
			}
		}
		a.s.send(ctx, realtime.ItemEvent{Header: header(realtime.ItemDoneType), PreviousItemID: previous, Item: a.item})
	}
	a.s.send(ctx, realtime.OutputItem{Header: header(realtime.OutputItemDoneType), ResponseID: a.re.ID, Item: a.item})
	a.re.Output = append(a.re.Output, a.item)
	a.begun = false
}

func (s *session) cancelResponse(ctx context.Context, id string) *mistake {
	a := s.active
	if id != "" {
		a = s.answers[id]
	}
	if a == nil {
		return &mistake{realtime.CancelNotActive, "Cancellation failed: no active response found", ""}
	}
	a.stop(ctx, "client_cancelled")
	return nil
}

// stop ends an answer early: its item is incomplete.
func (a *answer) stop(ctx context.Context, reason string) {
	if a.begun && a.item.Type == realtime.MessageItem {
		a.close(ctx, a.item.Text(), realtime.Incomplete)
	} else if a.begun {
		a.closeItem(ctx, realtime.Incomplete)
	}
	a.finish(ctx, realtime.Cancelled, &realtime.StatusDetails{Type: realtime.Cancelled, Reason: reason})
}

func (a *answer) fail(ctx context.Context, code string) {
	a.finish(ctx, realtime.Failed, &realtime.StatusDetails{Type: realtime.Failed,
		Error: &realtime.Cause{Type: code, Code: &code, Message: "You exceeded your current quota or rate, please check your plan and billing details."}})
}

func (a *answer) finish(ctx context.Context, status string, details *realtime.StatusDetails) {
	a.ended = true
	delete(a.s.answers, a.re.ID)
	if a.s.active == a {
		a.s.active = nil
	}
	a.re.Status, a.re.StatusDetails, a.re.Usage = status, details, a.usage()
	a.s.send(ctx, realtime.ResponseEvent{Header: header(realtime.ResponseDoneType), Response: a.re})
	used := a.re.Usage.TotalTokens
	a.s.view.Tokens += used
	a.s.view.Said = keep(a.s.view.Said, a.line())
	a.s.later(limitsWait, func() { a.s.limits(ctx, used) })
}

// line is an answer as the page shows it.
func (a *answer) line() string {
	words := a.re.Status
	for _, item := range a.re.Output {
		words = item.Text()
		if item.Type == realtime.FunctionCallItem && item.Arguments != nil {
			words = item.Name + " " + *item.Arguments
		}
	}
	if a.re.Status != realtime.Completed {
		return "(" + a.re.Status + ") " + words
	}
	return words
}

func (s *session) limits(ctx context.Context, used int) {
	const limit = 40000
	s.send(ctx, realtime.RateLimits{Header: header(realtime.RateLimitsType), RateLimits: []realtime.RateLimit{
		{Name: "tokens", Limit: limit, Remaining: max(limit-used, 0), ResetSeconds: float64(used) * 60 / limit}}})
}
