package openai

import (
	"context"
	"encoding/json"
	"net/url"
	"strings"

	"softphone/internal/phone/assist"
	"softphone/internal/protocol/g711"
	"softphone/internal/protocol/realtime"
)

// Listen opens a transcription session: with intent and without model, which goes
// into the settings (OpenAI, Realtime transcription).
func (a *Account) Listen(ctx context.Context, hints assist.Hints) (assist.Hearing, error) {
	s, n, err := a.open(ctx, url.Values{"intent": {"transcription"}}, a.listening(hints, realtime.PCMU), a.listening(hints, realtime.PCM24k))
	if err != nil {
		return nil, err
	}
	return &hearing{socket: s, wide: n == 1}, nil
}

// listening is the settings of a leg. Turn detection is null in so many words:
// the default session has the server's, which the live models refuse. Mu-law is
// in the API's description for every model; those who use the live ones send 24
// kHz PCM, so that is asked for when mu-law is refused.
func (a *Account) listening(hints assist.Hints, format realtime.Format) realtime.Session {
	input := &realtime.AudioInput{
		Format:         &format,
		Transcription:  a.transcriber(hints),
		NoiseReduction: realtime.Null,
		TurnDetection:  realtime.Null,
	}
	if hints.Speaker == assist.Agent { // who wears a headset
		input.NoiseReduction = json.RawMessage(`{"type":"near_field"}`)
	}
	return realtime.Session{Type: realtime.Transcription, Audio: &realtime.SessionAudio{Input: input}}
}

// transcriber leaves out what is empty: languages rejects an empty array, and the
// older models know one language and no keywords.
func (a *Account) transcriber(hints assist.Hints) *realtime.Transcriber {
	t := &realtime.Transcriber{Model: a.cfg.Transcriber}
	hints.Keywords = plain(hints.Keywords)
	switch {
	case a.cfg.Transcriber == realtime.DefaultTranscriber:
		t.Languages, t.Keywords, t.Delay = hints.Languages, hints.Keywords, "low"
	case a.cfg.Transcriber == "gpt-transcribe":
		t.Languages, t.Keywords = hints.Languages, hints.Keywords
	case len(hints.Languages) == 1:
		t.Language = hints.Languages[0]
	}
	return t
}

// plain takes out of keywords what the API refuses in them, "<", ">" and line
// breaks: they are names that people typed.
func plain(words []string) []string {
	var out []string
	for _, w := range words {
		if w = strings.Join(strings.Fields(strings.Map(func(r rune) rune {
			if r == '<' || r == '>' {
				return ' '
			}
			return r
		}, w)), " "); w != "" {
			out = append(out, w)
		}
	}
	return out
}

// hearing is a leg's session.
type hearing struct {
	*socket
	wide bool // 24 kHz PCM and not mu-law

	// The writer's.
	buf, pcm []byte
	sample   int16 // the newest
}

// Append implements assist.Hearing.
func (h *hearing) Append(ctx context.Context, pcmu []byte) error {
	sound := pcmu
	if h.wide {
		h.pcm, h.sample = widen(h.pcm[:0], pcmu, h.sample)
		sound = h.pcm
	}
	h.buf = realtime.AppendAudio(h.buf[:0], sound)
	return h.write(ctx, h.buf)
}

// widen appends mu-law as 16-bit PCM of three times the rate, in straight lines
// from sample to sample, and returns the last of them.
func widen(dst, pcmu []byte, last int16) ([]byte, int16) {
	for _, b := range pcmu {
		next := g711.Decode(b)
		for k := range 3 {
			x := int(last) + (int(next)-int(last))*(k+1)/3
			dst = append(dst, byte(x), byte(x>>8))
		}
		last = next
	}
	return dst, last
}

// Commit implements assist.Hearing.
func (h *hearing) Commit(ctx context.Context) error {
	return h.send(ctx, realtime.Header{Type: realtime.AudioCommitType})
}

// Next implements assist.Hearing. Events that tell nothing are passed over, as
// are errors that cost one utterance at most.
func (h *hearing) Next(ctx context.Context) (assist.Heard, error) {
	for {
		kind, frame, err := h.read(ctx)
		if err != nil {
			return assist.Heard{}, err
		}
		if heard, ok, err := h.heard(kind, frame); ok || err != nil {
			return heard, err
		}
	}
}

func (h *hearing) heard(kind string, frame []byte) (assist.Heard, bool, error) {
	switch kind {
	case realtime.TranscriptionDeltaType:
		e, err := realtime.Read[realtime.TranscriptionDelta](frame)
		return assist.Heard{Kind: assist.Partial, Item: e.ItemID, Text: e.Delta}, true, err
	case realtime.AudioCommittedType:
		e, err := realtime.Read[realtime.Committed](frame)
		return assist.Heard{Kind: assist.Taken, Item: e.ItemID}, true, err
	case realtime.TranscriptionCompletedType:
		e, err := realtime.Read[realtime.TranscriptionCompleted](frame)
		return assist.Heard{Kind: assist.Final, Item: e.ItemID, Text: e.Transcript}, true, err
	case realtime.TranscriptionFailedType:
		return h.failed(frame)
	case realtime.ErrorType:
		return assist.Heard{Kind: assist.Rejected}, h.last.CodeName() == realtime.CommitEmpty, nil
	}
	return assist.Heard{}, false, nil
}

// failed is one utterance's loss, or the end when the account is at fault.
func (h *hearing) failed(frame []byte) (assist.Heard, bool, error) {
	e, err := realtime.Read[realtime.TranscriptionFailed](frame)
	if err == nil && realtime.PermanentCode(e.Error.CodeName()) {
		return assist.Heard{}, true, faultOfCode(e.Error.CodeName(), &e.Error)
	}
	return assist.Heard{Kind: assist.Failed, Item: e.ItemID}, true, err
}
