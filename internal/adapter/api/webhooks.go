package api

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

// twilioScheme is how Twilio shows who it is.
const twilioScheme = "twilioSignature"

// field is a parameter of a form or an address.
type field struct {
	name, doc string
	must      bool
	enum      []any
}

// Parameters that webhooks have in common.
var (
	account  = field{name: "AccountSid", doc: "whose call it is", must: true}
	callSid  = field{name: "CallSid", doc: "Twilio's id of the leg", must: true}
	callNow  = field{name: "CallStatus", must: true, enum: []any{"queued", "initiated", "ringing", "in-progress", "completed", "busy", "failed", "no-answer", "canceled"}}
	from     = field{name: "From", doc: "E.164, or what the network says of a caller without a number"}
	to       = field{name: "To", doc: "E.164"}
	tenantOf = field{name: "tenant", doc: "the desk's slug; absent at the address that an administrator copies"}
	legOf    = field{name: "leg", doc: "our id of the leg"}
)

// webhook describes a door of Twilio's. The door itself is adapter/twilio's.
type webhook struct {
	id, path, summary string
	query, form       []field
	document          bool // answers TwiML
}

var webhookDoors = []webhook{
	{id: "twilio-inbound", path: "twiml/inbound", summary: "A call comes in: what to do with it", query: []field{tenantOf}, form: []field{account, callSid, callNow, from, to}, document: true},
	{id: "twilio-outbound", path: "twiml/outbound", summary: "A leg was answered: bring its sound here", query: []field{tenantOf, legOf}, form: []field{account, callSid, callNow, from, to}, document: true},
	{
		id: "twilio-resume", path: "twiml/resume", summary: "A leg lost its sound: bring it here anew", document: true,
		query: []field{tenantOf, legOf, {name: "try", doc: "how often this leg has lost it"}}, form: []field{account, callSid, callNow, from, to},
	},
	{
		id: "twilio-status", path: "webhook/status", summary: "News of a leg", query: []field{tenantOf, legOf},
		form: []field{
			account, callSid, callNow, from, to, {name: "SequenceNumber", doc: "their order, from 0"}, {name: "Timestamp", doc: "RFC 2822"},
			{name: "CallDuration", doc: "seconds, of a completed call"}, {name: "SipResponseCode"}, {name: "ErrorCode"},
		},
	},
	{
		id: "twilio-recording", path: "webhook/recording", summary: "News of a recording that the telephone network makes",
		query: []field{tenantOf, {name: "recording", doc: "our id of it"}},
		form: []field{
			account, callSid, {name: "RecordingSid", must: true},
			{name: "RecordingStatus", must: true, enum: []any{"in-progress", "paused", "stopped", "processing", "completed", "absent", "failed"}},
			{name: "RecordingDuration", doc: "seconds"}, {name: "RecordingChannels", enum: []any{"1", "2"}},
		},
	},
}

// webhooks describes Twilio's doors, which are plain handlers: the answer is
// TwiML or nothing, and what is wrong gets no problem body.
func (a *API) webhooks() {
	for _, w := range webhookDoors {
		a.huma.OpenAPI().AddOperation(w.operation())
	}
}

func (w webhook) operation() *huma.Operation {
	form := &huma.Schema{Type: huma.TypeObject, Properties: map[string]*huma.Schema{}, AdditionalProperties: true}
	for _, f := range w.form {
		form.Properties[f.name] = f.schema()
		if f.must {
			form.Required = append(form.Required, f.name)
		}
	}
	op := &huma.Operation{
		OperationID: w.id, Method: http.MethodPost, Path: "/api/voice/" + w.path, Summary: w.summary, Tags: []string{"twilio"},
		Description: "Called by Twilio only. The signature is checked first; whatever is wrong with it, the answer is a bare 403.",
		Security:    []map[string][]string{{twilioScheme: {}}},
		RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"application/x-www-form-urlencoded": {Schema: form}}},
		Responses: map[string]*huma.Response{
			"403": {Description: "Not signed by the account's token."},
			"503": {Description: "Not taken; Twilio tries again."},
		},
	}
	for _, f := range w.query {
		op.Parameters = append(op.Parameters, &huma.Param{Name: f.name, In: "query", Description: f.doc, Schema: &huma.Schema{Type: huma.TypeString}})
	}
	if w.document {
		op.Responses["200"] = &huma.Response{Description: "What the leg shall do.", Content: map[string]*huma.MediaType{"text/xml": {Schema: &huma.Schema{Type: huma.TypeString}}}}
		op.Responses["400"] = &huma.Response{Description: "Signed, and not understood."}
		return op
	}
	op.Responses["204"] = &huma.Response{Description: "Stored. What is signed and not understood is stored too, and not used."}
	return op
}

func (f field) schema() *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Description: f.doc, Enum: f.enum}
}
