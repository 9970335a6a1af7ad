package engine

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// admits tells whether the page a request comes from may talk to us. Programs send no Origin and
// pass: only a browser acts for somebody who did not mean it.
func (s *Server) admits(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	return origin == "" || s.listed(origin) || ownHost(origin, r.Host)
}

func (s *Server) listed(origin string) bool {
	return slices.ContainsFunc(s.config.Origins, func(allowed string) bool {
		return allowed == "*" || strings.EqualFold(allowed, origin)
	})
}

// ownHost compares the host only: behind a proxy that ends TLS we do not know our own scheme.
func ownHost(origin, host string) bool {
	page, err := url.Parse(origin)
	return err == nil && page.Host != "" && strings.EqualFold(page.Host, host)
}

// allowOrigin writes the CORS headers of an admitted foreign page. There are no credentials in
// them: a session is opened by a token in the handshake, never by a cookie.
func (s *Server) allowOrigin(header http.Header, r *http.Request) {
	header.Add("Vary", "Origin")
	if slices.Contains(s.config.Origins, "*") {
		header.Set("Access-Control-Allow-Origin", "*")
	} else if origin := r.Header.Get("Origin"); origin != "" && s.listed(origin) {
		header.Set("Access-Control-Allow-Origin", origin)
	}
}

// preflight answers the OPTIONS request a browser sends before a cross-origin POST.
func (s *Server) preflight(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Access-Control-Allow-Methods", "GET, POST")
	if wanted := r.Header.Get("Access-Control-Request-Headers"); wanted != "" {
		header.Set("Access-Control-Allow-Headers", wanted)
	}
	header.Set("Access-Control-Max-Age", "600")
	w.WriteHeader(http.StatusNoContent)
}
