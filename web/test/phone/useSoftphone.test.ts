import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { connectSoftphone, disconnectSoftphone, useSoftphone } from '../../layers/softphone/app/composables/useSoftphone'
import type { Handshake } from '../../layers/softphone/phone/line'
import { FakeSocket, flush, live, place, view } from './fakes'

const made = vi.hoisted(() => ({ socket: undefined as FakeSocket | undefined }))
vi.mock('socket.io-client', () => ({ io: (_: string, { auth }: { auth: Handshake }) => made.socket = new FakeSocket(auth) }))

const ana = { id: 'k1', name: 'Ana Dupont', phone: '+12015550123' }
let asked: string[] = []

beforeEach(async () => {
  asked = []
  // Another tab has the sound: this one is about the rest.
  vi.stubGlobal('navigator', { permissions: { query: async () => ({ state: 'prompt' }) }, locks: { request: () => new Promise(() => {}) } })
  vi.stubGlobal('fetch', async () => ({ ok: false }))
  await connectSoftphone({
    who: 'u', token: async () => 'token', renew: async () => 'renewed',
    request: async <T>(path: string) => {
      asked.push(path)
      return { items: path.includes('contacts') ? [ana] : [view({ status: 'completed' })] } as T
    },
  })
  await vi.waitUntil(() => made.socket?.active)
  await made.socket!.up()
  made.socket!.tell('call:state', { calls: [], agent: { id: 'u', name: 'Alex', device: true } })
})
afterEach(() => {
  disconnectSoftphone()
  made.socket = undefined
  vi.unstubAllGlobals()
})

describe('useSoftphone', () => {
  it('is one phone wherever it is used', () => {
    made.socket!.tell('call:initiated', { ...place(1), call: view() })
    expect(useSoftphone().call.value?.id).toBe('c1')
    expect(useSoftphone().snapshot.value).toBe(useSoftphone().snapshot.value)
  })

  it('opens its window, learns its country and names the contact of a number that is dialled', async () => {
    const phone = useSoftphone()
    phone.open()
    await vi.waitUntil(() => phone.home.value === 'US')
    expect(phone.shown('+12015550123')).toBe('(201) 555-0123')
    void phone.dial({ to: '201 555 0123' })
    await vi.waitUntil(() => made.socket!.last('call:initiate'))
    expect(phone.isOpen.value).toBe(true)
    expect(made.socket!.last('call:initiate')!.body).toMatchObject({ to: '201 555 0123', contactId: 'k1' })
  })

  it('tells why it was refused', async () => {
    const phone = useSoftphone()
    const dialled = phone.dial({ to: '1', contactId: 'k1' })
    await vi.waitUntil(() => made.socket!.last('call:initiate'))
    made.socket!.last('call:initiate')!.answer({ ok: false, error: { code: 'invalid_number', message: 'No number.' } })
    expect(await dialled).toBe(false)
    expect(phone.news.value).toMatchObject({ code: 'invalid_number', message: 'No number.' })
  })

  it('reads the last calls again when one has ended', async () => {
    await flush()
    const before = asked.filter(a => a.startsWith('/api/voice/calls')).length
    made.socket!.tell('call:initiated', { ...place(1), call: view() })
    made.socket!.tell('call:ended', { ...place(2), call: view({ status: 'completed' }) })
    expect(asked.filter(a => a.startsWith('/api/voice/calls'))).toHaveLength(before + 1)
  })

  it('forgets everything with the session', () => {
    made.socket!.tell('call:state', { calls: [live(1)], agent: { id: 'u', name: 'Alex', device: true } })
    disconnectSoftphone()
    const phone = useSoftphone()
    expect(phone.call.value).toBeUndefined()
    expect(phone.snapshot.value.line).toBe('off')
    expect(made.socket!.active).toBe(false)
  })
})
