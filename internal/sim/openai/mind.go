package openai

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"softphone/internal/protocol/realtime"
)

//go:embed rules.json
var defaultRules []byte

// rule says what to suggest when the caller's words match.
type rule struct {
	Match  string `json:"match"`
	Text   string `json:"text"`
	Reason string `json:"reason"`
	words  *regexp.Regexp
}

func parseRules(text []byte) ([]rule, error) {
	var rules []rule
	if err := json.Unmarshal(text, &rules); err != nil {
		return nil, fmt.Errorf("read rules: %w", err)
	}
	for i := range rules {
		var err error
		if rules[i].words, err = regexp.Compile("(?i)" + rules[i].Match); err != nil {
			return nil, fmt.Errorf("read rule %d: %w", i, err)
		}
	}
	return rules, nil
}

// mind answers from the text of a question alone.
type mind []rule

func (s *Sim) mind() mind {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.rules)
}

// question is what a response is about.
type question struct {
	instructions string
	items        []realtime.Item
	tools        []realtime.Tool
	choice       string
}

// thought is words or a call.
type thought struct {
	text string
	call *call
}

type call struct{ name, arguments string }

// question collects the context: the conversation, or only the input given.
func (s *session) question(p realtime.ResponseParams) question {
	q := question{instructions: p.Instructions, items: slices.Clone(s.items), choice: text(s.settings, "tool_choice")}
	if q.instructions == "" {
		q.instructions = text(s.settings, "instructions")
	}
	if p.Input != nil {
		q.items = s.resolved(*p.Input)
	}
	if c, ok := p.ToolChoice.(string); ok {
		q.choice = c
	}
	if p.Tools != nil {
		q.tools = *p.Tools
		return q
	}
	raw, err := json.Marshal(s.settings["tools"])
	if err == nil {
		_ = json.Unmarshal(raw, &q.tools) // what the client sent, accepted before
	}
	return q
}

// resolved replaces references by the items they name.
func (s *session) resolved(input []realtime.Item) []realtime.Item {
	var items []realtime.Item
	for _, item := range input {
		if i := s.find(item.ID); item.Type == realtime.ItemReference && i >= 0 {
			item = s.items[i]
		}
		items = append(items, item)
	}
	return items
}

func (q question) tokens() int {
	sum := tokens(q.instructions)
	for _, item := range q.items {
		sum += tokens(item.Text()) + 4
	}
	for _, tool := range q.tools {
		sum += tokens(tool.Name+tool.Description) + tokens(string(tool.Parameters))
	}
	return sum
}

func (m mind) answer(q question) thought {
	if c := q.search(); c != nil {
		return thought{call: c}
	}
	if n := len(q.items); n > 0 && q.items[n-1].Type == realtime.FunctionCallOutputItem && q.items[n-1].Output != nil {
		return thought{text: found(*q.items[n-1].Output)}
	}
	words, reason := m.suggest(q)
	if !strings.Contains(q.instructions, "JSON") && !strings.Contains(q.instructions, "suggestions") {
		return thought{text: words}
	}
	return thought{text: suggestions(words, reason)}
}

func suggestions(words, reason string) string {
	type one struct {
		Text   string `json:"text"`
		Reason string `json:"reason"`
	}
	list := []one{}
	if words != "" {
		list = append(list, one{words, reason})
	}
	out, err := json.Marshal(map[string]any{"suggestions": list})
	if err != nil {
		panic(err) // strings only
	}
	return string(out)
}

// suggest looks at what the caller said last; without a rule it quotes them.
func (m mind) suggest(q question) (words, reason string) {
	said := q.last()
	for _, r := range m {
		if r.words.MatchString(said) {
			return r.Text, r.Reason
		}
	}
	if said == "" || said[0] == '[' { // sound that is no words
		return "", ""
	}
	return fmt.Sprintf("Answer the caller, who said: “%s”", lastSentence(said)), "No rule fits; this is what was said last."
}

// last is the caller's last turn: the last user text that is not the agent's.
func (q question) last() string {
	for _, item := range slices.Backward(q.items) {
		if words := item.Text(); item.Role == "user" && words != "" && !strings.HasPrefix(words, "AGENT:") {
			return strings.TrimSpace(strings.TrimPrefix(words, "CALLER:"))
		}
	}
	return ""
}

func lastSentence(words string) string {
	words = strings.TrimSpace(words)
	cut := strings.LastIndexAny(strings.TrimRight(words, ".!?"), ".!?")
	return strings.TrimSpace(words[cut+1:])
}

var names = []*regexp.Regexp{
	regexp.MustCompile(`(?:[Mm]y name is|[Tt]his is|I am|I'm)\s+(\p{Lu}[\p{L}'-]+(?:\s+\p{Lu}[\p{L}'-]+)+)`),
	regexp.MustCompile(`(\p{Lu}[\p{L}'-]+(?:\s+\p{Lu}[\p{L}'-]+)+)\s+(?:speaking|here)`),
}

// search is a call of search_contact for a name that the caller said and that
// was not looked for yet.
func (q question) search() *call {
	i := slices.IndexFunc(q.tools, func(t realtime.Tool) bool { return t.Name == "search_contact" })
	if i < 0 || q.choice == "none" {
		return nil
	}
	name := q.nameSaid()
	if name == "" || slices.ContainsFunc(q.items, func(item realtime.Item) bool {
		return item.Arguments != nil && strings.Contains(*item.Arguments, name)
	}) {
		return nil
	}
	arguments, err := json.Marshal(map[string]string{parameter(q.tools[i]): name})
	if err != nil {
		panic(err) // strings only
	}
	return &call{"search_contact", string(arguments)}
}

func (q question) nameSaid() string {
	for _, item := range slices.Backward(q.items) {
		words := item.Text()
		if item.Role != "user" || strings.HasPrefix(words, "AGENT:") {
			continue
		}
		for _, name := range names {
			if found := name.FindStringSubmatch(strings.TrimPrefix(words, "CALLER:")); found != nil {
				return found[1]
			}
		}
	}
	return ""
}

// parameter is the tool's first required parameter.
func parameter(t realtime.Tool) string {
	var schema struct{ Required []string }
	if err := json.Unmarshal(t.Parameters, &schema); err == nil && len(schema.Required) > 0 {
		return schema.Required[0]
	}
	return "query"
}

// found says what a tool's output says of the first contact in it.
func found(output string) string {
	var value any
	if err := json.Unmarshal([]byte(output), &value); err != nil {
		return "The search says: " + output
	}
	name, company := pick(value, "name"), pick(value, "company")
	switch {
	case name == "":
		return "No contact was found: " + output
	case company == "":
		return "The caller is " + name + "."
	}
	return "The caller is " + name + " of " + company + "."
}

// pick finds the first string of this key, however deep.
func pick(value any, key string) string {
	switch v := value.(type) {
	case map[string]any:
		if s, ok := v[key].(string); ok {
			return s
		}
		for _, inner := range v {
			if s := pick(inner, key); s != "" {
				return s
			}
		}
	case []any:
		for _, inner := range v {
			if s := pick(inner, key); s != "" {
				return s
			}
		}
	}
	return ""
}
