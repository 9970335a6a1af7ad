//go:build !noweb

package web

import (
	"embed"
	"io/fs"
)

// all: keeps names that begin with _ or a dot, which embedding leaves out else.
//
//go:embed all:dist
var dist embed.FS

func pages() fs.FS {
	sub, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(err) // the folder is embedded: a bug of the build
	}
	return sub
}
