package realtime

import "encoding/json"

// The kinds of a session.
const (
	Conversation  = "realtime"
	Transcription = "transcription"
)

// Null clears a setting: an absent one stays as it was.
var Null = json.RawMessage("null")

// Session is the object of session.update. Turn detection, transcription and
// noise reduction are raw inside, because null and absent differ there.
type Session struct {
	Type             string          `json:"type"`
	ID               string          `json:"id,omitempty"`
	Object           string          `json:"object,omitempty"`
	Model            string          `json:"model,omitempty"`
	Instructions     *string         `json:"instructions,omitempty"`
	OutputModalities []string        `json:"output_modalities,omitempty"`
	Audio            *SessionAudio   `json:"audio,omitempty"`
	Tools            []Tool          `json:"tools,omitempty"`
	ToolChoice       json.RawMessage `json:"tool_choice,omitempty"`
	MaxOutputTokens  json.RawMessage `json:"max_output_tokens,omitempty"`
	Truncation       json.RawMessage `json:"truncation,omitempty"`
	Include          []string        `json:"include,omitempty"`
	ExpiresAt        int64           `json:"expires_at,omitempty"`
}

// SessionAudio is the sound of a session, both ways.
type SessionAudio struct {
	Input  *AudioInput  `json:"input,omitempty"`
	Output *AudioOutput `json:"output,omitempty"`
}

// AudioInput says what is sent and how it is listened to.
type AudioInput struct {
	Format         *Format         `json:"format,omitempty"`
	NoiseReduction json.RawMessage `json:"noise_reduction,omitempty"`
	Transcription  *Transcriber    `json:"transcription,omitempty"`
	TurnDetection  json.RawMessage `json:"turn_detection,omitempty"`
}

// AudioOutput is the voice of the model.
type AudioOutput struct {
	Format *Format         `json:"format,omitempty"`
	Voice  json.RawMessage `json:"voice,omitempty"`
	Speed  float64         `json:"speed,omitempty"`
}

// Format is audio/pcm with rate 24000, audio/pcmu or audio/pcma.
type Format struct {
	Type string `json:"type"`
	Rate int    `json:"rate,omitempty"`
}

// The formats a telephone meets.
var (
	PCMU   = Format{Type: "audio/pcmu"}
	PCM24k = Format{Type: "audio/pcm", Rate: 24000}
)

// Transcriber chooses the model that writes down what is heard. Language and
// Languages exclude each other.
type Transcriber struct {
	Model     string   `json:"model"`
	Language  string   `json:"language,omitempty"`
	Languages []string `json:"languages,omitempty"`
	Prompt    string   `json:"prompt,omitempty"`
	Keywords  []string `json:"keywords,omitempty"`
	Delay     string   `json:"delay,omitempty"`
}

// Tool is a function the model may call.
type Tool struct {
	Type        string          `json:"type"`
	Name        string          `json:"name"`
	Description string          `json:"description,omitempty"`
	Parameters  json.RawMessage `json:"parameters,omitempty"`
}
