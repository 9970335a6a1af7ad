package gateway

import (
	"context"
	"encoding/json"
	"reflect"

	"softphone/internal/phone/agent"
	"softphone/internal/phone/auth"
	"softphone/internal/phone/call"
	"softphone/internal/phone/switchboard"
)

// Payloads of commands.
type (
	// Initiate asks for a call.
	Initiate struct {
		To        string `json:"to,omitempty" doc:"any usual form; national ones are of the country of the desk's number"`
		UserID    string `json:"userId,omitempty" doc:"a colleague, instead of a number"`
		From      string `json:"from,omitempty" doc:"a number of the desk; its first by default"`
		ContactID string `json:"contactId,omitempty"`
	}
	// OfCall names a call.
	OfCall struct {
		CallID call.ID `json:"callId"`
	}
	// Keys are pressed in a call.
	Keys struct {
		CallID call.ID `json:"callId"`
		Digits string  `json:"digits" doc:"0-9 * # A-D, and w for half a second; at most 32"`
	}
	// Muting stops or passes the agent's sound.
	Muting struct {
		CallID call.ID `json:"callId"`
		On     bool    `json:"on"`
	}
	// Holding puts a call aside, or takes it up again.
	Holding struct {
		CallID call.ID `json:"callId"`
		On     bool    `json:"on"`
	}
	// Bringing asks somebody into a call.
	Bringing struct {
		CallID call.ID   `json:"callId"`
		Mode   call.Mode `json:"mode" enum:"blind,consult,add" doc:"hand over, ask first, or talk together"`
		To     string    `json:"to,omitempty" doc:"a number"`
		From   string    `json:"from,omitempty" doc:"a number of the desk; its first by default"`
		UserID string    `json:"userId,omitempty" doc:"a colleague, instead of a number"`
	}
	// Steering is what an agent does with a call in which there is somebody more.
	Steering struct {
		CallID call.ID     `json:"callId"`
		Do     call.Action `json:"do" enum:"cancel,complete,swap,merge,leave"`
	}
	// Removing sends a party away.
	Removing struct {
		CallID  call.ID    `json:"callId"`
		PartyID call.LegID `json:"partyId"`
	}
	// Recording stops or goes on with the recording of a call.
	Recording struct {
		CallID call.ID `json:"callId"`
		On     bool    `json:"on"`
	}
	// SDP is a WebRTC description with all of its candidates.
	SDP struct {
		SDP string `json:"sdp"`
	}
	// Token is an access token.
	Token struct {
		Token string `json:"token"`
	}
	// Nothing has no fields.
	Nothing struct{}
	// Answered is the call as it is after a command.
	Answered struct {
		Call call.View `json:"call"`
	}
)

// Payloads of events.
type (
	// Numbered is what every event of a stream carries.
	Numbered struct {
		CallID call.ID `json:"callId"`
		Stream string  `json:"stream" doc:"call:ID"`
		Epoch  int     `json:"epoch" doc:"grows with each new owner of the call"`
		Seq    int64   `json:"seq" doc:"from 1, without a gap"`
		At     string  `json:"at" doc:"RFC 3339, milliseconds"`
	}
	// CallEvent tells a call as it is now.
	CallEvent struct {
		Numbered
		Call call.View `json:"call"`
	}
	// KeysEvent tells that keys were pressed.
	KeysEvent struct {
		Numbered
		Digits string `json:"digits"`
		From   string `json:"from" enum:"agent,caller"`
	}
	// AcceptedEvent tells who took a call.
	AcceptedEvent struct {
		CallEvent
		UserID string `json:"userId"`
		Name   string `json:"name"`
	}
	// RejectedEvent tells that an agent does not take a call.
	RejectedEvent struct {
		CallEvent
		UserID string `json:"userId"`
		Reason string `json:"reason" enum:"rejected,busy,no_device"`
	}
	// TransferEvent tells what became of a party that was asked into a call.
	TransferEvent struct {
		CallEvent
		By     string `json:"by"`
		Target string `json:"target"`
		Mode   string `json:"mode" enum:"blind,consult,add"`
		State  string `json:"state" enum:"failed,cancelled"`
		Reason string `json:"reason"`
	}
	// RecordingEvent tells a change of the recording.
	RecordingEvent struct {
		Numbered
		switchboard.RecordState
	}
	// Error is a refusal.
	Error struct {
		Code    switchboard.Code `json:"code"`
		Message string           `json:"message"`
		Rule    string           `json:"rule,omitempty" doc:"of a refused call: the rule, as the settings name it"`
		CallID  string           `json:"callId,omitempty"`
	}
	// State is all that a page shows; it replaces what the page knew.
	State struct {
		Calls []LiveCall `json:"calls"`
		Agent Agent      `json:"agent"`
	}
	// LiveCall is a call that is not over, with its place in its stream.
	LiveCall struct {
		call.View
		Stream      string            `json:"stream"`
		Epoch       int               `json:"epoch"`
		Seq         int64             `json:"seq"`
		Lines       []json.RawMessage `json:"lines" ts:"TranscriptLine[]"`
		Suggestions []json.RawMessage `json:"suggestions" ts:"Suggestion[]"`
		Actions     []json.RawMessage `json:"actions" ts:"Action[]"`
		Recording   json.RawMessage   `json:"recording,omitempty" ts:"RecordState" doc:"of the recording, if there is one"`
	}
	// Agent is the user of the page.
	Agent struct {
		ID     string `json:"id"`
		Name   string `json:"name"`
		Device bool   `json:"device" doc:"a microphone and an ear of this user are connected, here or elsewhere"`
	}
	// AgentState tells a change of the agent.
	AgentState struct {
		Agent Agent `json:"agent"`
	}
	// MediaState tells what became of the device that this page connected.
	MediaState struct {
		Up     bool   `json:"up"`
		Reason string `json:"reason,omitempty" enum:"replaced,lost"`
	}
	// TranscriptLine is what one party said in one go.
	TranscriptLine struct {
		LineID   string `json:"lineId"`
		Revision int    `json:"revision" doc:"a higher one replaces a lower one"`
		Speaker  string `json:"speaker" enum:"caller,agent"`
		Text     string `json:"text"`
		Final    bool   `json:"final"`
		StartMs  int64  `json:"startMs" doc:"since the call was answered"`
		EndMs    int64  `json:"endMs"`
		Gap      string `json:"gap,omitempty" doc:"why words are missing: a reason code"`
	}
	// Suggestion is what the agent might say or do next.
	Suggestion struct {
		SuggestionID string `json:"suggestionId"`
		Text         string `json:"text"`
		Reason       string `json:"reason"`
		LineID       string `json:"lineId" doc:"the line it answers"`
		State        string `json:"state" enum:"shown"`
	}
	// Action is what the assistant did, or proposes to do.
	Action struct {
		ActionID  string          `json:"actionId"`
		Tool      string          `json:"tool"`
		Arguments json.RawMessage `json:"arguments" ts:"Record<string, unknown>"`
		State     string          `json:"state" enum:"running,proposed,done,refused"`
		Result    json.RawMessage `json:"result,omitempty" ts:"Record<string, unknown>"`
	}
	// TranscriptEvent is a line in its stream. A
	// line that is not final has no place in the stream.
	TranscriptEvent struct {
		Numbered
		TranscriptLine
	}
	// SuggestionEvent is a suggestion in its stream.
	SuggestionEvent struct {
		Numbered
		Suggestion
	}
	// Placed is the place of an event in a stream that is not a call's.
	Placed struct {
		Stream string `json:"stream" doc:"agent:ID"`
		Epoch  int    `json:"epoch"`
		Seq    int64  `json:"seq" doc:"a higher one is newer; the newest replaces all before it, and gaps mean nothing"`
		At     string `json:"at" doc:"RFC 3339, milliseconds"`
	}
	// StatusEvent tells all of a colleague's status, or of one's own.
	StatusEvent struct {
		Placed
		Agent switchboard.AgentView `json:"agent"`
	}
	// Status is what a user says of themselves.
	Status struct {
		Status agent.Status `json:"status" enum:"available,away,offline"`
		Reason string       `json:"reason,omitempty" doc:"of away: lunch, training, ...; at most 60 characters"`
	}
	// Stated is one's own status after a command.
	Stated struct {
		Agent switchboard.AgentView `json:"agent"`
	}
	// ActionEvent is an action in its stream.
	ActionEvent struct {
		Numbered
		Action
	}
)

// event is something that a page is told.
type event struct {
	Name string
	What string
	body reflect.Type
}

func told[Body any](name, what string) event { return event{name, what, reflect.TypeFor[Body]()} }

// commands lists what a page may ask for.
var commands = []command{
	order("call:initiate", auth.MakeCalls, "Call a number with the microphone of this user, which must have been heard in the last two seconds.", initiate),
	order("call:end", auth.MakeCalls, "Hang up, or cancel before the answer.", end),
	order("call:dtmf", auth.MakeCalls, "Sound keys to the other side; those pressed meanwhile follow.", press),
	order("call:mute", auth.MakeCalls, "Stop or pass the agent's sound: nobody and nothing hears a muted agent.", mute),
	order("call:record", auth.MakeCalls, "Pause (false) or go on with the recording; or begin one that waits for the other side's consent, which the agent has heard. While it is paused nothing listens: no recording, no transcript, no assistant. not_paused says that the telephone network has not confirmed within a second.", record),
	order("call:accept", auth.ReceiveCalls, "Take a call that is offered; the first wins, the others are refused with `taken`.", accept),
	order("call:reject", auth.ReceiveCalls, "Decline a call that is offered; others may take it.", reject),
	order("call:hold", auth.MakeCalls, "Put a call aside, or take it up again; the other calls of the agent are put aside then.", hold),
	order("call:transfer", auth.MakeCalls, "Ask a colleague or a number into a call.", bring),
	order("call:steer", auth.MakeCalls, "Cancel or complete a transfer, swap, merge, or leave the others talking.", steer),
	order("call:remove", auth.MakeCalls, "Send a party away.", remove),
	order("agent:status", AnyUser, "Say what this user is doing. Choosing available ends wrap-up early.", setStatus),
	order("media:offer", auth.MakeCalls, "Connect this page's microphone and ear: a complete offer (all candidates in it), PCMU. The answer is complete too. A device connected before goes on until the new one is heard.", offer),
	order("media:close", AnyUser, "Disconnect this page's microphone and ear.", closeMedia),
	order("auth:renew", AnyUser, "Show a fresh access token of the same session.", renew),
}

// events lists what a page is told.
var events = []event{
	told[State]("call:state", "All that a page shows. Comes first unless the cursors of the handshake could be followed on."),
	told[CallEvent]("call:initiated", "A call was begun."),
	told[CallEvent]("call:update", "Something about the call changed."),
	told[CallEvent]("call:incoming", "A call is offered to this user, or somebody is asked into a call of this user's."),
	told[AcceptedEvent]("call:accepted", "An agent took a call."),
	told[RejectedEvent]("call:rejected", "An agent does not take a call."),
	told[TransferEvent]("call:transfer", "Somebody who was asked into a call does not come."),
	told[CallEvent]("call:ended", "The call is over; its verdict says how."),
	told[KeysEvent]("call:dtmf", "Keys were pressed."),
	told[RecordingEvent]("call:recording", "The recording began, was paused or goes on."),
	told[Error]("call:error", "A command was refused; its acknowledgement says the same."),
	told[MediaState]("media:state", "What became of the device that this page connected."),
	told[AgentState]("agent:state", "The user's device came or went. Not numbered."),
	told[StatusEvent]("agent:status", "What somebody at the desk is doing: of everybody after connecting, then each change."),
	told[TranscriptEvent]("ai:transcript", "A line of the conversation. Until it is final it is not numbered and is replaced by higher revisions."),
	told[SuggestionEvent]("ai:suggestion", "What the agent might say or do next."),
	told[ActionEvent]("ai:action", "What the assistant looks up, did, or proposes."),
}

// EventNames lists the names of what a page is told.
func EventNames() []string {
	names := make([]string, len(events))
	for i, e := range events {
		names[i] = e.Name
	}
	return names
}

func initiate(ctx context.Context, _ *page, s *switchboard.Seat, in Initiate) (Answered, error) {
	if err := s.Heard(); err != nil {
		return Answered{}, err
	}
	if in.UserID != "" {
		return answered(s.CallColleague(ctx, in.UserID))
	}
	return answered(s.Dial(ctx, switchboard.Order{To: in.To, From: in.From, ContactID: in.ContactID}))
}

func answered(v call.View, err error) (Answered, error) { return Answered{v}, err }

func accept(ctx context.Context, _ *page, s *switchboard.Seat, in OfCall) (Answered, error) {
	return answered(s.Accept(ctx, in.CallID))
}

func reject(ctx context.Context, _ *page, s *switchboard.Seat, in OfCall) (Answered, error) {
	return answered(s.Reject(ctx, in.CallID))
}

func hold(ctx context.Context, _ *page, s *switchboard.Seat, in Holding) (Answered, error) {
	return answered(s.Hold(ctx, in.CallID, in.On))
}

func bring(ctx context.Context, _ *page, s *switchboard.Seat, in Bringing) (Answered, error) {
	switch in.Mode {
	case call.Blind, call.Consult, call.Add:
		return answered(s.Bring(ctx, in.CallID, in.Mode, switchboard.Target{UserID: in.UserID, To: in.To, From: in.From}))
	}
	return Answered{}, &switchboard.Refusal{Code: switchboard.InvalidInput, Message: "mode is blind, consult or add."}
}

func steer(ctx context.Context, _ *page, s *switchboard.Seat, in Steering) (Answered, error) {
	switch in.Do {
	case call.Cancel, call.Complete, call.Swap, call.Merge, call.Leave:
		return answered(s.Steer(ctx, in.CallID, in.Do))
	}
	return Answered{}, &switchboard.Refusal{Code: switchboard.InvalidInput, Message: "do is cancel, complete, swap, merge or leave."}
}

func remove(ctx context.Context, _ *page, s *switchboard.Seat, in Removing) (Answered, error) {
	return answered(s.Remove(ctx, in.CallID, in.PartyID))
}

func end(ctx context.Context, _ *page, s *switchboard.Seat, in OfCall) (Answered, error) {
	return answered(s.End(ctx, in.CallID))
}

func press(ctx context.Context, _ *page, s *switchboard.Seat, in Keys) (Nothing, error) {
	return Nothing{}, s.Press(ctx, in.CallID, in.Digits)
}

func mute(ctx context.Context, _ *page, s *switchboard.Seat, in Muting) (Answered, error) {
	return answered(s.Mute(ctx, in.CallID, in.On))
}

func record(ctx context.Context, _ *page, s *switchboard.Seat, in Recording) (switchboard.RecordState, error) {
	return s.Record(ctx, in.CallID, in.On)
}

func setStatus(ctx context.Context, _ *page, s *switchboard.Seat, in Status) (Stated, error) {
	v, err := s.SetStatus(ctx, in.Status, in.Reason)
	return Stated{v}, err
}

func offer(ctx context.Context, p *page, s *switchboard.Seat, in SDP) (SDP, error) {
	sdp, err := p.connect(ctx, s, in.SDP)
	return SDP{sdp}, err
}

func closeMedia(_ context.Context, p *page, _ *switchboard.Seat, _ Nothing) (Nothing, error) {
	p.closeDevice()
	return Nothing{}, nil
}

func renew(ctx context.Context, p *page, s *switchboard.Seat, in Token) (Nothing, error) {
	fresh, err := p.g.Exchange.Admit(ctx, in.Token)
	if err != nil {
		return Nothing{}, err
	}
	if fresh.User.ID != s.User.ID || fresh.Tenant.ID != s.Tenant.ID {
		return Nothing{}, &switchboard.Refusal{Code: switchboard.Forbidden, Message: "This token is somebody else's."}
	}
	return Nothing{}, nil
}

func agentOf(s *switchboard.Seat, device bool) Agent {
	return Agent{ID: s.User.ID, Name: s.User.Name, Device: device}
}

func liveCall(s switchboard.Standing) LiveCall {
	return LiveCall{
		View: s.Call, Stream: s.Stream, Epoch: s.Place.Epoch, Seq: s.Place.Seq,
		Lines: list(s.Lines), Suggestions: list(s.Suggestions), Actions: list(s.Actions), Recording: s.Recording,
	}
}

// list is never null on the wire.
func list(l []json.RawMessage) []json.RawMessage { return append([]json.RawMessage{}, l...) }
