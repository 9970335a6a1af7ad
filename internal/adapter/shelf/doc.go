// Package shelf keeps sealed pieces of recordings: in a folder, or in a store
// that speaks S3. Both take the same names and make the same promises.
//
// The one rule: a piece that Put has acknowledged is whole and stays; one that
// it has not is not there, whatever happens to the machine.
package shelf

import (
	"fmt"
	"strings"
)

// check refuses names that could leave their place: parts of letters, digits,
// dots, hyphens and underscores, none of dots alone.
func check(name string) error {
	for part := range strings.SplitSeq(name, "/") {
		if strings.Trim(part, ".") == "" || strings.Trim(part, allowed) != "" {
			return fmt.Errorf("%q cannot name a piece", name)
		}
	}
	return nil
}

const allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_"
