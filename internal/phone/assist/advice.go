package assist

import (
	"encoding/json"
	"strings"
)

// adviceFor is the most characters of a suggestion that can be read while talking.
const adviceFor = 200

// tip is one suggestion in the words of the model: a string or an object.
type tip struct {
	Text   string `json:"text"`
	Reason string `json:"reason"`
}

// UnmarshalJSON reads both forms.
func (t *tip) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '"' {
		return json.Unmarshal(data, &t.Text)
	}
	type plain tip
	return json.Unmarshal(data, (*plain)(t))
}

// readTips reads at most two suggestions. The models have no structured output,
// so an answer that is not the JSON asked for counts as plain text.
func readTips(text string) []tip {
	text = strings.TrimSpace(strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(text), "```json"), "```"))
	var answer struct {
		Suggestions []tip `json:"suggestions"`
	}
	if json.Unmarshal([]byte(text), &answer) != nil {
		answer.Suggestions = []tip{{Text: text}}
	}
	tips := make([]tip, 0, 2)
	for _, one := range answer.Suggestions {
		one.Text = short(one.Text)
		if one.Text != "" && len(tips) < 2 {
			tips = append(tips, one)
		}
	}
	return tips
}

// short cuts a suggestion to adviceFor characters.
func short(text string) string {
	text = strings.TrimSpace(text)
	if runes := []rune(text); len(runes) > adviceFor {
		return string(runes[:adviceFor]) + "…"
	}
	return text
}
