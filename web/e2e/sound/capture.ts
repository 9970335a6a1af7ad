// Takes down what a page hears, beside the page: the remote track of every peer
// connection is recorded as samples, with the time of the first.
import type { Page } from '@playwright/test'
import { toPhone } from './wave'

/** Runs in the page before its scripts do. */
function listen() {
  const w = window as unknown as { heard: { rate: number, start: number, chunks: Float32Array[] } }
  w.heard = { rate: 48000, start: 0, chunks: [] }
  const Original = window.RTCPeerConnection
  window.RTCPeerConnection = class extends Original {
    constructor(...given: ConstructorParameters<typeof Original>) {
      super(...given)
      this.addEventListener('track', (e) => {
        const context = new AudioContext({ sampleRate: 48000 })
        const source = context.createMediaStreamSource(new MediaStream([e.track]))
        const tap = context.createScriptProcessor(4096, 1, 1)
        w.heard = { rate: context.sampleRate, start: 0, chunks: [] }
        const mine = w.heard
        tap.onaudioprocess = (a) => {
          // playbackTime is when the block will be heard: the input is a block older.
          if (!mine.chunks.length) mine.start = performance.timeOrigin + performance.now() - 4096 / context.sampleRate * 1000
          mine.chunks.push(a.inputBuffer.getChannelData(0).slice())
        }
        source.connect(tap)
        tap.connect(context.destination)
      })
    }
  }
}

export const listenTo = (page: Page) => page.addInitScript(listen)

/** The parts of a sample at which sound is taken besides. */
const parts = [1 / 6, 2 / 6, 3 / 6, 4 / 6, 5 / 6]

/** What was heard until now at 8 kHz, also between its samples, and when its first sample was (epoch, ms). */
export async function heardBy(page: Page): Promise<{ sound: Float32Array, between: Float32Array[], start: number }> {
  const { rate, start, text } = await page.evaluate(() => {
    const { heard } = window as unknown as { heard: { rate: number, start: number, chunks: Float32Array[] } }
    const all = new Int16Array(heard.chunks.length * 4096)
    heard.chunks.forEach((c, i) => c.forEach((x, k) => { all[4096 * i + k] = Math.round(Math.max(-1, Math.min(1, x)) * 32767) }))
    const bytes = new Uint8Array(all.buffer)
    let text = ''
    for (let i = 0; i < bytes.length; i += 0x8000) text += String.fromCharCode(...bytes.subarray(i, i + 0x8000))
    return { rate: heard.rate, start: heard.start, text: btoa(text) }
  })
  const raw = Buffer.from(text, 'base64')
  const samples = new Int16Array(raw.buffer, raw.byteOffset, raw.length / 2)
  const all = Float32Array.from(samples, x => x / 32768)
  return { sound: toPhone(all, rate), between: parts.map(p => toPhone(all, rate, p)), start }
}
