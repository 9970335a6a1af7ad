package engine

import (
	"log/slog"
	"time"
)

// Config sets the limits of a Server. The zero value of a field means its default.
type Config struct {
	// PingInterval is the time between a pong and the next ping. Default 25 s: below the 30 s
	// after which common proxies and mobile networks forget a silent connection.
	PingInterval time.Duration

	// PingTimeout is how long a pong may take. Default 20 s: a laptop that changes its network
	// needs about 10 s, and an agent should not lose the desk for it.
	PingTimeout time.Duration

	// MaxPayload is the longest WebSocket message and the longest request body in bytes, and what
	// the handshake tells the client to aim for. Default 65,536: the largest honest packet is a
	// session description of under 20 kB.
	MaxPayload int

	// QueueBytes bounds what waits to be sent to one session. Default 262,144: a client that is
	// 256 KiB behind shows a past that no longer helps, and is better closed and re-synced.
	QueueBytes int

	// UpgradeTimeout is how long a probing WebSocket may take to finish. Default 10 s, as in the
	// reference implementation.
	UpgradeTimeout time.Duration

	// CloseGrace is how long the last packets and the close handshake may take before the
	// connection is cut. Default 5 s.
	CloseGrace time.Duration

	// BodyTimeout is how long one polling body may take to arrive or to be taken. Default 10 s: 64 KiB in that time is
	// 52 kbit/s, slower than any line that carries a call.
	BodyTimeout time.Duration

	// MaxSessions bounds the open sessions; more are answered 503. Default 20,000: at the 13 kB an
	// idle session takes that is 260 MB.
	MaxSessions int

	// Origins lists the web origins, besides our own host, whose pages may connect
	// ("https://desk.example.com"); "*" admits every page. Default none.
	Origins []string

	// Logger hears why sessions were closed, at debug level. Default: nobody.
	Logger *slog.Logger
}

func (c Config) withDefaults() Config {
	c.PingInterval = orDefault(c.PingInterval, 25*time.Second)
	c.PingTimeout = orDefault(c.PingTimeout, 20*time.Second)
	c.MaxPayload = orDefault(c.MaxPayload, 64<<10)
	c.QueueBytes = orDefault(c.QueueBytes, 256<<10)
	c.UpgradeTimeout = orDefault(c.UpgradeTimeout, 10*time.Second)
	c.CloseGrace = orDefault(c.CloseGrace, 5*time.Second)
	c.BodyTimeout = orDefault(c.BodyTimeout, 10*time.Second)
	c.MaxSessions = orDefault(c.MaxSessions, 20_000)
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

func orDefault[T comparable](value, fallback T) T {
	var zero T
	if value == zero {
		return fallback
	}
	return value
}
