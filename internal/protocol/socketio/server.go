package socketio

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"

	"softphone/internal/protocol/socketio/engine"
)

// Server serves Socket.IO under one path ("/socket.io/"). It is an http.Handler.
type Server struct {
	config Config
	engine *engine.Server

	mu         sync.RWMutex
	namespaces map[string]*Namespace

	running sync.WaitGroup // goroutines that run handlers
}

// NewServer makes a server. Namespaces are added with Of before it serves.
func NewServer(config Config) *Server {
	s := &Server{config: config.withDefaults(), namespaces: make(map[string]*Namespace)}
	s.engine = engine.NewServer(s.config.Engine, func(session *engine.Session) engine.Handler {
		return newConnection(s, session)
	})
	return s
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.engine.ServeHTTP(w, r) }

// Stats returns the counters of the transport.
func (s *Server) Stats() engine.Stats { return s.engine.Stats() }

// Close refuses new connections, ends the open ones with what is queued for them flushed, and
// returns when every handler has returned. When ctx is done first, connections are cut and the
// handlers that still run are left behind with their contexts cancelled.
func (s *Server) Close(ctx context.Context) error {
	err := s.engine.Close(ctx)
	idle := make(chan struct{})
	go func() {
		s.running.Wait()
		close(idle)
	}()
	select {
	case <-idle:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Of returns the namespace with a name ("/voice"), and makes it if there is none.
func (s *Server) Of(name string) *Namespace {
	s.mu.Lock()
	defer s.mu.Unlock()
	ns := s.namespaces[name]
	if ns == nil {
		ns = newNamespace(name)
		s.namespaces[name] = ns
	}
	return ns
}

func (s *Server) namespace(name string) *Namespace {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.namespaces[name]
}

// Refusal is the error with which a ConnectHandler turns a client away. Both fields reach the
// client, as the message and the data of its connect_error event.
type Refusal struct {
	Message string          `json:"message"`
	Data    json.RawMessage `json:"data,omitempty"`
}

// Refuse makes a refusal whose data is any value that JSON can hold.
func Refuse(message string, data any) *Refusal {
	encoded, err := encodeJSON(data)
	if err != nil || data == nil {
		encoded = nil
	}
	return &Refusal{Message: message, Data: encoded}
}

// Error implements error.
func (r *Refusal) Error() string { return "refused: " + r.Message }
