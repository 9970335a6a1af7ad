package openai

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/coder/websocket"

	"softphone/internal/protocol/realtime"
)

// refusal is an error the session begins and ends with: the upgrade answers
// 101 whatever is wrong, then this event comes, then the close code.
type refusal struct {
	code    int
	name    string
	message string
}

// realtimeSocket is GET /v1/realtime.
func (s *Sim) realtimeSocket(w http.ResponseWriter, r *http.Request) {
	if s.strikes("refuse") {
		http.Error(w, "upstream connect error", http.StatusServiceUnavailable)
		return
	}
	if s.strikes("blackhole") {
		<-r.Context().Done()
		return
	}
	// Origins are not checked: the live service takes browsers of any page.
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"realtime"}, InsecureSkipVerify: true})
	if err != nil {
		return // Accept has answered
	}
	conn.SetReadLimit(realtime.MaxAppend*4/3 + 64<<10)
	s.serve(r, conn)
}

func (s *Sim) serve(r *http.Request, conn *websocket.Conn) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(r.Context()))
	defer cancel()
	one := newSession(s, conn, kindOf(r), r.URL.Query().Get("model"), cancel)
	if !s.enter(one) {
		_ = conn.Close(websocket.StatusGoingAway, "")
		return
	}
	defer s.leave(one)
	if s.strikes("instant_close") {
		_ = conn.Close(websocket.StatusInternalError, "")
		return
	}
	if no, ok := s.refused(r); ok {
		one.refuse(ctx, no)
		return
	}
	one.run(ctx)
}

// kindOf is what the address asks for.
func kindOf(r *http.Request) string {
	if r.URL.Query().Get("intent") == "transcription" {
		return realtime.Transcription
	}
	return realtime.Conversation
}

// refused says why a connection cannot become a session.
func (s *Sim) refused(r *http.Request) (refusal, bool) {
	key, q := keyOf(r), r.URL.Query()
	model := q.Get("model")
	switch {
	case s.strikes("bad_key") || !s.takes(key):
		return refusal{realtime.CloseKey, realtime.InvalidAPIKey, "Incorrect API key provided: " + masked(key) + "."}, true
	case r.Header.Get("OpenAI-Beta") != "":
		return refusal{realtime.CloseRequest, realtime.BetaShapeDisabled,
			"The Realtime Beta API is no longer supported. Please use /v1/realtime for the GA API."}, true
	case model == "" && q.Get("intent") == "" && q.Get("call_id") == "":
		return refusal{realtime.CloseRequest, realtime.MissingModel,
			"You must provide a model parameter, for example ?model=" + realtime.DefaultModel + "."}, true
	case realtime.Transcribes(model):
		return refusal{realtime.CloseRequest, realtime.InvalidModel,
			`Model "` + model + `" is a transcription model and cannot be used as the realtime session model`}, true
	case model != "" && !realtime.Converses(model):
		return refusal{realtime.CloseRequest, realtime.InvalidModel,
			`Model "` + model + `" is not supported in realtime mode.`}, true
	}
	return refusal{}, false
}

// keyOf reads the key from the header or from the browser's subprotocol.
func keyOf(r *http.Request) string {
	if key, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		return key
	}
	for _, header := range r.Header.Values("Sec-WebSocket-Protocol") {
		for p := range strings.SplitSeq(header, ",") {
			if key, ok := strings.CutPrefix(strings.TrimSpace(p), "openai-insecure-api-key."); ok {
				return key
			}
		}
	}
	return ""
}

func masked(key string) string {
	if len(key) < 12 {
		return strings.Repeat("*", len(key))
	}
	return key[:7] + strings.Repeat("*", len(key)-11) + key[len(key)-4:]
}

func (s *session) refuse(ctx context.Context, no refusal) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	s.write(ctx, errorEvent(realtime.InvalidRequest, no.name, no.message, "", ""))
	s.closed(no.code, no.name)
	_ = s.conn.Close(websocket.StatusCode(no.code), realtime.InvalidRequest+"."+no.name)
}
