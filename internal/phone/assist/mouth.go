package assist

import (
	"context"
	"errors"
	"strconv"
	"time"

	"softphone/internal/phone/media"
)

// chunk is how much sound goes into one append: 100 ms.
const chunk = 5 * media.FrameBytes

// mouth cuts one leg's sound into utterances and queues them. One goroutine.
type mouth struct {
	name   string // what ids of its lines begin with
	queue  *soundQueue
	missed func(piece) // an utterance was dropped whole
	now    *span
	buf    []byte
	count  int
}

// run reads the tap until its end.
func (m *mouth) run(ctx context.Context, tap Tap) {
	defer m.queue.finish()
	vad := NewVAD(m)
	for {
		frame, err := next(ctx, tap, vad.Open())
		switch {
		case err == nil:
			vad.Push(frame)
		case errors.Is(err, errQuiet):
			vad.Flush()
		default:
			vad.Flush()
			return
		}
	}
}

// errQuiet says that no sound has come for as long as ends an utterance.
var errQuiet = errors.New("no sound comes")

// next reads a frame. While somebody speaks, sound that does not come (the agent
// is muted, a device is lost) is silence, and words are not held back by it.
func next(ctx context.Context, tap Tap, speaking bool) (media.Frame, error) {
	if !speaking {
		return tap.Read(ctx)
	}
	soon, cancel := context.WithTimeout(ctx, endSilence*media.FrameTime)
	defer cancel()
	frame, err := tap.Read(soon)
	if err != nil && ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
		err = errQuiet
	}
	return frame, err
}

// Begin implements Spoken.
func (m *mouth) Begin(start time.Duration) {
	m.count++
	m.now = &span{id: m.name + "-" + strconv.Itoa(m.count), start: start}
}

// Sound implements Spoken.
func (m *mouth) Sound(pcmu []byte) {
	m.buf = append(m.buf, pcmu...)
	if len(m.buf) >= chunk {
		m.push(piece{of: m.now})
	}
}

// End implements Spoken.
func (m *mouth) End(end time.Duration) {
	m.push(piece{of: m.now, last: true, end: end})
}

func (m *mouth) push(p piece) {
	p.sound, m.buf = m.buf, nil
	for _, lost := range m.queue.push(p) {
		m.missed(lost)
	}
}
