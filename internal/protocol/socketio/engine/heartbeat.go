package engine

import "time"

// heartbeat pings and waits in turns ("Heartbeat"). It is a timer and not a goroutine: an idle
// session costs the one goroutine that reads.
type heartbeat struct {
	timer   *time.Timer
	due     time.Time // when the ping is to be sent, or the pong to be here
	awaited bool      // a ping is out
}

func (h *heartbeat) stop() {
	if h.timer != nil {
		h.timer.Stop()
	}
}

func (s *Session) startHeartbeat() {
	s.mu.Lock()
	defer s.mu.Unlock()
	interval := s.server.config.PingInterval
	s.beat.due = time.Now().Add(interval)
	s.beat.timer = time.AfterFunc(interval, s.pulse)
	if s.ended {
		s.beat.stop()
	}
}

// pulse is called when the heartbeat is due.
func (s *Session) pulse() {
	if !s.pingOrWait() {
		s.timeOut()
	}
}

func (s *Session) timeOut() {
	if s.end(ending{code: Policy, reason: "ping timeout"}) {
		s.server.count.timedOut.Add(1)
	}
}

// pingOrWait sends the ping, and reports false when the pong did not come.
func (s *Session) pingOrWait() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return true
	}
	if early := time.Until(s.beat.due); early > 0 { // a pong came while the timer fired
		s.beat.timer.Reset(early)
		return true
	}
	if s.beat.awaited {
		return false
	}
	s.beat.awaited = true
	// Counted from when the ping was due, so that two late timers do not add up.
	s.beat.due = s.beat.due.Add(s.server.config.PingTimeout)
	s.beat.timer.Reset(time.Until(s.beat.due))
	s.pushLocked(sizeOf(pingFrames), pingFrames...)
	return true
}

// late tells whether the pong is overdue, whether or not the timer has said so yet: on a busy
// machine a request may come in between.
func (s *Session) late() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	deadline := s.beat.due
	if !s.beat.awaited {
		deadline = deadline.Add(s.server.config.PingTimeout)
	}
	return !s.ended && !time.Now().Before(deadline)
}

var pingFrames = []Frame{TextFrame(Ping, "")}

func (s *Session) pong() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended || !s.beat.awaited {
		return
	}
	s.beat.awaited = false
	s.beat.due = time.Now().Add(s.server.config.PingInterval)
	s.beat.timer.Reset(s.server.config.PingInterval)
}
