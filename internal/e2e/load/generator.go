package main

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"softphone/internal/adapter/webrtc"
	"softphone/internal/phone/media"
	"softphone/internal/protocol/mediastream"
)

// result is one line of the table.
type result struct {
	Load     string
	Calls    int
	CPU      float64 // of the server, in cores
	Memory   float64 // resident bytes a call
	P50, P99 time.Duration
	Dropped  int64
	Lost     int64
	Own      float64 // of the generator, in cores
	Valid    bool    // the load was said and arrived
}

// leg is one call: something that speaks every 20 ms and notes how late each
// frame arrives at the other end.
type leg struct {
	say   func(now time.Time)
	close func()

	mu     sync.Mutex
	delays []time.Duration
}

// stamped is a loud frame that carries the time it was said; sound goes through
// the server unchanged.
func stamped(frame []byte, now time.Time) {
	for i := range frame {
		frame[i] = 0x0B | byte(i&1)<<7
	}
	binary.BigEndian.PutUint64(frame, uint64(now.UnixNano()))
}

func (l *leg) arrived(frame []byte) {
	if len(frame) < 8 {
		return
	}
	d := time.Duration(time.Now().UnixNano() - int64(binary.BigEndian.Uint64(frame)))
	l.mu.Lock()
	defer l.mu.Unlock()
	l.delays = append(l.delays, d)
}

func (l *leg) take() []time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	d := l.delays
	l.delays = make([]time.Duration, 0, 2*len(d))
	return d
}

// WriteFrame implements media.Writer: what the agent hears.
func (l *leg) WriteFrame(f media.Frame) { l.arrived(f.Data) }

// newCall connects a customer's stream and an agent.
func newCall(ctx context.Context, server string, n int) (*leg, error) {
	l := &leg{}
	agent, err := webrtc.NewAgent(ctx)
	if err != nil {
		return nil, err
	}
	agent.Connect(l)
	answer, err := http.Post(fmt.Sprintf("http://%s/offer?leg=L%d", server, n), "application/sdp", strings.NewReader(agent.Offer()))
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	sdp, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("offer: %s %s %w", answer.Status, sdp, err)
	}
	if err := agent.Take(string(sdp)); err != nil {
		return nil, err
	}
	select {
	case <-agent.Up():
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	customer, err := newCustomer(server, n, l)
	if err != nil {
		return nil, err
	}
	var frame [media.FrameBytes]byte
	l.say = func(now time.Time) {
		customer.say(now)
		stamped(frame[:], now)
		agent.WriteFrame(media.Frame{Data: frame[:]})
	}
	l.close = func() { customer.close(); agent.Close() }
	return l, nil
}

// customer is Twilio's end of a stream.
type customer struct {
	*socket
	sid   string
	chunk int64
	frame [media.FrameBytes]byte
}

func newCustomer(server string, n int, l *leg) (*customer, error) {
	s, err := dial(server, "/api/voice/media")
	if err != nil {
		return nil, err
	}
	c := &customer{socket: s, sid: fmt.Sprintf("MZ%032x", n)}
	if err := s.write(mediastream.AppendConnected); err != nil {
		return nil, err
	}
	err = s.write(func(dst []byte) []byte {
		return mediastream.AppendStart(dst, 1, mediastream.Start{
			AccountSid: fmt.Sprintf("AC%032x", 1), CallSid: fmt.Sprintf("CA%032x", n), StreamSid: c.sid,
			Tracks: []string{mediastream.TrackInbound}, Format: mediastream.PhoneFormat,
			Parameters: map[string]string{"leg": fmt.Sprintf("L%d", n), "token": "token", "tenant": "load"},
		})
	})
	go c.listen(l) // ends with the socket
	return c, err
}

func (c *customer) say(now time.Time) {
	stamped(c.frame[:], now)
	c.chunk++
	_ = c.write(func(dst []byte) []byte { // a lost socket shows in the figures
		return mediastream.AppendSound(dst, c.chunk+1, c.sid, mediastream.Media{
			Track: mediastream.TrackInbound, Chunk: c.chunk, At: time.Duration(c.chunk) * media.FrameTime, Payload: c.frame[:]})
	})
}

// listen hears what the agent says and sends marks back at once: nothing waits.
func (c *customer) listen(l *leg) {
	var d mediastream.CommandDecoder
	buf := make([]byte, 4096)
	for {
		message, err := c.read(buf)
		if err != nil {
			return
		}
		m, err := d.Decode(message)
		switch {
		case err != nil:
			return
		case m.Event == mediastream.EventMedia:
			l.arrived(m.Payload)
		case m.Event == mediastream.EventMark:
			_ = c.write(func(dst []byte) []byte { return mediastream.AppendPlayed(dst, 1, c.sid, m.Mark) })
		}
	}
}

// newRelay is a socket whose messages come back, two for each 20 ms as in a call.
func newRelay(_ context.Context, server string, _ int) (*leg, error) {
	s, err := dial(server, "/relay")
	if err != nil {
		return nil, err
	}
	l := &leg{close: s.close}
	sid := fmt.Sprintf("MZ%032x", 1)
	var frame [media.FrameBytes]byte
	l.say = func(now time.Time) {
		stamped(frame[:], now)
		_ = s.write(func(dst []byte) []byte { return mediastream.AppendMedia(dst, sid, frame[:]) })
	}
	go func() { // ends with the socket
		var d mediastream.CommandDecoder
		buf := make([]byte, 4096)
		for {
			message, err := s.read(buf)
			if err != nil {
				return
			}
			if m, err := d.Decode(message); err == nil {
				l.arrived(m.Payload)
			}
		}
	}()
	return l, nil
}

// settle is how long calls run before they are measured.
const settle = 2 * time.Second

// generator holds the calls that are up.
type generator struct {
	server string
	legs   []*leg
	said   atomic.Int64
	idle   usage // of the server before the first call
}

func generate(server string, counts []int, window time.Duration) error {
	relays := generator{server: server}
	if err := relays.run("relay", newRelay, counts[:1], window); err != nil {
		return err
	}
	calls := generator{server: server}
	return calls.run("call", newCall, counts, window)
}

type maker func(ctx context.Context, server string, n int) (*leg, error)

// run measures each number of calls, up to one that is too many.
func (g *generator) run(load string, dial maker, counts []int, window time.Duration) error {
	defer func() {
		for _, l := range g.legs {
			l.close()
		}
	}()
	var err error
	if g.idle, err = g.usage(); err != nil {
		return err
	}
	out := json.NewEncoder(os.Stdout)
	for _, n := range counts {
		r, err := g.step(load, dial, n, window)
		if err != nil {
			return err
		}
		if err := out.Encode(r); err != nil {
			return err
		}
		if !r.Valid || r.P50 > 20*time.Millisecond || r.Own > 0.9 {
			return nil // more would measure the load
		}
	}
	return nil
}

func (g *generator) step(load string, dial maker, calls int, window time.Duration) (result, error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	for len(g.legs) < calls {
		setUp, done := context.WithTimeout(ctx, 20*time.Second)
		l, err := dial(setUp, g.server, len(g.legs))
		done()
		if err != nil {
			return result{}, fmt.Errorf("call %d: %w", len(g.legs), err)
		}
		g.legs = append(g.legs, l)
	}
	var wheel sync.WaitGroup
	wheel.Go(func() { g.turn(ctx) })
	defer wheel.Wait()
	defer cancel()
	time.Sleep(settle)
	g.delays()
	began, own, said := time.Now(), cpuTime(), g.said.Load()
	before, err := g.usage()
	if err != nil {
		return result{}, err
	}
	time.Sleep(window)
	after, err := g.usage()
	if err != nil {
		return result{}, err
	}
	took, own, said := time.Since(began), cpuTime()-own, g.said.Load()-said
	r := result{Load: load, Calls: calls, CPU: float64(after.CPU-before.CPU) / float64(took), Own: float64(own) / float64(took),
		Dropped: after.Dropped - before.Dropped, Lost: after.Lost - before.Lost}
	each := int64(1)
	if load == "call" {
		each = 2
		r.Memory = float64(after.Memory-g.idle.Memory) / float64(calls)
	}
	r.measure(g.delays(), each*said, each*int64(calls)*int64(took/media.FrameTime))
	return r, nil
}

// measure takes the delays of a run in which said of due frames were said.
func (r *result) measure(d []time.Duration, said, due int64) {
	if len(d) == 0 {
		return
	}
	slices.Sort(d)
	r.P50, r.P99 = d[len(d)/2], d[len(d)*99/100]
	r.Valid = said > due*95/100 && int64(len(d)) > said*95/100
	if !r.Valid {
		fmt.Fprintf(os.Stderr, "load: with %d calls %d frames were due, %d said and %d arrived\n", r.Calls, due, said, len(d))
	}
}

// turn lets every leg speak once in 20 ms, spread evenly.
func (g *generator) turn(ctx context.Context) {
	began, said := time.Now(), 0
	timer := time.NewTicker(time.Millisecond)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		for due := int(time.Since(began) * time.Duration(len(g.legs)) / media.FrameTime); said < due; said++ {
			g.legs[said%len(g.legs)].say(time.Now())
			g.said.Add(1)
		}
	}
}

func (g *generator) delays() (all []time.Duration) {
	for _, l := range g.legs {
		all = append(all, l.take()...)
	}
	return all
}

func (g *generator) usage() (u usage, err error) {
	answer, err := http.Get("http://" + g.server + "/usage")
	if err != nil {
		return u, err
	}
	defer answer.Body.Close()
	return u, json.NewDecoder(answer.Body).Decode(&u)
}
