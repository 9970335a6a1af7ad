package twilio

import (
	"embed"
	"io/fs"
	"net/http"
)

//go:embed page
var pageFiles embed.FS

// pagePolicy lets the page load nothing but its own files and sounds.
const pagePolicy = "default-src 'self'; style-src 'self'; script-src 'self'; connect-src 'self'; " +
	"media-src 'self' blob:; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// routePage serves the page on which one watches the calls and is a person.
// Its links are relative: it works below any path.
func (s *Sim) routePage(mux *http.ServeMux) {
	files, err := fs.Sub(pageFiles, "page")
	if err != nil {
		panic("sim/twilio: " + err.Error()) // the name above is wrong
	}
	serve := http.FileServerFS(files)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", pagePolicy)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cache-Control", "no-cache")
		serve.ServeHTTP(w, r)
	})
}
