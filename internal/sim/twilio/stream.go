package twilio

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"softphone/internal/protocol/mediastream"
	"softphone/internal/protocol/twilioapi"
	"softphone/internal/protocol/twiml"

	"github.com/coder/websocket"
)

const (
	// streamConnect is how long Twilio waits for the upgrade (error 31901; the
	// document gives no figure).
	streamConnect = 10 * time.Second
	// streamStall is how long a write may hang before the socket is given up.
	streamStall = 10 * time.Second
	// streamRead bounds a message. Twilio documents no limit.
	streamRead = 1 << 20
)

// stream is one media stream: the client side of the socket.
type stream struct {
	call *call
	sid  string
	conn *websocket.Conn
	tcp  net.Conn

	mu       sync.Mutex // of everything below, and of writing
	sequence int64
	chunk    int64
	began    time.Time
	buf      []byte
	stalled  bool
	warned   bool
	over     bool
	watch    *time.Timer // gives the socket up when a write hangs
	inBytes  int64
	outBytes int64

	arriving sync.Mutex // of the two below
	decoder  mediastream.CommandDecoder
	held     [][]byte // came while the stream was stalled

	done  chan struct{} // closed when the reader has ended
	cause string        // why; set before done is closed
	loss  loss          // by order; set before done is closed
}

// loss is what Twilio makes of a lost socket: it goes on with the document, ends
// the call, or does not notice.
type loss struct {
	EndsCall  bool
	Unnoticed bool
}

// refusal is why there is no stream, with the code of Twilio's debugger.
type refusal struct {
	code int
	why  string
}

func (r *refusal) Error() string { return fmt.Sprintf("%d: %s", r.code, r.why) }

// streamAddress checks what <Stream url> allows: wss, or ws when the simulator
// is insecure; no query string. A relative address belongs to the document's.
func (c *call) streamAddress(base, address string) (string, error) {
	b, err := url.Parse(base)
	if err != nil {
		b = &url.URL{}
	}
	b.Scheme = strings.Replace(b.Scheme, "http", "ws", 1)
	u, err := b.Parse(strings.TrimSpace(address))
	if err != nil {
		return "", &refusal{twilioapi.CodeStreamScheme, "address does not parse"}
	}
	switch {
	case u.RawQuery != "" || u.ForceQuery:
		return "", &refusal{twilioapi.CodeStreamRefused, "address has a query string, which <Stream> does not carry"}
	case u.Scheme == "wss", u.Scheme == "ws" && c.sim.config.Insecure:
		u.Fragment = ""
		return u.String(), nil
	case u.Scheme == "ws":
		return "", &refusal{twilioapi.CodeStreamTLS, "address is not wss"}
	}
	return "", &refusal{twilioapi.CodeStreamScheme, "scheme " + u.Scheme + " is not wss"}
}

// openStream connects and says connected and start.
func (c *call) openStream(ctx context.Context, base string, verb twiml.Stream) (*stream, error) {
	address, err := c.streamAddress(base, verb.URL)
	if err != nil {
		return nil, err
	}
	s := &stream{call: c, sid: c.sim.ids.next(twilioapi.KindStream), done: make(chan struct{})}
	if err := s.dial(ctx, address); err != nil {
		return nil, err
	}
	s.began = time.Now()
	s.watch = time.AfterFunc(streamStall, func() { s.giveUp("the server stopped reading") })
	s.write(mediastream.AppendConnected)
	s.write(func(dst []byte) []byte {
		return mediastream.AppendStart(dst, s.next(), mediastream.Start{
			AccountSid: c.account.Sid, CallSid: c.sid, StreamSid: s.sid, Tracks: []string{mediastream.TrackInbound},
			Format: mediastream.PhoneFormat, Parameters: parametersOf(verb),
		})
	})
	return s, nil
}

func parametersOf(verb twiml.Stream) map[string]string {
	m := map[string]string{}
	for _, p := range verb.Parameters {
		m[p.Name] = p.Value
	}
	return m
}

// dial upgrades with a signature of the socket's own address ("Media Streams",
// validating requests).
func (s *stream) dial(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, streamConnect)
	defer cancel()
	header := http.Header{
		"User-Agent":              {"Twilio.TmeWs/1.0"},
		twilioapi.SignatureHeader: {twilioapi.Sign(s.call.account.Token, address, nil)},
	}
	conn, answer, err := websocket.Dial(ctx, address, &websocket.DialOptions{
		HTTPClient: s.client(), HTTPHeader: header, CompressionMode: websocket.CompressionDisabled,
	})
	if err != nil {
		return dialError(ctx, answer, err)
	}
	s.conn = conn
	conn.SetReadLimit(streamRead)
	return nil
}

func dialError(ctx context.Context, answer *http.Response, err error) error {
	switch {
	case answer != nil:
		return &refusal{twilioapi.CodeStreamRefused, fmt.Sprintf("the server answered %d instead of 101", answer.StatusCode)}
	case ctx.Err() != nil:
		return &refusal{twilioapi.CodeStreamTimeout, "no connection in time"}
	}
	return &refusal{twilioapi.CodeStreamTimeout, err.Error()}
}

// client makes connections that can be reset, and follows no redirect: an
// upgrade answered by anything but 101 is refused (error 31920).
func (s *stream) client() *http.Client {
	dialer := &net.Dialer{}
	return &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DisableKeepAlives: true, // a refused upgrade leaves nothing behind
			TLSClientConfig:   s.call.sim.tlsConfig(),
			DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				c, err := dialer.DialContext(ctx, network, address)
				s.tcp = c
				return c, err
			},
		},
	}
}

// next counts messages; held with mu.
func (s *stream) next() int64 {
	s.sequence++
	return s.sequence
}

// write sends what build appends. Sending to a socket that is over is nothing.
func (s *stream) write(build func(dst []byte) []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over {
		return
	}
	s.buf = build(s.buf[:0])
	s.sendLocked()
}

// sendLocked writes without the call's context, which would cut the socket in
// the middle of its last message; watch bounds it instead.
func (s *stream) sendLocked() {
	s.watch.Reset(streamStall)
	err := s.conn.Write(context.Background(), websocket.MessageText, s.buf)
	s.watch.Stop()
	if err != nil {
		s.over = true // the reader says why
	}
}

// sendSound sends a frame of the person's sound. Time goes on while a stream is
// stalled by order; its frames are lost.
func (s *stream) sendSound(frame []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.chunk++
	if s.over || s.stalled {
		return
	}
	s.outBytes += int64(len(frame))
	s.buf = mediastream.AppendSound(s.buf[:0], s.next(), s.sid, mediastream.Media{
		Track: mediastream.TrackInbound, Chunk: s.chunk,
		At: time.Duration(s.chunk) * frameTime, Payload: frame,
	})
	s.sendLocked()
}

func (s *stream) sendKey(key byte) {
	s.write(func(dst []byte) []byte { return mediastream.AppendDTMF(dst, s.next(), s.sid, string(key)) })
}

// read takes the server's messages until the socket ends. It is the goroutine
// of the stream and closes done.
func (s *stream) read() {
	defer close(s.done)
	var frame bytes.Buffer
	var broken func()
	for {
		kind, r, err := s.conn.Reader(context.Background())
		if broken != nil && !isCut(err) {
			broken()
		}
		broken = nil
		if err == nil {
			frame.Reset()
			_, err = frame.ReadFrom(r)
		}
		if err != nil {
			s.ended(err)
			return
		}
		if kind != websocket.MessageText {
			s.protest(twilioapi.CodeStreamProtocol, "a binary message", nil)
			s.giveUp("protocol violation")
			continue
		}
		broken = s.arrive(frame.Bytes())
	}
}

// heldMost is the messages that a stalled network keeps: a minute of sound.
const heldMost = 3000

// arrive takes a message, or keeps it while the stream is stalled by order: a
// network that hangs delivers all it was given when it goes on.
func (s *stream) arrive(frame []byte) (broken func()) {
	s.arriving.Lock()
	defer s.arriving.Unlock()
	if !s.isStalled() {
		return s.take(frame)
	}
	if len(s.held) < heldMost {
		s.held = append(s.held, bytes.Clone(frame))
	}
	return nil
}

func (s *stream) deliverHeldLocked() {
	for _, frame := range s.held {
		if broken := s.take(frame); broken != nil {
			broken()
		}
	}
	s.held = nil
}

// isCut says that the connection ended without a closing message. What came last
// may then be a piece of a message, which is nobody's fault.
func isCut(err error) bool {
	var closed websocket.CloseError
	return err != nil && !errors.As(err, &closed)
}

// ended finds out why the socket is over.
func (s *stream) ended(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over = true
	var closed websocket.CloseError
	switch {
	case s.cause != "":
	case errors.As(err, &closed):
		s.cause, s.loss = "closed by the server", loss{} // in order: nothing is lost
		s.call.note(KindAlert, "stream closed", map[string]any{"code": twilioapi.CodeStreamClosed, "close": int(closed.Code), "reason": closed.Reason})
	default:
		s.cause = "broken"
		if f, ok := s.call.sim.faults.take(s.call.account.Sid, s.call.sid, "", FaultSocketLost); ok {
			s.loss = f.loss()
			s.call.note(KindFault, f.Kind, nil)
		}
		s.call.note(KindAlert, "stream broken", map[string]any{"code": twilioapi.CodeStreamBroken, "error": err.Error()})
	}
}

// take does what a message says. What is against the protocol is ignored, with
// one warning a stream (error 31951); the ledger has each. A message that is no
// message is returned as a protest to be made when the next one comes.
func (s *stream) take(frame []byte) (broken func()) {
	c, err := s.decoder.Decode(frame)
	switch {
	case err != nil:
		message := bytes.Clone(frame)
		return func() { s.protest(twilioapi.CodeStreamMalformed, err.Error(), message) }
	case c.StreamSid != s.sid:
		s.protest(twilioapi.CodeStreamMalformed, "streamSid of another stream", frame)
	case c.Event == mediastream.EventMedia:
		s.inBytes += int64(len(c.Payload))
		s.call.line.player.add(c.Payload)
	case c.Event == mediastream.EventMark:
		s.call.line.player.mark(func() { s.echo(c.Mark) })
	case c.Event == mediastream.EventClear:
		dropped := s.call.line.player.clear()
		s.call.note(KindStream, "cleared", map[string]any{"bytes": dropped})
	}
	return nil
}

func (s *stream) echo(name string) {
	s.write(func(dst []byte) []byte { return mediastream.AppendPlayed(dst, s.next(), s.sid, name) })
}

func (s *stream) protest(code int, why string, frame []byte) {
	s.call.note(KindViolation, why, map[string]any{"code": code, "message": string(frame[:min(len(frame), 200)])})
	s.mu.Lock()
	first := !s.warned
	s.warned = true
	s.mu.Unlock()
	if first {
		s.call.note(KindAlert, "stream warning", map[string]any{"code": code})
	}
}

func (s *stream) isStalled() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stalled
}

// hangUp ends the stream in order: stop, then the socket closes.
func (s *stream) hangUp() {
	s.setCause("hung up")
	s.write(func(dst []byte) []byte {
		return mediastream.AppendStop(dst, s.next(), s.sid, mediastream.Stop{AccountSid: s.call.account.Sid, CallSid: s.call.sid})
	})
	_ = s.conn.Close(websocket.StatusNormalClosure, "") // the reader notes how it ended
	<-s.done
}

// giveUp cuts the socket without a word.
func (s *stream) giveUp(why string) {
	s.setCause(why)
	_ = s.conn.CloseNow()
}

// reset cuts the connection so that the other side sees a reset, not an end.
func (s *stream) reset() {
	s.setCause("reset by order")
	if tcp, ok := s.tcp.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = s.tcp.Close()
}

func (s *stream) setCause(why string) {
	if !s.mu.TryLock() { // a write hangs with the lock: that is the cause
		return
	}
	defer s.mu.Unlock()
	if s.cause == "" {
		s.cause = why
	}
}

// story is how a stream that is over went, for the ledger.
func (s *stream) story() (detail map[string]any, lost loss) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return map[string]any{"stream": s.sid, "cause": s.cause, "bytesHeard": s.inBytes, "bytesSaid": s.outBytes}, s.loss
}

func (s *stream) stall(on bool) {
	s.arriving.Lock() // nothing overtakes what is held
	defer s.arriving.Unlock()
	s.mu.Lock()
	s.stalled = on
	s.mu.Unlock()
	if !on {
		s.deliverHeldLocked()
	}
}
