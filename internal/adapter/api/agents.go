package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"softphone/internal/phone/auth"
	"softphone/internal/phone/gate"
	"softphone/internal/phone/switchboard"
)

type agentsOutput struct {
	Body struct {
		Items []switchboard.AgentView `json:"items" nullable:"false"`
		Next  *string                 `json:"next"`
	}
}

type previewInput struct {
	To   string `query:"to" required:"true" maxLength:"64" doc:"any usual form"`
	From string `query:"from" maxLength:"16" doc:"a number of the desk; by its rules by default"`
}

// Preview is what can be said of a number before it is called.
type Preview struct {
	To         string          `json:"to,omitempty" doc:"E.164; absent when the number could not be read"`
	National   string          `json:"national,omitempty" doc:"as people of its country write it"`
	Country    string          `json:"country,omitempty" doc:"ISO 3166; 001 for numbers of no country"`
	Type       gate.Type       `json:"type,omitempty" enum:"fixed,mobile,fixed_or_mobile,toll_free,voip,corporate,shared_cost,personal,premium,pager,voicemail,satellite,unknown"`
	PriceClass gate.PriceClass `json:"priceClass,omitempty" enum:"free,home,abroad,abroad_mobile,far_away,special_tariff"`
	LocalTimes []string        `json:"localTimes" nullable:"false" doc:"what time it is there, RFC 3339 with its offset, from west to east; several when the number does not tell where in its country"`
	From       string          `json:"from,omitempty" doc:"the number that would be shown"`
	Contact    *Contact        `json:"contact,omitempty"`
	Verdict    Leave           `json:"verdict"`
}

// Leave says whether a call may be made now.
type Leave struct {
	OK      bool             `json:"ok"`
	Code    switchboard.Code `json:"code,omitempty"`
	Rule    string           `json:"rule,omitempty" doc:"the rule that refuses, as the settings name it"`
	Message string           `json:"message,omitempty" doc:"which rule, and what to do"`
}

type previewOutput struct{ Body Preview }

func (a *API) agents() {
	route(a, auth.History, huma.Operation{OperationID: "list-agents", Method: http.MethodGet, Path: "/api/voice/agents", Summary: "Colleagues with their status", Tags: []string{"voice"}}, a.listAgents)
	route(a, auth.MakeCalls, huma.Operation{OperationID: "preview-call", Method: http.MethodGet, Path: "/api/voice/preview", Summary: "What a number is, and whether it may be called", Description: "Asks every rule and makes no call.", Tags: []string{"voice"}}, a.preview)
}

func (a *API) listAgents(ctx context.Context, _ *struct{}) (*agentsOutput, error) {
	all, err := seatOf(ctx).Agents(ctx)
	out := &agentsOutput{}
	out.Body.Items = all
	return out, err
}

func (a *API) preview(ctx context.Context, in *previewInput) (*previewOutput, error) {
	p, err := seatOf(ctx).Preview(ctx, in.To, in.From)
	if err != nil {
		return nil, err
	}
	out := Preview{
		To: p.To.E164, National: p.To.National, Country: p.To.Country, Type: p.To.Type, PriceClass: p.Class,
		LocalTimes: []string{}, From: p.From, Verdict: Leave{OK: p.No == nil},
	}
	for _, local := range p.Local {
		out.LocalTimes = append(out.LocalTimes, local.Format(time.RFC3339))
	}
	if p.Contact != nil {
		c := contact(*p.Contact)
		out.Contact = &c
	}
	if p.No != nil {
		out.Verdict.Code, out.Verdict.Rule, out.Verdict.Message = p.No.Code, p.No.Rule, p.No.Message
	}
	return &previewOutput{Body: out}, nil
}
