package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"softphone/internal/phone/switchboard"
	"softphone/internal/protocol/socketio"
	"softphone/internal/protocol/socketio/engine"
)

// Namespace is the only one there is.
const Namespace = "/voice"

// Config is what the door needs. All fields but Origins are required.
type Config struct {
	Exchange *switchboard.Exchange
	// Answer answers a browser's WebRTC offer. A *BadOffer is the page's fault.
	Answer  func(ctx context.Context, offer string) (answer string, d switchboard.Device, err error)
	Origins []string // of other pages that may connect
	Log     *slog.Logger
}

// BadOffer is an offer that cannot be answered.
type BadOffer struct{ Err error }

func (b *BadOffer) Error() string { return b.Err.Error() }
func (b *BadOffer) Unwrap() error { return b.Err }

// Gateway is the door. It is an http.Handler for /socket.io/.
type Gateway struct {
	Config
	server *socketio.Server
	once   *memory
}

// New makes the door.
func New(c Config) *Gateway {
	g := &Gateway{Config: c, once: newMemory()}
	g.server = socketio.NewServer(socketio.Config{Engine: engine.Config{Origins: c.Origins}, Logger: c.Log})
	g.server.Of(Namespace).OnConnect(g.admit)
	return g
}

// ServeHTTP implements http.Handler.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) { g.server.ServeHTTP(w, r) }

// Stats returns the counters of the transport.
func (g *Gateway) Stats() engine.Stats { return g.server.Stats() }

// Close ends all connections.
func (g *Gateway) Close(ctx context.Context) error { return g.server.Close(ctx) }

// handshake is the `auth` of a client.
type handshake struct {
	Token string                    `json:"token"`
	Since map[string][2]json.Number `json:"since"`
}

// admitTime bounds what a handshake may ask of the databases.
const admitTime = 10 * time.Second

// admit takes the seat that the token stands for and brings the page up to date.
func (g *Gateway) admit(s *socketio.Socket, auth json.RawMessage) error {
	ctx, cancel := context.WithTimeout(s.Context(), admitTime)
	defer cancel()
	var shake handshake
	if err := json.Unmarshal(auth, &shake); err != nil {
		return g.turnAway(&switchboard.Refusal{Code: switchboard.InvalidInput, Message: "The handshake's auth is not an object with a token."})
	}
	seat, err := g.Exchange.Admit(ctx, shake.Token)
	if err != nil {
		return g.turnAway(err)
	}
	p := newPage(g, s, seat)
	if err := p.catchUp(ctx, places(shake.Since)); err != nil {
		return g.turnAway(err)
	}
	p.listen()
	return nil
}

// turnAway tells a client why it is not let in.
func (g *Gateway) turnAway(err error) error {
	no := g.refusal(err)
	return socketio.Refuse(no.Message, map[string]string{"code": string(no.Code)})
}

// refusal is the one place where errors become codes and sentences: what is not
// a refusal is logged whole and told as "internal".
func (g *Gateway) refusal(err error) *switchboard.Refusal {
	var no *switchboard.Refusal
	if errors.As(err, &no) {
		return no
	}
	var offer *BadOffer
	if errors.As(err, &offer) {
		g.Log.Info("offer not answered", "err", err)
		return &switchboard.Refusal{Code: switchboard.BadOffer, Message: "This browser's sound cannot be connected. Use a current Chrome, Edge, Firefox or Safari."}
	}
	g.Log.Error("socket not served", "err", err)
	return &switchboard.Refusal{Code: switchboard.Internal, Message: "Something went wrong on our side. It is logged; please try again."}
}

// places reads cursors; one that is no pair of whole numbers counts as none.
func places(since map[string][2]json.Number) map[string]switchboard.Place {
	out := make(map[string]switchboard.Place, len(since))
	for stream, at := range since {
		epoch, err1 := at[0].Int64()
		seq, err2 := at[1].Int64()
		if err1 == nil && err2 == nil {
			out[stream] = switchboard.Place{Epoch: int(epoch), Seq: seq}
		}
	}
	return out
}
