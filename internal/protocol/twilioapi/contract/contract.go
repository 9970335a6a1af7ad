// Package contract checks JSON against the vendor's own description of its API,
// an extract of which lies in testdata with its licence. It serves tests: those
// of the resources here and those of whoever plays the vendor.
//
// The one rule: what the description does not know is an error, so that nothing
// is invented.
package contract

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
)

//go:embed testdata/api_v2010_voice.json
var description []byte

// Operation names an answer: the path with its {places}, the method in lower
// case, the status as text.
type Operation struct {
	Path   string
	Method string
	Status string
}

type schema struct {
	Ref        string             `json:"$ref"`
	Type       string             `json:"type"`
	Format     string             `json:"format"`
	Pattern    string             `json:"pattern"`
	Enum       []string           `json:"enum"`
	Nullable   bool               `json:"nullable"`
	Properties map[string]*schema `json:"properties"`
	Items      *schema            `json:"items"`
	MinLength  int                `json:"minLength"`
	MaxLength  int                `json:"maxLength"`
}

type document struct {
	Paths map[string]map[string]struct {
		Responses map[string]struct {
			Content map[string]struct {
				Schema   *schema `json:"schema"`
				Examples map[string]struct {
					Value json.RawMessage `json:"value"`
				} `json:"examples"`
			} `json:"content"`
		} `json:"responses"`
	} `json:"paths"`
	Components struct {
		Schemas map[string]*schema `json:"schemas"`
	} `json:"components"`
}

var api = func() document {
	var d document
	if err := json.Unmarshal(description, &d); err != nil {
		panic("contract: the description does not parse: " + err.Error())
	}
	return d
}()

// Check says what in body differs from the description of an answer.
func Check(o Operation, body []byte) error {
	content, ok := api.Paths[o.Path][o.Method].Responses[o.Status].Content["application/json"]
	if !ok {
		return fmt.Errorf("the vendor describes no answer %v", o)
	}
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		return fmt.Errorf("answer %v: %w", o, err)
	}
	return content.Schema.check("body", value)
}

// Examples returns the vendor's example answers of an operation by name.
func Examples(o Operation) map[string][]byte {
	found := map[string][]byte{}
	for name, e := range api.Paths[o.Path][o.Method].Responses[o.Status].Content["application/json"].Examples {
		found[name] = e.Value
	}
	return found
}

func (s *schema) check(at string, value any) error {
	if s.Ref != "" {
		return s.resolve().check(at, value)
	}
	if value == nil {
		// The vendor marks fields of plain type as nullable but forgets it on
		// lists of words, and its own examples have null there.
		if s.Nullable || s.Enum != nil {
			return nil
		}
		return fmt.Errorf("%s is null", at)
	}
	switch s.Type {
	case "object":
		return s.checkObject(at, value)
	case "array":
		return s.checkArray(at, value)
	case "string":
		return s.checkString(at, value)
	case "integer":
		if n, ok := value.(float64); !ok || n != float64(int64(n)) {
			return fmt.Errorf("%s is %v, not an integer", at, value)
		}
	case "boolean":
		if _, ok := value.(bool); !ok {
			return fmt.Errorf("%s is %v, not a boolean", at, value)
		}
	}
	return nil
}

func (s *schema) resolve() *schema {
	return api.Components.Schemas[strings.TrimPrefix(s.Ref, "#/components/schemas/")]
}

func (s *schema) checkObject(at string, value any) error {
	object, ok := value.(map[string]any)
	if !ok {
		return fmt.Errorf("%s is %v, not an object", at, value)
	}
	for _, name := range slices.Sorted(maps.Keys(object)) {
		property, known := s.Properties[name]
		if !known && s.Properties == nil {
			continue // a map of links
		}
		if !known {
			return fmt.Errorf("%s.%s is not in the description", at, name)
		}
		if err := property.check(at+"."+name, object[name]); err != nil {
			return err
		}
	}
	return nil
}

func (s *schema) checkArray(at string, value any) error {
	items, ok := value.([]any)
	if !ok {
		return fmt.Errorf("%s is %v, not a list", at, value)
	}
	for i, item := range items {
		if err := s.Items.check(fmt.Sprintf("%s[%d]", at, i), item); err != nil {
			return err
		}
	}
	return nil
}

func (s *schema) checkString(at string, value any) error {
	text, ok := value.(string)
	switch {
	case !ok:
		return fmt.Errorf("%s is %v, not a string", at, value)
	case s.Enum != nil && !slices.Contains(s.Enum, text):
		return fmt.Errorf("%s is %q, not one of %q", at, text, s.Enum)
	case s.Pattern != "" && !regexp.MustCompile(s.Pattern).MatchString(text):
		return fmt.Errorf("%s is %q, which does not match %s", at, text, s.Pattern)
	case s.MinLength > 0 && len(text) < s.MinLength, s.MaxLength > 0 && len(text) > s.MaxLength:
		return fmt.Errorf("%s has %d characters, want %d to %d", at, len(text), s.MinLength, s.MaxLength)
	}
	if s.Format == "date-time-rfc-2822" {
		if _, err := time.Parse(time.RFC1123Z, text); err != nil {
			return fmt.Errorf("%s: %w", at, err)
		}
	}
	return nil
}
