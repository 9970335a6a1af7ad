package assist

import (
	"slices"
	"strings"
)

// line is an utterance on its way to becoming a Line.
type line struct {
	Line
	ended bool
	kept  string // words of a session that was lost
}

// paper holds a leg's unfinished lines. A transcriber writes while it hears and
// names an item only later, so words of an unknown item belong to the oldest
// utterance that has no item yet; items are taken in the order of the commits.
type paper struct {
	waiting []*line // not yet taken, in order of speech
	items   map[string]*line
}

// begin opens the line of an utterance.
func (p *paper) begin(of *span, speaker Speaker) *line {
	at := &line{Line: Line{ID: of.id, Speaker: speaker, Start: of.start, End: of.start}}
	p.waiting = append(p.waiting, at)
	return at
}

// settled reports whether nothing is owed.
func (p *paper) settled() bool { return len(p.waiting) == 0 && len(p.items) == 0 }

// owes reports whether a finished utterance waits for its words.
func (p *paper) owes() bool {
	for _, at := range p.items {
		if at.ended {
			return true
		}
	}
	return slices.ContainsFunc(p.waiting, func(at *line) bool { return at.ended })
}

// partial adds words.
func (p *paper) partial(h Heard) (Line, bool) {
	at := p.of(h.Item)
	if at == nil || h.Text == "" {
		return Line{}, false
	}
	at.Text += h.Text
	at.Revision++
	return at.Line, true
}

func (p *paper) of(item string) *line {
	if at := p.items[item]; at != nil {
		return at
	}
	for _, at := range p.waiting {
		if !p.named(at) {
			p.bind(item, at)
			return at
		}
	}
	return nil
}

func (p *paper) named(at *line) bool {
	for _, other := range p.items {
		if other == at {
			return true
		}
	}
	return false
}

func (p *paper) bind(item string, at *line) {
	if p.items == nil {
		p.items = map[string]*line{}
	}
	p.items[item] = at
}

// settle takes any news but a partial and returns the line it finished.
func (p *paper) settle(h Heard) (Line, bool) {
	switch h.Kind {
	case Taken:
		p.take(h.Item)
	case Rejected:
		if len(p.waiting) > 0 {
			return p.drop(p.waiting[0], "")
		}
	case Final:
		return p.finish(h.Item, h.Text, "")
	case Failed:
		return p.finish(h.Item, "", Model)
	case Partial:
	}
	return Line{}, false
}

// take names the oldest utterance that was committed. An id that words came
// under before is forgotten when the commit names another.
func (p *paper) take(item string) {
	if len(p.waiting) == 0 {
		return
	}
	at := p.waiting[0]
	p.waiting = p.waiting[1:]
	p.forget(at)
	p.bind(item, at)
}

func (p *paper) forget(at *line) {
	for item, other := range p.items {
		if other == at {
			delete(p.items, item)
		}
	}
	p.waiting = slices.DeleteFunc(p.waiting, func(other *line) bool { return other == at })
}

func (p *paper) finish(item, text, gap string) (Line, bool) {
	at := p.items[item]
	if at == nil {
		return Line{}, false
	}
	if text != "" {
		at.Text = at.kept + text
	}
	return p.drop(at, gap)
}

// drop ends a line as it is. A line without words and without a gap is nothing,
// unless it was shown.
func (p *paper) drop(at *line, gap string) (Line, bool) {
	p.forget(at)
	if gap != "" {
		at.Gap = gap
	}
	at.Text = strings.TrimSpace(at.Text)
	at.Revision++
	return at.Line, at.Text != "" || at.Gap != "" || at.Revision > 1
}

// lose ends all lines but the one still spoken, which starts anew with what was
// understood so far.
func (p *paper) lose(spoken *line, reason string) []Line {
	owed := p.owed(spoken)
	lost := make([]Line, 0, len(owed))
	for _, at := range owed {
		done, _ := p.drop(at, reason)
		lost = append(lost, done)
	}
	p.items = nil
	if spoken != nil {
		spoken.Gap = reason
		spoken.kept = spacedAfter(spoken.Text)
		spoken.Text = spoken.kept
	}
	return lost
}

func (p *paper) owed(spoken *line) []*line {
	owed := slices.Clone(p.waiting)
	for _, at := range p.items {
		if !slices.Contains(owed, at) {
			owed = append(owed, at)
		}
	}
	owed = slices.DeleteFunc(owed, func(at *line) bool { return at == spoken })
	slices.SortFunc(owed, func(a, b *line) int { return int(a.Start - b.Start) })
	return owed
}

// spacedAfter is the text with one space after it, or nothing.
func spacedAfter(text string) string {
	text = strings.TrimSpace(text)
	if text == "" {
		return ""
	}
	return text + " "
}
