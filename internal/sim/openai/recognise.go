package openai

import (
	"fmt"
	"math"
	"strings"
)

const (
	// alike is the least correlation of two pictures of the same sentence, pieces
	// of which may be moved (bent). Measured over the eight known voices: a
	// telephone, a browser, loss and noise together leave 0.92; a pace that is off
	// by 2 % leaves 0.94; a browser at its worst, which also breathes, hiccups twice
	// a second and stretches, 0.75. The closest of all other sentences, of the same
	// ones backwards and of thirty that nobody ever said is 0.61.
	alike = 0.70
	// sure is the likeness at which a model that listens begins to write: what it
	// has written is never taken back.
	sure = 0.78
	// maybe is the least correlation at which it is worth looking whether a voice
	// was only played at another pace.
	maybe = 0.2
	// enough is the least overlap, in columns, that means anything: 0.7 s.
	enough = 35
	// slack is what a voice activity detector may cut off at either end.
	slack = 18
)

// match says that columns [from, to) of what was heard are columns [at, ...) of
// a voice. from may be negative when the beginning was cut off.
type match struct {
	voice *voice
	start int // column of the voice's beginning in what was heard, may be < 0
	heard int // columns of it that were heard
	score float64
}

// end is the column after the last one heard.
func (m match) end() int { return max(m.start, 0) + m.heard }

// said returns the words of the columns that were heard, up to limit columns
// into the voice.
func (m match) said(limit float64) []string {
	first := float64(max(-m.start, 0))
	if first <= slack {
		first = 0
	}
	var words []string
	for _, w := range m.voice.words {
		if w.end > first && w.end <= limit {
			words = append(words, w.word)
		}
	}
	return words
}

// text returns the words of a finished match.
func (m match) text() string {
	limit := float64(max(-m.start, 0) + m.heard)
	if int(limit) >= len(m.voice.look)-slack {
		limit = math.Inf(1)
	}
	return strings.Join(m.said(limit), " ")
}

// best finds the known voice that looks most like columns [from, to) of p.
func best(known []voice, p []column, from, to int) (match, bool) {
	var top match
	for i := range known {
		for _, m := range nearest(&known[i], p, from, to) {
			if m.score < maybe {
				continue
			}
			m.score = max(m.score, bent(p, m))
			// A long match says more than a short one of the same likeness.
			if m.score >= alike && m.weight() > top.weight() {
				top = m
			}
		}
	}
	return top, top.voice != nil
}

// nearest finds the places where a voice would fit best if it were played as it
// is, no two of them close together.
func nearest(v *voice, p []column, from, to int) (tops [4]match) {
	for start := from - len(v.look) + enough; start <= to-enough; start += 2 { // pictures change little in 40 ms
		a, b := max(start, from), min(start+len(v.look), to)
		if b-a < enough || b-a < len(v.look)*2/5 && a != from && b != to {
			continue
		}
		m := match{v, start, b - a, likeness(p[a:b], v.look[a-start:b-start])}
		worst := 0
		for i, other := range tops {
			if other.voice != nil && start-other.start < bendMost/2 {
				worst = i // its place, if it is better
				break
			}
			if other.weight() < tops[worst].weight() {
				worst = i
			}
		}
		if m.weight() > tops[worst].weight() {
			tops[worst] = m
		}
	}
	return tops
}

func (m match) weight() float64 { return (m.score - alike/2) * math.Sqrt(float64(m.heard)) }

// likeness is the correlation of two pictures after taking each band's mean
// from both: neither level nor the colour of a line matters then.
func likeness(a, b []column) float64 {
	var ma, mb [bands]float64
	for i := range a {
		for k := range bands {
			ma[k] += a[i].band[k]
			mb[k] += b[i].band[k]
		}
	}
	n := float64(len(a))
	var ab, aa, bb float64
	for i := range a {
		for k := range bands {
			x, y := a[i].band[k]-ma[k]/n, b[i].band[k]-mb[k]/n
			ab, aa, bb = ab+x*y, aa+x*x, bb+y*y
		}
	}
	if aa == 0 || bb == 0 {
		return 0
	}
	return ab / math.Sqrt(aa*bb)
}

// written is what a transcript says of a whole utterance: known sentences as
// their words, other speech as what it is, tones by name, silence and steady
// noise as nothing.
func written(known []voice, p []column) string {
	return strings.Join(writtenPart(known, trimmed(p), p, 0, len(p)), " ")
}

func writtenPart(known []voice, p, raw []column, from, to int) []string {
	if to-from < enough/2 {
		return nil
	}
	if m, ok := best(known, p, from, to); ok {
		parts := writtenPart(known, p, raw, from, max(m.start, from))
		parts = append(parts, m.text())
		if to-m.end() < enough/2+bendMost { // the end of a sentence that was played slowly
			return parts
		}
		return append(parts, writtenPart(known, p, raw, m.end(), to)...)
	}
	if name := unknown(raw[from:to]); name != "" {
		return []string{name}
	}
	return nil
}

// unknown names a sound that is no known voice.
func unknown(p []column) string {
	active := audible(p)
	switch {
	case len(active) < 15: // 0.3 s
		return ""
	case steady(active) && narrow(active):
		return "[tone]"
	case steady(active):
		return ""
	}
	return fmt.Sprintf("[speech, %.1f s]", float64(len(active))/perSec)
}

// audible are the columns between the first and the last that are louder than a
// quiet line.
func audible(p []column) []column {
	from, to := 0, len(p)
	for from < to && p[from].loud < quiet {
		from++
	}
	for to > from && p[to-1].loud < quiet {
		to--
	}
	return p[from:to]
}

// steady reports whether the level hardly moves, as speech never does.
func steady(p []column) bool {
	sum, squares := 0.0, 0.0
	for _, c := range p {
		sum, squares = sum+c.loud, squares+c.loud*c.loud
	}
	n := float64(len(p))
	return squares/n-(sum/n)*(sum/n) < 0.06
}

// narrow reports whether a few bands carry it all.
func narrow(p []column) bool {
	var mean [bands]float64
	peak := 0.0
	for k := range bands {
		for _, c := range p {
			mean[k] += c.band[k] / float64(len(p))
		}
		peak = max(peak, mean[k])
	}
	strong := 0
	for _, e := range mean {
		if e > peak-2.3 {
			strong++
		}
	}
	return strong <= 4
}
