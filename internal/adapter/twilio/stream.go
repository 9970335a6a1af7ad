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
	startTime = 5 * time.Second // for the start message: a stranger does not sit in the hall
	writeTime = 2 * time.Second
	// quietTime is when a socket without a message is given up. Twilio sends a
	// frame every 20 ms whether somebody speaks or not; a connection that died on
	// the way says nothing for minutes.
	quietTime   = 10 * time.Second
	messageMost = 64 << 10
)

// Stream is the sound of one leg: a media.Port over Twilio's media stream.
type Stream struct {
	// Heard is called with each key the customer presses; it must not wait. Set
	// it before Connect of the Line returns.
	Heard func(digit string)
	// Call is the call that the leg is in, for the log. Set it before Connect of
	// the Line returns.
	Call call.ID

	sid     string
	in      media.Switch
	cutter  *media.Cutter
	out     *outlet
	heard   heard
	gauge   media.Gauge
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
		err = d.admit(r, v, start)
	}
	if err != nil {
		d.Log.Warn("media stream refused", "tenant", start.Parameters["tenant"], "leg", start.Parameters["leg"], "err", err)
		_ = conn.Close(websocket.StatusPolicyViolation, "") // it may be gone already
		return
	}
	log := d.Log.With("tenant", start.Parameters["tenant"], "call", v.stream.Call, "leg", start.Parameters["leg"], "stream", v.stream.sid)
	log.Info("media stream began")
	v.live(r.Context())
	c := v.stream.Sound()
	log.Info("media stream ended", "lost", v.stream.Lost(), "frames", c.Sent,
		"quiet", c.Quiet, "spoken", c.Spoken, "cleared", c.Cleared) // dropped, by reason
	if d.Dropped != nil {
		d.Dropped(c)
	}
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

func (d *Doors) admit(r *http.Request, v *visit, s mediastream.Start) error {
	if s.Format != mediastream.PhoneFormat {
		return fmt.Errorf("sound is %v", s.Format)
	}
	line, err := d.Desk.Line(r.Context(), s.Parameters["tenant"], s.AccountSid)
	if err != nil {
		return err
	}
	if err := d.upgraded(r, line); err != nil {
		return err
	}
	v.stream = newStream(s.StreamSid)
	return line.Connect(r.Context(), call.LegID(s.Parameters["leg"]), s.Parameters["token"], s.CallSid, v.stream)
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

// live carries the sound both ways until the stream ends. A context that can
// end costs allocations at every read and write of the socket, so it closes the
// socket instead.
func (v *visit) live(ctx context.Context) {
	stop := context.AfterFunc(ctx, func() { _ = v.conn.CloseNow() })
	defer stop()
	var writing sync.WaitGroup
	over := make(chan struct{})
	writing.Go(func() { v.speak(over) })
	quiet := time.AfterFunc(quietTime, func() { _ = v.conn.CloseNow() })
	for v.listen() {
		quiet.Reset(quietTime)
	}
	quiet.Stop()
	v.stream.close()
	close(over)
	_ = v.conn.CloseNow() // a write may hang
	writing.Wait()
}

// listen takes one message; false at the end of the stream.
func (v *visit) listen() bool {
	m, err := v.next(context.Background())
	if err != nil || m.StreamSid != "" && m.StreamSid != v.stream.sid {
		return false
	}
	switch m.Event {
	case mediastream.EventConnected, mediastream.EventStart: // a socket has one stream
		return false
	case mediastream.EventMedia:
		v.stream.heard.took(time.Now(), m.Media)
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
func (v *visit) speak(over <-chan struct{}) {
	var buf [media.FrameBytes]byte
	room := time.NewTimer(time.Hour)
	defer room.Stop()
	w := writer{conn: v.conn, sid: v.stream.sid, late: time.AfterFunc(time.Hour, func() { _ = v.conn.CloseNow() })}
	defer w.late.Stop()
	for {
		do := v.stream.out.next(time.Now(), buf[:])
		if w.obey(do, buf[:do.frame]) != nil {
			_ = v.conn.CloseNow() // the reader reports the loss
			return
		}
		if do.frame > 0 {
			continue
		}
		var roomy <-chan time.Time // nil: nothing waits, put wakes
		if do.pause > 0 {
			room.Reset(do.pause)
			roomy = room.C
		}
		select {
		case <-v.stream.out.wake:
		case <-roomy:
		case <-over:
			return
		}
	}
}

// writer writes messages into one buffer.
type writer struct {
	conn    *websocket.Conn
	sid     string
	message []byte
	late    *time.Timer // closes the socket
}

func (w *writer) obey(do order, sound []byte) error {
	var err error
	if do.clear {
		w.message = mediastream.AppendClear(w.message[:0], w.sid)
		err = w.write()
	}
	if do.frame > 0 && err == nil {
		w.message = mediastream.AppendMedia(w.message[:0], w.sid, sound)
		err = w.write()
	}
	if do.mark != "" && err == nil {
		w.message = mediastream.AppendMark(w.message[:0], w.sid, do.mark)
		err = w.write()
	}
	return err
}

func (w *writer) write() error {
	w.late.Reset(writeTime)
	defer w.late.Stop()
	return w.conn.Write(context.Background(), websocket.MessageText, w.message)
}
