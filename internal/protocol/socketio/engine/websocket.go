package engine

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/coder/websocket"
)

const websocketTooBig = websocket.StatusMessageTooBig

// errTransport marks what went wrong below the protocol.
var errTransport = errors.New("transport")

// serveWebSocket answers `transport=websocket` ("WebSocket").
func (s *Server) serveWebSocket(w http.ResponseWriter, r *http.Request, query url.Values) {
	if !strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
		s.refuse(w, badRequest)
		return
	}
	id := query.Get("sid")
	if id == "" {
		s.openWebSocket(w, r, query)
		return
	}
	session := s.session(id)
	if session == nil {
		s.refuse(w, unknownSession)
		return
	}
	session.serveUpgrade(w, r)
}

// openWebSocket starts a session that never polls.
func (s *Server) openWebSocket(w http.ResponseWriter, r *http.Request, query url.Values) {
	if s.full() {
		s.refuse(w, unavailable)
		return
	}
	line, err := acceptWire(w, r, s.config.MaxPayload)
	if err != nil { // the websocket package has answered
		s.count.refused.Add(1)
		return
	}
	session := newSession(s, r, query)
	greeting := s.greet(session.id)
	if !s.add(session) {
		line.cut()
		return
	}
	session.startHeartbeat()
	session.start(line, greeting)
}

// start hands the session its WebSocket. The request's goroutine ends here: its stack has grown
// with net/http and is too dear for a reader that mostly waits.
func (s *Session) start(line *wire, greeting Frame) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gone {
		line.cut()
		return
	}
	s.wire = line
	s.queue = append([]Frame{greeting}, s.queue...)
	s.queued += sizeOf(s.queue[:1])
	s.wakeWriterLocked()
	s.server.running.Add(1)
	go func() {
		defer s.server.running.Done()
		s.read(line)
	}()
}

// read is the one goroutine of an idle session. It ends when the connection does.
func (s *Session) read(line *wire) {
	defer func() { _ = line.socket.CloseNow() }()
	for {
		packet, err := line.receive(context.Background())
		if errors.Is(err, errTransport) {
			s.unreadable(err)
			return
		}
		if err != nil {
			_ = s.breach(err) // the session has ended; the close handshake is still to be read
			continue
		}
		_ = s.receive(packet)
	}
}

// unreadable ends a session whose connection gives nothing more.
func (s *Session) unreadable(err error) {
	reason := "transport close"
	if errors.Is(err, websocket.ErrMessageTooBig) { // the client was told with status 1009
		reason = "payload too large"
	}
	s.lost(reason)
}

// wakeWriterLocked starts the writer unless it runs. It runs only while there is something to
// write, which keeps an idle session at one goroutine.
func (s *Session) wakeWriterLocked() {
	if s.writing || s.wire == nil {
		return
	}
	s.writing = true
	s.server.running.Add(1)
	go s.write()
}

func (s *Session) write() {
	defer s.server.running.Done()
	for {
		batch, line := s.nextBatch()
		if line == nil {
			return
		}
		if len(batch) == 0 {
			line.goodbye(s.farewell.code, s.farewell.reason, s.server.config.CloseGrace)
			s.cut()
			return
		}
		if err := line.send(batch); err != nil {
			s.lost("transport close")
			return
		}
		s.wrote(batch)
	}
}

// nextBatch takes what is queued. An empty batch means that the session has ended and nothing is
// left to flush; no line means that the writer may go.
func (s *Session) nextBatch() ([]Frame, *wire) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.gone:
		return nil, nil
	case len(s.queue) > 0:
		return s.takeLocked(), s.wire
	case s.ended:
		return nil, s.wire
	}
	s.writing = false
	return nil, nil
}

func (s *Session) wrote(batch []Frame) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wroteLocked(batch)
}
