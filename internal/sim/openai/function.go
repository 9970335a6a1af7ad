package openai

import (
	"context"

	"softphone/internal/protocol/realtime"
)

// callSteps streams a function call: the response ends with it, and nothing
// more comes until its output and a response.create arrive.
func (a *answer) callSteps(c call) {
	empty := ""
	a.item = realtime.Item{ID: newID("item_", 21), Object: "realtime.item", Type: realtime.FunctionCallItem,
		Name: c.name, CallID: newID("call_", 16), Arguments: &empty}
	a.steps = append(a.steps, a.open)
	for _, delta := range cut(c.arguments, 3) {
		a.steps = append(a.steps, func(ctx context.Context) {
			a.s.send(ctx, realtime.ArgumentsDelta{Header: header(realtime.ArgumentsDeltaType), ResponseID: a.re.ID, ItemID: a.item.ID,
				CallID: a.item.CallID, Delta: delta, Obfuscation: obfuscation(delta)})
		})
	}
	a.steps = append(a.steps, func(ctx context.Context) {
		a.item.Arguments = &c.arguments
		a.s.send(ctx, realtime.ArgumentsDone{Header: header(realtime.ArgumentsDoneType), ResponseID: a.re.ID, ItemID: a.item.ID,
			CallID: a.item.CallID, Name: c.name, Arguments: c.arguments})
		a.closeItem(ctx, realtime.Completed)
	})
}

// cut splits text into n parts between characters.
func cut(words string, n int) []string {
	letters := []rune(words)
	size := (len(letters) + n - 1) / n
	var parts []string
	for i := 0; i < len(letters); i += size {
		parts = append(parts, string(letters[i:min(i+size, len(letters))]))
	}
	return parts
}
