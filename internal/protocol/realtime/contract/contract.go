// Package contract checks JSON against the vendor's own description of the
// Realtime API, an extract of which lies in testdata with its licence. It serves
// whoever plays the vendor, and the tests of whoever speaks to it.
//
// The one rule: what the description does not know is an error, so that nothing
// is invented; what captures of the live service show beyond it is listed in
// beyond, and nowhere else.
package contract

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

//go:embed testdata/openai_realtime.json
var description []byte

// beyond are members that the live service sends and the description lacks. It
// also writes null for optional members that are absent: session.created of every
// capture has "transcription": null, response.created "status_details": null.
var beyond = []string{
	// Random letters beside each text delta, to hide its length; in every capture
	// of the GA service.
	"obfuscation",
	// A client secret for a transcription session came back with it
	// (openai/openai-dotnet, tests/SessionRecords/RealtimeProtocolTests).
	"turn_detection.idle_timeout_ms",
	// session.update may set them, and session.updated tells the whole session;
	// only the description of the request has them.
	"transcription.delay", "transcription.keywords",
	// A response that failed says why in words too (openai/openai-realtime-console
	// issue 561).
	"status_details.error.message",
}

// Kind is what is wrong.
type Kind int

// What can be wrong with a member.
const (
	Wrong   Kind = iota // its value
	Missing             // it is required
	Unknown             // the description has no such member
)

// Difference is what is not as described, and where.
type Difference struct {
	Kind Kind
	At   string // session.audio.input.format
	What string
}

func (d *Difference) Error() string { return d.At + " " + d.What }

type schema struct {
	Ref        string             `json:"$ref"`
	Type       kinds              `json:"type"`
	Enum       []any              `json:"enum"`
	Const      any                `json:"const"`
	Nullable   bool               `json:"nullable"`
	Properties map[string]*schema `json:"properties"`
	Required   []string           `json:"required"`
	Additional *additional        `json:"additionalProperties"`
	Items      *schema            `json:"items"`
	AnyOf      []*schema          `json:"anyOf"`
	OneOf      []*schema          `json:"oneOf"`
	AllOf      []*schema          `json:"allOf"`
	Minimum    *float64           `json:"minimum"`
	Maximum    *float64           `json:"maximum"`
	MinItems   int                `json:"minItems"`
	MaxLength  int                `json:"maxLength"`
	Pattern    string             `json:"pattern"`
}

// kinds is one type or several.
type kinds []string

// UnmarshalJSON reads both forms.
func (k *kinds) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*k = kinds{one}
		return nil
	}
	return json.Unmarshal(data, (*[]string)(k))
}

// additional is whether unknown members are allowed, and what they must be.
type additional struct {
	allowed bool
	schema  *schema
}

// UnmarshalJSON reads both forms.
func (a *additional) UnmarshalJSON(data []byte) error {
	if json.Unmarshal(data, &a.allowed) == nil {
		return nil
	}
	a.allowed = true
	return json.Unmarshal(data, &a.schema)
}

type body struct {
	Content map[string]struct {
		Schema *schema `json:"schema"`
	} `json:"content"`
}

var api = func() (d struct {
	Paths map[string]map[string]struct {
		RequestBody body            `json:"requestBody"`
		Responses   map[string]body `json:"responses"`
	} `json:"paths"`
	Components struct {
		Schemas map[string]*schema `json:"schemas"`
	} `json:"components"`
}) {
	if err := json.Unmarshal(description, &d); err != nil {
		panic("contract: the description does not parse: " + err.Error())
	}
	return d
}()

// FromClient says what in a client event differs from the description.
func FromClient(frame []byte) error { return event("RealtimeClientEvent", frame) }

// FromServer says what in a server event differs from the description.
func FromServer(frame []byte) error { return event("RealtimeServerEvent", frame) }

// Secret says what in the answer to POST /realtime/client_secrets differs from
// the description.
func Secret(answer []byte) error {
	return check(api.Paths["/realtime/client_secrets"]["post"].Responses["200"].Content["application/json"].Schema, "body", answer)
}

// Types lists the types of events that the description has for a side.
func Types(server bool) []string {
	name := "RealtimeClientEvent"
	if server {
		name = "RealtimeServerEvent"
	}
	var types []string
	for _, s := range api.Components.Schemas[name].AnyOf {
		types = append(types, s.resolve().tag())
	}
	slices.Sort(types)
	return types
}

func event(name string, frame []byte) error {
	var head struct {
		Type string `json:"type"`
	}
	if err := json.Unmarshal(frame, &head); err != nil {
		return fmt.Errorf("read event: %w", err)
	}
	for _, s := range api.Components.Schemas[name].AnyOf {
		if s.resolve().tag() == head.Type {
			return check(s, "", frame)
		}
	}
	return &Difference{Unknown, "type", fmt.Sprintf("%q is no event of this side", head.Type)}
}

func check(s *schema, at string, text []byte) error {
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		return fmt.Errorf("%s: %w", at, err)
	}
	return s.check(at, value)
}

func (s *schema) resolve() *schema {
	for s.Ref != "" {
		s = api.Components.Schemas[s.Ref[strings.LastIndexByte(s.Ref, '/')+1:]]
	}
	return s
}

// tag is the one value of member type.
func (s *schema) tag() string {
	t := s.Properties["type"]
	if t == nil {
		return ""
	}
	t = t.resolve()
	if name, ok := t.Const.(string); ok {
		return name
	}
	if len(t.Enum) == 1 {
		name, _ := t.Enum[0].(string)
		return name
	}
	return ""
}

// named reports whether an object has the type, and the role if there are roles,
// that a schema is about.
func (s *schema) named(object map[string]any) bool {
	name, ok := object["type"].(string)
	if !ok || s.tag() != name {
		return false
	}
	role := s.Properties["role"]
	return role == nil || len(role.Enum) != 1 || role.Enum[0] == object["role"]
}

func (s *schema) check(at string, value any) error {
	s = s.resolve()
	if value == nil && s.Nullable {
		return nil
	}
	if options := slices.Concat(s.AnyOf, s.OneOf); len(options) > 0 {
		return choose(options, at, value)
	}
	if len(s.AllOf) > 0 {
		return all(s.AllOf, at, value)
	}
	if len(s.Type) > 0 && !slices.ContainsFunc(s.Type, func(kind string) bool { return is(kind, value) }) {
		return &Difference{Wrong, at, fmt.Sprintf("is %v, want %v", value, s.Type)}
	}
	if s.Const != nil && value != s.Const || len(s.Enum) > 0 && value != nil && !slices.Contains(s.Enum, value) {
		return &Difference{Wrong, at, fmt.Sprintf("is %v, want one of %v", value, append(slices.Clone(s.Enum), s.Const))}
	}
	switch v := value.(type) {
	case map[string]any:
		return s.object(at, v)
	case []any:
		return s.list(at, v)
	case string:
		return s.text(at, v)
	case float64:
		if s.Minimum != nil && v < *s.Minimum || s.Maximum != nil && v > *s.Maximum {
			return &Difference{Wrong, at, fmt.Sprintf("is %v, out of bounds", v)}
		}
	}
	return nil
}

// choose tries all options; the errors are those of the options whose type the
// value has, if there are such.
func choose(options []*schema, at string, value any) error {
	object, _ := value.(map[string]any)
	var errs, near []error
	for _, o := range options {
		err := o.check(at, value)
		if err == nil {
			return nil
		}
		if o.resolve().named(object) {
			near = append(near, err)
		}
		errs = append(errs, err)
	}
	if len(near) == 1 {
		return near[0]
	}
	if len(near) > 0 {
		errs = near
	}
	return &Difference{Wrong, at, "fits nothing: " + errors.Join(errs...).Error()}
}

// all joins the members of several schemas of one object.
func all(parts []*schema, at string, value any) error {
	whole := schema{Properties: map[string]*schema{}}
	for _, p := range parts {
		p = p.resolve()
		maps.Copy(whole.Properties, p.Properties)
		whole.Required = append(whole.Required, p.Required...)
		if len(p.Properties) == 0 {
			if err := p.check(at, value); err != nil {
				return err
			}
		}
	}
	if len(whole.Properties) == 0 {
		return nil
	}
	return whole.check(at, value)
}

func is(kind string, value any) bool {
	switch v := value.(type) {
	case nil:
		return kind == "null"
	case bool:
		return kind == "boolean"
	case string:
		return kind == "string"
	case float64:
		return kind == "number" || kind == "integer" && v == float64(int64(v))
	case []any:
		return kind == "array"
	}
	return kind == "object"
}

func (s *schema) object(at string, value map[string]any) error {
	for _, name := range s.Required {
		if _, ok := value[name]; !ok {
			return &Difference{Missing, inside(at, name), "is missing"}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(value)) {
		inner := s.Properties[name]
		switch {
		case inner != nil:
		case s.Additional != nil && s.Additional.allowed:
			inner = s.Additional.schema
		case len(s.Properties) == 0 && s.Additional == nil: // an object of any form
		case !slices.ContainsFunc(beyond, func(end string) bool { return strings.HasSuffix("."+inside(at, name), "."+end) }):
			return &Difference{Unknown, inside(at, name), "is not in the description"}
		}
		if inner == nil || value[name] == nil && !slices.Contains(s.Required, name) {
			continue // null for what is absent, see beyond
		}
		if err := inner.check(inside(at, name), value[name]); err != nil {
			return err
		}
	}
	return nil
}

func inside(at, name string) string {
	if at == "" {
		return name
	}
	return at + "." + name
}

func (s *schema) list(at string, value []any) error {
	if len(value) < s.MinItems {
		return &Difference{Wrong, at, fmt.Sprintf("has %d members, want %d", len(value), s.MinItems)}
	}
	for i, v := range value {
		if s.Items == nil {
			return nil
		}
		if err := s.Items.check(fmt.Sprintf("%s[%d]", at, i), v); err != nil {
			return err
		}
	}
	return nil
}

func (s *schema) text(at, value string) error {
	if s.MaxLength > 0 && utf8.RuneCountInString(value) > s.MaxLength {
		return &Difference{Wrong, at, fmt.Sprintf("is longer than %d", s.MaxLength)}
	}
	if s.Pattern != "" {
		if ok, err := regexp.MatchString(s.Pattern, value); err != nil || !ok {
			return &Difference{Wrong, at, fmt.Sprintf("is %q, want %s", value, s.Pattern)}
		}
	}
	return nil
}
