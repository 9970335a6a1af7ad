package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"softphone/internal/phone/auth"
	"softphone/internal/phone/crm"
)

// Contact is an entry of the tenant's address book.
type Contact struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Company string `json:"company,omitempty"`
	Phone   string `json:"phone,omitempty" doc:"E.164"`
	Email   string `json:"email,omitempty"`
	Notes   string `json:"notes,omitempty"`
}

type contactsInput struct {
	Query string `query:"q" maxLength:"100" doc:"part of a name, a company or a number"`
	Limit int    `query:"limit" minimum:"1" maximum:"100" default:"20"`
}

type contactsOutput struct {
	Body struct {
		Items []Contact `json:"items"`
		Next  *string   `json:"next"`
	}
}

type contactOutput struct{ Body Contact }

type idInput struct {
	ID string `path:"id" maxLength:"64"`
}

func (a *API) contacts() {
	route(a, auth.ReadCRM, huma.Operation{OperationID: "list-contacts", Method: http.MethodGet, Path: "/api/crm/contacts", Summary: "Search contacts", Tags: []string{"crm"}}, a.listContacts)
	route(a, auth.ReadCRM, huma.Operation{OperationID: "get-contact", Method: http.MethodGet, Path: "/api/crm/contacts/{id}", Summary: "One contact", Tags: []string{"crm"}}, a.getContact)
}

func (a *API) listContacts(ctx context.Context, in *contactsInput) (*contactsOutput, error) {
	found, err := seatOf(ctx).Contacts(ctx, in.Query, in.Limit)
	if err != nil {
		return nil, err
	}
	out := &contactsOutput{}
	out.Body.Items = make([]Contact, len(found))
	for i, c := range found {
		out.Body.Items[i] = contact(c)
	}
	return out, nil
}

func (a *API) getContact(ctx context.Context, in *idInput) (*contactOutput, error) {
	c, err := seatOf(ctx).Contact(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &contactOutput{Body: contact(c)}, nil
}

func contact(c crm.Contact) Contact {
	return Contact{ID: c.ID, Name: c.Name, Company: c.Company, Phone: c.Phone, Email: c.Email, Notes: c.Notes}
}
