package switchboard

// Refusal is a no that the person asking can act on: a stable code for
// programs and a sentence for people. Everything else that fails is ours to
// mend and reaches them as Internal.
type Refusal struct {
	Code    Code
	Message string
	// Rule is the rule of the gate that refused a call, as an administrator finds
	// it in the settings; empty for all other refusals.
	Rule string
	// Choices is set with ChooseTenant only: the desks this login may enter.
	Choices []Choice
}

// Choice is a desk that a login may enter.
type Choice struct {
	Slug string `json:"slug"`
	Name string `json:"name"`
}

func (r *Refusal) Error() string { return string(r.Code) + ": " + r.Message }

// Code names a refusal. Codes are stable: pages carry a sentence for each.
type Code string

const (
	BadCredentials    Code = "bad_credentials"
	ChooseTenant      Code = "choose_tenant"
	TooManyAttempts   Code = "too_many_attempts"
	SessionEnded      Code = "session_ended"
	Unauthorized      Code = "unauthorized"
	Forbidden         Code = "forbidden"
	NotFound          Code = "not_found"
	InvalidInput      Code = "invalid_input"
	InvalidNumber     Code = "invalid_number"
	CountryNotAllowed Code = "country_not_allowed"
	EmergencyNumber   Code = "emergency_number"
	NoNumber          Code = "no_number"
	NotOurNumber      Code = "not_our_number"
	OwnNumber         Code = "own_number"
	RangeNotAllowed   Code = "range_not_allowed"
	DoNotCall         Code = "do_not_call"
	OutsideHours      Code = "outside_hours"
	CallingFrozen     Code = "calling_frozen"
	TooManyCalls      Code = "too_many_calls"
	TooManyAtOnce     Code = "too_many_at_once"
	SpendLimit        Code = "spend_limit"
	AgentBusy         Code = "agent_busy"
	NoDevice          Code = "no_device"
	NotConfigured     Code = "carrier_not_configured"
	CallOver          Code = "call_over"
	KeyConflict       Code = "idempotency_conflict"
	Stale             Code = "stale"
	ShuttingDown      Code = "shutting_down"
	NotNow            Code = "not_now"
	TakenByOther      Code = "taken"
	BadKeys           Code = "bad_keys"
	Overloaded        Code = "overloaded"
	BadOffer          Code = "bad_offer"
	NotPaused         Code = "not_paused"
	UnknownCommand    Code = "unknown_command"
	Internal          Code = "internal"
)

func refuse(code Code, message string) *Refusal { return &Refusal{Code: code, Message: message} }
