import { vi } from 'vitest'
import type { Handshake, Socket } from '../../layers/softphone/phone/line'
import type { CallView, LiveCall } from '../../layers/softphone/phone/wire'

interface Asked { name: string, body: Record<string, unknown>, answer: (ack: object) => void, lose: () => void }

/** A socket that does what the test says, with the manners of socket.io-client. */
export class FakeSocket implements Socket {
  connected = false
  active = false
  auths: Record<string, unknown>[] = []
  asked: Asked[] = []
  private listeners = new Map<string, ((arg?: unknown) => void)[]>()
  private any: (name: string, body: unknown) => void = () => {}

  constructor(private handshake: Handshake) {}

  on(event: string, listener: (...args: never[]) => void) {
    this.listeners.set(event, [...this.listeners.get(event) ?? [], listener as never])
  }

  onAny(listener: (name: string, body: unknown) => void) { this.any = listener }

  connect() {
    this.active = true
    this.handshake(auth => this.auths.push(auth as Record<string, unknown>))
  }

  disconnect() {
    this.active = false
    this.fall()
  }

  timeout() {
    return { emitWithAck: (name: string, body: unknown) => new Promise<unknown>((answer, lose) => {
      this.asked.push({ name, body: body as Record<string, unknown>, answer, lose: () => lose(new Error('lost')) })
    }) }
  }

  fire(event: string, arg?: unknown) { this.listeners.get(event)?.forEach(l => l(arg)) }

  /** The desk lets it in. */
  async up() {
    await flush()
    this.connected = true
    this.fire('connect')
  }

  /** The network breaks; the client comes back by itself. */
  fall() {
    if (!this.connected) return
    this.connected = false
    this.asked.forEach(a => a.lose())
    this.fire('disconnect')
  }

  async turnAway(code: string) {
    await flush()
    this.active = false
    this.fire('connect_error', Object.assign(new Error('no'), { data: { code } }))
    await flush()
  }

  tell(name: string, body: object) { this.any(name, body) }
  last = (name: string) => this.asked.findLast(a => a.name === name)
}

/** Lets everything that waits for a promise go on. */
export async function flush() { for (let i = 0; i < 20; i++) await Promise.resolve() }

export const view = (over: Partial<CallView> = {}): CallView => ({
  id: 'c1', direction: 'outbound', from: '+12015550100', to: '+12015550123', status: 'ringing', startedAt: '2026-11-24T10:00:00.000Z', muted: false, device: true, ...over,
})
export const place = (seq: number, epoch = 1, callId = 'c1') => ({ callId, stream: `call:${callId}`, epoch, seq, at: '2026-11-24T10:00:01.000Z' })
export const live = (seq: number, over: Partial<LiveCall> = {}): LiveCall => ({ ...view(), stream: 'call:c1', epoch: 1, seq, lines: [], suggestions: [], actions: [], ...over })

/** A connection that connects when the test says. */
export class FakePeer {
  connectionState = 'new'
  iceGatheringState = 'new'
  localDescription = { sdp: 'half an offer' }
  remote?: string
  closed = false
  track: unknown
  onconnectionstatechange = () => {}
  onicegatheringstatechange = () => {}
  ontrack = () => {}
  codecs: { mimeType: string }[] = []
  replaceTrack = vi.fn(async (track: unknown) => { this.track = track })

  addTransceiver(track: unknown) {
    this.track = track
    return { sender: { track }, setCodecPreferences: (codecs: { mimeType: string }[]) => { this.codecs = codecs } }
  }

  getSenders() { return [this] }
  async createOffer() { return {} }
  async setLocalDescription() {
    setTimeout(() => {
      this.iceGatheringState = 'complete'
      this.localDescription = { sdp: 'whole offer' }
      this.onicegatheringstatechange()
    }, 50)
  }

  async setRemoteDescription({ sdp }: { sdp: string }) { this.remote = sdp }
  become(state: string) {
    this.connectionState = state
    this.onconnectionstatechange()
  }

  close() { this.closed = true }
}

export const later = (ms: number, work: () => void) => {
  const timer = setTimeout(work, ms)
  return () => clearTimeout(timer)
}

export function stubBrowser() {
  vi.stubGlobal('RTCRtpReceiver', { getCapabilities: () => ({ codecs: [{ mimeType: 'audio/opus' }, { mimeType: 'audio/PCMU' }, { mimeType: 'audio/PCMA' }] }) })
  vi.stubGlobal('MediaStream', vi.fn())
}
