package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"softphone/internal/adapter/api"
	"softphone/internal/adapter/gateway"
	"softphone/internal/adapter/store"
	"softphone/internal/adapter/twilio"
	"softphone/internal/adapter/webrtc"
	"softphone/internal/phone/auth"
	"softphone/internal/phone/seal"
	"softphone/internal/phone/switchboard"
	"softphone/web"
)

// server is the program put together: databases, desks, doors, one port.
type server struct {
	config   Config
	control  *store.Control
	exchange *switchboard.Exchange
	api      *api.API
	media    *webrtc.Engine
	gateway  *gateway.Gateway
	mux      *http.ServeMux
	counts   *counts
	log      *slog.Logger
	stopping atomic.Bool
}

// openControl opens the databases, for the server and for the commands.
func openControl(ctx context.Context, c Config, log *slog.Logger) (*store.Control, *seal.Ring, error) {
	ring, err := seal.NewRing(c.EncryptionKey, c.OldKeys...)
	if err != nil {
		return nil, nil, err
	}
	control, err := store.Open(ctx, store.Config{Dir: c.Data, MySQL: c.MySQL, Ring: ring, Log: log, Now: time.Now})
	return control, ring, err
}

func newServer(ctx context.Context, c Config, log *slog.Logger) (*server, error) {
	control, ring, err := openControl(ctx, c, log)
	if err != nil {
		return nil, err
	}
	s := &server{config: c, control: control, mux: http.NewServeMux(), counts: newCounts(), log: log}
	network := &carriers{backend: c.BackendURL, base: c.TwilioBaseURL, pacers: map[string]*twilio.Pacer{}}
	tapes := recordings{config: c, control: control, ring: ring}
	s.exchange = switchboard.New(switchboard.Config{
		Recordings: tapes.of, CarrierRecorder: network.recorder, Links: tapes.links(),
		Directory: control, Carrier: network.of, NewID: store.NewID,
		Assist: assistants{c.OpenAIBaseURL, log}.of,
		Open: func(ctx context.Context, id string) (switchboard.Store, error) {
			return control.Open(ctx, id)
		},
		Signer:   auth.NewSigner(ring.Derive("tokens"), time.Now),
		BaseURLs: append([]string{c.TwilioBaseURL, c.OpenAIBaseURL}, c.AllowBaseURL...),
		Probe:    newProbe(c), Log: log, Now: time.Now,
		Ended: s.counts.callEnded, Fault: s.counts.faulted,
	})
	if s.media, err = webrtc.New(webrtc.Config{Listen: c.MediaListen, ListenTCP: c.MediaTCP, PublicIPs: c.PublicIP, Log: log}); err != nil {
		return nil, errors.Join(fmt.Errorf("open the port of browsers' sound: %w", err), control.Close())
	}
	s.doors()
	return s, nil
}

// close gives back what newServer took.
func (s *server) close() { _ = errors.Join(s.media.Close(), s.control.Close()) }

// doors registers everything that the one port answers.
func (s *server) doors() {
	s.api = newAPI(s.mux, s.exchange, s.config, s.log)
	(&twilio.Doors{
		Desk: lines{s.exchange}, Backend: s.config.BackendURL, Media: s.config.MediaURL, Log: s.log,
		Knocked: s.counts.knocked, Dropped: s.counts.dropped,
	}).Register(s.mux)
	s.gateway = gateway.New(gateway.Config{Exchange: s.exchange, Answer: answerer(s.media), Origins: s.config.Origins, Log: s.log})
	s.mux.Handle("/socket.io/", s.gateway)
	s.mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	s.mux.HandleFunc("GET /readyz", s.ready)
	s.mux.Handle("GET /metrics", metrics(s))
	s.mux.Handle("/", web.Handler())
}

// newAPI is also how the API's description is generated.
func newAPI(mux *http.ServeMux, ex *switchboard.Exchange, c Config, log *slog.Logger) *api.API {
	return api.New(mux, api.Config{
		Exchange: ex, Secure: len(c.BackendURL) > 5 && c.BackendURL[:5] == "https",
		VoiceURL: c.BackendURL + "/api/voice/twiml/inbound", StatusURL: c.BackendURL + "/api/voice/webhook/status",
		Version: version, Log: log,
	})
}

func (s *server) ready(w http.ResponseWriter, r *http.Request) {
	if s.stopping.Load() {
		http.Error(w, "the server is being stopped", http.StatusServiceUnavailable)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
	defer cancel()
	if err := s.control.Ping(ctx); err != nil {
		s.log.Error("not ready", "err", err)
		http.Error(w, "the database does not answer", http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(w, "ready")
}

// run serves until ctx ends; ready is called once requests are answered.
func (s *server) run(ctx context.Context, ready func() error) error {
	l, err := net.Listen("tcp", s.config.Listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	h := &http.Server{
		Handler: recovered(s.mux, s.log),
		// A client that sends its header a byte at a time holds a connection, not a desk.
		ReadHeaderTimeout: 5 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	ended := make(chan error, 1)
	go func() { ended <- h.Serve(l) }() // ends with Shutdown or Close below
	s.log.Info("listening", "address", l.Addr().String(), "url", s.config.BackendURL)
	opened := make(chan struct{})
	go func() { // ends with the last desk, or with ctx
		defer close(opened)
		s.openDesks(ctx)
	}()
	if err := ready(); err != nil {
		return errors.Join(err, h.Close(), <-ended)
	}
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	<-opened
	return s.stop(h, ended)
}

// openDesks opens every desk, which takes up the calls that a former process
// left. It runs once Twilio's callbacks are taken, for they tell how those went.
func (s *server) openDesks(ctx context.Context) {
	tenants, err := s.control.Tenants(ctx)
	if err != nil {
		s.log.Error("desks not opened", "err", err)
	}
	for _, t := range tenants {
		if _, err := s.exchange.Board(ctx, t.ID); err != nil && ctx.Err() == nil {
			s.log.Error("desk not opened", "tenant", t.Slug, "err", err)
		}
	}
}

// stop lets live calls finish for as long as is configured, then requests for
// ten seconds.
func (s *server) stop(h *http.Server, ended <-chan error) error {
	s.stopping.Store(true)
	s.log.Info("stopping", "calls may last", s.config.Drain)
	drain, enough := context.WithTimeout(context.Background(), s.config.Drain)
	defer enough()
	s.exchange.Close(drain)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := errors.Join(s.gateway.Close(ctx), h.Shutdown(ctx)); err != nil {
		return errors.Join(err, h.Close())
	}
	if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// recovered turns a panic in a handler into an answer and a log line.
func recovered(next http.Handler, log *slog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if p := recover(); p != nil { // net/http's own way to give up on an answer is no panic of ours
				if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) {
					panic(p)
				}
				log.Error("panic in a handler", "panic", p, "path", r.URL.Path)
				http.Error(w, "internal error", http.StatusInternalServerError)
			}
		}()
		next.ServeHTTP(w, r)
	})
}
