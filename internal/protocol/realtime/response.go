package realtime

// How a response ended.
const (
	InProgress = "in_progress"
	Completed  = "completed"
	Cancelled  = "cancelled"
	Failed     = "failed"
	Incomplete = "incomplete"
)

// Response is one answer of the model. ConversationID is null out of band.
type Response struct {
	Object           string            `json:"object"`
	ID               string            `json:"id"`
	Status           string            `json:"status"`
	StatusDetails    *StatusDetails    `json:"status_details"`
	Output           []Item            `json:"output"`
	ConversationID   *string           `json:"conversation_id"`
	OutputModalities []string          `json:"output_modalities,omitempty"`
	MaxOutputTokens  any               `json:"max_output_tokens,omitempty"`
	Usage            *Usage            `json:"usage"`
	Metadata         map[string]string `json:"metadata"`
}

// StatusDetails say why a response did not complete.
type StatusDetails struct {
	Type   string `json:"type"`
	Reason string `json:"reason,omitempty"`
	Error  *Cause `json:"error,omitempty"`
}

// Usage is what a response costs.
type Usage struct {
	TotalTokens  int           `json:"total_tokens"`
	InputTokens  int           `json:"input_tokens"`
	OutputTokens int           `json:"output_tokens"`
	Input        InputDetails  `json:"input_token_details"`
	Output       OutputDetails `json:"output_token_details"`
}

// InputDetails split the tokens read; cached ones are among them.
type InputDetails struct {
	Text          int     `json:"text_tokens"`
	Audio         int     `json:"audio_tokens"`
	Image         int     `json:"image_tokens"`
	Cached        int     `json:"cached_tokens"`
	CachedDetails Details `json:"cached_tokens_details"`
}

// Details split tokens by kind.
type Details struct {
	Text  int `json:"text_tokens"`
	Audio int `json:"audio_tokens"`
	Image int `json:"image_tokens"`
}

// OutputDetails split the tokens written.
type OutputDetails struct {
	Text  int `json:"text_tokens"`
	Audio int `json:"audio_tokens"`
}
