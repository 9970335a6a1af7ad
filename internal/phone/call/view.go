package call

import "time"

// View is a call as pages and programs see it, the `call` of every call event
// and of the REST answers. The server owns it; a page mirrors it.
type View struct {
	ID              ID          `json:"id"`
	CallSID         string      `json:"callSid,omitempty" doc:"the carrier's id of the first leg, once known"`
	Direction       Direction   `json:"direction" enum:"inbound,outbound"`
	From            string      `json:"from" doc:"E.164"`
	To              string      `json:"to" doc:"E.164"`
	Status          Status      `json:"status" enum:"queued,ringing,in-progress,completed,busy,failed,no-answer,canceled"`
	Verdict         *Verdict    `json:"verdict,omitempty" doc:"how it ended; absent while live"`
	UserID          UserID      `json:"userId,omitempty"`
	UserName        string      `json:"userName,omitempty"`
	ContactID       string      `json:"contactId,omitempty"`
	ContactName     string      `json:"contactName,omitempty"`
	StartedAt       time.Time   `json:"startedAt" doc:"arrival or dial"`
	AnsweredAt      *time.Time  `json:"answeredAt,omitempty"`
	EndedAt         *time.Time  `json:"endedAt,omitempty"`
	DurationSeconds *int        `json:"durationSeconds,omitempty" doc:"talk time, whole seconds; present once ended after an answer"`
	Muted           bool        `json:"muted" doc:"the sound of userId is stopped"`
	Held            bool        `json:"held,omitempty" doc:"userId has put the call aside"`
	Device          bool        `json:"device" doc:"the sound of userId is connected"`
	Stage           Stage       `json:"stage,omitempty" enum:"arriving,offering,voicemail" doc:"of an inbound call that no agent has"`
	Move            *MoveView   `json:"move,omitempty" doc:"somebody is being brought in"`
	Parties         []PartyView `json:"parties,omitempty" doc:"the customer first; those who left stay; absent in lists"`
	Unknown         bool        `json:"unknown,omitempty" doc:"the carrier has not told yet whether the call was placed"`
	Assist          *Assist     `json:"assist,omitempty"`
}

// PartyView is somebody in a call.
type PartyView struct {
	ID      LegID  `json:"id"`
	Role    Role   `json:"role" enum:"customer,agent,third,supervisor,ai"`
	Phase   Phase  `json:"phase" enum:"new,dialling,unknown,ringing,answered,up,ending,gone"`
	UserID  UserID `json:"userId,omitempty" doc:"of an agent"`
	Name    string `json:"name,omitempty"`
	Address string `json:"address,omitempty" doc:"E.164 of a telephone"`
	Aside   bool   `json:"aside,omitempty" doc:"not in the customer's conversation"`
	Muted   bool   `json:"muted,omitempty"`
	Held    bool   `json:"held,omitempty" doc:"has put the call aside"`
	Sound   bool   `json:"sound,omitempty" doc:"its sound is with us"`
	Cause   string `json:"cause,omitempty" doc:"why it left"`
}

// inMillis is the view with times as the database keeps them, so that events and
// answers tell the same.
func (v View) inMillis() View {
	v.StartedAt = v.StartedAt.UTC().Truncate(time.Millisecond)
	for _, at := range []**time.Time{&v.AnsweredAt, &v.EndedAt} {
		if *at != nil {
			t := (*at).UTC().Truncate(time.Millisecond)
			*at = &t
		}
	}
	return v
}

// Part returns the part that a user has in the call, or is offered.
func (v View) Part(u UserID) (PartyView, bool) {
	for _, p := range v.Parties {
		if p.UserID == u && u != "" && p.Phase != Gone {
			return p, true
		}
	}
	return PartyView{}, false
}

// Sits reports whether this is an agent who has taken the call.
func (p PartyView) Sits() bool { return p.UserID != "" && (p.Phase == Answered || p.Phase == Up) }

// MoveView is a party that an agent brings in.
type MoveView struct {
	By     LegID `json:"by"`
	Target LegID `json:"target"`
	Mode   Mode  `json:"mode" enum:"blind,consult,add"`
}

// Assist is what the agent is told about the listening assistant.
type Assist struct {
	State  string `json:"state" enum:"off,connecting,listening,unavailable"`
	Reason string `json:"reason,omitempty" doc:"a code: not_configured, bad_key, quota, unreachable, model, rate_limited"`
}

// Search selects calls for a list, newest first.
type Search struct {
	Status    Status
	Direction Direction
	Number    string // digits that From or To contain
	UserID    UserID
	Since     time.Time // StartedAt >= Since
	Until     time.Time // StartedAt < Until
	After     Cursor    // zero: from the newest
	Limit     int       // 1 to 200
}

// Cursor is the place in a list after which the next page starts.
type Cursor struct {
	StartedAt time.Time
	ID        ID
}
