package g711

import "math"

// Quiet is the level of digital silence, and of nothing at all: below every
// level that mu-law can carry otherwise.
const Quiet = -96.0

// reference is the mean square of a sine of 0 dBm0. G.711 clause 4 puts the
// load capacity of mu-law at 3.17 dBm0: a sine whose peak is the virtual
// decision value 8159 of table 2a, which is four times that in 16 bits.
var reference = math.Pow(4*8159, 2) / 2 / math.Pow(10, 0.317)

// Energy returns the mean square of the samples of a frame, 0 for an empty one.
func Energy(frame []byte) float64 {
	if len(frame) == 0 {
		return 0
	}
	var sum uint64
	for _, b := range frame {
		sum += uint64(square[b])
	}
	return float64(sum) / float64(len(frame))
}

// Level returns the loudness of a frame in dBm0, the unit of telephone levels:
// speech is about -20, a keypad tone about -7, line noise below -50.
func Level(frame []byte) float64 {
	energy := Energy(frame)
	if energy == 0 {
		return Quiet
	}
	return max(Quiet, 10*math.Log10(energy/reference))
}
