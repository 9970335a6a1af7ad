package socketio

import (
	"errors"
	"sync/atomic"
)

// ErrAcknowledged is returned for a second answer to one event.
var ErrAcknowledged = errors.New("event is already acknowledged")

// Event is what a client sent. It may be kept and answered later, from any goroutine.
type Event struct {
	Name string
	Arguments

	socket   *Socket
	id       uint64
	asked    bool
	answered atomic.Bool
}

// Socket returns the socket the event came on.
func (e *Event) Socket() *Socket { return e.socket }

// WantsAck tells whether the client waits for an answer.
func (e *Event) WantsAck() bool { return e.asked }

// Ack answers the event ("Acknowledgement"). It does nothing when no answer was asked for.
func (e *Event) Ack(args ...any) error {
	if !e.asked {
		return nil
	}
	if e.answered.Swap(true) {
		return ErrAcknowledged
	}
	packet, err := AckOf(e.socket.namespace.name, e.id, args...)
	if err != nil {
		return err
	}
	return e.socket.Send(prepare(packet))
}
