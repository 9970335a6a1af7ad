package twilioapi

// IncomingPhoneNumber is a number an account owns
// (api.v2010.account.incoming_phone_number). Addresses that are not set come as
// null or as "": both mean none.
type IncomingPhoneNumber struct {
	Sid                  string       `json:"sid"`
	AccountSid           string       `json:"account_sid"`
	FriendlyName         string       `json:"friendly_name"`
	PhoneNumber          string       `json:"phone_number"`
	VoiceURL             Text         `json:"voice_url"`
	VoiceMethod          string       `json:"voice_method"`
	VoiceFallbackURL     Text         `json:"voice_fallback_url"`
	VoiceFallbackMethod  string       `json:"voice_fallback_method"`
	VoiceCallerIDLookup  bool         `json:"voice_caller_id_lookup"`
	VoiceReceiveMode     string       `json:"voice_receive_mode"`
	VoiceApplicationSid  Text         `json:"voice_application_sid"`
	StatusCallback       Text         `json:"status_callback"`
	StatusCallbackMethod string       `json:"status_callback_method"`
	SMSURL               Text         `json:"sms_url"`
	SMSMethod            string       `json:"sms_method"`
	SMSFallbackURL       Text         `json:"sms_fallback_url"`
	SMSFallbackMethod    string       `json:"sms_fallback_method"`
	SMSApplicationSid    Text         `json:"sms_application_sid"`
	TrunkSid             Text         `json:"trunk_sid"`
	AddressSid           Text         `json:"address_sid"`
	AddressRequirements  string       `json:"address_requirements"`
	IdentitySid          Text         `json:"identity_sid"`
	BundleSid            Text         `json:"bundle_sid"`
	EmergencyStatus      string       `json:"emergency_status"`
	EmergencyAddressSid  Text         `json:"emergency_address_sid"`
	EmergencyAddressStat Text         `json:"emergency_address_status"`
	Beta                 bool         `json:"beta"`
	Origin               string       `json:"origin"`
	Capabilities         Capabilities `json:"capabilities"`
	Status               string       `json:"status"`
	Type                 string       `json:"type"`
	DateCreated          Date         `json:"date_created"`
	DateUpdated          Date         `json:"date_updated"`
	APIVersion           string       `json:"api_version"`
	URI                  string       `json:"uri"`
}

// Capabilities says what a number can do.
type Capabilities struct {
	Voice bool `json:"voice"`
	SMS   bool `json:"sms"`
	MMS   bool `json:"mms"`
	Fax   bool `json:"fax"`
}

// NumberList is a page of an account's numbers.
type NumberList struct {
	Page
	Numbers []IncomingPhoneNumber `json:"incoming_phone_numbers"`
}

// Account is the Account resource (api.v2010.account), without its token.
type Account struct {
	Sid             string            `json:"sid"`
	OwnerAccountSid string            `json:"owner_account_sid"`
	FriendlyName    string            `json:"friendly_name"`
	Status          string            `json:"status"` // active, suspended, closed
	Type            string            `json:"type"`   // Trial, Full
	DateCreated     Date              `json:"date_created"`
	DateUpdated     Date              `json:"date_updated"`
	URI             string            `json:"uri"`
	SubresourceURIs map[string]string `json:"subresource_uris"`
}
