//go:build noweb

package web

import (
	"io/fs"
	"testing/fstest"
)

// pages is empty: the build tag noweb leaves the pages to `nuxt dev`.
func pages() fs.FS { return fstest.MapFS{} }
