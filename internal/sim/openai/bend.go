package openai

import "math"

// A browser plays what it was given a little faster or slower when two clocks
// differ, and stretches, repeats or leaves out 20 to 40 ms when sound comes late
// or early. So two pictures of one sentence are held against each other piece by
// piece: each piece may lie a little beside where the one before it lay.
const (
	pieceLength = 20 // columns: 0.4 s
	stepMost    = 2  // columns between one piece and the next: 40 ms
	bendMost    = 12 // columns in all: 240 ms, 2 % of 6 s and some hiccups
)

// bent is the likeness of a match when its pieces may be moved.
func bent(p []column, m match) float64 {
	from := max(m.start, 0)
	heard := p[from : from+m.heard]
	at := max(from-m.start, 0) // column of the voice where heard begins
	moves := bestMoves(heard, m.voice.look, at)
	a, b := make([]column, 0, len(heard)), make([]column, 0, len(heard))
	for i := range heard {
		if k := at + i + moves[i/pieceLength]; k >= 0 && k < len(m.voice.look) {
			a, b = append(a, heard[i]), append(b, m.voice.look[k])
		}
	}
	if len(a) < enough {
		return 0
	}
	return likeness(a, b)
}

// bestMoves finds the move of each piece, the whole way being the best there is
// (Viterbi).
func bestMoves(heard, look []column, at int) []int {
	const width = 2*bendMost + 1
	pieces := (len(heard) + pieceLength - 1) / pieceLength
	shape, voice := standard(heard), standard(look)
	cost := make([][width]float64, pieces)
	came := make([][width]int, pieces)
	for n := range pieces {
		piece := shape[n*pieceLength : min((n+1)*pieceLength, len(shape))]
		for d := range width {
			before := 0.0
			if n > 0 {
				came[n][d], before = cheapest(&cost[n-1], d)
			}
			cost[n][d] = before + distance(piece, voice, at+n*pieceLength+d-bendMost)
		}
	}
	return follow(cost, came)
}

func cheapest(cost *[2*bendMost + 1]float64, d int) (from int, least float64) {
	least = math.Inf(1)
	for k := max(d-stepMost, 0); k <= min(d+stepMost, 2*bendMost); k++ {
		if cost[k] < least {
			from, least = k, cost[k]
		}
	}
	return from, least
}

func follow(cost [][2*bendMost + 1]float64, came [][2*bendMost + 1]int) []int {
	moves := make([]int, len(cost))
	d, least := 0, math.Inf(1)
	for k, c := range cost[len(cost)-1] {
		if c < least {
			d, least = k, c
		}
	}
	for n := len(cost) - 1; n >= 0; n-- {
		moves[n] = d - bendMost
		d = came[n][d]
	}
	return moves
}

// distance is how far a piece is from the voice at a column; what lies beside
// the voice is as far as noise.
func distance(piece, voice []column, at int) float64 {
	sum := 0.0
	for i := range piece {
		if k := at + i; k < 0 || k >= len(voice) {
			sum += 2 * bands
			continue
		}
		for b := range bands {
			d := piece[i].band[b] - voice[at+i].band[b]
			sum += d * d
		}
	}
	return sum
}

// standard takes mean and size off each picture, as likeness does.
func standard(p []column) []column {
	out := make([]column, len(p))
	var mean [bands]float64
	for _, c := range p {
		for b, e := range c.band {
			mean[b] += e / float64(len(p))
		}
	}
	power := 0.0
	for i, c := range p {
		for b, e := range c.band {
			out[i].band[b] = e - mean[b]
			power += out[i].band[b] * out[i].band[b]
		}
	}
	size := math.Sqrt(power/float64(len(p)*bands)) + 1e-9
	for i := range out {
		for b := range bands {
			out[i].band[b] /= size
		}
	}
	return out
}
