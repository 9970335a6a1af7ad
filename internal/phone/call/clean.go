package call

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode"
)

// textMost is the longest text of a Remark, in characters: four minutes of
// speech in one breath. The vendor promises no limit.
const textMost = 4000

// clean makes text that a vendor wrote fit to be stored, shown and logged: valid
// UTF-8 without control characters, of a length we chose. A NUL is refused by
// the databases, and with it everything else that the change would have stored.
func clean(s string, keep string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && !strings.ContainsRune(keep, r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, string(unicode.ReplacementChar)))
	if len(s) <= textMost {
		return s
	}
	if runes := []rune(s); len(runes) > textMost {
		return string(runes[:textMost])
	}
	return s
}

// cleaned is a Remark whose texts are clean. A line is one row of a transcript,
// so it has no line breaks either.
func (in Remark) cleaned() Remark {
	if in.Line != nil {
		l := *in.Line
		l.Text, l.Gap, l.Speaker = clean(l.Text, ""), clean(l.Gap, ""), clean(l.Speaker, "")
		in.Line = &l
	}
	if in.Body != nil {
		in.Body = cleanBody(in.Body)
	}
	return in
}

// cleanBody cleans the texts of an object; one that is clean stays as it is, and
// one that is no object says nothing.
func cleanBody(body json.RawMessage) json.RawMessage {
	var fields map[string]any
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if err := d.Decode(&fields); err != nil {
		return json.RawMessage("{}")
	}
	dirty := !bytes.Equal(body, bytes.ToValidUTF8(body, nil))
	out := cleanValue(fields, &dirty)
	if !dirty {
		return body
	}
	return object(out)
}

func cleanValue(v any, dirty *bool) any {
	switch v := v.(type) {
	case string:
		s := clean(v, "\n\t")
		*dirty = *dirty || s != v
		return s
	case []any:
		for i := range v {
			v[i] = cleanValue(v[i], dirty)
		}
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, one := range v {
			key, _ := cleanValue(name, dirty).(string)
			out[key] = cleanValue(one, dirty)
		}
		return out
	}
	return v
}
