// How far the events of each stream were seen. Numbers of a stream have no gap,
// so a page that misses one knows it.

export type Cursor = [epoch: number, seq: number]
export type Step = 'next' | 'seen' | 'gap'

export function createCursors() {
  const known = new Map<string, Cursor>()

  return {
    /** Takes an event's place: the next one, one seen before, or a gap. */
    take(stream: string, epoch: number, seq: number): Step {
      const [e, s] = known.get(stream) ?? [epoch, 0]
      if (epoch < e || (epoch === e && seq <= s)) return 'seen'
      if (epoch > e || seq !== s + 1) return 'gap'
      known.set(stream, [epoch, seq])
      return 'next'
    },
    set(stream: string, epoch: number, seq: number) { known.set(stream, [epoch, seq]) },
    /** A stream that is followed no more may come again later, from a place of its own. */
    drop(stream: string) { known.delete(stream) },
    clear() { known.clear() },
    /** The places of these streams, as the handshake carries them. */
    since(streams: string[]): Record<string, Cursor> {
      return Object.fromEntries(streams.flatMap(s => known.has(s) ? [[s, known.get(s)!]] : []))
    },
  }
}
