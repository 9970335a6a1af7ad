// Made from internal/adapter/gateway/table.go by `make generate`.

export interface State {
  calls: LiveCall[]
  agent: Agent
}

export interface LiveCall {
  id: string
  callSid?: string
  direction: 'inbound' | 'outbound'
  from: string
  to: string
  status: 'queued' | 'ringing' | 'in-progress' | 'completed' | 'busy' | 'failed' | 'no-answer' | 'canceled'
  verdict?: Verdict
  userId?: string
  userName?: string
  contactId?: string
  contactName?: string
  startedAt: string
  answeredAt?: string
  endedAt?: string
  durationSeconds?: number
  muted: boolean
  held?: boolean
  device: boolean
  stage?: 'arriving' | 'offering' | 'voicemail'
  move?: MoveView
  parties?: PartyView[]
  unknown?: boolean
  assist?: Assist
  stream: string
  epoch: number
  seq: number
  lines: TranscriptLine[]
  suggestions: Suggestion[]
  actions: Action[]
  recording?: RecordState
}

export interface Verdict {
  by: 'agent' | 'customer' | 'carrier' | 'desk' | 'third'
  reason: string
  detail?: string
}

export interface MoveView {
  by: string
  target: string
  mode: 'blind' | 'consult' | 'add'
}

export interface PartyView {
  id: string
  role: 'customer' | 'agent' | 'third' | 'supervisor' | 'ai'
  phase: 'new' | 'dialling' | 'unknown' | 'ringing' | 'answered' | 'up' | 'ending' | 'gone'
  userId?: string
  name?: string
  address?: string
  aside?: boolean
  muted?: boolean
  held?: boolean
  sound?: boolean
  cause?: string
}

export interface Assist {
  state: 'off' | 'connecting' | 'listening' | 'unavailable'
  reason?: string
}

export interface Agent {
  id: string
  name: string
  device: boolean
}

export interface CallEvent {
  callId: string
  stream: string
  epoch: number
  seq: number
  at: string
  call: CallView
}

export interface CallView {
  id: string
  callSid?: string
  direction: 'inbound' | 'outbound'
  from: string
  to: string
  status: 'queued' | 'ringing' | 'in-progress' | 'completed' | 'busy' | 'failed' | 'no-answer' | 'canceled'
  verdict?: Verdict
  userId?: string
  userName?: string
  contactId?: string
  contactName?: string
  startedAt: string
  answeredAt?: string
  endedAt?: string
  durationSeconds?: number
  muted: boolean
  held?: boolean
  device: boolean
  stage?: 'arriving' | 'offering' | 'voicemail'
  move?: MoveView
  parties?: PartyView[]
  unknown?: boolean
  assist?: Assist
}

export interface AcceptedEvent {
  callId: string
  stream: string
  epoch: number
  seq: number
  at: string
  call: CallView
  userId: string
  name: string
}

export interface RejectedEvent {
  callId: string
  stream: string
  epoch: number
  seq: number
  at: string
  call: CallView
  userId: string
  reason: 'rejected' | 'busy' | 'no_device'
}

export interface TransferEvent {
  callId: string
  stream: string
  epoch: number
  seq: number
  at: string
  call: CallView
  by: string
  target: string
  mode: 'blind' | 'consult' | 'add'
  state: 'failed' | 'cancelled'
  reason: string
}

export interface KeysEvent {
  callId: string
  stream: string
  epoch: number
  seq: number
  at: string
  digits: string
  from: 'agent' | 'caller'
}

export interface RecordingEvent {
  callId: string
  stream: string
  epoch: number
  seq: number
  at: string
  state: 'off' | 'ask' | 'recording' | 'paused' | 'hold'
  why: string
  atMs: number
}

export interface ErrorEvent {
  code: string
  message: string
  rule?: string
  callId?: string
}

export interface MediaState {
  up: boolean
  reason?: 'replaced' | 'lost'
}

export interface AgentState {
  agent: Agent
}

export interface StatusEvent {
  stream: string
  epoch: number
  seq: number
  at: string
  agent: AgentView
}

export interface AgentView {
  id: string
  name: string
  status: 'available' | 'away' | 'wrap-up' | 'offline'
  reason?: string
  since: string
  until?: string
  busy: boolean
  device: boolean
  free: boolean
}

export interface TranscriptEvent {
  callId: string
  stream?: string
  epoch?: number
  seq?: number
  at: string
  lineId: string
  revision: number
  speaker: 'caller' | 'agent'
  text: string
  final: boolean
  startMs: number
  endMs: number
  gap?: string
}

export interface SuggestionEvent {
  callId: string
  stream: string
  epoch: number
  seq: number
  at: string
  suggestionId: string
  text: string
  reason: string
  lineId: string
  state: 'shown'
}

export interface ActionEvent {
  callId: string
  stream: string
  epoch: number
  seq: number
  at: string
  actionId: string
  tool: string
  arguments: Record<string, unknown>
  state: 'running' | 'proposed' | 'done' | 'refused'
  result?: Record<string, unknown>
}

export interface TranscriptLine {
  lineId: string
  revision: number
  speaker: 'caller' | 'agent'
  text: string
  final: boolean
  startMs: number
  endMs: number
  gap?: string
}

export interface Suggestion {
  suggestionId: string
  text: string
  reason: string
  lineId: string
  state: 'shown'
}

export interface Action {
  actionId: string
  tool: string
  arguments: Record<string, unknown>
  state: 'running' | 'proposed' | 'done' | 'refused'
  result?: Record<string, unknown>
}

export interface RecordState {
  state: 'off' | 'ask' | 'recording' | 'paused' | 'hold'
  why: string
  atMs: number
}

/** What the server tells. */
export interface Events {
  'call:state': State
  'call:initiated': CallEvent
  'call:update': CallEvent
  'call:incoming': CallEvent
  'call:accepted': AcceptedEvent
  'call:rejected': RejectedEvent
  'call:transfer': TransferEvent
  'call:ended': CallEvent
  'call:dtmf': KeysEvent
  'call:recording': RecordingEvent
  'call:error': ErrorEvent
  'media:state': MediaState
  'agent:state': AgentState
  'agent:status': StatusEvent
  'ai:transcript': TranscriptEvent
  'ai:suggestion': SuggestionEvent
  'ai:action': ActionEvent
}

/** What may be asked for. */
export interface Commands {
  'call:initiate': { to?: string, userId?: string, from?: string, contactId?: string }
  'call:end': { callId: string }
  'call:dtmf': { callId: string, digits: string }
  'call:mute': { callId: string, on: boolean }
  'call:record': { callId: string, on: boolean }
  'call:accept': { callId: string }
  'call:reject': { callId: string }
  'call:hold': { callId: string, on: boolean }
  'call:transfer': { callId: string, mode: 'blind' | 'consult' | 'add', to?: string, from?: string, userId?: string }
  'call:steer': { callId: string, do: 'cancel' | 'complete' | 'swap' | 'merge' | 'leave' }
  'call:remove': { callId: string, partyId: string }
  'agent:status': { status: 'available' | 'away' | 'offline', reason?: string }
  'media:offer': { sdp: string }
  'media:close': Record<string, never>
  'auth:renew': { token: string }
}

/** What a command is answered with, beside ok. */
export interface Answers {
  'call:initiate': { call: CallView }
  'call:end': { call: CallView }
  'call:dtmf': Record<string, never>
  'call:mute': { call: CallView }
  'call:record': { state: 'off' | 'ask' | 'recording' | 'paused' | 'hold', why: string, atMs: number }
  'call:accept': { call: CallView }
  'call:reject': { call: CallView }
  'call:hold': { call: CallView }
  'call:transfer': { call: CallView }
  'call:steer': { call: CallView }
  'call:remove': { call: CallView }
  'agent:status': { agent: AgentView }
  'media:offer': { sdp: string }
  'media:close': Record<string, never>
  'auth:renew': Record<string, never>
}
