// The calls as the server tells them. Nothing here decides: what comes in is
// kept, in new objects, so that a page can compare.
import { createCursors } from './cursors'
import { leftBy, ringsFor } from './part'
import { isOver, type Agent, type AgentView, type CallView, type Events, type LiveCall, type Line, type Party, type Place, type Suggestion, type Action } from './wire'

export interface Keys { digits: string, from: 'agent' | 'caller' }
/** A call and the keys that sounded in it. */
export interface MirroredCall extends LiveCall { keys: Keys[] }

/** What happened that the calls themselves do not show afterwards. */
export type Notice =
  | { kind: 'left', call: CallView, cause: string }
  | { kind: 'moved', call: CallView, reason: string, target?: Party }

export interface Reflection {
  /** The calls that are not over. */
  calls: MirroredCall[]
  /** The call that ended last, until it is put away or another begins. */
  last?: MirroredCall
  agent?: Agent
  /** Everybody at the desk, this user too. */
  colleagues: AgentView[]
}

/** The line whose words change: a final one stands, a partial one gives way to a later revision. */
export function withLine(lines: Line[], line: Line): Line[] {
  const at = lines.findIndex(l => l.lineId === line.lineId)
  const known = lines[at]
  if (known && (known.final ? !line.final || line.revision < known.revision : !line.final && line.revision <= known.revision)) return lines
  // A line that ends without words was a noise.
  const rest = lines.filter((_, i) => i !== at)
  if (line.final && !line.text && !line.gap) return rest
  if (at >= 0) return lines.map((l, i) => i === at ? line : l)
  return [...rest, line].sort((a, b) => a.startMs - b.startMs)
}

function withItem<T>(items: T[], item: T, same: (a: T) => boolean): T[] {
  return items.some(same) ? items.map(i => same(i) ? item : i) : [...items, item]
}

export function createMirror(changed: (r: Reflection) => void, noticed: (n: Notice) => void = () => {}) {
  const cursors = createCursors()
  const statuses = new Map<string, [epoch: number, seq: number]>()
  let seen: Reflection = { calls: [], colleagues: [] }

  function show(next: Partial<Reflection>) {
    seen = { ...seen, ...next }
    changed(seen)
  }

  function change(id: string, edit: (c: MirroredCall) => Partial<MirroredCall>) {
    const edited = (c: MirroredCall) => c.id === id ? { ...c, ...edit(c) } : c
    show({ calls: seen.calls.map(edited), last: seen.last && edited(seen.last) })
  }

  function view({ callId, stream, epoch, seq, call }: Place & { call: CallView }) {
    const known = seen.calls.find(c => c.id === callId) ?? (seen.last?.id === callId ? seen.last : undefined)
    const next: MirroredCall = { lines: [], suggestions: [], actions: [], keys: [], ...known, ...whole(call), stream, epoch, seq }
    if (!known && isOver(call)) return // late news of a call that was put away
    const me = seen.agent?.id
    const others = seen.calls.filter(c => c.id !== callId)
    if (isOver(call)) return show({ calls: others, last: next })
    const cause = leftBy(call, me)
    if (cause !== undefined) {
      cursors.drop(stream)
      show({ calls: others })
      return noticed({ kind: 'left', call, cause })
    }
    // What only rings leaves on the page how the call before ended.
    show({ calls: withItem(seen.calls, next, c => c.id === callId), last: ringsFor(call, me) ? seen.last : undefined })
  }

  function moved(b: Events['call:transfer']) {
    view(b)
    const by = b.call.parties?.find(p => p.id === b.by)
    if (b.state === 'failed' && by?.userId === seen.agent?.id) noticed({ kind: 'moved', call: b.call, reason: b.reason, target: b.call.parties?.find(p => p.id === b.target) })
  }

  /** Statuses are not told one by one: the newest of somebody stands. */
  function status({ stream, epoch, seq, agent }: Events['agent:status']) {
    const [e, s] = statuses.get(stream) ?? [0, 0]
    if (epoch < e || (epoch === e && seq <= s)) return
    statuses.set(stream, [epoch, seq])
    show({ colleagues: withItem(seen.colleagues, agent, a => a.id === agent.id).sort((a, b) => a.name.localeCompare(b.name)) })
  }

  const takers: { [E in keyof Events]?: (body: Events[E]) => void } = {
    'call:initiated': view,
    'call:update': view,
    'call:incoming': view,
    'call:accepted': view,
    'call:rejected': view,
    'call:transfer': moved,
    'call:ended': view,
    'call:recording': b => change(b.callId, () => ({ recording: { state: b.state, why: b.why, atMs: b.atMs } })),
    'agent:status': status,
    'call:dtmf': b => change(b.callId, c => ({ keys: [...c.keys, { digits: b.digits, from: b.from }] })),
    'ai:transcript': b => change(b.callId, c => ({ lines: withLine(c.lines, b) })),
    'ai:suggestion': b => change(b.callId, c => ({ suggestions: withItem<Suggestion>(c.suggestions, b, s => s.suggestionId === b.suggestionId) })),
    'ai:action': b => change(b.callId, c => ({ actions: withItem<Action>(c.actions, b, a => a.actionId === b.actionId) })),
    'agent:state': b => show({ agent: b.agent }),
  }

  return {
    /** Everything anew. Returns the calls that ended while nobody listened. */
    replace({ calls, agent }: Events['call:state']): MirroredCall[] {
      cursors.clear()
      for (const c of calls) cursors.set(c.stream, c.epoch, c.seq)
      const missed = seen.calls.filter(c => !calls.some(n => n.id === c.id) && !ringsFor(c, agent.id))
      const before = (id: string) => seen.calls.find(c => c.id === id)
      show({ agent, calls: calls.map(c => ({ ...c, keys: before(c.id)?.keys ?? [] })), last: calls.length ? undefined : seen.last })
      return missed
    },
    /** Takes one event; false: one is missing before it. */
    take<E extends keyof Events>(name: E, body: Events[E]): boolean {
      const { callId, stream, epoch, seq } = body as Partial<Place>
      if (name === 'call:incoming' && !seen.calls.some(c => c.id === callId)) {
        cursors.set(stream!, epoch!, seq!) // what went before was not for this user
      } else if (stream !== undefined && name !== 'agent:status') {
        const step = cursors.take(stream, epoch!, seq!)
        if (step !== 'next') return step === 'seen'
      }
      takers[name]?.(body)
      return true
    },
    /** How a call ended that nobody saw ending. */
    settle(id: string, call: MirroredCall) { if (!seen.calls.some(c => c.id === id)) show({ last: call }) },
    putAway() { show({ last: undefined }) },
    forget() {
      cursors.clear()
      statuses.clear()
      show({ calls: [], last: undefined, agent: undefined, colleagues: [] })
    },
    since: () => cursors.since(seen.calls.map(c => c.stream)),
  }
}

/** A view replaces the one before: what it leaves out is gone, not kept. */
function whole(call: CallView): CallView {
  const absent = { held: undefined, stage: undefined, move: undefined, parties: undefined, callSid: undefined, verdict: undefined, answeredAt: undefined, endedAt: undefined, durationSeconds: undefined, unknown: undefined, assist: undefined, userId: undefined, userName: undefined, contactId: undefined, contactName: undefined }
  return { ...absent, ...call }
}
