package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"time"

	"softphone/internal/phone/auth"
	"softphone/internal/phone/switchboard"
	"softphone/internal/protocol/socketio"
)

const (
	// stale is how old a command may be: clients buffer while they are offline,
	// and a number that was wanted a minute ago must not be dialled now.
	stale = 10 * time.Second
	// obeyTime bounds what a command may take.
	obeyTime = 15 * time.Second
)

// command is something that a page may ask for.
type command struct {
	Name  string
	Needs auth.Permission // AnyUser: whoever is logged in
	What  string          // for docs
	in    reflect.Type    // its fields
	out   reflect.Type    // of its answer, beside ok
	do    func(ctx context.Context, p *page, s *switchboard.Seat, args json.RawMessage) (any, error)
}

// AnyUser is the need of a command that every user may give.
const AnyUser auth.Permission = "any_user"

// order makes a command of a function that takes its fields.
func order[In, Out any](name string, needs auth.Permission, what string, do func(context.Context, *page, *switchboard.Seat, In) (Out, error)) command {
	if needs == "" {
		panic("command " + name + " names no permission")
	}
	return command{
		Name: name, Needs: needs, What: what, in: reflect.TypeFor[In](), out: reflect.TypeFor[Out](),
		do: func(ctx context.Context, p *page, s *switchboard.Seat, args json.RawMessage) (any, error) {
			var in In
			if err := json.Unmarshal(args, &in); err != nil {
				return nil, &switchboard.Refusal{Code: switchboard.InvalidInput, Message: unread(name, err)}
			}
			return do(ctx, p, s, in)
		},
	}
}

// unread says which field of a command cannot be read, in words of ours.
func unread(name string, err error) string {
	var wrong *json.UnmarshalTypeError
	if !errors.As(err, &wrong) || wrong.Field == "" {
		return "The fields of " + name + " cannot be read."
	}
	kind := "an object"
	switch wrong.Type.Kind() {
	case reflect.String:
		kind = "text"
	case reflect.Bool:
		kind = "true or false"
	case reflect.Slice, reflect.Array:
		kind = "a list"
	case reflect.Int, reflect.Int64, reflect.Float64:
		kind = "a number"
	}
	return "The field `" + wrong.Field + "` must be " + kind + "."
}

// unknown refuses what is no command.
var unknown = command{Name: "unknown", Needs: AnyUser, do: func(context.Context, *page, *switchboard.Seat, json.RawMessage) (any, error) {
	return nil, &switchboard.Refusal{Code: switchboard.UnknownCommand, Message: "There is no such command."}
}}

// envelope is what every command may carry beside its own fields.
type envelope struct {
	CallID    string     `json:"callId"`
	CommandID string     `json:"commandId"`
	At        *time.Time `json:"at"`
}

// answer is an acknowledgement.
type answer struct {
	body   json.RawMessage // an object with ok
	no     *switchboard.Refusal
	callID string
}

// obey does a command and acknowledges it. Commands of a page come one at a time.
func (p *page) obey(c command, e *socketio.Event) {
	a := p.answer(c, e)
	if a.no != nil {
		_ = p.socket.Emit("call:error", Error{Code: a.no.Code, Message: a.no.Message, Rule: a.no.Rule, CallID: a.callID})
	}
	_ = e.Ack(a.body) // a client that is gone asks again with the same commandId
}

func (p *page) answer(c command, e *socketio.Event) answer {
	args := json.RawMessage("{}")
	if e.Len() > 0 {
		args = e.JSON[0]
	}
	var head envelope
	if err := json.Unmarshal(args, &head); err != nil {
		return p.refused(&switchboard.Refusal{Code: switchboard.InvalidInput, Message: "A command's payload is an object; `at` is a time of RFC 3339."}, "")
	}
	if head.At != nil && time.Since(*head.At) > stale {
		return p.refused(&switchboard.Refusal{Code: switchboard.Stale, Message: "This came too late to be done. Please try again."}, head.CallID)
	}
	if head.CommandID == "" {
		return p.done(c, args, head.CallID)
	}
	key := p.user() + " " + c.Name + " " + head.CommandID
	return p.g.once.do(key, func() answer { return p.done(c, args, head.CallID) })
}

func (p *page) user() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.seat.Tenant.ID + " " + p.seat.User.ID
}

// done asks the seat and words the answer.
func (p *page) done(c command, args json.RawMessage, callID string) answer {
	// A command goes on when its page is gone: it may be asked for again.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(p.socket.Context()), obeyTime)
	defer cancel()
	seat, err := p.taken(ctx)
	if err == nil && c.Needs != AnyUser {
		err = seat.May(c.Needs)
	}
	var out any
	if err == nil {
		out, err = c.do(ctx, p, seat, args)
	}
	if err != nil {
		return p.refused(err, callID)
	}
	body, err := json.Marshal(out)
	if err != nil {
		return p.refused(err, callID)
	}
	return answer{body: with(struct {
		OK bool `json:"ok"`
	}{true}, body)}
}

func (p *page) refused(err error, callID string) answer {
	no := p.g.refusal(err)
	body, err := json.Marshal(struct {
		OK    bool  `json:"ok"`
		Error Error `json:"error"`
	}{Error: Error{Code: no.Code, Message: no.Message, Rule: no.Rule}})
	if err != nil {
		panic(err) // strings only
	}
	return answer{body: body, no: no, callID: callID}
}

func isUnauthorized(err error) bool {
	var no *switchboard.Refusal
	return errors.As(err, &no) && no.Code == switchboard.Unauthorized
}
