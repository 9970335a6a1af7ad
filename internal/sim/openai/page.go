package openai

import (
	"embed"
	"io/fs"
	"net/http"
)

//go:embed page
var page embed.FS

// pageRoutes serve the page on which a person watches the sessions.
func (s *Sim) pageRoutes(mux *http.ServeMux) {
	files, err := fs.Sub(page, "page")
	if err != nil {
		panic(err) // the folder is part of the program
	}
	mux.Handle("GET /", http.FileServerFS(files))
}
