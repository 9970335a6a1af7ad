// Package web serves the pages: static files made by `nuxt generate`, embedded
// in the binary, with a strict content security policy and no outside request.
//
// The one rule: a missing asset is a 404, never the page. A browser that still
// runs the version before would else read HTML as a script.
package web

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"regexp"
	"strings"
	"time"
)

const notBuilt = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Softphone</title>
<body><main><h1>The pages are not built</h1><p>Run <code>make build</code>, or <code>make dev</code> for pages with hot reload on port 3001.</p></main>`

// Handler serves the pages.
func Handler() http.Handler { return handler(pages()) }

func handler(files fs.FS) http.Handler {
	index, err := fs.ReadFile(files, "index.html")
	if err != nil {
		index = []byte(notBuilt)
	}
	return &site{files: files, index: index, policy: policy(index), tag: `"` + digest(index) + `"`}
}

type site struct {
	files  fs.FS
	index  []byte
	policy string
	tag    string
}

var inlineScript = regexp.MustCompile(`(?s)<script([^>]*)>(.*?)</script>`)

// policy allows the scripts that the page itself contains, by their hashes, and
// nothing else that is inline. Styles are inline because the component kit
// injects its variables.
func policy(index []byte) string {
	scripts := "'self'"
	for _, m := range inlineScript.FindAllSubmatch(index, -1) {
		if len(m[2]) == 0 || bytes.Contains(m[1], []byte("src=")) {
			continue
		}
		sum := sha256.Sum256(m[2])
		scripts += " 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	return strings.Join([]string{
		"default-src 'self'", "script-src " + scripts, "style-src 'self' 'unsafe-inline'", "img-src 'self' data: blob:",
		"media-src 'self' blob:", "worker-src 'self' blob:", "connect-src 'self'", "object-src 'none'", "base-uri 'none'",
		"form-action 'self'", "frame-ancestors 'none'",
	}, "; ")
}

func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	s.harden(w.Header())
	name := strings.TrimPrefix(path.Clean(r.URL.Path), "/")
	if name != "" && name != "index.html" && s.file(w, r, name) {
		return
	}
	if path.Ext(name) != "" && name != "index.html" {
		http.NotFound(w, r)
		return
	}
	s.page(w, r)
}

func (s *site) harden(h http.Header) {
	h.Set("Content-Security-Policy", s.policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Permissions-Policy", "microphone=(self), camera=(), geolocation=()")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
}

func (s *site) page(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-cache")
	h.Set("ETag", s.tag)
	http.ServeContent(w, r, "index.html", time.Time{}, bytes.NewReader(s.index))
}

// encodings that the build makes beside each file, best first.
var encodings = []struct{ name, suffix string }{{"br", ".br"}, {"gzip", ".gz"}}

// file serves a file if there is one of that name.
func (s *site) file(w http.ResponseWriter, r *http.Request, name string) bool {
	if info, err := fs.Stat(s.files, name); err != nil || info.IsDir() {
		return false
	}
	h := w.Header()
	h.Set("Content-Type", contentType(name))
	h.Set("Vary", "Accept-Encoding")
	h.Set("Cache-Control", "no-cache")
	if strings.HasPrefix(name, "assets/") { // the build puts a hash in their names
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	for _, e := range encodings {
		if body, err := fs.ReadFile(s.files, name+e.suffix); err == nil && accepts(r, e.name) {
			h.Set("Content-Encoding", e.name)
			serve(w, r, name, body)
			return true
		}
	}
	body, err := fs.ReadFile(s.files, name)
	if err != nil {
		return false
	}
	serve(w, r, name, body)
	return true
}

func serve(w http.ResponseWriter, r *http.Request, name string, body []byte) {
	w.Header().Set("ETag", `"`+digest(body)+`"`)
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(body))
}

func accepts(r *http.Request, encoding string) bool {
	for part := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, weight, _ := strings.Cut(strings.TrimSpace(part), ";")
		if name == encoding && strings.ReplaceAll(weight, " ", "") != "q=0" {
			return true
		}
	}
	return false
}

func contentType(name string) string {
	if t := mime.TypeByExtension(path.Ext(name)); t != "" {
		return t
	}
	return "application/octet-stream"
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:12])
}
