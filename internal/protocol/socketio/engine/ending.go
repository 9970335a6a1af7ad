package engine

import (
	"log/slog"
	"time"
)

// lateGet is how long a closed polling session still answers the GET that lost the race against
// the closing POST. Without it the client sees an error where there was a goodbye.
const lateGet = time.Second

// ending says how a session ends. The first one wins.
type ending struct {
	code     Code
	reason   string
	flush    bool // send what is queued first
	byClient bool // the client said goodbye and needs no answer
	dead     bool // the transport is gone: nothing can be said
}

// Close sends what is queued, then closes the session. It does not wait for that.
func (s *Session) Close(code Code, reason string) {
	s.end(ending{code: code, reason: reason, flush: true})
}

// Abort drops what is queued and closes the session, telling the reason where the transport can.
func (s *Session) Abort(code Code, reason string) {
	if s.end(ending{code: code, reason: reason}) {
		s.server.count.breached.Add(1)
	}
}

// lost ends a session whose transport broke.
func (s *Session) lost(reason string) {
	s.end(ending{code: Normal, reason: reason, dead: true})
}

// end reports whether this was the ending that counted.
func (s *Session) end(e ending) bool {
	s.mu.Lock()
	if s.ended {
		s.mu.Unlock()
		if e.dead {
			s.cut()
		}
		return false
	}
	s.ended, s.farewell = true, e
	s.beat.stop()
	if !e.flush {
		s.dropLocked()
	}
	forget := s.partLocked(e)
	s.mu.Unlock()
	s.server.config.Logger.Debug("socket session closed", slog.String("reason", e.reason), slog.Int("code", int(e.code)))
	s.handler.Closed(e.reason) // before the session is forgotten: Close waits for that
	if forget {
		s.cut()
	}
	return true
}

// partLocked says the last words of a session and reports whether it can be forgotten at once.
func (s *Session) partLocked(e ending) bool {
	if e.dead {
		return true
	}
	if s.wire != nil {
		s.last = time.AfterFunc(s.server.config.CloseGrace, s.cut)
		s.wakeWriterLocked()
		return false
	}
	waiting := s.poll.waiting()
	s.queue = append(s.queue, e.lastPacket())
	s.poll.wake()
	if !waiting && !e.flush && !e.byClient {
		return true // a session closed for a breach is unknown from now on
	}
	s.last = time.AfterFunc(s.server.linger(e), s.cut)
	return false
}

func (s *Server) linger(e ending) time.Duration {
	if e.flush {
		return s.config.CloseGrace
	}
	return lateGet
}

// lastPacket answers the pending GET: a noop to a client that said goodbye, else a close packet.
func (e ending) lastPacket() Frame {
	if e.byClient {
		return TextFrame(Noop, "")
	}
	return TextFrame(Close, "")
}

func (s *Session) dropLocked() {
	s.queued -= sizeOf(s.queue)
	s.queue = nil
}

// cut forgets the session and closes its connection, whatever is still in flight.
func (s *Session) cut() {
	s.mu.Lock()
	s.gone = true
	if s.last != nil {
		s.last.Stop()
	}
	lines := []*wire{s.wire, s.probing}
	s.poll.wake()
	s.mu.Unlock()
	s.server.remove(s)
	for _, line := range lines {
		if line != nil {
			line.cut()
		}
	}
}
