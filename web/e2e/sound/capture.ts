// Takes down what a page hears and says, beside the page: the remote track of
// every peer connection, and the microphone where a test asks for it, are
// recorded as samples, with the time of the first.
import type { Page } from '@playwright/test'
import { toPhone } from './wave'

interface Take { rate: number, start: number, chunks: Float32Array[] }
interface Taps { heard: Take, said: Take, peers: RTCPeerConnection[] }

/** Runs in the page before its scripts do. */
function listen({ microphone }: { microphone: boolean }) {
  const w = window as unknown as Taps
  const none = (): Take => ({ rate: 48000, start: 0, chunks: [] })
  Object.assign(w, { heard: none(), said: none(), peers: [] })

  function record(track: MediaStreamTrack): Take {
    const context = new AudioContext({ sampleRate: 48000 })
    const source = context.createMediaStreamSource(new MediaStream([track]))
    const tap = context.createScriptProcessor(4096, 1, 1)
    const take = { ...none(), rate: context.sampleRate, start: Infinity }
    tap.onaudioprocess = (a) => {
      take.chunks.push(a.inputBuffer.getChannelData(0).slice())
      // A busy page takes a block late, never early: the earliest guess is the nearest.
      take.start = Math.min(take.start, performance.timeOrigin + performance.now() - take.chunks.length * 4096 / context.sampleRate * 1000)
    }
    source.connect(tap)
    tap.connect(context.destination)
    return take
  }

  const Original = window.RTCPeerConnection
  window.RTCPeerConnection = class extends Original {
    constructor(...given: ConstructorParameters<typeof Original>) {
      super(...given)
      w.peers.push(this)
      this.addEventListener('track', (e) => { w.heard = record(e.track) })
    }
  }
  if (microphone) {
    const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices)
    navigator.mediaDevices.getUserMedia = async (wanted) => {
      const stream = await open(wanted)
      w.said = record(stream.getAudioTracks()[0]!)
      return stream
    }
  }
}

export const listenTo = (page: Page, { microphone = false } = {}) => page.addInitScript(listen, { microphone })

/** The packets of the page's connections that were lost, of those that were sent. */
export const packetsOf = (page: Page) => page.evaluate(async () => {
  const count = { heard: 0, heardLost: 0, said: 0, saidLost: 0 }
  for (const peer of (window as unknown as Taps).peers) {
    for (const report of (await peer.getStats()).values()) {
      if (report.type === 'inbound-rtp') { count.heard += report.packetsReceived; count.heardLost += report.packetsLost }
      if (report.type === 'outbound-rtp') count.said += report.packetsSent
      if (report.type === 'remote-inbound-rtp') count.saidLost += report.packetsLost
    }
  }
  return count
})

/** The parts of a sample at which sound is taken besides. */
const parts = [1 / 6, 2 / 6, 3 / 6, 4 / 6, 5 / 6]

/** What was heard until now at 8 kHz, also between its samples, and when its first sample was (epoch, ms). */
export const heardBy = (page: Page) => taken(page, 'heard')

/** What the microphone has said until now, likewise. */
export const saidBy = (page: Page) => taken(page, 'said')

async function taken(page: Page, which: 'heard' | 'said'): Promise<{ sound: Float32Array, between: Float32Array[], start: number }> {
  const { rate, start, text } = await page.evaluate((which) => {
    const heard = (window as unknown as Taps)[which]
    const all = new Int16Array(heard.chunks.length * 4096)
    heard.chunks.forEach((c, i) => c.forEach((x, k) => { all[4096 * i + k] = Math.round(Math.max(-1, Math.min(1, x)) * 32767) }))
    const bytes = new Uint8Array(all.buffer)
    let text = ''
    for (let i = 0; i < bytes.length; i += 0x8000) text += String.fromCharCode(...bytes.subarray(i, i + 0x8000))
    return { rate: heard.rate, start: heard.start, text: btoa(text) }
  }, which)
  const raw = Buffer.from(text, 'base64')
  const samples = new Int16Array(raw.buffer, raw.byteOffset, raw.length / 2)
  const all = Float32Array.from(samples, x => x / 32768)
  return { sound: toPhone(all, rate), between: parts.map(p => toPhone(all, rate, p)), start }
}
