package webrtc_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"regexp"
	"strconv"
	"testing"
	"time"

	"go.uber.org/goleak"

	"softphone/internal/adapter/webrtc"
	"softphone/internal/phone/media"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func join(t *testing.T) (*webrtc.Agent, *webrtc.Peer) {
	t.Helper()
	return joinBy(t, webrtc.Config{Listen: "127.0.0.1:0"}, webrtc.NewAgent)
}

func joinBy(t *testing.T, c webrtc.Config, newAgent func(context.Context) (*webrtc.Agent, error)) (*webrtc.Agent, *webrtc.Peer) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	engine, err := webrtc.New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := engine.Close(); err != nil {
			t.Errorf("close engine: %v", err)
		}
	})
	agent, err := newAgent(ctx)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(agent.Close)
	answer, peer, err := engine.Answer(ctx, agent.Offer())
	if err != nil {
		t.Fatal(err)
	}
	if err := agent.Take(answer); err != nil {
		t.Fatal(err)
	}
	for _, up := range []<-chan struct{}{agent.Up(), peer.Up()} {
		select {
		case <-up:
		case <-ctx.Done():
			t.Fatal("never connected")
		}
	}
	return agent, peer
}

// carry sends frames one way and compares them with what arrives.
func carry(t *testing.T, from media.Writer, to media.Port) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	tap := media.NewTap(100)
	to.Connect(tap)
	var sent []byte
	tick := time.NewTicker(media.FrameTime)
	defer tick.Stop()
	for i := range 25 {
		f := bytes.Repeat([]byte{byte(i)}, media.FrameBytes)
		f[3] = 0x55
		sent = append(sent, f...)
		from.WriteFrame(media.Frame{Data: f})
		<-tick.C
	}
	var got []byte
	buf := make([]byte, media.FrameBytes)
	for len(got) < len(sent) {
		f, err := tap.Read(ctx, buf)
		if err != nil {
			t.Fatalf("after %d of %d bytes: %v", len(got), len(sent), err)
		}
		got = append(got, f.Data...)
	}
	if !bytes.Equal(got, sent) {
		t.Error("sound that arrived differs from the sound sent")
	}
}

func TestSoundBothWays(t *testing.T) {
	agent, peer := join(t)
	carry(t, agent, peer)
	carry(t, peer, agent)
	if s := peer.Stats(); s.Received != 25 || s.Sent != 25 || s.Lost+s.Late+s.Unsent != 0 {
		t.Errorf("peer counted %+v, want 25 each way and no loss", s)
	}
	if peer.LastHeard().IsZero() {
		t.Error("peer never heard the agent")
	}
	peer.Close()
	<-peer.Done()
}

// An agent whose network lets no UDP out is connected over TCP (RFC 6544).
func TestSoundWithoutUDP(t *testing.T) {
	agent, peer := joinBy(t, webrtc.Config{Listen: "127.0.0.1:0", ListenTCP: "127.0.0.1:0"}, webrtc.NewAgentWithoutUDP)
	carry(t, agent, peer)
	carry(t, peer, agent)
	if s := peer.Stats(); s.Received != 25 || s.Sent != 25 || s.Lost+s.Late+s.Unsent != 0 {
		t.Errorf("peer counted %+v, want 25 each way and no loss", s)
	}
}

// With both ways open UDP is taken: a lost packet holds up none behind it.
func TestUDPComesFirst(t *testing.T) {
	c := webrtc.Config{Listen: "127.0.0.1:0", ListenTCP: "127.0.0.1:0"}
	engine, err := webrtc.New(c)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := engine.Close(); err != nil {
			t.Error(err)
		}
	}()
	agent, err := webrtc.NewAgent(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer agent.Close()
	answer, _, err := engine.Answer(t.Context(), agent.Offer())
	if err != nil {
		t.Fatal(err)
	}
	priority := map[string]int{}
	for _, m := range regexp.MustCompile(`a=candidate:\S+ \d (\w+) (\d+) `).FindAllStringSubmatch(answer, -1) {
		n, _ := strconv.Atoi(m[2])
		priority[m[1]] = max(priority[m[1]], n)
	}
	if priority["tcp"] == 0 || priority["udp"] <= priority["tcp"] {
		t.Errorf("priorities of the candidates are %v, want UDP above TCP\n%s", priority, answer)
	}
}

func TestPortsThatCannotBeOpened(t *testing.T) {
	taken, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for _, c := range []webrtc.Config{
		{Listen: "nowhere"},
		{Listen: "127.0.0.1:0", ListenTCP: taken.Addr().String()},
		{Listen: "127.0.0.1:0", PublicIPs: []string{"not an address"}},
	} {
		if e, err := webrtc.New(c); err == nil {
			t.Errorf("%+v: opened %v, want an error", c, e.Addr())
		}
	}
}

func TestBadOffer(t *testing.T) {
	engine, err := webrtc.New(webrtc.Config{Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	for _, offer := range []string{"", "v=0", "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"} {
		var bad *webrtc.BadOffer
		if _, _, err := engine.Answer(t.Context(), offer); !errors.As(err, &bad) {
			t.Errorf("offer %q: %v, want a BadOffer", offer, err)
		}
	}
	if err := engine.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	if _, _, err := engine.Answer(t.Context(), ""); !errors.Is(err, webrtc.ErrClosed) {
		t.Errorf("answer after close: %v, want ErrClosed", err)
	}
}
