package openai

import (
	"encoding/base64"
	"math"
	"strings"

	"softphone/internal/protocol/g711"
	"softphone/internal/protocol/realtime"
)

// tokens is about what a tokenizer counts: four characters each.
func tokens(words string) int { return (len(words) + 3) / 4 }

// usage counts what was read and written; what the last response had read is in
// the cache, in blocks of 64.
func (a *answer) usage() *realtime.Usage {
	in, out := a.context, realtime.OutputDetails{}
	for _, item := range a.re.Output {
		out.Text += tokens(item.Text())
		if item.Arguments != nil {
			out.Text += tokens(*item.Arguments)
		}
		if a.spoken {
			out.Audio += spokenMs(item.Text()) / 50
		}
	}
	cached := min(a.s.readTokens, in) / 64 * 64
	a.s.readTokens = max(a.s.readTokens, in)
	written := out.Text + out.Audio
	return &realtime.Usage{TotalTokens: in + written, InputTokens: in, OutputTokens: written, Output: out,
		Input: realtime.InputDetails{Text: in, Cached: cached, CachedDetails: realtime.Details{Text: cached}}}
}

// spokenMs is how long the simulated model takes to say words: 300 ms each.
func spokenMs(words string) int { return 300 * len(strings.Fields(words)) }

// hum is the voice of the model: a soft tone, in the session's format.
func hum(ms int, format string) string {
	hz, size := rate, 1
	if format == "audio/pcm" {
		hz, size = 24000, 2
	}
	sound := make([]byte, ms*hz/1000*size)
	for i := range len(sound) / size {
		x := int16(3000 * math.Sin(2*math.Pi*220*float64(i)/float64(hz)))
		if size == 2 {
			sound[2*i], sound[2*i+1] = byte(x), byte(uint16(x)>>8)
		} else {
			sound[i] = g711.Encode(x)
		}
	}
	return base64.StdEncoding.EncodeToString(sound)
}
