package openai

import (
	"context"
	"fmt"
	"slices"

	"softphone/internal/protocol/realtime"
)

func (s *session) find(id string) int {
	return slices.IndexFunc(s.items, func(i realtime.Item) bool { return i.ID == id })
}

// heard keeps what the model understood of a spoken item; the wire does not
// show it, as the vendor's does not.
func (s *session) heard(id, words string) {
	if i := s.find(id); i >= 0 {
		s.items[i].Content[0].Transcript = &words
	}
}

func (s *session) createItem(ctx context.Context, frame []byte) *mistake {
	event, err := realtime.Read[realtime.ItemCreate](frame)
	if err != nil {
		return &mistake{realtime.InvalidValue, "Invalid value for 'item'.", "item"}
	}
	item := event.Item
	m := s.checkItem(item)
	if m == nil {
		m = described(frame)
	}
	if m != nil {
		return m
	}
	if item.ID == "" {
		item.ID = newID("item_", 21)
	}
	item.Object, item.Status = "realtime.item", realtime.Completed
	var after *string
	if event.PreviousItemID != "" {
		after = &event.PreviousItemID
		if *after != "root" && s.find(*after) < 0 {
			return unknownItem("previous_item_id", *after)
		}
	}
	s.addItem(ctx, item, after)
	return nil
}

func (s *session) checkItem(item realtime.Item) *mistake {
	switch {
	case item.Type == "":
		return missing("item.type")
	case !slices.Contains([]string{realtime.MessageItem, realtime.FunctionCallItem, realtime.FunctionCallOutputItem}, item.Type):
		return invalid("item.type", item.Type, realtime.MessageItem, realtime.FunctionCallItem, realtime.FunctionCallOutputItem)
	case item.ID != "" && s.find(item.ID) >= 0:
		return &mistake{realtime.InvalidValue, fmt.Sprintf("Item with id '%s' already exists.", item.ID), "item.id"}
	case item.Type == realtime.FunctionCallOutputItem && item.CallID == "":
		return missing("item.call_id")
	case item.Type == realtime.MessageItem && item.Role == "":
		return missing("item.role")
	}
	return checkContent(item)
}

var contentOf = map[string][]string{
	"system": {"input_text"}, "user": {"input_text", "input_audio", "input_image"}, "assistant": {"output_text"},
}

func checkContent(item realtime.Item) *mistake {
	if item.Type != realtime.MessageItem {
		return nil
	}
	for i, part := range item.Content {
		if !slices.Contains(contentOf[item.Role], part.Type) {
			return invalid(fmt.Sprintf("item.content[%d].type", i), part.Type, contentOf[item.Role]...)
		}
	}
	return nil
}

// addItem puts an item into the conversation and says so. after is the item
// before it, "root" for none, nil for the last.
func (s *session) addItem(ctx context.Context, item realtime.Item, after *string) {
	previous := s.insert(item, after)
	if words := item.Text(); words != "" {
		s.view.Told = keep(s.view.Told, words)
	} else if item.Output != nil {
		s.view.Told = keep(s.view.Told, "result: "+*item.Output)
	}
	for _, kind := range []string{realtime.ItemAddedType, realtime.ItemDoneType} {
		s.send(ctx, realtime.ItemEvent{Header: header(kind), PreviousItemID: previous, Item: item})
	}
}

func (s *session) insert(item realtime.Item, after *string) (previous *string) {
	place := len(s.items)
	if after != nil {
		place = s.find(*after) + 1
	}
	if place > 0 {
		previous = orNull(s.items[place-1].ID)
	}
	item.Content = slices.Clone(item.Content)
	s.items = slices.Insert(s.items, place, item)
	return previous
}

func unknownItem(param, id string) *mistake {
	return &mistake{realtime.InvalidItemID, fmt.Sprintf("Item with id '%s' not found.", id), param}
}

// touchItem retrieves, deletes or truncates one.
func (s *session) touchItem(ctx context.Context, name string, frame []byte) *mistake {
	event, err := realtime.Read[realtime.ItemTruncate](frame)
	if err != nil {
		return &mistake{realtime.InvalidValue, "Invalid value.", ""}
	}
	if m := described(frame); m != nil {
		return m
	}
	i := s.find(event.ItemID)
	switch {
	case i < 0:
		return unknownItem("item_id", event.ItemID)
	case name == realtime.ItemRetrieveType:
		s.send(ctx, realtime.ItemEvent{Header: header(realtime.ItemRetrievedType), Item: s.items[i]})
	case name == realtime.ItemDeleteType:
		s.items = slices.Delete(s.items, i, i+1)
		s.send(ctx, realtime.ItemRef{Header: header(realtime.ItemDeletedType), ItemID: event.ItemID})
	default:
		return s.truncate(ctx, i, event)
	}
	return nil
}

// truncate forgets the words of an answer that was cut short.
func (s *session) truncate(ctx context.Context, i int, event realtime.ItemTruncate) *mistake {
	item := &s.items[i]
	if item.Role != "assistant" || len(item.Content) == 0 || item.Content[0].Type != "output_audio" {
		return &mistake{realtime.InvalidValue, "Only model output audio messages can be truncated.", "item_id"}
	}
	if have := spokenMs(item.Text()); event.AudioEndMs > have {
		return &mistake{realtime.InvalidValue, fmt.Sprintf("Audio content of %dms is already shorter than %dms", have, event.AudioEndMs), "audio_end_ms"}
	}
	item.Content[0].Transcript = nil
	event.Header = header(realtime.ItemTruncatedType)
	s.send(ctx, event)
	return nil
}
