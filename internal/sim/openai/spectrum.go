package openai

import (
	"math"
	"math/cmplx"
	"slices"
)

// The picture of a sound: one column every 20 ms over a window of 32 ms, each
// column the logarithmic energy of bands between 250 and 3400 Hz, which is what
// a telephone leaves of a voice.
const (
	rate    = 8000
	hop     = 160
	window  = 256
	bands   = 12
	perSec  = rate / hop
	lowHz   = 250.0
	highHz  = 3400.0
	fadeout = 3.0 // nepers: 26 dB below loud speech, where noise begins
	quiet   = 3.2 // nepers: about -46 dBm0, an ordinary line
)

// column is the log energy of each band; loud is that of all of them.
type column struct {
	band [bands]float64
	loud float64
}

// edges are the bins between bands, evenly spaced on the mel scale.
var edges = func() (e [bands + 1]int) {
	mel := func(hz float64) float64 { return 2595 * math.Log10(1+hz/700) }
	for i := range e {
		m := mel(lowHz) + (mel(highHz)-mel(lowHz))*float64(i)/bands
		e[i] = int(math.Round(700 * (math.Pow(10, m/2595) - 1) * window / rate))
	}
	return e
}()

// hann keeps a strong band from leaking into its neighbours.
var hann = func() (w [window]float64) {
	for i := range w {
		w[i] = 0.5 - 0.5*math.Cos(2*math.Pi*float64(i)/(window-1))
	}
	return w
}()

// picture appends the columns of sound that are not in p yet.
func picture(p []column, sound []int16) []column {
	for at := len(p) * hop; at+window <= len(sound); at += hop {
		p = append(p, columnOf(sound[at:at+window]))
	}
	return p
}

func columnOf(sound []int16) column {
	var bins [window]complex128
	for i, s := range sound {
		bins[i] = complex(float64(s)*hann[i], 0)
	}
	fft(bins[:])
	var c column
	total := 0.0
	for b := range bands {
		energy := 0.0
		for k := edges[b]; k < edges[b+1]; k++ {
			energy += real(bins[k] * cmplx.Conj(bins[k]))
		}
		total += energy
		c.band[b] = math.Log(energy/float64(edges[b+1]-edges[b])+1) / 2
	}
	c.loud = math.Log(total/window/window*4+1) / 2
	return c
}

// fft is the radix-2 transform in place.
func fft(x []complex128) {
	n := len(x)
	for i, j := 1, 0; i < n; i++ {
		bit := n >> 1
		for ; j&bit != 0; bit >>= 1 {
			j ^= bit
		}
		j ^= bit
		if i < j {
			x[i], x[j] = x[j], x[i]
		}
	}
	for size := 2; size <= n; size <<= 1 {
		step := cmplx.Rect(1, -2*math.Pi/float64(size))
		for i := 0; i < n; i += size {
			butterflies(x[i:i+size], step)
		}
	}
}

func butterflies(x []complex128, step complex128) {
	half, w := len(x)/2, complex(1, 0)
	for k := range half {
		a, b := x[k], x[k+half]*w
		x[k], x[k+half] = a+b, a-b
		w *= step
	}
}

// loudness is the level of the strongest band that one column in eight of those
// with sound passes: keys and doors are louder than speech, and shorter.
func loudness(p []column) float64 {
	var peaks []float64
	for _, c := range p {
		if c.loud > quiet {
			peaks = append(peaks, slices.Max(c.band[:]))
		}
	}
	if len(peaks) == 0 {
		return 0
	}
	slices.Sort(peaks)
	return peaks[len(peaks)-1-len(peaks)/8]
}

// trimmed lifts everything below the noise floor to it, so that silence and
// noise look alike.
func trimmed(p []column) []column {
	peak := loudness(p)
	out := make([]column, len(p))
	for i, c := range p {
		out[i].loud = c.loud
		for b, e := range c.band {
			out[i].band[b] = max(e, peak-fadeout)
		}
	}
	return out
}
