package recording

import "softphone/internal/protocol/g711"

const (
	frameBytes = 160
	// windowMost bounds how far ahead of the last cut sound is placed.
	windowMost = slot(3000) // 60 s
)

// window is the stretch of sound that is not sealed yet. Two legs that speak on
// the same side at once are mixed.
type window struct {
	from  slot
	sides [2]track
}

type track struct {
	sound []byte
	by    []int16 // which ear filled each frame; 0 is nobody
}

// place puts a frame at its time; false when that is sealed already, or absurd.
func (w *window) place(side int, ear int16, at slot, data []byte) bool {
	i := int(at - w.from)
	if i < 0 || at-w.from >= windowMost {
		return false
	}
	t := &w.sides[side]
	t.grow(i + 1)
	into := t.sound[i*frameBytes : (i+1)*frameBytes]
	if t.by[i] == 0 || t.by[i] == ear {
		copy(into, data)
	} else {
		mix(into, data)
	}
	t.by[i] = ear
	return true
}

func (t *track) grow(frames int) {
	for len(t.by) < frames {
		t.by = append(t.by, 0)
		for range frameBytes {
			t.sound = append(t.sound, silence)
		}
	}
}

// silence is mu-law zero (ITU-T G.711).
const silence = 0xFF

func mix(into, more []byte) {
	for i := range into {
		sum := int(g711.Decode(into[i])) + int(g711.Decode(more[i]))
		into[i] = g711.Encode(int16(max(-32768, min(sum, 32767))))
	}
}

// cut takes the stretch up to a slot out of the window, both sides interleaved;
// nil when nobody spoke in it.
func (w *window) cut(to slot) []byte {
	n := int(to - w.from)
	var out []byte
	if w.sides[0].heard(n) || w.sides[1].heard(n) {
		left, right := w.sides[0].first(n), w.sides[1].first(n)
		out = make([]byte, 2*n*frameBytes)
		for i := range left {
			out[2*i], out[2*i+1] = left[i], right[i]
		}
	}
	w.sides[0].drop(n)
	w.sides[1].drop(n)
	w.from = to
	return out
}

func (t *track) heard(frames int) bool {
	for _, by := range t.by[:min(frames, len(t.by))] {
		if by != 0 {
			return true
		}
	}
	return false
}

func (t *track) first(frames int) []byte {
	t.grow(frames)
	return t.sound[:frames*frameBytes]
}

func (t *track) drop(frames int) {
	k := min(frames, len(t.by))
	t.by = append(t.by[:0], t.by[k:]...)
	t.sound = append(t.sound[:0], t.sound[k*frameBytes:]...)
}
