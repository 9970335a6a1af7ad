package assist

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
)

var errNotJSON = errors.New("the arguments are not JSON")

// use handles a tool call, once for each id.
func (t *thinker) use(ctx context.Context, mind Mind, idea Idea) error {
	if t.seen[idea.CallID] || len(t.seen) >= maxCalls {
		return nil
	}
	t.seen[idea.CallID] = true
	action := Action{ID: idea.CallID, Tool: idea.Tool, Arguments: idea.Arguments}
	if !json.Valid(idea.Arguments) {
		return t.refuse(ctx, mind, action, errNotJSON)
	}
	tool, ok := t.tools[idea.Tool]
	if !ok {
		return t.refuse(ctx, mind, action, fmt.Errorf("there is no tool %q", idea.Tool))
	}
	if err := tool.Check(idea.Arguments); err != nil {
		return t.refuse(ctx, mind, action, err)
	}
	if tool.Run == nil {
		action.State = Proposed
		t.post(func(d Desk) { d.Act(action) })
		return mind.Answer(ctx, idea.CallID, `{"state":"proposed to the agent"}`)
	}
	t.start(ctx, tool, action)
	return nil
}

// refuse tells the desk and the model; the model may do better.
func (t *thinker) refuse(ctx context.Context, mind Mind, action Action, why error) error {
	action.State, action.Result = Refused, problem(why)
	if !json.Valid(action.Arguments) { // they go on to pages and to the archive
		action.Arguments = json.RawMessage("{}")
	}
	t.post(func(d Desk) { d.Act(action) })
	return mind.Answer(ctx, action.ID, string(action.Result))
}

func problem(err error) json.RawMessage {
	text, _ := json.Marshal(map[string]string{"error": err.Error()}) // strings always marshal
	return text
}

// start runs a tool beside the conversation.
func (t *thinker) start(ctx context.Context, tool Tool, action Action) {
	action.State = Running
	t.post(func(d Desk) { d.Act(action) })
	t.running++
	go func() { // ends after toolTime; run waits for it
		ctx, cancel := context.WithTimeout(ctx, toolTime)
		defer cancel()
		out, err := tool.Run(ctx, action.Arguments)
		done := action
		done.State, done.Result = Done, out
		if err != nil {
			done.State, done.Result = Refused, problem(err)
		}
		t.results <- result{done, string(done.Result)}
	}()
}

// answer hands the result on and asks again: advice is better with it.
func (t *thinker) answer(ctx context.Context, mind Mind, r result) error {
	t.running--
	t.post(func(d Desk) { d.Act(r.action) })
	if err := mind.Answer(ctx, r.action.ID, r.output); err != nil || t.asked == "" {
		return err
	}
	return mind.Ask(ctx, t.asked)
}
