import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createLine, type Renewal } from '../../layers/softphone/phone/line'
import { FakeSocket, flush, later } from './fakes'

const noon = Date.parse('2026-11-24T12:00:00.000Z')

async function dial(renewals: Renewal[] = []) {
  let socket!: FakeSocket
  let ids = 0
  const states: string[] = []
  const heard: string[] = []
  const parts = { whole: true, renewed: 0 }
  const line = createLine({
    open: async (handshake) => {
      socket = new FakeSocket(handshake)
      return socket
    },
    token: async () => `token-${parts.renewed}`,
    renew: async () => {
      parts.renewed++
      return renewals.shift() ?? 'renewed'
    },
    mirror: { since: () => ({ 'call:c1': [1, 4] }) },
    now: () => noon + performance.now(), id: () => `id-${++ids}`, later,
    heard: (name) => {
      heard.push(name)
      return parts.whole
    },
    changed: s => states.push(s),
  })
  await line.start()
  return { line, socket, states, heard, parts }
}

beforeEach(() => { vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }) })
afterEach(() => { vi.useRealTimers() })

describe('line', () => {
  it('shows a fresh token and its places at every connect', async () => {
    const { socket, parts, states } = await dial()
    await socket.up()
    parts.renewed = 7
    socket.fall()
    socket.connect()
    await socket.up()
    expect(socket.auths).toEqual([{ token: 'token-0', since: { 'call:c1': [1, 4] } }, { token: 'token-7', since: { 'call:c1': [1, 4] } }])
    expect(states).toEqual(['connecting', 'up', 'lost', 'up'])
  })

  it('comes back without places when an event is missing', async () => {
    const { socket, parts } = await dial()
    await socket.up()
    parts.whole = false
    socket.tell('call:update', {})
    expect(socket.connected).toBe(false)
    vi.advanceTimersByTime(500)
    await flush()
    expect(socket.auths[1]).toEqual({ token: 'token-0' })
    await socket.up()
    socket.fall()
    socket.connect()
    await flush()
    expect(socket.auths[2]).toHaveProperty('since')
  })

  it('gets a new token once when the old one is refused, then waits', async () => {
    const { socket, parts } = await dial()
    await socket.turnAway('unauthorized')
    expect(socket.auths.map(a => a.token)).toEqual(['token-0', 'token-1'])
    await socket.turnAway('unauthorized')
    expect(socket.auths).toHaveLength(2)
    vi.advanceTimersByTime(500)
    await flush()
    expect(socket.auths).toHaveLength(3)
    expect(parts.renewed).toBe(2)
  })

  it('ends with the session', async () => {
    const { socket, states } = await dial(['ended'])
    await socket.turnAway('unauthorized')
    vi.advanceTimersByTime(60_000)
    await flush()
    expect(states.at(-1)).toBe('off')
    expect(socket.auths).toHaveLength(1)
  })

  it('sends a command with an id and the desk\'s time, and gives its answer', async () => {
    const { socket, line } = await dial()
    await socket.up()
    const answer = line.ask('call:dtmf', { callId: 'c1', digits: '5' })
    expect(socket.last('call:dtmf')!.body).toMatchObject({ callId: 'c1', digits: '5', commandId: 'id-1', at: new Date(noon + performance.now()).toISOString() })
    socket.last('call:dtmf')!.answer({ ok: true, call: { id: 'c1' } })
    expect(await answer).toMatchObject({ call: { id: 'c1' } })
  })

  it('rejects with the desk\'s refusal', async () => {
    const { socket, line } = await dial()
    await socket.up()
    const answer = line.ask('call:initiate', { to: '1' })
    socket.last('call:initiate')!.answer({ ok: false, error: { code: 'stale', message: 'Too late.' } })
    await expect(answer).rejects.toMatchObject({ code: 'stale', message: 'Too late.' })
  })

  it('keeps no command for later', async () => {
    const { socket, line } = await dial()
    await expect(line.ask('call:initiate', { to: '1' })).rejects.toMatchObject({ code: 'offline' })
    await socket.up()
    expect(socket.asked).toEqual([])
  })

  it('lets who is quick wait for the first connection', async () => {
    const { socket, line } = await dial()
    let begun = false
    const waiting = line.begun().then(() => { begun = true })
    await flush()
    expect(begun).toBe(false)
    await socket.up()
    await waiting
    expect(begun).toBe(true)
  })

  it('asks again under the same id when the answer was lost with the socket', async () => {
    const { socket, line } = await dial()
    await socket.up()
    const answer = line.ask('call:end', { callId: 'c1' })
    socket.fall()
    await flush()
    vi.advanceTimersByTime(3_000)
    socket.connect()
    await socket.up()
    await flush()
    const [first, second] = socket.asked
    expect(second!.body).toEqual(first!.body)
    second!.answer({ ok: true, call: { id: 'c1' } })
    expect(await answer).toMatchObject({ call: { id: 'c1' } })
  })

  it('gives up when the line does not come back in time', async () => {
    const { socket, line } = await dial()
    await socket.up()
    const answer = line.ask('call:end', { callId: 'c1' })
    const refused = expect(answer).rejects.toMatchObject({ code: 'no_answer_yet' })
    socket.fall()
    await flush()
    await vi.advanceTimersByTimeAsync(10_000)
    await refused
  })
})
