package socketio_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"softphone/internal/protocol/socketio"
	"softphone/internal/protocol/socketio/engine"
)

// The benchmarks run their clients in a second process, as the clients cost more than the server:
// the test binary starts itself with this variable set to the address and their number.
const crowdVariable = "SOCKETIO_BENCH_CROWD"

// crowd is a process with many clients that read and count.
type crowd struct {
	input io.WriteCloser
	heard *bufio.Scanner
}

// gather starts a crowd and waits until each client has joined.
func gather(b *testing.B, address string, size int) *crowd {
	b.Helper()
	command := exec.CommandContext(b.Context(), os.Args[0], "-test.run=^TestCrowd$")
	command.Env = append(os.Environ(), fmt.Sprintf("%s=%s %d", crowdVariable, address, size))
	command.Stderr = os.Stderr
	input, err := command.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	output, err := command.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := command.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		input.Close()
		if err := command.Wait(); err != nil && b.Context().Err() == nil {
			b.Errorf("crowd: %v", err)
		}
	})
	c := &crowd{input: input, heard: bufio.NewScanner(output)}
	if !c.heard.Scan() || c.heard.Text() != "joined" {
		b.Fatalf("crowd: got %q", c.heard.Text())
	}
	return c
}

// wait returns when the crowd has heard so many bytes more.
func (c *crowd) wait(b *testing.B, bytes int) {
	if _, err := fmt.Fprintln(c.input, bytes); err != nil {
		b.Fatal(err)
	}
	if !c.heard.Scan() {
		b.Fatal("crowd went away")
	}
}

// TestCrowd is the crowd. As a test it makes sure that three clients of it can join and leave.
func TestCrowd(t *testing.T) {
	where := os.Getenv(crowdVariable)
	if where == "" {
		address := serveTCP(t, benchServer())
		joinRaw(t, address).Close()
		return
	}
	address, size, _ := strings.Cut(where, " ")
	count, err := strconv.Atoi(size)
	if err != nil {
		t.Fatal(err)
	}
	var heard atomic.Int64
	for range count {
		conn := joinRaw(t, address)
		defer conn.Close()
		go func() { _, _ = io.Copy(counter{&heard}, conn) }() // ends with the connection
	}
	fmt.Println("joined")
	answer(t, &heard)
}

// answer tells over and over when the number of bytes asked for has been heard.
func answer(t *testing.T, heard *atomic.Int64) {
	goal := int64(0) // nothing is sent before everybody has joined
	for asked := bufio.NewScanner(os.Stdin); asked.Scan(); {
		more, err := strconv.ParseInt(asked.Text(), 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		for goal += more; heard.Load() < goal; {
			time.Sleep(100 * time.Microsecond)
		}
		fmt.Println("heard")
	}
}

type counter struct{ n *atomic.Int64 }

func (c counter) Write(p []byte) (int, error) {
	c.n.Add(int64(len(p)))
	return len(p), nil
}

// joinRaw joins the main namespace with the least code, so that a crowd is cheap.
func joinRaw(t testing.TB, address string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.WriteString(conn, "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n"+
		"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
	if err != nil {
		t.Fatal(err)
	}
	reader := bufio.NewReader(conn)
	if response, err := http.ReadResponse(reader, nil); err != nil || response.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("join: %v", err)
	}
	readFrame(t, reader) // open
	if _, err := conn.Write([]byte{0x81, 0x82, 0, 0, 0, 0, '4', '0'}); err != nil {
		t.Fatal(err)
	}
	readFrame(t, reader) // admission
	return conn
}

// readFrame skips a frame of fewer than 65,536 bytes (RFC 6455, section 5.2).
func readFrame(t testing.TB, reader *bufio.Reader) {
	t.Helper()
	head := make([]byte, 4)
	if _, err := io.ReadFull(reader, head[:2]); err != nil {
		t.Fatal(err)
	}
	length := int(head[1])
	if length == 126 {
		if _, err := io.ReadFull(reader, head[2:]); err != nil {
			t.Fatal(err)
		}
		length = int(head[2])<<8 | int(head[3])
	}
	if _, err := reader.Discard(length); err != nil {
		t.Fatal(err)
	}
}

func benchServer() *socketio.Server {
	return socketio.NewServer(socketio.Config{Engine: engine.Config{PingInterval: time.Hour}})
}

// serveTCP serves on a real socket: system calls are most of what an event costs.
func serveTCP(t testing.TB, server *socketio.Server) string {
	web := httptest.NewServer(server)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = server.Close(ctx) // a crowd does not answer a goodbye
		web.Close()
	})
	return web.Listener.Addr().String()
}

// update is an event of the size of ours.
func update() map[string]any {
	return map[string]any{
		"callId": "01JD3N8Y6W4V5T7R9Q2P0M1K3H", "stream": "call:01JD3N8Y6W4V5T7R9Q2P0M1K3H", "epoch": 3, "seq": 17,
		"at": "2026-11-24T02:00:00.000Z", "call": map[string]any{"status": "in-progress", "from": "+12015550100", "to": "+12015550123", "muted": false},
	}
}

// BenchmarkFanOut sends one event to 1,000 clients; an operation is one event at one client. The
// processor time is the server's own, of all its threads. Single events cost a system call each;
// those of a burst share it.
func BenchmarkFanOut(b *testing.B) {
	for _, burst := range []int{1, 10, 100} {
		b.Run(fmt.Sprintf("burst=%d", burst), func(b *testing.B) { benchmarkFanOut(b, burst) })
	}
}

func benchmarkFanOut(b *testing.B, burst int) {
	const clients = 1000
	server := benchServer()
	ns := server.Of("/")
	ns.OnConnect(func(*socketio.Socket, json.RawMessage) error { return nil })
	listeners := gather(b, serveTCP(b, server), clients)
	message, err := ns.Prepare("call:update", update())
	if err != nil {
		b.Fatal(err)
	}
	probe, err := socketio.EventOf("/", "call:update", update())
	if err != nil {
		b.Fatal(err)
	}
	size := len(probe.AppendText([]byte{'4'})) + 4 // with the head of a WebSocket frame
	b.ReportAllocs()
	b.ResetTimer()
	began, sent := processorTime(b), 0
	for sent < b.N {
		n := 0
		for range min(burst, (b.N-sent+clients-1)/clients) {
			n += ns.Send(message)
		}
		listeners.wait(b, n*size)
		sent += n
	}
	b.StopTimer()
	used := processorTime(b) - began
	b.ReportMetric(float64(used.Nanoseconds())/float64(sent), "cpu-ns/event")
	b.ReportMetric(float64(sent)/used.Seconds(), "events/s/core")
}

func processorTime(b *testing.B) time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// BenchmarkIdle reports what a connected client costs that says nothing.
func BenchmarkIdle(b *testing.B) {
	const clients = 2000
	server := benchServer()
	server.Of("/").OnConnect(func(*socketio.Socket, json.RawMessage) error { return nil })
	address := serveTCP(b, server)
	memory, goroutines := footprint()
	gather(b, address, clients)
	time.Sleep(200 * time.Millisecond)
	moreMemory, moreGoroutines := footprint()
	b.ReportMetric(float64(moreMemory-memory)/clients, "B/conn")
	b.ReportMetric(float64(moreGoroutines-goroutines)/clients, "goroutines/conn")
	for range b.N {
		server.Stats()
	}
}

// footprint is the heap and the stacks in use.
func footprint() (memory uint64, goroutines int) {
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc + stats.StackInuse, runtime.NumGoroutine()
}
