// Sounds as numbers: mu-law, WAV, resampling, and how alike two of them are.
// Nothing here is the product's own code: it measures the product from outside.

export const RATE = 8000

/** G.711 mu-law (ITU-T G.711, table 2a), as -1 to 1. */
export function fromMuLaw(bytes: Uint8Array): Float32Array {
  return Float32Array.from(bytes, (byte) => {
    const b = ~byte & 0xff
    const magnitude = (((b & 0x0f) << 3) + 0x84 << ((b & 0x70) >> 4)) - 0x84
    return (b & 0x80 ? -magnitude : magnitude) / 32768
  })
}

/** The sound of a mono mu-law WAV file. */
export function readWave(file: Uint8Array): Float32Array {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  for (let at = 12; at + 8 <= file.length;) {
    const id = String.fromCharCode(...file.subarray(at, at + 4))
    const size = view.getUint32(at + 4, true)
    if (id === 'data') return fromMuLaw(file.subarray(at + 8, at + 8 + size))
    at += 8 + size + (size & 1)
  }
  throw new Error('a WAV file without sound')
}

/** A 16-bit PCM WAV file at 8 kHz, as Chromium's fake microphone plays it. */
export function writeWave(sound: Float32Array): Buffer {
  const out = Buffer.alloc(44 + 2 * sound.length)
  out.write('RIFF', 0)
  out.writeUInt32LE(36 + 2 * sound.length, 4)
  out.write('WAVEfmt ', 8)
  out.writeUInt32LE(16, 16)
  out.writeUInt16LE(1, 20) // PCM
  out.writeUInt16LE(1, 22) // mono
  out.writeUInt32LE(RATE, 24)
  out.writeUInt32LE(2 * RATE, 28)
  out.writeUInt16LE(2, 32)
  out.writeUInt16LE(16, 34)
  out.write('data', 36)
  out.writeUInt32LE(2 * sound.length, 40)
  sound.forEach((x, i) => out.writeInt16LE(Math.round(Math.max(-1, Math.min(1, x)) * 32767), 44 + 2 * i))
  return out
}

/** To 8 kHz, by a windowed sinc below 3.6 kHz, beginning a part of a sample later. */
export function toPhone(sound: Float32Array, rate: number, part = 0): Float32Array {
  const step = rate / RATE
  const cut = 3600 / rate
  const half = Math.ceil(16 * step)
  const out = new Float32Array(Math.floor(sound.length / step))
  for (let i = 0; i < out.length; i++) {
    const at = (i + part) * step
    let sum = 0
    for (let k = Math.max(0, Math.ceil(at - half)); k <= Math.min(sound.length - 1, at + half); k++) {
      const d = k - at
      const sinc = d === 0 ? 2 * cut : Math.sin(2 * Math.PI * cut * d) / (Math.PI * d)
      sum += sound[k]! * sinc * (0.5 + 0.5 * Math.cos(Math.PI * d / half))
    }
    out[i] = sum
  }
  return out
}

export const rms = (s: Float32Array) => Math.sqrt(s.reduce((sum, x) => sum + x * x, 0) / Math.max(1, s.length))
export const decibel = (x: number) => 20 * Math.log10(x)

/** Correlation of a with b from `at` on, without the mean of either. */
function likeness(a: Float32Array, b: Float32Array, at: number): number {
  let sa = 0, sb = 0
  for (let i = 0; i < a.length; i++) { sa += a[i]!; sb += b[at + i]! }
  const ma = sa / a.length, mb = sb / a.length
  let ab = 0, aa = 0, bb = 0
  for (let i = 0; i < a.length; i++) {
    const x = a[i]! - ma, y = b[at + i]! - mb
    ab += x * y; aa += x * x; bb += y * y
  }
  return aa && bb ? ab / Math.sqrt(aa * bb) : 0
}

/** The best likeness of a within b between two places, and where. */
export function align(a: Float32Array, b: Float32Array, from: number, to: number): { likeness: number, at: number } {
  let best = { likeness: -1, at: from }
  for (let at = Math.max(0, from); at <= Math.min(to, b.length - a.length); at++) {
    const found = likeness(a, b, at)
    if (found > best.likeness) best = { likeness: found, at }
  }
  return best
}

const envelope = (s: Float32Array) => Float32Array.from({ length: Math.floor(s.length / 80) }, (_, i) => rms(s.subarray(80 * i, 80 * i + 80)))

export interface Window { at: number, likeness: number, shift: number }

/**
 * Every second of `sent` that holds speech, with its likeness in `arrived`. The
 * whole is aligned by its loudness first, then each second by its samples, then
 * by parts of a sample where `between` gives the sound that lies between them:
 * half a sample is half a period of the highest tones of a telephone.
 */
export function compare(sent: Float32Array, arrived: Float32Array, between: Float32Array[] = [], loud = 0.01): Window[] {
  const coarse = align(envelope(sent.subarray(0, arrived.length - 1)), pad(envelope(arrived), sent.length / 80), 0, Math.floor(sent.length / 80) * 2)
  const shift = 80 * coarse.at - 80 * Math.floor(sent.length / 80)
  const padded = pad(arrived, sent.length)
  const finer = between.map(b => pad(b, sent.length))
  const windows: Window[] = []
  for (let at = 0; at + RATE <= sent.length; at += RATE) {
    const second = sent.subarray(at, at + RATE)
    if (rms(second) < loud) continue
    const middle = at + shift + sent.length
    if (middle < 0 || middle + RATE > padded.length) continue
    let found = align(second, padded, middle - 800, middle + 800)
    for (const part of finer) {
      const near = align(second, part, found.at - 1, found.at + 1)
      if (near.likeness > found.likeness) found = near
    }
    windows.push({ at, likeness: found.likeness, shift: found.at - sent.length - at })
  }
  return windows
}

function pad(s: Float32Array, by: number): Float32Array {
  const n = Math.floor(by)
  const out = new Float32Array(s.length + 2 * n)
  out.set(s, n)
  return out
}

export function quantile(values: number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? NaN
}

export function sine(hertz: number, peak: number, seconds: number): Float32Array {
  return Float32Array.from({ length: seconds * RATE }, (_, i) => peak * Math.sin(2 * Math.PI * hertz * i / RATE))
}
