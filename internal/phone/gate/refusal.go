package gate

// Refusal is the gate's no: which rule said it and what to do, for the person
// who wanted to call.
type Refusal struct {
	Code    Code
	Rule    Rule
	Message string
}

func (r *Refusal) Error() string { return string(r.Code) + " (" + string(r.Rule) + "): " + r.Message }

// Code is stable: pages carry a sentence for each.
type Code string

const (
	Forbidden         Code = "forbidden"
	InvalidNumber     Code = "invalid_number"
	EmergencyNumber   Code = "emergency_number"
	OwnNumber         Code = "own_number"
	NoNumber          Code = "no_number"
	NotOurNumber      Code = "not_our_number"
	RangeNotAllowed   Code = "range_not_allowed"
	CountryNotAllowed Code = "country_not_allowed"
	DoNotCall         Code = "do_not_call"
	OutsideHours      Code = "outside_hours"
	Frozen            Code = "calling_frozen"
	TooManyCalls      Code = "too_many_calls"
	TooManyAtOnce     Code = "too_many_at_once"
	SpendLimit        Code = "spend_limit"
)

// Rule is the name of what refused, as an administrator finds it in the settings.
type Rule string

const (
	RulePermission Rule = "permission"
	RuleNumber     Rule = "number"
	RuleEmergency  Rule = "emergency"
	RuleOwnNumber  Rule = "own_number"
	RuleCallerID   Rule = "caller_id"
	RulePriceClass Rule = "price_class"
	RuleHighRisk   Rule = "high_risk"
	RuleCountry    Rule = "country"
	RuleDoNotCall  Rule = "do_not_call"
	RuleHours      Rule = "local_hours"
	RuleFreeze     Rule = "freeze"
	RulePace       Rule = "pace"
	RuleAtOnce     Rule = "at_once"
	RuleSpend      Rule = "spend"
)

func refuse(code Code, rule Rule, message string) *Refusal {
	return &Refusal{Code: code, Rule: rule, Message: message}
}
