import { describe, expect, it } from 'vitest'
import { createMirror, withLine, type Notice, type Reflection } from '../../layers/softphone/phone/mirror'
import { shownOf } from '../../layers/softphone/phone/part'
import type { Line } from '../../layers/softphone/phone/wire'
import { live, place, view } from './fakes'

const agent = { id: 'u', name: 'Alex', device: true }
const line = (over: Partial<Line>): Line => ({ lineId: 'l1', revision: 1, speaker: 'caller', text: 'Hello', final: false, startMs: 0, endMs: 500, ...over })

function reflect() {
  let now: Reflection = { calls: [], colleagues: [] }
  const mirror = createMirror((r) => { now = r })
  return { mirror, now: () => now }
}

describe('mirror', () => {
  it('shows a call from its begin to its end, then as the last one', () => {
    const { mirror, now } = reflect()
    mirror.take('call:initiated', { ...place(1), call: view({ status: 'queued' }) })
    mirror.take('call:update', { ...place(2), call: view({ status: 'in-progress', answeredAt: 'x' }) })
    expect(now().calls.map(c => c.status)).toEqual(['in-progress'])
    mirror.take('call:ended', { ...place(3), call: view({ status: 'completed', verdict: { by: 'customer', reason: 'hung_up' } }) })
    expect(now().calls).toEqual([])
    expect(now().last?.verdict?.reason).toBe('hung_up')
    mirror.putAway()
    expect(now().last).toBeUndefined()
    mirror.take('call:update', { ...place(4), call: view({ status: 'completed', assist: { state: 'off' } }) })
    expect(now().last).toBeUndefined()
  })

  it('drops what a newer view leaves out', () => {
    const { mirror, now } = reflect()
    mirror.take('call:initiated', { ...place(1), call: view({ unknown: true, assist: { state: 'listening' } }) })
    mirror.take('call:update', { ...place(2), call: view() })
    expect(now().calls[0]).toMatchObject({ unknown: undefined, assist: undefined })
  })

  it('keeps lines, suggestions, actions and keys over an update', () => {
    const { mirror, now } = reflect()
    mirror.take('call:initiated', { ...place(1), call: view() })
    mirror.take('ai:transcript', { ...place(2), ...line({ final: true }) })
    mirror.take('ai:suggestion', { ...place(3), suggestionId: 's', text: 'Say yes', reason: 'asked', lineId: 'l1', state: 'shown' })
    mirror.take('ai:action', { ...place(4), actionId: 'a', tool: 'search_contact', arguments: { q: 'Ana' }, state: 'running' })
    mirror.take('ai:action', { ...place(5), actionId: 'a', tool: 'search_contact', arguments: { q: 'Ana' }, state: 'done', result: { contacts: [] } })
    mirror.take('call:dtmf', { ...place(6), digits: '12', from: 'agent' })
    mirror.take('call:update', { ...place(7), call: view({ muted: true }) })
    expect(now().calls[0]).toMatchObject({ muted: true, lines: [{ text: 'Hello' }], suggestions: [{ text: 'Say yes' }], actions: [{ state: 'done' }], keys: [{ digits: '12' }] })
  })

  it('takes late lines of a call that has ended', () => {
    const { mirror, now } = reflect()
    mirror.take('call:initiated', { ...place(1), call: view() })
    mirror.take('call:ended', { ...place(2), call: view({ status: 'completed' }) })
    expect(mirror.take('ai:transcript', { ...place(3), ...line({ final: true }) })).toBe(true)
    expect(now().last?.lines).toHaveLength(1)
  })

  it('tells a gap and takes nothing of it', () => {
    const { mirror, now } = reflect()
    mirror.replace({ calls: [live(4)], agent })
    expect(mirror.take('call:update', { ...place(6), call: view({ muted: true }) })).toBe(false)
    expect(now().calls[0]!.muted).toBe(false)
    expect(mirror.since()).toEqual({ 'call:c1': [1, 4] })
  })

  it('ignores an event seen before', () => {
    const { mirror, now } = reflect()
    mirror.replace({ calls: [live(4, { muted: true })], agent })
    expect(mirror.take('call:update', { ...place(4), call: view() })).toBe(true)
    expect(now().calls[0]!.muted).toBe(true)
  })

  it('returns the calls that ended while nobody listened', () => {
    const { mirror, now } = reflect()
    mirror.replace({ calls: [live(4)], agent })
    const missed = mirror.replace({ calls: [], agent })
    expect(missed.map(c => c.id)).toEqual(['c1'])
    mirror.settle('c1', { ...missed[0]!, status: 'busy' })
    expect(now().last?.status).toBe('busy')
    mirror.replace({ calls: [live(1, { id: 'c2', stream: 'call:c2' })], agent })
    expect(now().last).toBeUndefined()
  })
})

describe('lines', () => {
  it.each<[string, Partial<Line>, string]>([
    ['a later revision replaces a partial', { revision: 2, text: 'Hello there' }, 'Hello there'],
    ['an earlier revision does not', { revision: 0, text: 'Hell' }, 'Hello'],
    ['a final replaces a partial of the same revision', { final: true, text: 'Hello.' }, 'Hello.'],
  ])('%s', (_, next, text) => expect(withLine([line({})], line(next)).map(l => l.text)).toEqual([text]))

  it('lets no late partial change a final', () => {
    expect(withLine([line({ final: true, text: 'Hello.' })], line({ revision: 9, text: 'late' }))[0]!.text).toBe('Hello.')
  })

  it('takes away a line that was a noise, and keeps one that has a gap', () => {
    expect(withLine([line({})], line({ final: true, text: '' }))).toEqual([])
    expect(withLine([line({})], line({ final: true, text: '', gap: 'model' }))).toHaveLength(1)
  })

  it('stands in the order of speech', () => {
    const lines = withLine([line({ lineId: 'b', startMs: 900 })], line({ lineId: 'a', startMs: 100 }))
    expect(lines.map(l => l.lineId)).toEqual(['a', 'b'])
  })
})

describe('several calls', () => {
  const me = { userId: 'u', role: 'agent' as const }
  const rings = view({ id: 'c9', direction: 'inbound', parties: [{ id: 'p1', role: 'customer', phase: 'up' }, { id: 'p2', phase: 'ringing', ...me }] })
  const at = (seq: number) => place(seq, 1, 'c9')

  function desk() {
    let now: Reflection = { calls: [], colleagues: [] }
    const noticed: Notice[] = []
    const mirror = createMirror((r) => { now = r }, n => noticed.push(n))
    mirror.replace({ calls: [live(4)], agent })
    return { mirror, now: () => now, noticed }
  }

  it('takes up a call from where it is offered, and again after it went to somebody else', () => {
    const d = desk()
    expect(d.mirror.take('call:incoming', { ...at(7), call: rings })).toBe(true)
    expect(d.now().calls.map(c => c.id)).toEqual(['c1', 'c9'])
    const gone = { ...rings, userName: 'Jane', parties: [rings.parties![0]!, { id: 'p2', ...me, phase: 'gone' as const, cause: 'taken' }] }
    expect(d.mirror.take('call:accepted', { ...at(8), call: gone, userId: 'j', name: 'Jane' })).toBe(true)
    expect(d.now().calls.map(c => c.id)).toEqual(['c1'])
    expect(d.noticed).toMatchObject([{ kind: 'left', cause: 'taken', call: { userName: 'Jane' } }])
    expect(d.mirror.take('call:incoming', { ...at(12), call: { ...rings, parties: [...gone.parties, { id: 'p3', ...me, phase: 'ringing' }] } })).toBe(true)
    expect(d.now().calls.map(c => c.id)).toEqual(['c1', 'c9'])
    expect(d.mirror.take('call:update', { ...at(14), call: rings })).toBe(false)
  })

  it('keeps the newest status of everybody, and misses none by its number', () => {
    const d = desk()
    const status = (seq: number, name: 'away' | 'available') => ({ stream: 'agent:j', epoch: 1, seq, at: 'x', agent: { id: 'j', name: 'Jane', status: name, since: 'x', busy: false, device: true, free: true } })
    expect(d.mirror.take('agent:status', status(40, 'away'))).toBe(true)
    expect(d.mirror.take('agent:status', status(39, 'available'))).toBe(true)
    expect(d.now().colleagues.map(a => a.status)).toEqual(['away'])
  })

  it('tells who asked that nobody comes, and why', () => {
    const d = desk()
    const call = view({ parties: [{ id: 'p1', role: 'customer', phase: 'up' }, { id: 'p2', phase: 'up', ...me }, { id: 'p3', role: 'agent', userId: 'j', name: 'Jane', phase: 'gone' }] })
    d.mirror.take('call:transfer', { ...place(5), call, by: 'p2', target: 'p3', mode: 'consult', state: 'failed', reason: 'no_answer' })
    expect(d.noticed).toMatchObject([{ kind: 'moved', reason: 'no_answer', target: { name: 'Jane' } }])
  })

  it('shows the call that is not put aside', () => {
    const part = (held: boolean) => [{ id: 'p', phase: 'up' as const, held, ...me }]
    const calls = [view({ id: 'a', parties: part(true) }), view({ id: 'b', parties: part(false) }), rings]
    expect(shownOf(calls, 'u')?.id).toBe('b')
    expect(shownOf([calls[0]!, rings], 'u', 'b')?.id).toBe('a')
    expect(shownOf([rings], 'u')).toBeUndefined()
  })
})
