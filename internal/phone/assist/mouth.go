package assist

import (
	"context"
	"strconv"
	"time"

	"softphone/internal/phone/media"
)

// chunk is how much sound goes into one append: 100 ms.
const chunk = 5 * media.FrameBytes

// mouth cuts one leg's sound into utterances and queues them. One goroutine.
type mouth struct {
	speaker Speaker
	queue   *soundQueue
	missed  func(piece) // an utterance was dropped whole
	now     *span
	buf     []byte
	count   int
}

// run reads the tap until its end.
func (m *mouth) run(ctx context.Context, tap Tap) {
	defer m.queue.finish()
	vad := NewVAD(m)
	for {
		frame, err := tap.Read(ctx)
		if err != nil {
			vad.Flush()
			return
		}
		vad.Push(frame)
	}
}

// Begin implements Spoken.
func (m *mouth) Begin(start time.Duration) {
	m.count++
	m.now = &span{id: string(m.speaker) + "-" + strconv.Itoa(m.count), start: start}
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
