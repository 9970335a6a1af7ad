package openai

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"softphone/internal/protocol/realtime"
)

const maxBody = 4 << 20

func (s *Sim) routes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/realtime", s.realtimeSocket)
	mux.HandleFunc("GET /v1/models", s.keyed(s.models))
	mux.HandleFunc("POST /v1/responses", s.keyed(s.responses))
	mux.HandleFunc("POST /v1/chat/completions", s.keyed(s.chat))
	mux.HandleFunc("POST /v1/realtime/client_secrets", s.keyed(s.clientSecret))
	s.controlRoutes(mux)
	s.pageRoutes(mux)
	return mux
}

// keyed checks the key, writes the ledger and injects faults.
func (s *Sim) keyed(serve http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.ledger.add(entry{Kind: "rest", Way: "in", Type: r.Method + " " + r.URL.Path})
		key := keyOf(r)
		switch {
		case !s.takes(key):
			refuseREST(w, http.StatusUnauthorized, realtime.InvalidRequest, realtime.InvalidAPIKey, "Incorrect API key provided: "+masked(key)+".")
		case s.strikes("rest_quota"):
			refuseREST(w, http.StatusTooManyRequests, realtime.InsufficientQuota, realtime.InsufficientQuota, "You exceeded your current quota, please check your plan and billing details.")
		case s.strikes("rest_error"):
			refuseREST(w, http.StatusInternalServerError, realtime.ServerError, "", "The server had an error while processing your request.")
		default:
			r.Body = http.MaxBytesReader(w, r.Body, maxBody)
			serve(w, r)
		}
	}
}

func refuseREST(w http.ResponseWriter, status int, kind, code, message string) {
	reply(w, status, realtime.APIError{Error: realtime.Cause{Type: kind, Code: orNull(code), Message: message}})
}

func reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client may be gone
}

func read[T any](w http.ResponseWriter, r *http.Request) (T, bool) {
	var body T
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		refuseREST(w, http.StatusBadRequest, realtime.InvalidRequest, "", "We could not parse the JSON body of your request.")
		return body, false
	}
	return body, true
}

func (s *Sim) models(w http.ResponseWriter, _ *http.Request) {
	list := realtime.Models{Object: "list"}
	for _, id := range append(realtime.ConversationModels(), append(realtime.Transcribers(), "gpt-6-luna", "gpt-6.1-terra", "gpt-6.1-sol")...) {
		list.Data = append(list.Data, realtime.Model{ID: id, Object: "model", Created: 1756339200, OwnedBy: "system"})
	}
	reply(w, http.StatusOK, list)
}

func (s *Sim) responses(w http.ResponseWriter, r *http.Request) {
	ask, ok := read[realtime.ResponsesRequest](w, r)
	if !ok {
		return
	}
	if ask.Model == "" {
		refuseREST(w, http.StatusBadRequest, realtime.InvalidRequest, realtime.MissingParameter, "Missing required parameter: 'model'.")
		return
	}
	said := plain(ask.Input)
	var schema json.RawMessage
	if ask.Text != nil {
		schema = ask.Text.Format.Schema
	}
	words := s.mind().write(ask.Instructions, said, schema)
	in, out := tokens(ask.Instructions+said), tokens(words)
	reply(w, http.StatusOK, realtime.ResponsesReply{ID: newID("resp_", 48), Object: "response", CreatedAt: s.cfg.Now().Unix(), Status: realtime.Completed, Model: ask.Model,
		Output: []realtime.Item{{ID: newID("msg_", 48), Type: realtime.MessageItem, Status: realtime.Completed, Role: "assistant",
			Content: []realtime.Content{{Type: "output_text", Text: &words}}}},
		Usage: realtime.ResponsesUsage{InputTokens: in, OutputTokens: out, TotalTokens: in + out}})
}

func (s *Sim) chat(w http.ResponseWriter, r *http.Request) {
	ask, ok := read[realtime.ChatRequest](w, r)
	if !ok {
		return
	}
	if ask.Model == "" || len(ask.Messages) == 0 {
		refuseREST(w, http.StatusBadRequest, realtime.InvalidRequest, realtime.MissingParameter, "Missing required parameter: 'model' or 'messages'.")
		return
	}
	var instructions, said []string
	for _, m := range ask.Messages {
		if m.Role == "system" || m.Role == "developer" {
			instructions = append(instructions, m.Content)
		} else {
			said = append(said, m.Content)
		}
	}
	var schema json.RawMessage
	if ask.ResponseFormat != nil {
		schema = ask.ResponseFormat.JSONSchema.Schema
	}
	words := s.mind().write(strings.Join(instructions, "\n"), strings.Join(said, "\n"), schema)
	in, out := tokens(strings.Join(said, "\n")), tokens(words)
	reply(w, http.StatusOK, realtime.ChatReply{ID: newID("chatcmpl-", 29), Object: "chat.completion", Created: s.cfg.Now().Unix(), Model: ask.Model,
		Choices: []realtime.ChatChoice{{Message: realtime.ChatMessage{Role: "assistant", Content: words}, FinishReason: "stop"}},
		Usage:   realtime.ChatUsage{PromptTokens: in, CompletionTokens: out, TotalTokens: in + out}})
}

// plain is all text in an input, which may be a string or a list of items.
func plain(input any) string {
	switch v := input.(type) {
	case string:
		return v
	case []any:
		var parts []string
		for _, one := range v {
			parts = append(parts, plain(one))
		}
		return strings.Join(parts, "\n")
	case map[string]any:
		if s, ok := v["text"].(string); ok {
			return s
		}
		return plain(v["content"])
	}
	return ""
}

// clientSecret mints an ephemeral key.
func (s *Sim) clientSecret(w http.ResponseWriter, r *http.Request) {
	ask, ok := read[map[string]any](w, r)
	if !ok {
		return
	}
	seconds := 600.0
	if at(ask, "expires_after") != nil {
		seconds = number(ask, "expires_after", "seconds")
	}
	if seconds < 10 || seconds > 7200 {
		refuseREST(w, http.StatusBadRequest, realtime.InvalidRequest, realtime.InvalidValue, "Invalid 'expires_after.seconds': must be between 10 and 7200.")
		return
	}
	secret, until := newSecret(), s.cfg.Now().Add(time.Duration(seconds)*time.Second)
	one := &session{sim: s, id: newID("sess_", 21), kind: text(ask, "session", "type"), model: text(ask, "session", "model"), began: s.cfg.Now()}
	if one.kind == "" {
		one.kind = realtime.Conversation
	}
	one.settings = defaultSettings(one)
	one.settings["expires_at"] = 0
	if update, ok := at(ask, "session").(map[string]any); ok && update["type"] != nil {
		next, m := one.updated(update)
		if m == nil {
			m = describedSession(update)
		}
		if m != nil {
			refuseREST(w, http.StatusBadRequest, realtime.InvalidRequest, m.code, m.message)
			return
		}
		one.settings = next
	}
	s.mu.Lock()
	s.secrets[secret] = until
	s.mu.Unlock()
	reply(w, http.StatusOK, map[string]any{"value": secret, "expires_at": until.Unix(), "session": one.settings})
}
