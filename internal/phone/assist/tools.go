package assist

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"softphone/internal/phone/crm"
)

// toolTime is how long a tool may take.
const toolTime = 5 * time.Second

// Tool is something the model may ask for.
type Tool struct {
	Spec ToolSpec
	// Check says what is wrong with arguments; models invent them.
	Check func(arguments json.RawMessage) error
	// Run does it. nil: the tool changes something, so it is only proposed and
	// the agent decides.
	Run func(ctx context.Context, arguments json.RawMessage) (json.RawMessage, error)
}

// Contacts is the address book with the rights of the call's agent.
type Contacts interface {
	Search(ctx context.Context, q string, limit int) ([]crm.Contact, error)
}

// Limits of search_contact.
const (
	maxQuery = 100
	maxFound = 5
)

// search is the arguments of search_contact.
type search struct {
	Query string `json:"q"`
}

// SearchContact is the tool search_contact: at most five contacts, without their
// notes, which the model need not read.
func SearchContact(contacts Contacts) Tool {
	return Tool{
		Spec: ToolSpec{Name: "search_contact", Description: "Find people in the address book by name, company, phone or email.",
			Parameters: json.RawMessage(`{"type":"object","properties":{"q":{"type":"string","minLength":1,"maxLength":100}},"required":["q"],"additionalProperties":false}`)},
		Check: func(arguments json.RawMessage) error {
			_, err := readSearch(arguments)
			return err
		},
		Run: func(ctx context.Context, arguments json.RawMessage) (json.RawMessage, error) {
			return runSearch(ctx, contacts, arguments)
		},
	}
}

func readSearch(arguments json.RawMessage) (search, error) {
	var s search
	decoder := json.NewDecoder(bytes.NewReader(arguments))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&s); err != nil {
		return s, fmt.Errorf("read arguments: %w", err)
	}
	if n := len([]rune(s.Query)); n == 0 || n > maxQuery {
		return s, fmt.Errorf("q must have 1 to %d characters", maxQuery)
	}
	return s, nil
}

// found is a contact as the model sees it.
type found struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Company string `json:"company,omitempty"`
	Phone   string `json:"phone,omitempty"`
	Email   string `json:"email,omitempty"`
}

func runSearch(ctx context.Context, contacts Contacts, arguments json.RawMessage) (json.RawMessage, error) {
	s, err := readSearch(arguments)
	if err != nil {
		return nil, err
	}
	people, err := contacts.Search(ctx, s.Query, maxFound)
	if err != nil {
		return nil, fmt.Errorf("search contacts: %w", err)
	}
	list := make([]found, 0, maxFound)
	for _, p := range people[:min(len(people), maxFound)] {
		list = append(list, found{p.ID, p.Name, p.Company, p.Phone, p.Email})
	}
	return json.Marshal(map[string]any{"contacts": list})
}
