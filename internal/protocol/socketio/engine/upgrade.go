package engine

import (
	"context"
	"errors"
	"net/http"
	"time"
)

// The words of a probe ("Upgrade").
const probe = "probe"

var errNotProbe = errors.New("not an upgrade")

// serveUpgrade lets a WebSocket take a polling session over. A second one, or one for a session
// that has upgraded, is accepted and closed ("WebSocket": "the server MUST close the WebSocket
// connection"); an HTTP error would look like a broken server to the client.
func (s *Session) serveUpgrade(w http.ResponseWriter, r *http.Request) {
	first := s.claim() // before the client learns that it is open, and may try another
	line, err := acceptWire(w, r, s.server.config.MaxPayload)
	if err != nil { // the websocket package has answered
		s.server.count.refused.Add(1)
		if first {
			s.endProbe()
		}
		return
	}
	if !first || !s.startProbe(line) {
		<-time.After(upgradePatience) // it must not overtake the answer to the first one's probe
		line.goodbye(Policy, "session has a WebSocket", s.server.config.CloseGrace)
		return
	}
	go func() {
		defer s.server.running.Done()
		s.upgrade(line)
	}()
}

// claim reserves the session for one WebSocket.
func (s *Session) claim() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended || s.wire != nil || s.claimed {
		return false
	}
	s.claimed = true
	s.poll.wake() // the waiting GET must end for the client to go on
	return true
}

// startProbe lets the WebSocket be cut with the session, unless that has ended meanwhile.
func (s *Session) startProbe(line *wire) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return false
	}
	s.server.running.Add(1)
	s.probing = line
	return true
}

// upgrade runs the probe and becomes the session's reader when it succeeds.
func (s *Session) upgrade(line *wire) {
	if err := s.tryProbe(line); err != nil {
		s.endProbe()
		line.goodbye(ProtocolError, "upgrade failed", s.server.config.CloseGrace)
		return
	}
	if !s.switchTo(line) {
		line.goodbye(Normal, "session closed", s.server.config.CloseGrace)
		return
	}
	s.server.count.upgraded.Add(1)
	s.read(line)
}

func (s *Session) tryProbe(line *wire) error {
	ctx, cancel := context.WithTimeout(context.Background(), s.server.config.UpgradeTimeout)
	defer cancel()
	if err := expect(ctx, line, Ping, probe); err != nil {
		return err
	}
	if err := line.sendOne(TextFrame(Pong, probe)); err != nil {
		return err
	}
	return expect(ctx, line, Upgrade, "")
}

func expect(ctx context.Context, line *wire, kind Type, data string) error {
	packet, err := line.receive(ctx)
	if err != nil {
		return err
	}
	if packet.Type != kind || packet.Binary || string(packet.Data) != data {
		return errNotProbe
	}
	return nil
}

func (s *Session) endProbe() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.claimed, s.probing = false, nil
	s.poll.wake()
}

// switchTo makes the WebSocket the transport. What is queued goes over it, in order: a client
// finishes an upgrade only when its last poll has come back.
func (s *Session) switchTo(line *wire) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.claimed, s.probing = false, nil
	if s.ended {
		return false
	}
	s.wire = line
	s.poll.wake()
	s.wakeWriterIfQueuedLocked()
	return true
}

func (s *Session) wakeWriterIfQueuedLocked() {
	if len(s.queue) > 0 {
		s.wakeWriterLocked()
	}
}
