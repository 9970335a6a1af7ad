package webrtc

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/pion/logging"
)

// logs lets pion speak through our log, at debug: strangers can make it complain
// with any packet. Its own loggers write to standard error and take 10 kB a peer.
type logs struct{ log *slog.Logger }

// NewLogger implements logging.LoggerFactory.
func (l logs) NewLogger(scope string) logging.LeveledLogger { return scoped{l.log, scope} }

type scoped struct {
	log   *slog.Logger
	scope string
}

func (scoped) Trace(string)          {}
func (scoped) Tracef(string, ...any) {}
func (scoped) Debug(string)          {}
func (scoped) Debugf(string, ...any) {}
func (scoped) Info(string)           {}
func (scoped) Infof(string, ...any)  {}

func (s scoped) Warn(msg string)                  { s.say("%s", msg) }
func (s scoped) Warnf(format string, args ...any) { s.say(format, args...) }

func (s scoped) Error(msg string)                  { s.say("%s", msg) }
func (s scoped) Errorf(format string, args ...any) { s.say(format, args...) }

func (s scoped) say(format string, args ...any) {
	if s.log.Enabled(context.Background(), slog.LevelDebug) {
		s.log.Debug("pion complains", "scope", s.scope, "what", fmt.Sprintf(format, args...))
	}
}
