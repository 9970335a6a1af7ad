package realtime

// SessionUpdate changes the settings it names.
type SessionUpdate struct {
	Header
	Session Session `json:"session"`
}

// ItemCreate adds an item to the conversation; without PreviousItemID at its
// end, with "root" at its beginning.
type ItemCreate struct {
	Header
	PreviousItemID string `json:"previous_item_id,omitempty"`
	Item           Item   `json:"item"`
}

// ItemRef names an item: retrieve, delete.
type ItemRef struct {
	Header
	ItemID string `json:"item_id"`
}

// ItemTruncate forgets what of an answer was not heard.
type ItemTruncate struct {
	Header
	ItemID       string `json:"item_id"`
	ContentIndex int    `json:"content_index"`
	AudioEndMs   int    `json:"audio_end_ms"`
}

// ResponseCreate asks the model to answer.
type ResponseCreate struct {
	Header
	Response *ResponseParams `json:"response,omitempty"`
}

// ResponseParams override the session for one response. Input replaces the
// conversation as context when it is not nil.
type ResponseParams struct {
	Conversation     string            `json:"conversation,omitempty"`
	Input            *[]Item           `json:"input,omitempty"`
	Instructions     string            `json:"instructions,omitempty"`
	OutputModalities []string          `json:"output_modalities,omitempty"`
	Tools            *[]Tool           `json:"tools,omitempty"`
	ToolChoice       any               `json:"tool_choice,omitempty"`
	MaxOutputTokens  any               `json:"max_output_tokens,omitempty"`
	Metadata         map[string]string `json:"metadata,omitempty"`
}

// ResponseCancel stops a response; without an id that of the conversation.
type ResponseCancel struct {
	Header
	ResponseID string `json:"response_id,omitempty"`
}
