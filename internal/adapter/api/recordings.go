package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"softphone/internal/phone/auth"
	"softphone/internal/phone/call"
	"softphone/internal/phone/recording"
	"softphone/internal/phone/switchboard"
)

// Recording is the recording of a call and, when it can be played, how.
type Recording struct {
	ID         recording.ID     `json:"id"`
	Status     recording.Status `json:"status" enum:"recording,finishing,ready,failed,deleted"`
	Kind       recording.Kind   `json:"kind" enum:"call,voicemail"`
	Source     recording.Source `json:"source" enum:"bridge,carrier" doc:"who recorded: this server, or the telephone network"`
	Why        string           `json:"why,omitempty" doc:"with failed"`
	DurationMs int64            `json:"durationMs"`
	Channels   int              `json:"channels" doc:"2: the customer on the left, the agent on the right"`
	Peaks      [][]int          `json:"peaks" nullable:"false" doc:"a lane a channel: the loudest of each of up to 800 stretches, 0 to 255"`
	Gaps       []recording.Gap  `json:"gaps" nullable:"false" doc:"what the recording does not have, and why"`
	Size       int64            `json:"size,omitempty" doc:"of the file, bytes"`
	Checksum   string           `json:"checksum,omitempty" doc:"SHA-256 of the file"`
	URL        string           `json:"url,omitempty" doc:"plays it, with ranges, until expiresAt: for this user only, in the browser that was given the cookie of this answer, or with the user's token. Each use is noted."`
	ExpiresAt  *time.Time       `json:"expiresAt,omitempty"`
}

type recordingOutput struct {
	SetCookie http.Cookie `header:"Set-Cookie"`
	Body      Recording
}

const (
	// audioPath is where links lead.
	audioPath = "/api/voice/audio/"
	// playCookie is what a browser shows beside a link.
	playCookie = "softphone_play"
)

func (a *API) recordings(mux *http.ServeMux) {
	route(a, auth.History, huma.Operation{OperationID: "get-recording", Method: http.MethodGet, Path: "/api/voice/calls/{id}/recording", Summary: "The recording of a call", Tags: []string{"voice"}}, a.getRecording)
	route(a, auth.DeleteRecordings, huma.Operation{OperationID: "delete-recording", Method: http.MethodDelete, Path: "/api/voice/calls/{id}/recording", Summary: "Delete the recording of a call, for good", DefaultStatus: http.StatusNoContent, Tags: []string{"voice"}}, a.deleteRecording)
	mux.HandleFunc("GET "+audioPath+"{link}", a.play)
}

func (a *API) getRecording(ctx context.Context, in *idInput) (*recordingOutput, error) {
	seat := seatOf(ctx)
	r, err := seat.Recording(ctx, call.ID(in.ID))
	if err != nil {
		return nil, err
	}
	out := &recordingOutput{Body: Recording{
		ID: r.ID, Status: r.Status, Kind: r.Kind, Source: r.Source, Why: r.Why, DurationMs: r.Duration.Milliseconds(),
		Channels: r.Channels, Peaks: append([][]int{}, r.Peaks...), Gaps: append([]recording.Gap{}, r.Gaps...), Size: r.Size, Checksum: r.Checksum,
	}}
	link, browser, expires := seat.Link(r)
	out.SetCookie = http.Cookie{Name: playCookie, Value: browser, Path: audioPath, HttpOnly: true, Secure: a.Secure, SameSite: http.SameSiteStrictMode}
	if r.Status == recording.Ready {
		out.Body.URL, out.Body.ExpiresAt = audioPath+link, stamp(expires)
	}
	return out, nil
}

func (a *API) deleteRecording(ctx context.Context, in *idInput) (*struct{}, error) {
	return nil, seatOf(ctx).DeleteRecording(ctx, call.ID(in.ID))
}

// play sends what a link stands for. Whatever is wrong with it, the answer is the
// same bare 403.
func (a *API) play(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "private, no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	browser := ""
	if c, err := r.Cookie(playCookie); err == nil {
		browser = c.Value
	}
	p, err := a.Exchange.Play(r.Context(), r.PathValue("link"), browser, bearer(r.Header.Get("Authorization")))
	switch {
	case errors.Is(err, recording.ErrLink):
		w.WriteHeader(http.StatusForbidden)
		return
	case err != nil:
		a.log.Error("recording not played", "err", err)
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	h.Set("Content-Type", "audio/wav")
	h.Set("ETag", `"`+p.Checksum+`"`) // for If-Range: a player that goes on must not mix two files
	heard := &ledgered{Playback: p, from: -1}
	http.ServeContent(w, r, "", time.Time{}, heard)
	if heard.err != nil { // the answer was cut off, which its length tells
		a.log.Error("recording not read", "err", heard.err)
	}
	if r.Method == http.MethodHead || heard.from < 0 {
		return
	}
	if err := p.Heard(r.Context(), heard.from, heard.to); err != nil {
		a.log.Error("what was played is noted without its stretch", "err", err)
	}
}

// ledgered remembers which bytes of a recording were read to be sent.
type ledgered struct {
	*switchboard.Playback
	from, to, at int64
	err          error
}

// Read implements io.Reader.
func (l *ledgered) Read(p []byte) (int, error) {
	n, err := l.Playback.Read(p)
	if n > 0 {
		if l.from < 0 || l.at < l.from {
			l.from = l.at
		}
		l.at += int64(n)
		l.to = max(l.to, l.at)
	}
	if err != nil && l.at < l.Size() {
		l.err = err
	}
	return n, err
}

// Seek implements io.Seeker.
func (l *ledgered) Seek(offset int64, whence int) (int64, error) {
	at, err := l.Playback.Seek(offset, whence)
	l.at = at
	return at, err
}
