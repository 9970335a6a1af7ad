package openai

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"softphone/internal/protocol/realtime"
)

// write answers a REST question: in the form of a schema when there is one.
func (m mind) write(instructions, said string, schema json.RawMessage) string {
	lines := strings.Split(strings.TrimSpace(said), "\n")
	var items []realtime.Item
	for _, line := range lines {
		items = append(items, realtime.UserText(line))
	}
	q := question{instructions: instructions, items: items}
	if len(schema) == 0 {
		return m.answer(q).text
	}
	var shape map[string]any
	if err := json.Unmarshal(schema, &shape); err != nil {
		return "{}"
	}
	words, _ := m.suggest(q)
	f := filler{summary: fmt.Sprintf("The caller said “%s”", lastSentence(q.first())), next: words}
	out, err := json.Marshal(f.fill("", shape))
	if err != nil {
		panic(err) // it holds strings, numbers, lists and objects
	}
	return string(out)
}

// first is what the caller came for: their longest turn.
func (q question) first() string {
	longest := ""
	for _, item := range q.items {
		if words := item.Text(); !strings.HasPrefix(words, "AGENT:") && len(words) > len(longest) {
			longest = strings.TrimSpace(strings.TrimPrefix(words, "CALLER:"))
		}
	}
	return longest
}

// filler makes a value of a JSON schema from two sentences.
type filler struct{ summary, next string }

func (f filler) fill(name string, shape map[string]any) any {
	if options, ok := shape["enum"].([]any); ok && len(options) > 0 {
		return options[0]
	}
	kind, _ := shape["type"].(string)
	if kinds, ok := shape["type"].([]any); ok && len(kinds) > 0 {
		kind, _ = kinds[0].(string)
	}
	switch kind {
	case "object":
		return f.object(shape)
	case "array":
		inner, _ := shape["items"].(map[string]any)
		return []any{f.fill(name, inner)}
	case "number", "integer":
		return 0
	case "boolean":
		return false
	case "null":
		return nil
	}
	if slices.ContainsFunc([]string{"next", "action", "follow", "suggest", "text"}, func(s string) bool { return strings.Contains(name, s) }) {
		return f.next
	}
	return f.summary
}

func (f filler) object(shape map[string]any) any {
	out := map[string]any{}
	properties, _ := shape["properties"].(map[string]any)
	for name, inner := range properties {
		if inner, ok := inner.(map[string]any); ok {
			out[name] = f.fill(name, inner)
		}
	}
	return out
}
