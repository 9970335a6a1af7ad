package recording

import (
	"softphone/internal/protocol/g711"
)

// PeakMost is how many values a lane of the waveform has: a wide screen has as
// many places for them. PeakTop is the loudest, full scale of mu-law.
const (
	PeakMost = 800
	PeakTop  = 255
)

// peaks takes the sound of a recording as it passes and keeps the loudest sample
// of each of PeakMost stretches, a lane a channel.
type peaks struct {
	lanes [][]int
	total int64 // samples of one channel
	at    int64 // bytes
}

func newPeaks(channels int, samples int64) *peaks {
	p := &peaks{lanes: make([][]int, channels), total: samples}
	for i := range p.lanes {
		p.lanes[i] = make([]int, min(PeakMost, samples))
	}
	return p
}

// Write implements io.Writer.
func (p *peaks) Write(b []byte) (int, error) {
	n := int64(len(p.lanes))
	for i, c := range b {
		pos := p.at + int64(i)
		lane := p.lanes[pos%n]
		k := pos / n * int64(len(lane)) / p.total
		lane[k] = max(lane[k], loud[c])
	}
	p.at += int64(len(b))
	return len(b), nil
}

// loud is the level of each mu-law byte.
var loud = func() (table [256]int) {
	const full = 32124 // of mu-law, linear (ITU-T G.711, table 2a)
	for i := range table {
		v := int(g711.Decode(byte(i)))
		table[i] = (max(v, -v)*PeakTop + full/2) / full
	}
	return table
}()
