package twilio

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"

	"softphone/internal/phone/call"
	"softphone/internal/phone/media"
	"softphone/internal/protocol/mediastream"
)

const (
	startTime   = 5 * time.Second // for the start message: a stranger does not sit in the hall
	writeTime   = 2 * time.Second
	messageMost = 64 << 10
)

// Stream is the sound of one leg: a media.Port over Twilio's media stream.
type Stream struct {
	// Heard is called with each key the customer presses; it must not wait. Set
	// it before Connect of the Line returns.
	Heard func(digit string)

	sid     string
	in      media.Switch
	cutter  *media.Cutter
	out     *outlet
	done    chan struct{}
	once    sync.Once
	stopped atomic.Bool
}

func newStream(sid string) *Stream {
	s := &Stream{sid: sid, out: newOutlet(), done: make(chan struct{})}
	s.cutter = media.NewCutter(&s.in)
	return s
}

// WriteFrame implements media.Writer.
func (s *Stream) WriteFrame(f media.Frame) { s.out.put(time.Now(), f.Data) }

// Connect implements media.Port.
func (s *Stream) Connect(w media.Writer) { s.in.Connect(w) }

// Done implements media.Port.
func (s *Stream) Done() <-chan struct{} { return s.done }

// Lost says, after Done, that the sound broke off without Twilio's stop.
func (s *Stream) Lost() bool { return !s.stopped.Load() }

// Sound counts what happened to the sound towards the customer.
func (s *Stream) Sound() Sound { return s.out.sound(time.Now()) }

func (s *Stream) String() string { return "twilio stream " + s.sid }

func (s *Stream) close() { s.once.Do(func() { close(s.done) }) }

// media is the door of sound. Before a valid start message nothing is done for
// the visitor; the token in it is what admits, for not every version of the
// upgrade request is signed.
func (d *Doors) media(w http.ResponseWriter, r *http.Request) {
	conn, err := websocket.Accept(w, r, nil)
	if err != nil {
		return // Accept has answered
	}
	defer func() { _ = conn.CloseNow() }()
	conn.SetReadLimit(messageMost)
	v := &visit{conn: conn}
	start, err := v.start(r.Context())
	if err == nil {
		err = d.admit(r.Context(), v, start)
	}
	if err != nil {
		d.Log.Warn("media stream refused", "err", err)
		_ = conn.Close(websocket.StatusPolicyViolation, "") // it may be gone already
		return
	}
	v.live(r.Context())
}

// visit is a socket of sound.
type visit struct {
	conn    *websocket.Conn
	decoder mediastream.Decoder
	buf     []byte
	stream  *Stream
}

func (v *visit) start(ctx context.Context) (mediastream.Start, error) {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	for range 2 { // connected, then start
		m, err := v.next(ctx)
		if err != nil {
			return mediastream.Start{}, err
		}
		if m.Event == mediastream.EventStart {
			return *m.Start, nil
		}
		if m.Event != mediastream.EventConnected {
			return mediastream.Start{}, fmt.Errorf("%s before start", m.Event)
		}
	}
	return mediastream.Start{}, fmt.Errorf("no start message")
}

func (d *Doors) admit(ctx context.Context, v *visit, s mediastream.Start) error {
	if s.Format != mediastream.PhoneFormat {
		return fmt.Errorf("sound is %v", s.Format)
	}
	line, err := d.Desk.Line(ctx, s.Parameters["tenant"], s.AccountSid)
	if err != nil {
		return err
	}
	v.stream = newStream(s.StreamSid)
	return line.Connect(ctx, call.LegID(s.Parameters["leg"]), s.Parameters["token"], s.CallSid, v.stream)
}

// next reads a message into a buffer that is used again.
func (v *visit) next(ctx context.Context) (mediastream.Message, error) {
	_, r, err := v.conn.Reader(ctx)
	if err != nil {
		return mediastream.Message{}, err
	}
	if v.buf, err = readInto(v.buf[:0], r); err != nil {
		return mediastream.Message{}, err
	}
	return v.decoder.Decode(v.buf)
}

// live carries the sound both ways until the stream ends.
func (v *visit) live(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	var writing sync.WaitGroup
	writing.Go(func() { v.speak(ctx) })
	for v.listen(ctx) {
	}
	v.stream.close()
	cancel()
	writing.Wait()
}

// listen takes one message; false at the end of the stream.
func (v *visit) listen(ctx context.Context) bool {
	m, err := v.next(ctx)
	if err != nil {
		return false
	}
	switch m.Event {
	case mediastream.EventMedia:
		v.stream.cutter.Write(m.Media.Payload)
	case mediastream.EventDTMF:
		if v.stream.Heard != nil {
			v.stream.Heard(m.Digit)
		}
	case mediastream.EventMark:
		v.stream.out.echo(time.Now(), m.Mark)
	case mediastream.EventStop:
		v.stream.stopped.Store(true)
		return false
	}
	return true
}

// speak sends what waits. A socket that takes nothing for two seconds is closed,
// which ends listen as well.
func (v *visit) speak(ctx context.Context) {
	var buf [media.FrameBytes]byte
	message := make([]byte, 0, 512)
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		do := v.stream.out.next(time.Now(), buf[:])
		var err error
		if message, err = v.obey(ctx, do, buf[:do.frame], message); err != nil {
			_ = v.conn.CloseNow() // the reader reports the loss
			return
		}
		if do.frame > 0 {
			continue
		}
		var room <-chan time.Time // nil: nothing waits, put wakes
		if do.pause > 0 {
			timer.Reset(do.pause)
			room = timer.C
		}
		select {
		case <-v.stream.out.wake:
		case <-room:
		case <-ctx.Done():
			return
		}
	}
}

// obey sends what an order says and returns the buffer for the next one.
func (v *visit) obey(ctx context.Context, do order, sound, message []byte) ([]byte, error) {
	sid := v.stream.sid
	if do.clear {
		message = mediastream.AppendClear(message[:0], sid)
		if err := v.write(ctx, message); err != nil {
			return message, err
		}
	}
	if do.frame > 0 {
		message = mediastream.AppendMedia(message[:0], sid, sound)
		if err := v.write(ctx, message); err != nil {
			return message, err
		}
	}
	if do.mark != "" {
		message = mediastream.AppendMark(message[:0], sid, do.mark)
		return message, v.write(ctx, message)
	}
	return message, nil
}

func (v *visit) write(ctx context.Context, message []byte) error {
	ctx, cancel := context.WithTimeout(ctx, writeTime)
	defer cancel()
	return v.conn.Write(ctx, websocket.MessageText, message)
}
