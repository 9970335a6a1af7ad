// The recording of a call as the server describes it.
export interface Gap { fromMs: number, toMs: number, reason: 'paused' | 'hold' | 'crash' | 'overload' | 'not_stored' | 'missing' | 'damaged', side?: 'customer' | 'agent' }
export interface Recording {
  id: string
  status: 'recording' | 'finishing' | 'ready' | 'failed' | 'deleted'
  kind: 'call' | 'voicemail'
  durationMs: number
  peaks: number[][]
  gaps: Gap[]
  url?: string
}

const MIDDLE = 32
const LOUDEST = 255

/** One side as the outline of its loudness, around the middle of a band 64 high. */
export function lane(peaks: number[]): string {
  const half = (p: number) => Math.max(0.5, p / LOUDEST * (MIDDLE - 2))
  const above = peaks.map((p, x) => `${x} ${(MIDDLE - half(p)).toFixed(1)}L${x + 1} ${(MIDDLE - half(p)).toFixed(1)}`)
  const below = peaks.map((p, x) => `${x + 1} ${(MIDDLE + half(p)).toFixed(1)}L${x} ${(MIDDLE + half(p)).toFixed(1)}`).reverse()
  return peaks.length ? `M${[...above, ...below].join('L')}Z` : ''
}
