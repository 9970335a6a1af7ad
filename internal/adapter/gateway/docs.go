package gateway

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"softphone/internal/phone/switchboard"
)

// Markdown is docs/events.md, made from the table.
func Markdown() []byte {
	var b strings.Builder
	b.WriteString(`# Events

Socket.IO 5, path ` + "`/socket.io/`, namespace `" + Namespace + "`" + `. Clients are npm's ` + "`socket.io-client`" + ` 4 and programs like it. Made from
` + "`internal/adapter/gateway/table.go` by `make generate`." + `

**Handshake.** ` + "`auth: {token, since?}`" + `: an access token of ` + "`POST /api/auth/login`" + `, and for a client that was here before, how far it
has followed each stream: ` + "`{\"call:ID\": [epoch, seq]}`" + `. Refused with ` + "`connect_error`" + `, whose ` + "`data.code`" + ` says why (` + "`unauthorized`" + `: refresh the
token and connect again). After connecting the missed events come, or first ` + "`call:state`" + ` when the places are too old, of another epoch,
or not given.

**Commands** carry an object and are acknowledged with ` + "`{ok: true, ...}` or `{ok: false, error: {code, message}}`" + `. Each may have
` + "`commandId`" + `, whose repetition with the same command gets the first answer and does nothing (a refusal is not remembered), and ` + "`at`" + `, when it was given: one older than ten seconds is refused
as ` + "`stale`" + `. A refusal comes as ` + "`call:error`" + ` too. The user's session and role are read anew for each command.

**Events** of a call are numbered: ` + "`stream`, `epoch`, `seq`" + ` from 1 without a gap. They are sent after they were stored. A client that sees
a gap or another epoch connects again without places. What is not numbered may be lost and is replaced by the next of its kind.

## Commands

`)
	for _, c := range commands {
		fmt.Fprintf(&b, "### `%s`\n\n%s Needs `%s`.\n\n", c.Name, c.What, c.Needs)
		table(&b, c.in)
		if c.out.NumField() > 0 {
			b.WriteString("Answer:\n\n")
			table(&b, c.out)
		}
	}
	b.WriteString("## Events\n\n")
	for _, e := range events {
		fmt.Fprintf(&b, "### `%s`\n\n%s\n\n", e.Name, e.What)
		table(&b, e.body)
	}
	b.WriteString("## Types\n\n")
	for _, t := range namedTypes() {
		fmt.Fprintf(&b, "### %s\n\n", nameOf(t))
		table(&b, t)
	}
	return []byte(strings.TrimRight(b.String(), "\n") + "\n")
}

func table(b *strings.Builder, t reflect.Type) {
	fields := fieldsOf(t)
	if len(fields) == 0 {
		b.WriteString("No fields.\n\n")
		return
	}
	b.WriteString("| field | type | |\n| --- | --- | --- |\n")
	for _, f := range fields {
		fmt.Fprintf(b, "| `%s`%s | %s | %s |\n", f.name, optional(f.optional), strings.ReplaceAll("`"+f.ts+"`", "|", "\\|"), f.doc)
	}
	b.WriteString("\n")
}

func optional(yes bool) string {
	if yes {
		return "?"
	}
	return ""
}

// TypeScript is the page's types, made from the table.
func TypeScript() []byte {
	var b strings.Builder
	b.WriteString("// Made from internal/adapter/gateway/table.go by `make generate`.\n\n")
	for _, t := range namedTypes() {
		fmt.Fprintf(&b, "export interface %s {\n", nameOf(t))
		for _, f := range fieldsOf(t) {
			fmt.Fprintf(&b, "  %s%s: %s\n", f.name, optional(f.optional), f.ts)
		}
		b.WriteString("}\n\n")
	}
	b.WriteString("/** What the server tells. */\nexport interface Events {\n")
	for _, e := range events {
		fmt.Fprintf(&b, "  '%s': %s\n", e.Name, nameOf(e.body))
	}
	b.WriteString("}\n\n/** What may be asked for. */\nexport interface Commands {\n")
	for _, c := range commands {
		fmt.Fprintf(&b, "  '%s': %s\n", c.Name, inline(c.in))
	}
	b.WriteString("}\n\n/** What a command is answered with, beside ok. */\nexport interface Answers {\n")
	for _, c := range commands {
		fmt.Fprintf(&b, "  '%s': %s\n", c.Name, inline(c.out))
	}
	b.WriteString("}\n")
	return []byte(b.String())
}

func inline(t reflect.Type) string {
	fields := fieldsOf(t)
	if len(fields) == 0 {
		return "Record<string, never>"
	}
	parts := make([]string, len(fields))
	for i, f := range fields {
		parts[i] = f.name + optional(f.optional) + ": " + f.ts
	}
	return "{ " + strings.Join(parts, ", ") + " }"
}

// field is a member of an object on the wire.
type field struct {
	name, ts, doc string
	optional      bool
}

// fieldsOf lists the members of an object, those of embedded ones too.
func fieldsOf(t reflect.Type) []field {
	var out []field
	for i := range t.NumField() {
		f := t.Field(i)
		name, rest, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous && name == "" {
			out = append(out, fieldsOf(f.Type)...)
			continue
		}
		if name == "" || name == "-" {
			continue
		}
		one := field{name: name, ts: f.Tag.Get("ts"), doc: f.Tag.Get("doc"), optional: strings.Contains(rest, "omit")}
		if one.ts == "" {
			one.ts = tsOf(f.Type, f.Tag.Get("enum"))
		}
		out = append(out, one)
	}
	return mayLackPlace(t, out)
}

// mayLackPlace marks what a line lacks that is not final yet.
func mayLackPlace(t reflect.Type, fields []field) []field {
	if t != reflect.TypeFor[TranscriptEvent]() {
		return fields
	}
	for i, f := range fields {
		if slices.Contains([]string{"stream", "epoch", "seq"}, f.name) {
			fields[i].optional = true
		}
	}
	return fields
}

func tsOf(t reflect.Type, enum string) string {
	if enum != "" {
		return "'" + strings.Join(strings.Split(enum, ","), "' | '") + "'"
	}
	switch {
	case t == reflect.TypeFor[time.Time]():
		return "string"
	case t == reflect.TypeFor[json.RawMessage]():
		return "unknown"
	case t.Kind() == reflect.Pointer:
		return tsOf(t.Elem(), "")
	case t.Kind() == reflect.Slice:
		return tsOf(t.Elem(), "") + "[]"
	case t.Kind() == reflect.Struct:
		return nameOf(t)
	case t.Kind() == reflect.Bool:
		return "boolean"
	case t.Kind() == reflect.String:
		return "string"
	}
	return "number"
}

// nameOf is the name of a type on the page's side.
func nameOf(t reflect.Type) string {
	switch t.Name() { // names that mean something else there
	case "View":
		return "CallView"
	case "Error":
		return "ErrorEvent"
	}
	return t.Name()
}

// namedTypes lists the objects that events and answers are made of, each once,
// in the order in which they are met.
func namedTypes() []reflect.Type {
	var all []reflect.Type
	var visit func(t reflect.Type)
	visit = func(t reflect.Type) {
		for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
			t = t.Elem()
		}
		if t.Kind() != reflect.Struct || t == reflect.TypeFor[time.Time]() || slices.Contains(all, t) {
			return
		}
		all = append(all, t)
		for i := range t.NumField() {
			if f := t.Field(i); f.Anonymous {
				embedded(f.Type, visit)
			} else {
				visit(f.Type)
			}
		}
	}
	for _, e := range events {
		visit(e.body)
	}
	for _, c := range commands {
		for i := range c.out.NumField() {
			visit(c.out.Field(i).Type)
		}
	}
	for _, t := range []reflect.Type{reflect.TypeFor[TranscriptLine](), reflect.TypeFor[Suggestion](), reflect.TypeFor[Action](), reflect.TypeFor[switchboard.RecordState]()} {
		visit(t)
	}
	return all
}

// embedded visits what an embedded object's fields are made of.
func embedded(t reflect.Type, visit func(reflect.Type)) {
	for i := range t.NumField() {
		if f := t.Field(i); f.Anonymous {
			embedded(f.Type, visit)
		} else {
			visit(f.Type)
		}
	}
}
