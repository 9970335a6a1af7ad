package realtime

// Kinds of items.
const (
	MessageItem            = "message"
	FunctionCallItem       = "function_call"
	FunctionCallOutputItem = "function_call_output"
	ItemReference          = "item_reference"
)

// Item is one entry of a conversation.
type Item struct {
	ID        string    `json:"id,omitempty"`
	Object    string    `json:"object,omitempty"`
	Type      string    `json:"type"`
	Status    string    `json:"status,omitempty"`
	Role      string    `json:"role,omitempty"`
	Content   []Content `json:"content,omitzero"`
	CallID    string    `json:"call_id,omitempty"`
	Name      string    `json:"name,omitempty"`
	Arguments *string   `json:"arguments,omitempty"`
	Output    *string   `json:"output,omitempty"`
}

// Content is a part of a message: input_text, input_audio, output_text or
// output_audio.
type Content struct {
	Type       string  `json:"type"`
	Text       *string `json:"text,omitempty"`
	Audio      string  `json:"audio,omitempty"`
	Transcript *string `json:"transcript,omitempty"`
}

// UserText is something said, as text.
func UserText(text string) Item { return message("user", "input_text", text) }

// SystemText is something the model should know.
func SystemText(text string) Item { return message("system", "input_text", text) }

func message(role, kind, text string) Item {
	return Item{Type: MessageItem, Role: role, Content: []Content{{Type: kind, Text: &text}}}
}

// FunctionOutput answers a function call.
func FunctionOutput(callID, output string) Item {
	return Item{Type: FunctionCallOutputItem, CallID: callID, Output: &output}
}

// Text returns the words of an item, spoken or written.
func (i Item) Text() string {
	var words string
	for _, c := range i.Content {
		switch {
		case c.Text != nil:
			words += *c.Text
		case c.Transcript != nil:
			words += *c.Transcript
		}
	}
	return words
}
