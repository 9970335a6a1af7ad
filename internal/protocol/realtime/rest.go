package realtime

import "encoding/json"

// APIError is the body of a REST refusal.
type APIError struct {
	Error Cause `json:"error"`
}

// Models is GET /v1/models.
type Models struct {
	Object string  `json:"object"`
	Data   []Model `json:"data"`
}

// Model is one of them.
type Model struct {
	ID      string `json:"id"`
	Object  string `json:"object"`
	Created int64  `json:"created"`
	OwnedBy string `json:"owned_by"`
}

// Schema asks for an answer in this form (Structured Outputs). With Strict,
// every property is required and none may be added.
type Schema struct {
	Type   string          `json:"type,omitempty"`
	Name   string          `json:"name"`
	Schema json.RawMessage `json:"schema"`
	Strict bool            `json:"strict"`
}

// ResponsesRequest is POST /v1/responses.
type ResponsesRequest struct {
	Model        string         `json:"model"`
	Instructions string         `json:"instructions,omitempty"`
	Input        any            `json:"input"`
	Text         *ResponsesText `json:"text,omitempty"`
	Store        bool           `json:"store"`
}

// ResponsesText carries the schema, of type json_schema.
type ResponsesText struct {
	Format Schema `json:"format"`
}

// ResponsesReply is its answer.
type ResponsesReply struct {
	ID        string         `json:"id"`
	Object    string         `json:"object"`
	CreatedAt int64          `json:"created_at"`
	Status    string         `json:"status"`
	Model     string         `json:"model"`
	Output    []Item         `json:"output"`
	Usage     ResponsesUsage `json:"usage"`
}

// OutputText joins the words of the answer.
func (r ResponsesReply) OutputText() string {
	var words string
	for _, item := range r.Output {
		words += item.Text()
	}
	return words
}

// ResponsesUsage counts tokens.
type ResponsesUsage struct {
	InputTokens  int `json:"input_tokens"`
	OutputTokens int `json:"output_tokens"`
	TotalTokens  int `json:"total_tokens"`
}

// ChatRequest is POST /v1/chat/completions.
type ChatRequest struct {
	Model          string        `json:"model"`
	Messages       []ChatMessage `json:"messages"`
	ResponseFormat *ChatFormat   `json:"response_format,omitempty"`
}

// ChatMessage is one turn.
type ChatMessage struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

// ChatFormat carries the schema; Type is json_schema.
type ChatFormat struct {
	Type       string `json:"type"`
	JSONSchema Schema `json:"json_schema"`
}

// ChatReply is its answer.
type ChatReply struct {
	ID      string       `json:"id"`
	Object  string       `json:"object"`
	Created int64        `json:"created"`
	Model   string       `json:"model"`
	Choices []ChatChoice `json:"choices"`
	Usage   ChatUsage    `json:"usage"`
}

// ChatChoice is one answer.
type ChatChoice struct {
	Index        int         `json:"index"`
	Message      ChatMessage `json:"message"`
	FinishReason string      `json:"finish_reason"`
}

// ChatUsage counts tokens.
type ChatUsage struct {
	PromptTokens     int `json:"prompt_tokens"`
	CompletionTokens int `json:"completion_tokens"`
	TotalTokens      int `json:"total_tokens"`
}
