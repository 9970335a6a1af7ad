package gateway

import (
	"context"
	"encoding/json"
	"maps"
	"sync"
	"time"

	"softphone/internal/phone/call"
	"softphone/internal/phone/switchboard"
	"softphone/internal/protocol/socketio"
)

const (
	// sinceMost is the streams that a page may follow on from: an agent has a
	// handful of calls, not a hundred.
	sinceMost = 100
	// sessionCheck is how often an idle page's session is looked up: a user who
	// was disabled in another process is out after this.
	sessionCheck = 5 * time.Second
)

// page is one open page or program: a follower of its user's calls.
type page struct {
	g      *Gateway
	socket *socketio.Socket

	mu     sync.Mutex
	seat   *switchboard.Seat
	early  []call.Event // happened while what was missed is being read; nil once live
	live   bool
	sent   map[string]switchboard.Place // by stream, while catching up
	device switchboard.Device           // of this page; nil: none
}

var _ switchboard.Follower = (*page)(nil)

// newPage follows from now on and keeps what happens until catchUp has sent
// what happened before.
func newPage(g *Gateway, s *socketio.Socket, seat *switchboard.Seat) *page {
	p := &page{g: g, socket: s, seat: seat, sent: map[string]switchboard.Place{}}
	leave := seat.Follow(p)
	// The device outlives the socket: signalling that reconnects must not cut
	// the sound. A page that is gone is not heard, which ends its device.
	context.AfterFunc(s.Context(), leave)
	return p
}

// catchUp sends the events missed since the given places, or the whole. It asks
// the database first and locks afterwards: a call's owner must not wait for a
// query in Happened. What happens meanwhile waits in early, and what the query
// has seen of it already is not sent twice.
func (p *page) catchUp(ctx context.Context, since map[string]switchboard.Place) error {
	seat := p.seat
	missed, enough := []call.Event(nil), false
	var err error
	if len(since) > 0 && len(since) <= sinceMost {
		if missed, enough, err = seat.Missed(ctx, since); err != nil {
			return err
		}
	}
	var standings []switchboard.Standing
	if !enough {
		if standings, err = seat.Standings(ctx); err != nil {
			return err
		}
	}
	statuses, err := seat.Statuses(ctx)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if enough {
		maps.Copy(p.sent, since)
		for _, e := range missed {
			p.sendLocked(e)
		}
	} else if err := p.wholeLocked(seat, standings); err != nil {
		return err
	}
	for _, e := range append(statuses, p.early...) {
		if at, ok := p.sent[e.Stream]; !ok || at.Epoch != e.Epoch || e.Seq > at.Seq {
			p.sendLocked(e)
		}
	}
	p.early, p.sent, p.live = nil, nil, true
	return nil
}

func (p *page) wholeLocked(seat *switchboard.Seat, standings []switchboard.Standing) error {
	state := State{Calls: make([]LiveCall, len(standings)), Agent: agentOf(seat, seat.HasDevice())}
	for i, one := range standings {
		state.Calls[i] = liveCall(one)
		p.sent[one.Stream] = one.Place
	}
	return p.socket.Emit("call:state", state)
}

// sendLocked sends a numbered event. A socket that cannot take it is closed by
// its own bounds and comes back with its places.
func (p *page) sendLocked(e call.Event) {
	if p.sent != nil {
		p.sent[e.Stream] = switchboard.Place{Epoch: e.Epoch, Seq: e.Seq}
	}
	_ = p.socket.Emit(e.Type, numbered(e))
}

// Happened implements switchboard.Follower.
func (p *page) Happened(e call.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.live {
		p.early = append(p.early, e)
		return
	}
	p.sendLocked(e)
}

// Passing implements switchboard.Follower: what is not numbered may be lost.
func (p *page) Passing(v call.Volatile) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.live {
		_ = p.socket.Emit(v.Type, passing(v))
	}
}

// Device implements switchboard.Follower.
func (p *page) Device(connected bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.live {
		_ = p.socket.Emit("agent:state", AgentState{agentOf(p.seat, connected)})
	}
}

// Dismiss implements switchboard.Follower.
func (p *page) Dismiss() {
	p.closeDevice()
	p.socket.Disconnect("session_ended")
}

// listen serves the page's commands until it leaves.
func (p *page) listen() {
	for _, c := range commands {
		p.socket.On(c.Name, func(e *socketio.Event) { p.obey(c, e) })
	}
	p.socket.OnOther(func(e *socketio.Event) { p.obey(unknown, e) })
	go p.watch() // ends with the socket
}

// watch ends the page soon after its session.
func (p *page) watch() {
	ctx := p.socket.Context()
	tick := time.NewTicker(sessionCheck)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if _, err := p.taken(ctx); isUnauthorized(err) {
			p.Dismiss()
		}
	}
}

// taken returns the seat, taken anew.
func (p *page) taken(ctx context.Context) (*switchboard.Seat, error) {
	p.mu.Lock()
	seat := p.seat
	p.mu.Unlock()
	seat, err := seat.Again(ctx)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	p.seat = seat
	p.mu.Unlock()
	return seat, nil
}

// numbered is an event as it is sent: its own fields beside those of the stream.
func numbered(e call.Event) json.RawMessage {
	return with(struct {
		CallID call.ID `json:"callId,omitempty"`
		Stream string  `json:"stream"`
		Epoch  int     `json:"epoch"`
		Seq    int64   `json:"seq"`
		At     string  `json:"at"`
	}{e.CallID, e.Stream, e.Epoch, e.Seq, stamp(e.At)}, e.Body)
}

func passing(v call.Volatile) json.RawMessage {
	return with(struct {
		CallID call.ID `json:"callId"`
		At     string  `json:"at"`
	}{v.CallID, stamp(v.At)}, v.Body)
}

// with joins two objects.
func with(head any, body json.RawMessage) json.RawMessage {
	out, err := json.Marshal(head)
	if err != nil {
		panic(err) // plain data
	}
	if len(body) <= len("{}") {
		return out
	}
	out[len(out)-1] = ','
	return append(out, body[1:]...)
}

// stamp is RFC 3339 with milliseconds.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z07:00") }
