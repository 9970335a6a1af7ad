// The server's time. A page's own clock may be minutes wrong, and a command
// older than ten seconds is refused.

/** ms since 1970 that never jump: a wall clock may be set while a call runs. */
export const steady = () => performance.timeOrigin + performance.now()

export function createClock(local: () => number = steady) {
  let ahead: number | undefined
  return {
    /** Takes a moment that the server just wrote. What comes late says less, so the largest difference is the best. */
    hear(server: number) {
      if (Number.isFinite(server)) ahead = Math.max(ahead ?? -Infinity, server - local())
    },
    now: () => local() + (ahead ?? 0),
  }
}

/** Seconds from start on; never negative. */
export function secondsSince(start: string | undefined, now: number): number {
  return start ? Math.max(0, Math.floor((now - Date.parse(start)) / 1000)) : 0
}

/** 0:07, 12:34, 1:02:03. */
export function clockFace(seconds: number): string {
  const two = (n: number) => String(n).padStart(2, '0')
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60]
  return h ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`
}
