package openai

import (
	"context"
	"encoding/json"
	"net/url"
	"sync"

	"softphone/internal/phone/assist"
	"softphone/internal/protocol/realtime"
)

const (
	advice      = "suggestion" // metadata purpose of the responses asked for here
	maxTokens   = 200
	adviceOrder = `Give the human agent at most two short suggestions what to say or do next, as JSON {"suggestions":[{"text":"...","reason":"..."}]} and nothing else.`
	// truncation bounds what each response costs: the whole conversation is read
	// again for every one of them (OpenAI, Managing Realtime costs).
	truncation = `{"type":"retention_ratio","retention_ratio":0.8,"token_limits":{"post_instructions":6000}}`
)

// Think opens the text session.
func (a *Account) Think(ctx context.Context, brief assist.Brief) (assist.Mind, error) {
	s, _, err := a.open(ctx, url.Values{"model": {a.cfg.Model}}, thinking(brief))
	if err != nil {
		return nil, err
	}
	return &mind{socket: s}, nil
}

// thinking is the settings: text out, no sound in, nothing by itself.
func thinking(brief assist.Brief) realtime.Session {
	session := realtime.Session{Type: realtime.Conversation, Instructions: &brief.Instructions, OutputModalities: []string{"text"},
		Audio:      &realtime.SessionAudio{Input: &realtime.AudioInput{TurnDetection: realtime.Null}},
		Truncation: json.RawMessage(truncation)}
	for _, tool := range brief.Tools {
		session.Tools = append(session.Tools, realtime.Tool{Type: "function", Name: tool.Name, Description: tool.Description, Parameters: tool.Parameters})
	}
	return session
}

// mind is the text session of a call.
type mind struct {
	*socket

	mu     sync.Mutex
	turn   string // advice is wanted for
	answer string // the response that gives it, once known
	busy   bool   // a response in the conversation is under way
	again  bool   // and another is wanted after it
}

// Add implements assist.Mind. Both parties are users: of lines in the role of the
// assistant the model would think that it said them.
func (m *mind) Add(ctx context.Context, turn string) error {
	return m.item(ctx, realtime.UserText(turn))
}

func (m *mind) item(ctx context.Context, item realtime.Item) error {
	return m.send(ctx, realtime.ItemCreate{Header: realtime.Header{Type: realtime.ItemCreateType}, Item: item})
}

// Ask implements assist.Mind: a response out of band, which reads the
// conversation and adds nothing to it.
func (m *mind) Ask(ctx context.Context, turn string) error {
	if old := m.want(turn); old != "" {
		if err := m.cancel(ctx, old); err != nil {
			return err
		}
	}
	return m.create(ctx, &realtime.ResponseParams{
		Conversation: "none", OutputModalities: []string{"text"}, Instructions: adviceOrder, MaxOutputTokens: maxTokens,
		Tools: &[]realtime.Tool{}, Metadata: map[string]string{"purpose": advice, "turn": turn},
	})
}

// want notes the newest turn and returns the response that became needless.
func (m *mind) want(turn string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	old := m.answer
	m.turn, m.answer = turn, ""
	return old
}

func (m *mind) cancel(ctx context.Context, response string) error {
	return m.send(ctx, realtime.ResponseCancel{Header: realtime.Header{Type: realtime.ResponseCancelType}, ResponseID: response})
}

// Consider implements assist.Mind: a response in the conversation, where calls
// and their outputs belong. The server refuses another while one is under way
// (conversation_already_has_active_response), so that one comes after it.
func (m *mind) Consider(ctx context.Context) error {
	m.mu.Lock()
	m.again = m.busy
	begin := !m.busy
	m.busy = true
	m.mu.Unlock()
	if !begin {
		return nil
	}
	return m.consider(ctx)
}

func (m *mind) consider(ctx context.Context) error {
	return m.create(ctx, &realtime.ResponseParams{OutputModalities: []string{"text"}, ToolChoice: "auto", MaxOutputTokens: maxTokens})
}

func (m *mind) create(ctx context.Context, params *realtime.ResponseParams) error {
	return m.send(ctx, realtime.ResponseCreate{Header: realtime.Header{Type: realtime.ResponseCreateType}, Response: params})
}

// Answer implements assist.Mind.
func (m *mind) Answer(ctx context.Context, callID, output string) error {
	return m.item(ctx, realtime.FunctionOutput(callID, output))
}

// Next implements assist.Mind.
func (m *mind) Next(ctx context.Context) (assist.Idea, error) {
	for {
		kind, frame, err := m.read(ctx)
		if err != nil {
			return assist.Idea{}, err
		}
		if idea, ok, err := m.idea(ctx, kind, frame); ok || err != nil {
			return idea, err
		}
	}
}

func (m *mind) idea(ctx context.Context, kind string, frame []byte) (assist.Idea, bool, error) {
	switch kind {
	case realtime.ResponseCreatedType:
		e, err := realtime.Read[realtime.ResponseEvent](frame)
		m.begun(e.Response)
		return assist.Idea{}, false, err
	case realtime.OutputItemDoneType: // not arguments.done, which repeats it
		e, err := realtime.Read[realtime.OutputItem](frame)
		return toolCall(e.Item), e.Item.Type == realtime.FunctionCallItem, err
	case realtime.ResponseDoneType:
		e, err := realtime.Read[realtime.ResponseEvent](frame)
		if err != nil {
			return assist.Idea{}, false, err
		}
		if e.Response.Metadata["purpose"] != advice {
			if err := m.considered(ctx); err != nil {
				return assist.Idea{}, false, err
			}
		}
		return m.ended(e.Response)
	case realtime.ErrorType:
		if m.last.CodeName() == realtime.ActiveResponse { // its own end comes, and then it is asked anew
			m.mu.Lock()
			m.again = true
			m.mu.Unlock()
		}
	}
	return assist.Idea{}, false, nil
}

func toolCall(item realtime.Item) assist.Idea {
	idea := assist.Idea{Kind: assist.UseTool, CallID: item.CallID, Tool: item.Name}
	if item.Arguments != nil {
		idea.Arguments = json.RawMessage(*item.Arguments)
	}
	return idea
}

// considered notes the end of a response in the conversation and begins the one
// that was wanted meanwhile.
func (m *mind) considered(ctx context.Context) error {
	m.mu.Lock()
	begin := m.again
	m.busy, m.again = begin, false
	m.mu.Unlock()
	if !begin {
		return nil
	}
	return m.consider(ctx)
}

// begun notes the id of the response that answers the newest turn: only
// response.created ties the two.
func (m *mind) begun(r realtime.Response) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if r.Metadata["purpose"] == advice && r.Metadata["turn"] == m.turn {
		m.answer = r.ID
	}
}

// ended reads a finished response. An empty account shows only here.
func (m *mind) ended(r realtime.Response) (assist.Idea, bool, error) {
	m.mu.Lock()
	if m.answer == r.ID {
		m.answer = ""
	}
	m.mu.Unlock()
	if r.StatusDetails != nil && r.StatusDetails.Error != nil && realtime.PermanentCode(r.StatusDetails.Error.CodeName()) {
		return assist.Idea{}, true, faultOfCode(r.StatusDetails.Error.CodeName(), r.StatusDetails.Error)
	}
	if r.Metadata["purpose"] != advice {
		return assist.Idea{}, false, nil
	}
	idea := assist.Idea{Kind: assist.NoAdvice, Turn: r.Metadata["turn"]}
	switch {
	case r.Status == realtime.Completed:
		idea.Kind, idea.Text = assist.Advice, words(r.Output)
	case r.StatusDetails != nil && r.StatusDetails.Error != nil:
		idea.Reason = reasonOf(r.StatusDetails.Error.CodeName())
	}
	return idea, true, nil
}

func words(output []realtime.Item) string {
	text := ""
	for _, item := range output {
		if item.Type == realtime.MessageItem {
			text += item.Text()
		}
	}
	return text
}
