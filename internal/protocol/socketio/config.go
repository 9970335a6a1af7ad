package socketio

import (
	"log/slog"
	"time"

	"softphone/internal/protocol/socketio/engine"
)

// Config sets the limits of a Server. The zero value of a field means its default.
type Config struct {
	// Engine holds the limits of the transport: packet and queue sizes, heartbeat, origins. Its
	// Logger is set to the one below unless it has its own.
	Engine engine.Config

	// ConnectTimeout is how long a connection may be in no namespace. Default 10 s: the client
	// library asks at once, and until then nobody has shown a token.
	ConnectTimeout time.Duration

	// EventsPerSecond bounds the packets of one connection. Default 50: a person on the phone makes
	// about one a second, a keypad held down 30.
	EventsPerSecond int

	// EventBurst is how many packets may come at once. Default 100, two seconds' worth: a client
	// that was offline sends what it had buffered.
	EventBurst int

	// MaxWaiting bounds the events that wait for a handler, and MaxWaitingBytes their payload.
	// Defaults 256 and 262,144: five seconds at the full rate, by which time a command is stale.
	MaxWaiting      int
	MaxWaitingBytes int

	// MaxAttachments bounds the binary values of one packet. Default 10, as in socket.io-parser
	// 4.2.7. AttachmentTimeout is how long they may take to arrive, default 10 s.
	MaxAttachments    int
	AttachmentTimeout time.Duration

	// MaxDepth bounds the nesting of a payload. Default 32; ours is at most 6 deep.
	MaxDepth int

	// Logger hears of panics and refused connections. Default: nobody.
	Logger *slog.Logger
}

func (c Config) withDefaults() Config {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	c.Engine.Logger = orDefault(c.Engine.Logger, c.Logger)
	c.ConnectTimeout = orDefault(c.ConnectTimeout, 10*time.Second)
	c.EventsPerSecond = orDefault(c.EventsPerSecond, 50)
	c.EventBurst = orDefault(c.EventBurst, 100)
	c.MaxWaiting = orDefault(c.MaxWaiting, 256)
	c.MaxWaitingBytes = orDefault(c.MaxWaitingBytes, 256<<10)
	c.MaxAttachments = orDefault(c.MaxAttachments, 10)
	c.AttachmentTimeout = orDefault(c.AttachmentTimeout, 10*time.Second)
	c.MaxDepth = orDefault(c.MaxDepth, 32)
	return c
}

func orDefault[T comparable](value, fallback T) T {
	var zero T
	if value == zero {
		return fallback
	}
	return value
}
