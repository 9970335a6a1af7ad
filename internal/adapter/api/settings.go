package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"softphone/internal/phone/auth"
	"softphone/internal/phone/gate"
	"softphone/internal/phone/recording"
	"softphone/internal/phone/switchboard"
)

// Settings are what a desk's administrators decide, part by part.
type Settings struct {
	Calling   gate.Policy     `json:"calling"`
	Recording recording.Rules `json:"recording"`
}

// ChangedSettings are the parts that somebody saves; one that is absent stays as it
// is.
type ChangedSettings struct {
	Calling   *gate.Policy     `json:"calling,omitempty"`
	Recording *recording.Rules `json:"recording,omitempty"`
}

// StoredSettings are the settings with what a page needs to show them.
type StoredSettings struct {
	Settings
	Numbers   []string      `json:"numbers" nullable:"false" doc:"the desk's own"`
	Countries []gate.Region `json:"countries" nullable:"false" doc:"all that there are"`
}

type settingsInput struct{ Body ChangedSettings }
type settingsOutput struct{ Body StoredSettings }

// DoNotCallEntry is a number whose owner does not want to be called.
type DoNotCallEntry struct {
	Number  string     `json:"number" doc:"E.164"`
	Reason  string     `json:"reason,omitempty"`
	AddedBy string     `json:"addedBy,omitempty" doc:"a user's name"`
	UserID  string     `json:"userId"`
	AddedAt *time.Time `json:"addedAt"`
}

type refusersInput struct {
	Query  string `query:"q" maxLength:"32" doc:"digits that the number contains"`
	Cursor string `query:"cursor" maxLength:"128" doc:"next of the page before"`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

type refusersOutput struct {
	Body struct {
		Items []DoNotCallEntry `json:"items" nullable:"false"`
		Next  *string          `json:"next" doc:"cursor of the next page; null at the end"`
	}
}

type addRefuserInput struct {
	Body struct {
		Number string `json:"number" minLength:"1" maxLength:"64" doc:"any usual form"`
		Reason string `json:"reason,omitempty" maxLength:"200"`
	}
}

type addRefuserOutput struct {
	Body struct {
		Number string `json:"number" doc:"E.164"`
	}
}

type removeRefuserInput struct {
	Number string `path:"number" maxLength:"64"`
	Reason string `query:"reason" maxLength:"200" doc:"kept in the audit"`
}

func (a *API) settings() {
	route(a, auth.ManageTenant, huma.Operation{OperationID: "get-settings", Method: http.MethodGet, Path: "/api/tenant/settings", Summary: "What the desk allows", Tags: []string{"tenant"}}, a.getSettings)
	route(a, auth.ManageTenant, huma.Operation{OperationID: "put-settings", Method: http.MethodPut, Path: "/api/tenant/settings", Summary: "Save what the desk allows", Description: "A part that is absent stays as it is. Holds from the next call on; who saved is kept in the audit.", Tags: []string{"tenant"}}, a.putSettings)
	route(a, auth.MakeCalls, huma.Operation{OperationID: "list-do-not-call", Method: http.MethodGet, Path: "/api/voice/do-not-call", Summary: "The do-not-call list, newest first", Tags: []string{"voice"}}, a.listRefusers)
	route(a, auth.MakeCalls, huma.Operation{OperationID: "add-do-not-call", Method: http.MethodPost, Path: "/api/voice/do-not-call", Summary: "Never call a number again", DefaultStatus: http.StatusCreated, Tags: []string{"voice"}}, a.addRefuser)
	route(a, auth.MakeCalls, huma.Operation{OperationID: "remove-do-not-call", Method: http.MethodDelete, Path: "/api/voice/do-not-call/{number}", Summary: "Take a number off the do-not-call list", Description: "Own entries, or any with `tenant.manage`.", DefaultStatus: http.StatusNoContent, Tags: []string{"voice"}}, a.removeRefuser)
}

func (a *API) getSettings(ctx context.Context, _ *struct{}) (*settingsOutput, error) {
	p, numbers, err := seatOf(ctx).Policy(ctx)
	if err != nil {
		return nil, err
	}
	r, err := seatOf(ctx).RecordingRules(ctx)
	return &settingsOutput{Body: StoredSettings{
		Settings: Settings{Calling: p, Recording: r}, Numbers: append([]string{}, numbers...), Countries: gate.Regions(),
	}}, err
}

func (a *API) putSettings(ctx context.Context, in *settingsInput) (*settingsOutput, error) {
	if p := in.Body.Calling; p != nil {
		if _, _, err := seatOf(ctx).SavePolicy(ctx, *p); err != nil {
			return nil, err
		}
	}
	if r := in.Body.Recording; r != nil {
		if _, err := seatOf(ctx).SaveRecordingRules(ctx, *r); err != nil {
			return nil, err
		}
	}
	return a.getSettings(ctx, nil)
}

func (a *API) listRefusers(ctx context.Context, in *refusersInput) (*refusersOutput, error) {
	addedAt, number, err := parseCursor(in.Cursor)
	if err != nil {
		return nil, &switchboard.Refusal{Code: switchboard.InvalidInput, Message: "The cursor is not one of ours."}
	}
	found, err := seatOf(ctx).Refusers(ctx, in.Query, gate.Refuser{Number: number, AddedAt: addedAt}, in.Limit+1) // one more tells whether there is a next page
	if err != nil {
		return nil, err
	}
	out := &refusersOutput{}
	out.Body.Items = []DoNotCallEntry{}
	for _, r := range found[:min(len(found), in.Limit)] {
		out.Body.Items = append(out.Body.Items, DoNotCallEntry{Number: r.Number, Reason: r.Reason, AddedBy: r.AddedName, UserID: r.AddedBy, AddedAt: stamp(r.AddedAt)})
	}
	if len(found) > in.Limit {
		last := found[in.Limit-1]
		next := formatCursor(last.AddedAt, last.Number)
		out.Body.Next = &next
	}
	return out, nil
}

func (a *API) addRefuser(ctx context.Context, in *addRefuserInput) (*addRefuserOutput, error) {
	n, err := seatOf(ctx).DoNotCall(ctx, in.Body.Number, in.Body.Reason)
	out := &addRefuserOutput{}
	out.Body.Number = n
	return out, err
}

func (a *API) removeRefuser(ctx context.Context, in *removeRefuserInput) (*struct{}, error) {
	return nil, seatOf(ctx).MayCall(ctx, in.Number, in.Reason)
}
