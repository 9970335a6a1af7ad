// Who somebody is in a call, and which of several calls is the one to show.
import type { CallView, Party } from './wire'

/** The user's own part, unless it is over. */
export const partOf = (call: CallView, me?: string): Party | undefined => call.parties?.find(p => p.userId === me && p.phase !== 'gone')

/** Whether the call is offered to this user, who has not taken it. */
export const ringsFor = (call: CallView, me?: string) => partOf(call, me)?.phase === 'ringing'

/** Why this user is not in the call any more; undefined while they are. */
export function leftBy(call: CallView, me?: string): string | undefined {
  if (!call.parties || !me || partOf(call, me)) return undefined
  return call.parties.findLast(p => p.userId === me)?.cause ?? ''
}

/** What a call says of its own agent, for whoever it is that looks: the view itself speaks of one agent only. */
export function standing(call: CallView, me?: string) {
  const own = partOf(call, me)
  return own
    ? { muted: !!own.muted, held: !!own.held, sound: !!own.sound, aside: !!own.aside, id: own.id }
    : { muted: call.muted, held: !!call.held, sound: call.device, aside: false, id: undefined }
}

/** Those beside this user who are in the call or are awaited, the customer first. */
export const others = (call: CallView, me?: string): Party[] => (call.parties ?? []).filter(p => p.userId !== me && p.phase !== 'gone')

/** Calls that this user is in; those that only ring are not. */
export const taken = <C extends CallView>(calls: C[], me?: string): C[] => calls.filter(c => !ringsFor(c, me))

/** The call to show: the one that is not put aside, else the one shown before. */
export function shownOf<C extends CallView>(calls: C[], me?: string, before?: string): C | undefined {
  const own = taken(calls, me)
  return own.find(c => !standing(c, me).held) ?? own.find(c => c.id === before) ?? own.at(-1)
}

const COLLEAGUE = 'user:'
/** The id of a colleague, where an end of a call is one and no telephone. */
export const colleagueAt = (end: string) => end.startsWith(COLLEAGUE) ? end.slice(COLLEAGUE.length) : undefined

export const endOf = (colleague: string) => COLLEAGUE + colleague
/** What to ask for to call an end. */
export function orderTo(end: string, contactId?: string): { to?: string, userId?: string, contactId?: string } {
  const userId = colleagueAt(end)
  return userId === undefined ? { to: end, contactId } : { userId }
}

/** The other end of a call: a number, or user: and a colleague's id. */
export function otherEnd(call: CallView, me?: string): string {
  if (colleagueAt(call.to) !== undefined && colleagueAt(call.to) === me) return call.from
  return call.direction === 'outbound' ? call.to : call.from
}
