import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Recording } from '../../layers/softphone/phone/recording'
import { NoSound } from '../../layers/softphone/phone/microphone'
import type { Notice } from '../../layers/softphone/phone/mirror'
import type { Snapshot } from '../../layers/softphone/phone/snapshot'
import { createSoftphone } from '../../layers/softphone/phone/softphone'
import { FakePeer, FakeSocket, flush, later, live, place, stubBrowser, view } from './fakes'

const agent = (device: boolean) => ({ id: 'u', name: 'Alex', device })

async function desk(over: { trouble?: boolean, leads?: boolean } = {}) {
  let socket!: FakeSocket
  let now!: Snapshot
  let ids = 0
  let server = Date.parse('2026-11-24T10:00:00.000Z')
  const peers: FakePeer[] = []
  const told: string[] = []
  const noticed: Notice[] = []
  const recording: Recording = { track: async () => ({}) as MediaStreamTrack, play: vi.fn(async () => {}), hush: vi.fn(), wake: vi.fn(), release: vi.fn() }
  const phone = createSoftphone({
    socket: async (handshake) => {
      socket = new FakeSocket(handshake)
      return socket
    },
    token: async () => 't', renew: async () => 'renewed', id: () => String(++ids), later, who: 'u',
    clock: { hear: (at) => { server = Math.max(server, at) }, now: () => server },
    locks: over.leads === false ? { request: () => new Promise(() => {}) } : undefined,
    peer: () => {
      const peer = new FakePeer()
      peers.push(peer)
      return peer as unknown as RTCPeerConnection
    },
    play: () => {}, recording: () => recording,
    microphone: { track: async () => {
      if (over.trouble) throw new NoSound('denied')
      return {} as MediaStreamTrack
    }, release: () => {} },
    lookUp: async () => ({ call: view({ status: 'busy', verdict: { by: 'customer', reason: 'busy' } }), lines: [], suggestions: [], actions: [] }),
    changed: (s) => { now = s },
    trouble: code => told.push(code), noticed: n => noticed.push(n),
  })
  phone.start()
  await flush()
  await socket.up()
  socket.tell('call:state', { calls: [], agent: agent(false) })

  /** Lets the sound come up. */
  async function sound() {
    await vi.advanceTimersByTimeAsync(60)
    socket.last('media:offer')!.answer({ ok: true, sdp: 'answer' })
    await flush()
    peers.at(-1)!.become('connected')
    await flush()
  }
  return { phone, socket, peers, told, noticed, recording, sound, now: () => now, elapse: (ms: number) => { server += ms } }
}

beforeEach(() => {
  vi.useFakeTimers()
  stubBrowser()
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

describe('softphone', () => {
  it('asks for a call only once its sound is up', async () => {
    const d = await desk()
    const dialled = d.phone.dial({ to: '+12015550123' })
    await vi.advanceTimersByTimeAsync(60)
    expect(d.socket.last('call:initiate')).toBeUndefined()
    expect(d.now().dialling).toBe(true)
    await d.sound()
    d.socket.last('call:initiate')!.answer({ ok: true, call: view() })
    expect(await dialled).toBe(true)
    expect(d.now().dialling).toBe(false)
  })

  it('waits for its own sound even while the desk counts a device that has gone', async () => {
    const d = await desk()
    d.socket.tell('agent:state', { agent: agent(true) })
    void d.phone.dial({ to: '1' })
    await vi.advanceTimersByTimeAsync(60)
    expect(d.socket.last('call:initiate')).toBeUndefined()
    await d.sound()
    expect(d.socket.last('call:initiate')).toBeDefined()
  })

  it('tries again while the desk has not heard the new device', async () => {
    const d = await desk()
    const dialled = d.phone.dial({ to: '1' })
    await d.sound()
    d.socket.last('call:initiate')!.answer({ ok: false, error: { code: 'no_device', message: 'No.' } })
    await vi.advanceTimersByTimeAsync(400)
    const [first, second] = d.socket.asked.filter(a => a.name === 'call:initiate')
    expect(second!.body.commandId).not.toBe(first!.body.commandId)
    second!.answer({ ok: true, call: view() })
    expect(await dialled).toBe(true)
    expect(d.told).toEqual([])
  })

  it('does not ask for a call without a microphone', async () => {
    const d = await desk({ trouble: true })
    expect(await d.phone.dial({ to: '1' })).toBe(false)
    expect(d.told).toEqual(['no_device'])
    expect(d.now().sound).toEqual({ state: 'trouble', trouble: 'denied' })
    expect(d.socket.asked).toEqual([])
  })

  it('dials with the sound of another tab or device', async () => {
    const d = await desk({ leads: false })
    d.socket.tell('agent:state', { agent: agent(true) })
    void d.phone.dial({ to: '1' })
    await flush()
    expect(d.socket.last('call:initiate')).toBeDefined()
    expect(d.peers).toEqual([])
  })

  it('has no sound in a tab that does not lead', async () => {
    const d = await desk({ leads: false })
    await d.phone.wantSound()
    await vi.advanceTimersByTimeAsync(1_000)
    expect(d.now()).toMatchObject({ leads: false, sound: { state: 'off' } })
    expect(d.peers).toEqual([])
  })

  it('tells a refusal once, though it comes as an answer and as an event', async () => {
    const d = await desk()
    const ended = d.phone.hangUp('c1')
    d.socket.tell('call:error', { code: 'call_over', message: 'Over.' })
    d.socket.last('call:end')!.answer({ ok: false, error: { code: 'call_over', message: 'Over.' } })
    expect(await ended).toBe(false)
    expect(d.told).toEqual(['call_over'])
    d.elapse(3_000)
    d.socket.tell('call:error', { code: 'call_over', message: 'Over.' })
    expect(d.told).toHaveLength(2)
  })

  it('learns from the history how a call ended while it was away', async () => {
    const d = await desk()
    d.socket.tell('call:state', { calls: [live(3)], agent: agent(true) })
    d.socket.fall()
    d.socket.connect()
    await d.socket.up()
    d.socket.tell('call:state', { calls: [], agent: agent(true) })
    await flush()
    expect(d.now().calls).toEqual([])
    expect(d.now().last?.verdict?.reason).toBe('busy')
  })

  it('comes back without places when an event is missing', async () => {
    const d = await desk()
    d.socket.tell('call:state', { calls: [live(3)], agent: agent(true) })
    d.socket.tell('call:update', { ...place(5), call: view() })
    await vi.advanceTimersByTimeAsync(500)
    expect(d.socket.auths.at(-1)).toEqual({ token: 't' })
  })

  it('begins the recording when the customer answers, and where a page comes in', async () => {
    const d = await desk()
    void d.phone.useVoice('recording')
    await d.sound()
    d.socket.tell('call:initiated', { ...place(1), call: view() })
    expect(d.recording.play).not.toHaveBeenCalled()
    d.elapse(9_000)
    d.socket.tell('call:update', { ...place(2), call: view({ status: 'in-progress', answeredAt: '2026-11-24T10:00:02.000Z' }) })
    d.socket.tell('call:update', { ...place(3), call: view({ status: 'in-progress', answeredAt: '2026-11-24T10:00:02.000Z', muted: true }) })
    expect(d.recording.play).toHaveBeenCalledExactlyOnceWith(8)
    vi.mocked(d.recording.hush).mockClear()
    d.socket.tell('call:ended', { ...place(4), call: view({ status: 'completed' }) })
    expect(d.recording.hush).toHaveBeenCalled()
  })

  it('says that another device took the sound, and takes it back', async () => {
    const d = await desk()
    void d.phone.wantSound()
    await d.sound()
    d.socket.tell('media:state', { up: false, reason: 'replaced' })
    expect(d.now().sound.state).toBe('elsewhere')
    void d.phone.takeSound()
    await d.sound()
    expect(d.now().sound.state).toBe('up')
  })
})
