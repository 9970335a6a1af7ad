// What the server says and takes in namespace /voice, as generated from its
// table, and the few words that the phone adds.
import type { Action, CallEvent, CallView, Suggestion, TranscriptLine } from './wire.gen'

export type { Action, Agent, AgentView, Answers, Assist, CallView, Commands, Events, LiveCall, MoveView as Move, PartyView as Party, Suggestion, TranscriptLine as Line, Verdict } from './wire.gen'

/** What is said in a call and what the assistant makes of it. */
export interface Story { lines: TranscriptLine[], suggestions: Suggestion[], actions: Action[] }

/** Where in a call's events something happened. */
export type Place = Omit<CallEvent, 'call'>

/** An entry of the address book. */
export interface Found { id: string, name: string, company?: string, phone?: string, email?: string }

/** Whom search_contact has found. */
export const foundBy = (action: Action) => (action.result?.contacts ?? []) as Found[]

/** A command that was refused, or that the server never answered. */
export class Refused extends Error {
  constructor(readonly code: string, message: string) { super(message) }
}

export const isOver = (call: CallView) => ['completed', 'busy', 'failed', 'no-answer', 'canceled'].includes(call.status)
