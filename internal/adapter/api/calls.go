package api

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"softphone/internal/phone/auth"
	"softphone/internal/phone/call"
	"softphone/internal/phone/switchboard"
)

// Leg is one leg of a call: a telephone or a device.
type Leg struct {
	ID         call.LegID `json:"id"`
	Role       call.Role  `json:"role"`
	Phase      call.Phase `json:"phase"`
	CarrierSID string     `json:"carrierSid,omitempty"`
	Address    string     `json:"address,omitempty"`
	DialledAt  *time.Time `json:"dialledAt,omitempty"`
	AnsweredAt *time.Time `json:"answeredAt,omitempty"`
	EndedAt    *time.Time `json:"endedAt,omitempty"`
	Cause      string     `json:"cause,omitempty" doc:"the carrier's final word"`
}

// Line is a finished line of the conversation.
type Line struct {
	LineID   string `json:"lineId"`
	Revision int    `json:"revision"`
	Speaker  string `json:"speaker" enum:"caller,agent"`
	Text     string `json:"text"`
	Final    bool   `json:"final"`
	StartMs  int64  `json:"startMs" doc:"since the call was answered"`
	EndMs    int64  `json:"endMs"`
	Gap      string `json:"gap,omitempty" doc:"why nothing is known of this stretch"`
}

// Dossier is one call with its legs, its lines and the assistant's help.
type Dossier struct {
	Call        call.View    `json:"call"`
	Legs        []Leg        `json:"legs"`
	Lines       []Line       `json:"lines"`
	Transcript  string       `json:"transcript,omitempty" doc:"the lines as one text, once the call is over"`
	Suggestions []Suggestion `json:"suggestions" nullable:"false"`
	Actions     []Action     `json:"actions" nullable:"false" doc:"each state that each went through"`
}

// Suggestion is what the agent might have said or done next.
type Suggestion struct {
	SuggestionID string `json:"suggestionId"`
	Text         string `json:"text"`
	Reason       string `json:"reason"`
	LineID       string `json:"lineId" doc:"the line it answers"`
	State        string `json:"state" enum:"shown"`
}

// Action is what the assistant did, or proposed to do.
type Action struct {
	ActionID  string  `json:"actionId"`
	Tool      string  `json:"tool"`
	Arguments Object  `json:"arguments" doc:"the tool's own"`
	State     string  `json:"state" enum:"running,proposed,done,refused"`
	Result    *Object `json:"result,omitempty" doc:"the tool's own"`
}

// Object is an object whose members are somebody else's.
type Object struct{ json.RawMessage }

// Schema implements huma.SchemaProvider.
func (Object) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true}
}

type callsInput struct {
	Status    string    `query:"status" enum:"queued,ringing,in-progress,completed,busy,failed,no-answer,canceled"`
	Direction string    `query:"direction" enum:"inbound,outbound"`
	Number    string    `query:"number" maxLength:"32" doc:"digits that either number contains"`
	UserID    string    `query:"userId" maxLength:"64"`
	Since     time.Time `query:"since" doc:"RFC 3339; started at or after"`
	Until     time.Time `query:"until" doc:"RFC 3339; started before"`
	Cursor    string    `query:"cursor" maxLength:"128" doc:"next of the page before"`
	Limit     int       `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

type callsOutput struct {
	Body struct {
		Items []call.View `json:"items"`
		Next  *string     `json:"next" doc:"cursor of the next page; null at the end"`
	}
}

type dossierOutput struct{ Body Dossier }

type dialInput struct {
	Key  string `header:"Idempotency-Key" maxLength:"128" pattern:"^[!-~]*$" doc:"Makes the request repeatable for 24 hours: the same key and body of the same user answer with the same call and dial once; another body answers 409 idempotency_conflict. A request that was refused is not remembered."`
	Body struct {
		To        string `json:"to" minLength:"1" maxLength:"64" doc:"any usual form; national ones are of the country of the desk's number"`
		From      string `json:"from,omitempty" maxLength:"16" doc:"a number of the desk; its first by default"`
		ContactID string `json:"contactId,omitempty" maxLength:"64"`
	}
}

type callOutput struct {
	Body struct {
		Call call.View `json:"call"`
	}
}

func (a *API) calls() {
	route(a, auth.MakeCalls, huma.Operation{OperationID: "dial", Method: http.MethodPost, Path: "/api/voice/call", Summary: "Call a number", DefaultStatus: http.StatusCreated, Tags: []string{"voice"}}, a.dial)
	route(a, auth.MakeCalls, huma.Operation{OperationID: "end-call", Method: http.MethodPost, Path: "/api/voice/calls/{id}/end", Summary: "Hang up, or cancel before the answer", Tags: []string{"voice"}}, a.endCall)
	route(a, auth.History, huma.Operation{OperationID: "list-calls", Method: http.MethodGet, Path: "/api/voice/calls", Summary: "Call history, newest first", Tags: []string{"voice"}}, a.listCalls)
	route(a, auth.History, huma.Operation{OperationID: "get-call", Method: http.MethodGet, Path: "/api/voice/calls/{id}", Summary: "One call with legs and lines", Tags: []string{"voice"}}, a.getCall)
}

func (a *API) listCalls(ctx context.Context, in *callsInput) (*callsOutput, error) {
	startedAt, id, err := parseCursor(in.Cursor)
	if err != nil {
		return nil, &switchboard.Refusal{Code: switchboard.InvalidInput, Message: "The cursor is not one of ours."}
	}
	found, err := seatOf(ctx).Calls(ctx, call.Search{
		Status: call.Status(in.Status), Direction: call.Direction(in.Direction), Number: in.Number, UserID: call.UserID(in.UserID),
		Since: in.Since, Until: in.Until, After: call.Cursor{StartedAt: startedAt, ID: call.ID(id)}, Limit: in.Limit + 1, // one more tells whether there is a next page
	})
	if err != nil {
		return nil, err
	}
	out := &callsOutput{}
	out.Body.Items = append([]call.View{}, found[:min(len(found), in.Limit)]...)
	if len(found) > in.Limit {
		last := out.Body.Items[in.Limit-1]
		next := formatCursor(last.StartedAt, string(last.ID))
		out.Body.Next = &next
	}
	return out, nil
}

func (a *API) dial(ctx context.Context, in *dialInput) (*callOutput, error) {
	key := in.Key
	if key != "" {
		key = "rest:" + key // the socket's commands have keys of their own
	}
	v, err := seatOf(ctx).DialOnce(ctx, key, switchboard.Order{To: in.Body.To, From: in.Body.From, ContactID: in.Body.ContactID})
	return callAnswer(v), err
}

func (a *API) endCall(ctx context.Context, in *idInput) (*callOutput, error) {
	v, err := seatOf(ctx).End(ctx, call.ID(in.ID))
	return callAnswer(v), err
}

func callAnswer(v call.View) *callOutput {
	out := &callOutput{}
	out.Body.Call = v
	return out
}

func (a *API) getCall(ctx context.Context, in *idInput) (*dossierOutput, error) {
	d, err := seatOf(ctx).Dossier(ctx, call.ID(in.ID))
	if err != nil {
		return nil, err
	}
	return &dossierOutput{Body: dossier(d)}, nil
}

func dossier(d switchboard.Dossier) Dossier {
	out := Dossier{Call: d.Call, Transcript: d.Text, Legs: []Leg{}, Lines: []Line{}, Suggestions: []Suggestion{}, Actions: []Action{}}
	for _, l := range d.Legs {
		out.Legs = append(out.Legs, Leg{
			ID: l.ID, Role: l.Role, Phase: l.Phase, CarrierSID: l.CarrierSID, Address: l.Address,
			DialledAt: stamp(l.DialledAt), AnsweredAt: stamp(l.AnsweredAt), EndedAt: stamp(l.EndedAt), Cause: l.Cause,
		})
	}
	for _, l := range d.Lines {
		out.Lines = append(out.Lines, Line{
			LineID: l.ID, Revision: l.Revision, Speaker: l.Speaker, Text: l.Text, Final: true,
			StartMs: l.Start.Milliseconds(), EndMs: l.End.Milliseconds(), Gap: l.Gap,
		})
	}
	for _, e := range d.Events {
		switch e.Type {
		case "ai:suggestion":
			out.Suggestions = appendBody(out.Suggestions, e.Body)
		case "ai:action":
			out.Actions = appendBody(out.Actions, e.Body)
		}
	}
	return out
}

// appendBody adds what an event says; one whose words could not be stored says
// nothing.
func appendBody[T any](all []T, body json.RawMessage) []T {
	var one T
	if len(body) <= len("{}") || json.Unmarshal(body, &one) != nil {
		return all
	}
	return append(all, one)
}
