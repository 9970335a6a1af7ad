package media

// limiter turns a sum down while it is too loud for mu-law, as a hand on a knob
// would: the wave keeps its form, so that two who shout do not crack. It knows a
// frame in advance, which is long enough to be down in time. The zero limiter is
// all the way up.
type limiter struct {
	down int32 // from unity
}

const (
	unity = 1 << 15
	// knee is the peak that is aimed at; ceiling the largest value of mu-law
	// (ITU-T G.711, table 2a), which is never exceeded.
	knee    = 28000
	ceiling = 32124
	// attack is the samples it takes to turn down: 2 ms, slow enough not to click.
	attack = 16
	// release is the part of the way up that a frame makes: 90 % in a third of a
	// second, slow enough not to pump between syllables. The rest is too little to
	// hear.
	release, rest = 8, unity / 500
)

// limit changes sum so that it fits.
func (l *limiter) limit(sum *[FrameBytes]int32) {
	var top int32
	for _, v := range sum {
		top = max(top, v, -v)
	}
	if top <= knee && l.down == 0 {
		return
	}
	want := max(0, l.down-l.down/release-rest)
	if top > knee {
		want = max(want, unity-int32(int64(knee)*unity/int64(top)))
	}
	for i := range sum {
		down := want
		if i < attack {
			down = l.down + (want-l.down)*int32(i+1)/attack
		}
		sum[i] = bend(int32(int64(sum[i]) * int64(unity-down) >> 15))
	}
	l.down = want
}

// bend keeps what is above the knee, in the moment of turning down, below the
// ceiling without an edge.
func bend(v int32) int32 {
	const space = ceiling - knee
	switch {
	case v > knee:
		return knee + int32(int64(v-knee)*space/(int64(v-knee)+space))
	case v < -knee:
		return -bend(-v)
	}
	return v
}
