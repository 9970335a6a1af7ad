package twilio

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"softphone/internal/phone/call"
	"softphone/internal/phone/media"
	"softphone/internal/phone/tenant"
	"softphone/internal/protocol/twilioapi"
	"softphone/internal/protocol/twiml"
)

// formMost is the longest webhook; real ones have about 2 kB.
const formMost = 64 << 10

// ErrNoLine says that there is no such tenant, or that the account is not its.
var ErrNoLine = errors.New("no line of this tenant and account")

// Desk finds the line a request is for.
type Desk interface {
	// Line returns the line of a tenant and its account, or ErrNoLine. An empty
	// tenant is looked for by the account alone.
	Line(ctx context.Context, tenant, account string) (Line, error)
}

// Line is a tenant's telephone line.
type Line interface {
	// Token is the account's auth token that requests are signed with.
	Token() string
	// Receive stores a fact before it returns and then hands it to the call.
	// dedupe is equal for two deliveries of one callback. A fact of a call
	// nobody knows is stored too.
	Receive(ctx context.Context, f call.Fact, dedupe string, raw []byte) error
	// Keep stores what cannot be understood, for somebody to look at. No call hears
	// of it.
	Keep(ctx context.Context, dedupe string, raw []byte) error
	// Answer returns the one-time token with which the answered leg opens its
	// sound. ok is false for a leg that is to be hung up.
	Answer(ctx context.Context, f call.Fact) (token string, ok bool, err error)
	// Arrive takes a call that comes in and returns its leg and the token for its
	// sound. ok is false for a caller who is not wanted.
	Arrive(ctx context.Context, sid, from, to string) (leg call.LegID, token string, ok bool, err error)
	// Connect takes the sound of a leg. It uses up the token, which must be the
	// one given for this leg and call; any other is an error.
	Connect(ctx context.Context, leg call.LegID, token, callSID string, s *Stream) error
}

// Doors are what Twilio comes in by.
type Doors struct {
	Desk    Desk
	Backend string // the public address Twilio knows us by and signs
	Media   string // wss address of this process, without a slash at the end
	// Knocked counts webhooks by door and by what came of them: taken, odd,
	// refused or failed. Dropped counts the sound of a stream that ended. nil:
	// nobody counts.
	Knocked func(door, result string)
	Dropped func(Sound)
	Log     *slog.Logger
}

// Register puts the doors into a mux.
func (d *Doors) Register(mux *http.ServeMux) {
	for door, serve := range map[string]http.HandlerFunc{
		"twiml/outbound": d.outbound, "twiml/resume": d.outbound, "twiml/inbound": d.inbound,
		"webhook/status": d.status, "webhook/recording": d.recording,
	} {
		mux.HandleFunc("POST /api/voice/"+door, d.counted(door, serve))
	}
	mux.HandleFunc("GET /api/voice/media", d.media)
}

// counted tells Knocked what came of each request.
func (d *Doors) counted(door string, serve http.HandlerFunc) http.HandlerFunc {
	if d.Knocked == nil {
		return serve
	}
	return func(w http.ResponseWriter, r *http.Request) {
		c := &counter{ResponseWriter: w, result: "taken"}
		serve(c, r)
		d.Knocked(door, c.result)
	}
}

// counter sees what a request is answered with.
type counter struct {
	http.ResponseWriter
	result string
}

// WriteHeader implements http.ResponseWriter.
func (c *counter) WriteHeader(status int) {
	switch {
	case status == http.StatusForbidden:
		c.result = "refused"
	case status >= http.StatusInternalServerError:
		c.result = "failed"
	case status >= http.StatusBadRequest:
		c.result = "odd"
	}
	c.ResponseWriter.WriteHeader(status)
}

// knock is a request whose signature was checked.
type knock struct {
	line Line
	leg  call.LegID
	slug string
	form url.Values
	raw  []byte
	try  int   // of a leg that was told to bring its sound anew
	odd  error // why the form is not to be used, though the right one signed it
}

// open checks who knocks. Whatever is wrong, the answer is the same bare 403.
func (d *Doors) open(w http.ResponseWriter, r *http.Request) (knock, bool) {
	k, err := d.check(r)
	if err == nil {
		return k, true
	}
	d.Log.Warn("request refused at Twilio's door", "path", r.URL.Path, "err", err)
	w.WriteHeader(http.StatusForbidden)
	return knock{}, false
}

func (d *Doors) check(r *http.Request) (k knock, err error) {
	k.raw, err = io.ReadAll(io.LimitReader(r.Body, formMost+1))
	if err != nil {
		return k, err
	}
	if len(k.raw) > formMost {
		return k, errors.New("form is too long")
	}
	if k.form, err = twilioapi.DecodeForm(k.raw); err != nil {
		return k, err
	}
	query := r.URL.Query()
	k.leg, k.slug = call.LegID(query.Get("leg")), query.Get("tenant")
	k.try, _ = strconv.Atoi(query.Get("try")) // absent is 0
	account := k.form["AccountSid"]           // its token is what the rest is checked with
	if len(account) != 1 || !twilioapi.IsSid(twilioapi.KindAccount, account[0]) {
		return k, errors.New("no account is named")
	}
	if k.line, err = d.Desk.Line(r.Context(), k.slug, account[0]); err != nil {
		return k, err
	}
	address := strings.TrimSuffix(d.Backend, "/") + r.URL.RequestURI()
	if err := twilioapi.Validate(k.line.Token(), address, k.form, r.Header.Get(twilioapi.SignatureHeader)); err != nil {
		return k, err
	}
	k.odd = twilioapi.CheckForm(k.form)
	var wrong *twilioapi.FieldError
	if errors.As(k.odd, &wrong) && wrong.Tampered {
		return k, k.odd
	}
	if k.odd == nil && k.leg != "" && !tenant.IsID(string(k.leg)) {
		k.odd = &twilioapi.FieldError{Parameter: "leg", Problem: "is no id"}
	}
	return k, nil
}

// keep stores a callback that is not understood and takes it: a second delivery
// would be as odd, and what is refused is lost.
func (d *Doors) keep(w http.ResponseWriter, r *http.Request, k knock, odd error) {
	d.Log.Warn("callback is odd: kept, not used", "path", r.URL.Path, "tenant", k.slug, "err", odd)
	if c, ok := w.(*counter); ok {
		c.result = "odd"
	}
	sum := sha256.Sum256(k.raw)
	if err := k.line.Keep(r.Context(), "odd/"+hex.EncodeToString(sum[:]), k.raw); err != nil {
		d.Log.Error("callback not stored", "tenant", k.slug, "err", err)
		w.WriteHeader(http.StatusServiceUnavailable) // Twilio tries again
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// voice reads a request for a document. One that is odd gets none.
func (d *Doors) voice(w http.ResponseWriter, r *http.Request, k knock) (twilioapi.VoiceRequest, bool) {
	asks, err := twilioapi.ParseVoiceRequest(k.form)
	if err = errors.Join(k.odd, err); err != nil {
		d.Log.Warn("request for a document is odd", "path", r.URL.Path, "tenant", k.slug, "err", err)
		w.WriteHeader(http.StatusBadRequest)
		return asks, false
	}
	return asks, true
}

// upgraded checks the signature of a media socket's upgrade if there is one: the
// vendor's documents do not agree on whether Twilio signs it ("Media Streams"
// says so, its own server in twilio-agent-connect says the opposite). The token
// is what admits.
func (d *Doors) upgraded(r *http.Request, line Line) error {
	signature := r.Header.Get(twilioapi.SignatureHeader)
	if signature == "" && line.Token() != "" {
		return nil
	}
	return twilioapi.Validate(line.Token(), strings.TrimSuffix(d.Media, "/")+r.URL.RequestURI(), nil, signature)
}

// status takes a status callback. It is stored before the 2xx, because Twilio
// does not deliver what was taken a second time.
func (d *Doors) status(w http.ResponseWriter, r *http.Request) {
	k, ok := d.open(w, r)
	if !ok {
		return
	}
	news, err := twilioapi.ParseStatusCallback(k.form)
	if k.odd != nil || err != nil {
		d.keep(w, r, k, errors.Join(k.odd, err))
		return
	}
	f := fact(k.leg, news)
	if err := k.line.Receive(r.Context(), f, dedupe(f), k.raw); err != nil {
		d.Log.Error("callback not stored", "tenant", k.slug, "leg", k.leg, "err", err)
		w.WriteHeader(http.StatusServiceUnavailable) // Twilio tries again
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func fact(leg call.LegID, c twilioapi.StatusCallback) call.Fact {
	return call.Fact{
		Leg: leg, SID: c.CallSid, Status: c.Status, Seq: c.Sequence, At: c.At,
		Talk: time.Duration(c.CallDuration) * time.Second, Cause: cause(c), Received: time.Now(),
	}
}

func cause(c twilioapi.StatusCallback) string {
	switch {
	case c.ErrorCode != 0:
		return strconv.Itoa(c.ErrorCode)
	case c.SipResponseCode != 0 && c.Status != twilioapi.StatusCompleted:
		return strconv.Itoa(c.SipResponseCode)
	}
	return ""
}

// dedupe names a callback by what it says: repeated deliveries say the same.
func dedupe(f call.Fact) string {
	return f.SID + "/" + strconv.Itoa(f.Seq) + "/" + f.Status
}

// outbound answers what an answered leg shall do: bring us its sound.
func (d *Doors) outbound(w http.ResponseWriter, r *http.Request) {
	k, ok := d.open(w, r)
	if !ok {
		return
	}
	asks, ok := d.voice(w, r, k)
	if !ok {
		return
	}
	f := call.Fact{Leg: k.leg, SID: asks.CallSid, Status: asks.Status, Seq: twilioapi.NoSequence, Received: time.Now()}
	token, ok, err := k.line.Answer(r.Context(), f)
	if err != nil {
		d.Log.Error("answered leg has no document", "tenant", k.slug, "leg", k.leg, "err", err)
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	d.write(w, d.document(k, token, ok && k.try < triesMost))
}

// triesMost bounds how often a leg brings its sound anew: whoever loses it so
// often cannot be helped by once more.
const triesMost = 8

// inbound answers a call that comes in: it is ours at once, with its sound.
func (d *Doors) inbound(w http.ResponseWriter, r *http.Request) {
	k, ok := d.open(w, r)
	if !ok {
		return
	}
	asks, ok := d.voice(w, r, k)
	if !ok {
		return
	}
	leg, token, ok, err := k.line.Arrive(r.Context(), asks.CallSid, asks.From, asks.To)
	if err != nil { // Twilio asks the number's fallback address
		d.Log.Error("call that came in not taken", "account", asks.AccountSid, "err", err)
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	if !ok {
		d.write(w, twiml.Response{Verbs: []twiml.Verb{twiml.Reject{}}})
		return
	}
	k.leg = leg
	d.write(w, d.document(k, token, true))
}

func (d *Doors) write(w http.ResponseWriter, document twiml.Response) {
	w.Header().Set("Content-Type", twiml.ContentType)
	_, _ = w.Write(document.Bytes()) // Twilio asks again if it went away
}

// document brings us the sound. What stands behind it runs when the socket was
// closed by our side ("<Stream>"): a process that stopped, a network that broke.
// The leg is not dropped: it comes to whoever is there now.
func (d *Doors) document(k knock, token string, ok bool) twiml.Response {
	if !ok {
		return twiml.Response{Verbs: []twiml.Verb{twiml.Hangup{}}}
	}
	again := url.Values{"leg": {string(k.leg)}, "tenant": {k.slug}, "try": {strconv.Itoa(k.try + 1)}}
	return twiml.Response{Verbs: []twiml.Verb{
		twiml.Connect{Stream: twiml.Stream{
			URL: strings.TrimSuffix(d.Media, "/") + "/api/voice/media",
			Parameters: []twiml.Parameter{
				{Name: "token", Value: token}, {Name: "leg", Value: string(k.leg)}, {Name: "tenant", Value: k.slug},
			},
		}},
		twiml.Say{Text: "One moment, please."},
		twiml.Pause{Length: 1},
		twiml.Redirect{Method: http.MethodPost, URL: strings.TrimSuffix(d.Backend, "/") + "/api/voice/twiml/resume?" + again.Encode() + "#rc=5&rp=all"},
	}}
}

var _ media.Port = (*Stream)(nil)
