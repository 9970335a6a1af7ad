package web

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

var built = fstest.MapFS{
	"index.html":         {Data: []byte(`<html><script>one()</script><script src="/assets/a.js"></script></html>`)},
	"assets/a.js":        {Data: []byte("plain script")},
	"assets/a.js.br":     {Data: []byte("brotli script")},
	"assets/a.js.gz":     {Data: []byte("gzip script")},
	"favicon.svg":        {Data: []byte("<svg/>")},
	"assets/_hidden.css": {Data: []byte("a{}")},
}

func get(t *testing.T, files fstest.MapFS, path string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, path, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	handler(files).ServeHTTP(w, r)
	return w
}

func TestEveryPageAddressAnswersThePage(t *testing.T) {
	for _, path := range []string{"/", "/calls", "/calls/01ABC", "/settings/integrations", "/index.html"} {
		w := get(t, built, path)
		if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "one()") {
			t.Errorf("%s: %d %q", path, w.Code, w.Body)
		}
		// The hash of "one()", so that no other inline script runs.
		if csp := w.Header().Get("Content-Security-Policy"); !strings.Contains(csp, "script-src 'self' 'sha256-") || strings.Count(csp, "sha256-") != 1 || !strings.Contains(csp, "frame-ancestors 'none'") {
			t.Errorf("%s: policy %q", path, csp)
		}
		if got := w.Header().Get("Cache-Control"); got != "no-cache" {
			t.Errorf("%s: Cache-Control %q", path, got)
		}
	}
}

func TestAMissingAssetIsNotThePage(t *testing.T) {
	for _, path := range []string{"/assets/old.js", "/missing.png", "/assets/../../etc/passwd.txt"} {
		if w := get(t, built, path); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d, want 404", path, w.Code)
		}
	}
}

func TestTheSmallestAcceptedEncodingIsSent(t *testing.T) {
	for accept, want := range map[string]string{"": "plain script", "gzip": "gzip script", "gzip, br": "brotli script", "br;q=0, gzip": "gzip script"} {
		w := get(t, built, "/assets/a.js", "Accept-Encoding", accept)
		if got := w.Body.String(); got != want {
			t.Errorf("%q: %q, want %q", accept, got, want)
		}
		if got := w.Header().Get("Cache-Control"); !strings.Contains(got, "immutable") {
			t.Errorf("Cache-Control %q", got)
		}
	}
}

func TestAnUnchangedPageIsNotSentAgain(t *testing.T) {
	tag := get(t, built, "/").Header().Get("ETag")
	if w := get(t, built, "/", "If-None-Match", tag); w.Code != http.StatusNotModified {
		t.Errorf("%d, want 304", w.Code)
	}
}

func TestWithoutABuildThePageSaysHowToMakeOne(t *testing.T) {
	if w := get(t, fstest.MapFS{}, "/"); !strings.Contains(w.Body.String(), "make build") {
		t.Errorf("%q", w.Body)
	}
}

func TestPagesAreOnlyRead(t *testing.T) {
	w := httptest.NewRecorder()
	handler(built).ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/", nil))
	if w.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d, want 405", w.Code)
	}
}

// The build leaves copies of the page beside it (200.html, 404.html): a copy
// without the policy could be framed by another site.
func TestEveryFileCarriesThePolicy(t *testing.T) {
	files := fstest.MapFS{"index.html": built["index.html"], "200.html": built["index.html"], "favicon.svg": built["favicon.svg"]}
	want := get(t, files, "/").Header().Get("Content-Security-Policy")
	for _, path := range []string{"/200.html", "/favicon.svg"} {
		w := get(t, files, path)
		if got := w.Header().Get("Content-Security-Policy"); w.Code != http.StatusOK || got != want {
			t.Errorf("%s: %d, policy %q, want %q", path, w.Code, got, want)
		}
	}
}
