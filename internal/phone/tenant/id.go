package tenant

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// idMost is the longest id that a row may have.
const idMost = 64

// IsID reports whether a text can be an id of ours: ASCII letters, digits, '-'
// and '_', at most 64. Nothing else may reach a database as one: SQLite's driver
// refuses a NUL, and MariaDB refuses to compare what is not ASCII with an id.
func IsID(s string) bool {
	for i := range len(s) {
		c := s[i]
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && c != '-' && c != '_' {
			return false
		}
	}
	return s != "" && len(s) <= idMost
}

// IsText reports whether a text that somebody typed can be stored and searched
// for: UTF-8 without control characters.
func IsText(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}
