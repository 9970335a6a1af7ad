package realtime

// ErrorEvent reports a mistake; the socket stays open unless a close follows.
type ErrorEvent struct {
	Header
	Error Error `json:"error"`
}

// SessionEvent is session.created and session.updated: the whole session.
type SessionEvent struct {
	Header
	Session Session `json:"session"`
}

// ItemEvent is conversation.item.added, .done and .retrieved.
type ItemEvent struct {
	Header
	PreviousItemID *string `json:"previous_item_id"`
	Item           Item    `json:"item"`
}

// TranscriptionDelta is more of what was heard, never less.
type TranscriptionDelta struct {
	Header
	ItemID       string `json:"item_id"`
	ContentIndex int    `json:"content_index"`
	Delta        string `json:"delta"`
	Obfuscation  string `json:"obfuscation,omitempty"`
}

// TranscriptionCompleted is what was heard; it overrules the deltas.
type TranscriptionCompleted struct {
	Header
	ItemID       string     `json:"item_id"`
	ContentIndex int        `json:"content_index"`
	Transcript   string     `json:"transcript"`
	Usage        HeardUsage `json:"usage"`
}

// HeardUsage bills a transcript: by duration (seconds, rounded up) or by tokens.
type HeardUsage struct {
	Type         string  `json:"type"`
	Seconds      float64 `json:"seconds,omitempty"`
	TotalTokens  int     `json:"total_tokens,omitempty"`
	InputTokens  int     `json:"input_tokens,omitempty"`
	OutputTokens int     `json:"output_tokens,omitempty"`
}

// TranscriptionFailed says that an item stays unwritten.
type TranscriptionFailed struct {
	Header
	ItemID       string `json:"item_id"`
	ContentIndex int    `json:"content_index"`
	Error        Cause  `json:"error"`
}

// Speech is speech_started and speech_stopped, in milliseconds of audio written.
type Speech struct {
	Header
	AudioStartMs int    `json:"audio_start_ms,omitempty"`
	AudioEndMs   int    `json:"audio_end_ms,omitempty"`
	ItemID       string `json:"item_id"`
}

// Committed says that the buffer became an item.
type Committed struct {
	Header
	PreviousItemID *string `json:"previous_item_id"`
	ItemID         string  `json:"item_id"`
}

// ResponseEvent is response.created and response.done.
type ResponseEvent struct {
	Header
	Response Response `json:"response"`
}

// OutputItem is response.output_item.added and .done.
type OutputItem struct {
	Header
	ResponseID  string `json:"response_id"`
	OutputIndex int    `json:"output_index"`
	Item        Item   `json:"item"`
}

// PartEvent is response.content_part.added and .done.
type PartEvent struct {
	Header
	ResponseID   string  `json:"response_id"`
	ItemID       string  `json:"item_id"`
	OutputIndex  int     `json:"output_index"`
	ContentIndex int     `json:"content_index"`
	Part         Content `json:"part"`
}

// TextDelta is more of an answer.
type TextDelta struct {
	Header
	ResponseID   string `json:"response_id"`
	ItemID       string `json:"item_id"`
	OutputIndex  int    `json:"output_index"`
	ContentIndex int    `json:"content_index"`
	Delta        string `json:"delta"`
	Obfuscation  string `json:"obfuscation,omitempty"`
}

// TextDone is a whole answer.
type TextDone struct {
	Header
	ResponseID   string `json:"response_id"`
	ItemID       string `json:"item_id"`
	OutputIndex  int    `json:"output_index"`
	ContentIndex int    `json:"content_index"`
	Text         string `json:"text"`
}

// ArgumentsDelta is more of a function call's arguments.
type ArgumentsDelta struct {
	Header
	ResponseID  string `json:"response_id"`
	ItemID      string `json:"item_id"`
	OutputIndex int    `json:"output_index"`
	CallID      string `json:"call_id"`
	Delta       string `json:"delta"`
	Obfuscation string `json:"obfuscation,omitempty"`
}

// ArgumentsDone repeats them whole; act on output_item.done instead, once.
type ArgumentsDone struct {
	Header
	ResponseID  string `json:"response_id"`
	ItemID      string `json:"item_id"`
	OutputIndex int    `json:"output_index"`
	CallID      string `json:"call_id"`
	Name        string `json:"name"`
	Arguments   string `json:"arguments"`
}

// RateLimits is rate_limits.updated.
type RateLimits struct {
	Header
	RateLimits []RateLimit `json:"rate_limits"`
}

// RateLimit is one of them; the live service sends only "tokens".
type RateLimit struct {
	Name         string  `json:"name"`
	Limit        int     `json:"limit"`
	Remaining    int     `json:"remaining"`
	ResetSeconds float64 `json:"reset_seconds"`
}
