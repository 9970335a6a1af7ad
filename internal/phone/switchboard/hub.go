package switchboard

import (
	"sync"

	"softphone/internal/phone/call"
)

// Follower is told what happens in a user's calls: one open page. It must not
// wait; one that cannot keep up is closed by its owner and comes back with its
// cursors.
type Follower interface {
	Happened(call.Event)
	Passing(call.Volatile)
}

// hub hands the events of a desk's calls to the pages of the user whose call it
// is. Nobody names what they want to follow: what a page gets follows from who
// its user is.
type hub struct {
	mu        sync.Mutex
	followers map[call.UserID]map[Follower]struct{}
}

func newHub() *hub { return &hub{followers: map[call.UserID]map[Follower]struct{}{}} }

// follow adds a page until leave is called.
func (h *hub) follow(u call.UserID, f Follower) (leave func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.followers[u] == nil {
		h.followers[u] = map[Follower]struct{}{}
	}
	h.followers[u][f] = struct{}{}
	return func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.followers[u], f)
		if len(h.followers[u]) == 0 {
			delete(h.followers, u)
		}
	}
}

func (h *hub) happened(u call.UserID, e call.Event) {
	for _, f := range h.of(u) {
		f.Happened(e)
	}
}

func (h *hub) passing(u call.UserID, v call.Volatile) {
	for _, f := range h.of(u) {
		f.Passing(v)
	}
}

func (h *hub) of(u call.UserID) []Follower {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := make([]Follower, 0, len(h.followers[u]))
	for f := range h.followers[u] {
		out = append(out, f)
	}
	return out
}
