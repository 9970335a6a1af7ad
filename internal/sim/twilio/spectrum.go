package twilio

import (
	"math"
	"math/cmplx"
	"slices"
)

// fft transforms in place; the length is a power of two. The inverse is not
// scaled.
func fft(x []complex128, inverse bool) {
	n := len(x)
	for i, j := 1, 0; i < n; i++ {
		bit := n >> 1
		for ; j&bit != 0; bit >>= 1 {
			j ^= bit
		}
		if j ^= bit; i < j {
			x[i], x[j] = x[j], x[i]
		}
	}
	sign := -2 * math.Pi
	if inverse {
		sign = -sign
	}
	for size := 2; size <= n; size *= 2 {
		step := cmplx.Rect(1, sign/float64(size))
		for start := 0; start < n; start += size {
			w := complex(1, 0)
			for k := start; k < start+size/2; k++ {
				a, b := x[k], x[k+size/2]*w
				x[k], x[k+size/2] = a+b, a-b
				w *= step
			}
		}
	}
}

// partials returns the frequencies of a piece of sound if it is made of a few
// steady tones, nil when it is not.
func partials(sound []float64, rate float64) []float64 {
	const most, reach, share = 4, 4, 0.9
	n := 1
	for n < 2*len(sound) {
		n *= 2
	}
	x := make([]complex128, n)
	for i, v := range sound { // Hann, so that a tone stays within a few lines
		x[i] = complex(v*(0.5-0.5*math.Cos(2*math.Pi*float64(i)/float64(len(sound)))), 0)
	}
	fft(x, false)
	power := make([]float64, n/2)
	total := 0.0
	for i := range power {
		power[i] = real(x[i])*real(x[i]) + imag(x[i])*imag(x[i])
		total += power[i]
	}
	var found []float64
	explained := 0.0
	for range most {
		at := peak(power)
		energy := 0.0
		for i := max(0, at-reach); i <= min(len(power)-1, at+reach); i++ {
			energy += power[i]
			power[i] = 0
		}
		if energy < total/100 {
			break
		}
		explained += energy
		found = append(found, float64(at)*rate/float64(n))
	}
	if total == 0 || explained < share*total {
		return nil
	}
	slices.Sort(found)
	return found
}

func peak(power []float64) int {
	at := 0
	for i, p := range power {
		if p > power[at] {
			at = i
		}
	}
	return at
}

// shape is a known sound, ready to be looked for in others.
type shape struct {
	name    string
	samples []float64
	energy  []float64      // of the samples before each
	blocks  [][]complex128 // spectra of overlapping pieces
}

const (
	shapeWindow = 800  // samples that are compared: 0.2 s
	shapeBlock  = 4096 // of a transform
	shapeHop    = shapeBlock - shapeWindow
	shapeLike   = 0.5 // correlation that counts as the same sound
	shapeAlone  = 0.9 // correlation that leaves no room for another one
)

func newShape(name string, samples []float64) *shape {
	s := &shape{name: name, samples: samples, energy: make([]float64, len(samples)+1)}
	for i, v := range samples {
		s.energy[i+1] = s.energy[i] + v*v
	}
	for at := 0; at+shapeWindow <= len(samples); at += shapeHop {
		block := make([]complex128, shapeBlock)
		for i := range min(shapeBlock, len(samples)-at) {
			block[i] = complex(samples[at+i], 0)
		}
		fft(block, false)
		s.blocks = append(s.blocks, block)
	}
	return s
}

// at returns how much a window is like the shape at a place: 1 is the same.
func (s *shape) at(place int, window []float64, energy float64) float64 {
	if place < 0 || place+len(window) > len(s.samples) {
		return 0
	}
	dot := 0.0
	for i, v := range window {
		dot += v * s.samples[place+i]
	}
	return s.normal(place, dot, energy)
}

func (s *shape) normal(place int, dot, energy float64) float64 {
	own := s.energy[place+shapeWindow] - s.energy[place]
	if own <= 0 || energy <= 0 {
		return 0
	}
	return dot / math.Sqrt(own*energy)
}

// find looks for a window everywhere in the shape. spectrum is that of the
// window.
func (s *shape) find(spectrum []complex128, energy float64) (place int, like float64) {
	work := make([]complex128, shapeBlock)
	for b, block := range s.blocks {
		for i := range work {
			work[i] = block[i] * cmplx.Conj(spectrum[i])
		}
		fft(work, true)
		for i := range shapeHop {
			at := b*shapeHop + i
			if at+shapeWindow > len(s.samples) {
				break
			}
			if l := s.normal(at, real(work[i])/shapeBlock, energy); l > like {
				place, like = at, l
			}
		}
	}
	return place, like
}
