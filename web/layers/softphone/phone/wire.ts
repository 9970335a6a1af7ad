// What the server says and takes in namespace /voice. The server owns all of it.

export type Status = 'queued' | 'ringing' | 'in-progress' | 'completed' | 'busy' | 'failed' | 'no-answer' | 'canceled'
export interface Verdict { by: 'agent' | 'customer' | 'carrier' | 'desk', reason: string, detail?: string }
export interface Assist { state: 'off' | 'connecting' | 'listening' | 'unavailable', reason?: string }

export interface CallView {
  id: string
  callSid?: string
  direction: 'inbound' | 'outbound'
  from: string
  to: string
  status: Status
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
  device: boolean
  unknown?: boolean
  assist?: Assist
}

export interface Line { lineId: string, revision: number, speaker: 'caller' | 'agent', text: string, final: boolean, startMs: number, endMs: number, gap?: string }
export interface Suggestion { suggestionId: string, text: string, reason: string, lineId: string, state: string }
export interface Found { id: string, name: string, company?: string, phone?: string, email?: string }
export interface Action {
  actionId: string
  tool: string
  arguments: Record<string, unknown>
  state: 'running' | 'proposed' | 'done' | 'refused'
  result?: { contacts?: Found[] }
}

/** A call with all that a page shows of it. */
export interface Story { lines: Line[], suggestions: Suggestion[], actions: Action[] }
export interface LiveCall extends CallView, Story { stream: string, epoch: number, seq: number }
export interface Agent { id: string, name: string, device: boolean }

/** Where in a call's events something happened. */
export interface Place { callId: string, stream: string, epoch: number, seq: number, at: string }

export interface Events {
  'call:state': { calls: LiveCall[], agent: Agent }
  'call:initiated': Place & { call: CallView }
  'call:update': Place & { call: CallView }
  'call:ended': Place & { call: CallView }
  'call:dtmf': Place & { digits: string, from: 'agent' | 'caller' }
  'call:error': { code: string, message: string, callId?: string }
  'media:state': { up: boolean, reason?: 'replaced' | 'lost' | 'closed' }
  'agent:state': { agent: Agent }
  'ai:transcript': Line & Partial<Place> & { callId: string, at: string }
  'ai:suggestion': Suggestion & Place
  'ai:action': Action & Place
}

export interface Commands {
  'call:initiate': { to: string, from?: string, contactId?: string }
  'call:end': { callId: string }
  'call:dtmf': { callId: string, digits: string }
  'call:mute': { callId: string, on: boolean }
  'media:offer': { sdp: string }
  'media:close': Record<string, never>
  'auth:renew': { token: string }
}

export interface Answers {
  'call:initiate': { call: CallView }
  'call:end': { call: CallView }
  'call:dtmf': object
  'call:mute': { call: CallView }
  'media:offer': { sdp: string }
  'media:close': object
  'auth:renew': object
}

/** A command that was refused, or that the server never answered. */
export class Refused extends Error {
  constructor(readonly code: string, message: string) { super(message) }
}

export const isOver = (call: CallView) => ['completed', 'busy', 'failed', 'no-answer', 'canceled'].includes(call.status)
