package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime/pprof"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/coder/websocket"

	"softphone/internal/adapter/twilio"
	"softphone/internal/adapter/webrtc"
	"softphone/internal/phone/call"
	"softphone/internal/phone/media"
)

// desk joins a leg's stream and its agent as soon as both are there.
type desk struct {
	engine *webrtc.Engine

	mu      sync.Mutex
	streams map[call.LegID]*twilio.Stream
	peers   map[call.LegID]*webrtc.Peer
}

func (d *desk) Line(context.Context, string, string) (twilio.Line, error) { return d, nil }
func (*desk) Token() string                                               { return "secret" }
func (*desk) Receive(context.Context, call.Fact, string, []byte) error    { return nil }
func (*desk) Keep(context.Context, string, []byte) error                  { return nil }
func (*desk) Arrive(context.Context, string, string, string) (call.LegID, string, bool, error) {
	return "", "", false, nil // all calls of the bench are placed by us
}

func (*desk) Answer(context.Context, call.Fact) (string, bool, error) { return "token", true, nil }

func (d *desk) Connect(_ context.Context, leg call.LegID, _, _ string, s *twilio.Stream) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.streams[leg] = s
	d.joinLocked(leg)
	return nil
}

func (d *desk) joinLocked(leg call.LegID) {
	s, p := d.streams[leg], d.peers[leg]
	if s == nil || p == nil {
		return
	}
	b := media.NewBridge(s, p)
	go func() { // ends with the stream, which ends with the generator's socket
		<-s.Done()
		b.Close()
		p.Close()
		d.mu.Lock()
		defer d.mu.Unlock()
		delete(d.streams, leg)
		delete(d.peers, leg)
	}()
}

// offer is how the gateway would let an agent in.
func (d *desk) offer(w http.ResponseWriter, r *http.Request) {
	sdp, err := io.ReadAll(io.LimitReader(r.Body, 64<<10))
	if err != nil {
		return
	}
	answer, peer, err := d.engine.Answer(r.Context(), string(sdp))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	leg := call.LegID(r.URL.Query().Get("leg"))
	d.mu.Lock()
	d.peers[leg] = peer
	d.joinLocked(leg)
	d.mu.Unlock()
	_, _ = io.WriteString(w, answer)
}

// relay is the plainest thing a server of sockets can do: what comes goes back.
func relay(w http.ResponseWriter, r *http.Request) {
	conn, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	defer func() { _ = conn.CloseNow() }()
	buf := make([]byte, 4096)
	for {
		_, reader, err := conn.Reader(context.Background())
		if err != nil {
			return
		}
		n := 0
		for err == nil {
			var k int
			k, err = reader.Read(buf[n:])
			n += k
		}
		if !errors.Is(err, io.EOF) || conn.Write(context.Background(), websocket.MessageText, buf[:n]) != nil {
			return
		}
	}
}

// usage is what the server has used.
type usage struct {
	CPU     time.Duration
	Memory  int64 // resident
	Dropped int64 // frames towards Twilio, by the outlet
	Lost    int64 // packets of agents that never came
	Calls   int
}

func (d *desk) usage(w http.ResponseWriter, _ *http.Request) {
	u := usage{CPU: cpuTime(), Memory: resident()}
	d.mu.Lock()
	u.Calls = len(d.streams)
	for _, s := range d.streams {
		c := s.Sound()
		u.Dropped += c.Quiet + c.Spoken + c.Cleared
	}
	for _, p := range d.peers {
		u.Lost += p.Stats().Lost
	}
	d.mu.Unlock()
	_ = json.NewEncoder(w).Encode(u)
}

func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// resident is the second figure of /proc/self/statm, in pages (proc(5)).
func resident() int64 {
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(b))
	pages, err := strconv.ParseInt(fields[1], 10, 64)
	if err != nil {
		return 0
	}
	return pages * int64(os.Getpagesize())
}

// serve lives until its standard input is closed.
func serve(profile string) error {
	if profile != "" {
		f, err := os.Create(profile)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	address, stop, err := start()
	if err != nil {
		return err
	}
	fmt.Println(address)
	_, _ = io.Copy(io.Discard, os.Stdin)
	return stop()
}

// start opens the server's doors on this machine.
func start() (address string, stop func() error, err error) {
	engine, err := webrtc.New(webrtc.Config{Listen: "127.0.0.1:0"})
	if err != nil {
		return "", nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, errors.Join(err, engine.Close())
	}
	d := &desk{engine: engine, streams: map[call.LegID]*twilio.Stream{}, peers: map[call.LegID]*webrtc.Peer{}}
	mux := http.NewServeMux()
	(&twilio.Doors{Desk: d, Log: slog.New(slog.DiscardHandler)}).Register(mux)
	mux.HandleFunc("POST /offer", d.offer)
	mux.HandleFunc("GET /relay", relay)
	mux.HandleFunc("GET /usage", d.usage)
	h := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = h.Serve(l) }() // ends with Close below
	return l.Addr().String(), func() error { return errors.Join(h.Close(), engine.Close()) }, nil
}
