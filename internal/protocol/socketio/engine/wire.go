package engine

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/coder/websocket"
)

// wireBuffer is the size of the read and of the write buffer of a WebSocket. The 4,096 bytes each
// of net/http would be two thirds of what an idle session may take, and a signalling event is
// about 270 bytes.
const wireBuffer = 1024

// corkLimit is how many bytes are gathered into one system call.
const corkLimit = 16 << 10

// wire is the WebSocket of a session. It lies between the websocket package and the network to
// gather frames that are written one after the other into one system call, and to be able to cut
// a connection whose close handshake is under way.
type wire struct {
	net.Conn
	socket *websocket.Conn
	early  []byte // read with the request, before we had the connection

	mu     sync.Mutex
	corked bool
	held   []byte
}

// acceptWire upgrades a request. The origin has been checked; compression would cost 60 kB a session.
func acceptWire(w http.ResponseWriter, r *http.Request, limit int) (*wire, error) {
	hands := &hijacker{ResponseWriter: w}
	socket, err := websocket.Accept(hands, r, &websocket.AcceptOptions{InsecureSkipVerify: true})
	if err != nil {
		return nil, err
	}
	hands.wire.socket = socket
	socket.SetReadLimit(int64(limit))
	return hands.wire, nil
}

// hijacker hands the connection of a request over with our wire around it and small buffers.
type hijacker struct {
	http.ResponseWriter
	wire *wire
}

// Hijack implements http.Hijacker.
func (h *hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffers, err := http.NewResponseController(h.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	early, _ := buffers.Reader.Peek(buffers.Reader.Buffered()) // cannot fail: it is there
	h.wire = &wire{Conn: conn, early: bytes.Clone(early)}
	return h.wire, bufio.NewReadWriter(bufio.NewReaderSize(h.wire, wireBuffer), bufio.NewWriterSize(h.wire, wireBuffer)), nil
}

// Read implements net.Conn. What came with the request comes first.
func (w *wire) Read(p []byte) (int, error) {
	if len(w.early) == 0 {
		return w.Conn.Read(p)
	}
	n := copy(p, w.early)
	w.early = w.early[n:]
	return n, nil
}

// Write implements net.Conn.
func (w *wire) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.corked {
		return w.Conn.Write(p)
	}
	w.held = append(w.held, p...)
	if len(w.held) < corkLimit {
		return len(p), nil
	}
	return len(p), w.flushLocked()
}

func (w *wire) cork() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.corked = true
}

func (w *wire) uncork() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.corked = false
	err := w.flushLocked()
	w.held = nil
	return err
}

func (w *wire) flushLocked() error {
	if len(w.held) == 0 {
		return nil
	}
	_, err := w.Conn.Write(w.held)
	w.held = w.held[:0]
	return err
}

// send writes frames, each in a WebSocket message of its own ("WebSocket", "Packet encoding").
// There is no deadline: a reader that stops is found by the bound of the queue or by the heartbeat.
func (w *wire) send(frames []Frame) error {
	if len(frames) == 1 {
		return w.sendOne(frames[0])
	}
	w.cork()
	for _, frame := range frames {
		if err := w.sendOne(frame); err != nil {
			return err
		}
	}
	return w.uncork()
}

func (w *wire) sendOne(frame Frame) error {
	kind := websocket.MessageText
	if frame.Binary {
		kind = websocket.MessageBinary
	}
	return w.socket.Write(context.Background(), kind, frame.Data)
}

// receive reads the next packet.
func (w *wire) receive(ctx context.Context) (Packet, error) {
	kind, data, err := w.socket.Read(ctx)
	if err != nil {
		return Packet{}, fmt.Errorf("%w: %w", errTransport, err)
	}
	if kind == websocket.MessageBinary {
		return ParseBinary(data), nil
	}
	return ParseText(data)
}

// goodbye does the close handshake, in at most grace.
func (w *wire) goodbye(code Code, reason string, grace time.Duration) {
	const longest = 123 // RFC 6455, section 5.5: a control frame carries 125 bytes, two are the code
	late := time.AfterFunc(grace, w.cut)
	defer late.Stop()
	// It fails when the client is gone, which is what we want.
	_ = w.socket.Close(code, reason[:min(len(reason), longest)])
}

// cut closes the connection under whatever goes on.
func (w *wire) cut() { _ = w.Conn.Close() }
