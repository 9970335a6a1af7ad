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
	// Device says whether the user's sound is connected, here or elsewhere.
	Device(connected bool)
	// Dismiss ends the page: its session does not exist any more.
	Dismiss()
}

// hub hands the events of a desk's calls to the pages of the user whose call it
// is. Nobody names what they want to follow: what a page gets follows from who
// its user is.
type hub struct {
	mu        sync.Mutex
	followers map[call.UserID]map[Follower]string // the session of each
}

func newHub() *hub { return &hub{followers: map[call.UserID]map[Follower]string{}} }

// follow adds a page until leave is called.
func (h *hub) follow(u call.UserID, session string, f Follower) (leave func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.followers[u] == nil {
		h.followers[u] = map[Follower]string{}
	}
	h.followers[u][f] = session
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

// everybody hands on what all of the desk may know.
func (h *hub) everybody(e call.Event) {
	h.mu.Lock()
	var all []Follower
	for _, own := range h.followers {
		for f := range own {
			all = append(all, f)
		}
	}
	h.mu.Unlock()
	for _, f := range all {
		f.Happened(e)
	}
}

func (h *hub) passing(u call.UserID, v call.Volatile) {
	for _, f := range h.of(u) {
		f.Passing(v)
	}
}

func (h *hub) device(u call.UserID, connected bool) {
	for _, f := range h.of(u) {
		f.Device(connected)
	}
}

// dismiss ends the pages of a session.
func (h *hub) dismiss(u call.UserID, session string) {
	h.mu.Lock()
	var own []Follower
	for f, s := range h.followers[u] {
		if s == session {
			own = append(own, f)
		}
	}
	h.mu.Unlock()
	for _, f := range own {
		f.Dismiss()
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
