// Package tenant is a company that rents a desk: its name, its numbers, and the
// credentials it has with the vendors. Secrets have a type that prints stars.
//
// The one rule: a tenant is a value somebody holds; its id is for storage.
package tenant

import (
	"errors"
	"log/slog"
	"regexp"
)

// ErrNotFound is returned where something asked for does not exist.
var ErrNotFound = errors.New("not found")

// ErrTaken is returned where a name, an address or an account is in use.
var ErrTaken = errors.New("already in use")

// Tenant is a company.
type Tenant struct {
	ID   string
	Slug string // in addresses: letters, digits and hyphens
	Name string
}

var slugForm = regexp.MustCompile(`^[a-z][a-z0-9-]{1,62}$`)

// CheckSlug accepts what may stand in an address.
func CheckSlug(slug string) error {
	if !slugForm.MatchString(slug) {
		return errors.New("a slug is 2 to 63 lower-case letters, digits and hyphens, beginning with a letter")
	}
	return nil
}

// Secret is text that must not be seen. It prints as stars and logs as stars.
type Secret string

const stars = "••••"

func (Secret) String() string       { return stars }
func (Secret) GoString() string     { return stars }
func (Secret) LogValue() slog.Value { return slog.StringValue(stars) }

// Reveal returns the text, for the vendor it belongs to.
func (s Secret) Reveal() string { return string(s) }

// Masked keeps the last four characters, so that an admin can tell two keys
// apart; short secrets keep none.
func (s Secret) Masked() Secret {
	switch {
	case s == "":
		return ""
	case len(s) < 12:
		return stars
	}
	return stars + s[len(s)-4:]
}

// masked reports whether a text came out of Masked.
func (s Secret) masked() bool { return len(s) >= len(stars) && s[:len(stars)] == stars }
