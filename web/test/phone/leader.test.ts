import { describe, expect, it } from 'vitest'
import { createLeader, type Locks } from '../../layers/softphone/phone/leader'
import { flush } from './fakes'

/** Web Locks as the standard tells, for one name. */
function browser(): Locks {
  let holder: { steal: () => void } | undefined
  const queue: (() => void)[] = []
  const next = () => {
    holder = undefined
    queue.shift()?.()
  }
  return {
    request: (_, { steal, signal }, held) => new Promise((done, fail) => {
      const hold = () => {
        const mine = { steal: () => fail(new DOMException('stolen', 'AbortError')) }
        holder = mine
        void held().then(() => {
          if (holder === mine) next()
          done(undefined)
        })
      }
      signal?.addEventListener('abort', () => {
        const at = queue.indexOf(hold)
        if (at >= 0) queue.splice(at, 1)
        fail(new DOMException('aborted', 'AbortError'))
      })
      if (steal) {
        holder?.steal()
        hold()
      } else if (holder) queue.push(hold)
      else hold()
    }),
  }
}

async function tabs(n: number) {
  const locks = browser()
  const all = Array.from({ length: n }, () => createLeader(locks, 'sound', () => {}))
  for (const tab of all) tab.start()
  await flush()
  return { all, who: () => all.map(t => t.leads()) }
}

describe('leader', () => {
  it('is one tab', async () => expect((await tabs(3)).who()).toEqual([true, false, false]))

  it('is the next tab when the first is closed', async () => {
    const { all, who } = await tabs(3)
    all[0]!.stop()
    await flush()
    expect(who()).toEqual([false, true, false])
  })

  it('is the tab that takes the sound, and the one before waits again', async () => {
    const { all, who } = await tabs(2)
    all[1]!.take()
    await flush()
    expect(who()).toEqual([false, true])
    all[1]!.stop()
    await flush()
    expect(who()).toEqual([true, false])
  })

  it('leads alone where the browser has no locks', () => {
    const tab = createLeader(undefined, 'sound', () => {})
    tab.start()
    expect(tab.leads()).toBe(true)
  })
})
