// Which of the browser's tabs has the sound: the one that holds a lock. The
// others wait for it, and one of them may take it.

export interface Locks {
  request(name: string, options: { steal?: boolean, signal?: AbortSignal }, held: () => Promise<void>): Promise<unknown>
}

/** Calls changed with true when this tab has the sound, with false when another took it. */
export function createLeader(locks: Locks | undefined, name: string, changed: (leads: boolean) => void) {
  let leads = false
  let over = new AbortController()
  let release = () => {}

  function set(next: boolean) {
    if (next === leads) return
    leads = next
    changed(next)
  }

  function queue(steal: boolean) {
    if (!locks) return set(true) // an insecure page: no lock, and no microphone either
    const mine = over
    locks.request(name, steal ? { steal } : { signal: mine.signal }, () => {
      set(true)
      return new Promise<void>((done) => { release = done })
    }).catch(() => {
      // Stolen: stand in line again. Aborted: this tab wants no more.
      if (mine.signal.aborted) return
      set(false)
      queue(false)
    })
  }

  return {
    start: () => queue(false),
    /** Takes the sound from the tab that has it. */
    take() {
      if (leads) return
      over.abort()
      over = new AbortController()
      queue(true)
    },
    stop() {
      over.abort()
      over = new AbortController()
      release()
      set(false)
    },
    leads: () => leads,
  }
}
