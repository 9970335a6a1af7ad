package realtime

// Error is what the server says went wrong. Code, Param and EventID may be null
// on the wire.
type Error struct {
	Type    string  `json:"type"`
	Code    *string `json:"code"`
	Message string  `json:"message"`
	Param   *string `json:"param"`
	EventID *string `json:"event_id"`
}

// Error makes it one.
func (e *Error) Error() string { return e.Type + " " + e.CodeName() + ": " + e.Message }

// CodeName is the code, or "".
func (e *Error) CodeName() string {
	if e.Code == nil {
		return ""
	}
	return *e.Code
}

// Cause is an error inside something else: a transcript or a response that
// failed, a REST answer. It has no event of the client to name.
type Cause struct {
	Type    string  `json:"type"`
	Code    *string `json:"code"`
	Message string  `json:"message"`
	Param   *string `json:"param,omitempty"`
}

// Error makes it one.
func (c *Cause) Error() string { return c.Type + " " + c.CodeName() + ": " + c.Message }

// CodeName is the code, or "".
func (c *Cause) CodeName() string {
	if c.Code == nil {
		return ""
	}
	return *c.Code
}

// Error types.
const (
	InvalidRequest = "invalid_request_error"
	ServerError    = "server_error"
)

// Error codes.
const (
	InvalidAPIKey       = "invalid_api_key"
	MissingModel        = "missing_model"
	InvalidModel        = "invalid_model"
	BetaShapeDisabled   = "beta_api_shape_disabled"
	SessionExpired      = "session_expired"
	InvalidValue        = "invalid_value"
	MissingParameter    = "missing_required_parameter"
	UnknownParameter    = "unknown_parameter"
	InvalidJSON         = "invalid_json"
	InvalidEvent        = "invalid_event"
	CommitEmpty         = "input_audio_buffer_commit_empty"
	ActiveResponse      = "conversation_already_has_active_response"
	CancelNotActive     = "response_cancel_not_active"
	InvalidItemID       = "item_retrieve_invalid_item_id"
	InsufficientQuota   = "insufficient_quota"
	RateLimitExceeded   = "rate_limit_exceeded"
	AccountDeactivated  = "account_deactivated"
	BillingLimitReached = "billing_hard_limit_reached"
	ModelNotFound       = "model_not_found"
)

// Close codes of the socket.
const (
	CloseExpired = 1001 // the 60 minutes are over
	CloseKey     = 3000 // bad key; reason invalid_request_error.<code>
	CloseRequest = 4000 // bad model or header; reason likewise
)

// PermanentClose reports whether trying again is pointless.
func PermanentClose(code int) bool { return code == CloseKey || code == CloseRequest }

// PermanentCode reports whether an error code will come again until somebody
// changes the account or the settings.
func PermanentCode(code string) bool {
	switch code {
	case InvalidAPIKey, MissingModel, InvalidModel, BetaShapeDisabled, InsufficientQuota,
		AccountDeactivated, BillingLimitReached, ModelNotFound:
		return true
	}
	return false
}

// BenignCode reports whether an error is a race that users need not hear of.
func BenignCode(code string) bool {
	return code == CancelNotActive || code == ActiveResponse || code == CommitEmpty
}
