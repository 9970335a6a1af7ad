package main

import (
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"

	"softphone/internal/adapter/gateway"
)

// DocsCmd writes the pages of docs/ that are made from the code.
type DocsCmd struct {
	Dir string `default:"docs" type:"path"`
	// Types is where the pages' types go.
	Types string `default:"web/layers/softphone/phone/wire.gen.ts" type:"path"`
}

// Run writes openapi.yaml, configuration.md, events.md and the pages' types.
func (c *DocsCmd) Run() error {
	log := slog.New(slog.DiscardHandler)
	yaml, err := newAPI(http.NewServeMux(), nil, Config{BackendURL: "https://phone.example.com"}, log).OpenAPI()
	if err != nil {
		return err
	}
	for path, page := range map[string][]byte{
		filepath.Join(c.Dir, "openapi.yaml"):     yaml,
		filepath.Join(c.Dir, "configuration.md"): configurationPage(),
		filepath.Join(c.Dir, "events.md"):        gateway.Markdown(),
		c.Types:                                  gateway.TypeScript(),
	} {
		if err := os.WriteFile(path, page, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func configurationPage() []byte {
	var b strings.Builder
	b.WriteString("# Configuration\n\nEvery setting is a flag of `softphone serve`, an environment variable, or a member of the JSON file given with `--config`\n" +
		"(`{\"backend-url\": \"https://phone.example.com\"}`). A flag wins over the environment, the environment over the file.\n" +
		"Made from `cmd/softphone/config.go` by `make generate`.\n\n| flag | environment | default | what it is |\n| --- | --- | --- | --- |\n")
	t := reflect.TypeFor[Config]()
	for i := range t.NumField() {
		f := t.Field(i)
		fmt.Fprintf(&b, "| `--%s` | `%s` | %s | %s |\n", flagName(f), f.Tag.Get("env"), code(f.Tag.Get("default")), f.Tag.Get("help"))
	}
	return []byte(b.String())
}

func code(s string) string {
	if s == "" {
		return ""
	}
	return "`" + s + "`"
}

// flagName is how the command line spells a field: BackendURL is backend-url.
func flagName(f reflect.StructField) string {
	if n := f.Tag.Get("name"); n != "" {
		return n
	}
	var b strings.Builder
	for i, r := range f.Name {
		upper := r >= 'A' && r <= 'Z'
		if upper && i > 0 && (f.Name[i-1] < 'A' || f.Name[i-1] > 'Z' || (i+1 < len(f.Name) && f.Name[i+1] >= 'a')) {
			b.WriteByte('-')
		}
		b.WriteString(strings.ToLower(string(r)))
	}
	return b.String()
}
