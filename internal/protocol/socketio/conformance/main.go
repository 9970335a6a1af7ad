// Command conformance serves what the public Socket.IO and Engine.IO protocol test suites expect,
// and what the tests of the real client in the folder client need. It is no part of the product.
//
// Paths: /socket.io/ with the settings of the suites, /engine.io/ an echo without Socket.IO on top,
// /limits/ with the limits of the product.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"softphone/internal/protocol/socketio/engine"
)

func main() {
	verbose := flag.Bool("v", false, "log why sessions are closed")
	flag.Parse()
	if err := serve(*verbose); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// serve listens on the port in PORT, or on a free one, and prints its address.
func serve(verbose bool) error {
	listener, err := net.Listen("tcp", "127.0.0.1:"+port())
	if err != nil {
		return err
	}
	stop, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	log := slog.New(slog.DiscardHandler)
	if verbose {
		log = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	server := &http.Server{Handler: routes(log), ReadHeaderTimeout: 5 * time.Second}
	context.AfterFunc(stop, func() { _ = server.Close() })
	fmt.Printf("http://%s\n", listener.Addr())
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func port() string {
	if port := os.Getenv("PORT"); port != "" {
		return port
	}
	return "0"
}

// suiteEngine holds the settings the README files of both suites ask for.
func suiteEngine(log *slog.Logger) engine.Config {
	return engine.Config{
		PingInterval: 300 * time.Millisecond, PingTimeout: 200 * time.Millisecond,
		MaxPayload: 1_000_000, QueueBytes: 4_000_000, Origins: []string{"*"}, Logger: log,
	}
}

func routes(log *slog.Logger) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/socket.io/", suiteServer(log))
	mux.Handle("/engine.io/", engine.NewServer(suiteEngine(log), func(s *engine.Session) engine.Handler { return echo{s} }))
	mux.Handle("/limits/", limitedServer(log))
	return mux
}

// echo sends back what it gets.
type echo struct{ session *engine.Session }

func (e echo) Receive(data []byte, binary bool) {
	frame := engine.TextFrame(engine.Message, string(data))
	if binary {
		frame = engine.BinaryFrame(data)
	}
	_ = e.session.Send(frame) // it fails when the session has closed, which the client sees
}

func (e echo) Closed(string) {}
