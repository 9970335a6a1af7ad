import { describe, expect, it } from 'vitest'
import { createSession, Refusal, type Pass } from '~/utils/session'

const pass = (token: string): Pass => ({
  accessToken: token, expiresAt: '', user: { id: 'u', email: 'a@b', name: 'A', role: 'agent', permissions: [] }, tenant: { slug: 's', name: 'S' },
})

/** A server that answers by a table and notes what it was asked. */
function server(answer: (path: string, token: string | null) => [number, unknown] | 'down') {
  const asked: string[] = []
  let current: Pass | undefined
  const session = createSession({
    unreachable: () => 'unreachable',
    changed: (p) => { current = p },
    fetch: async (path, init) => {
      const token = new Headers(init?.headers).get('Authorization')
      asked.push(`${path} ${token ?? '-'}`)
      const a = answer(String(path), token)
      if (a === 'down') throw new TypeError('network')
      return new Response(a[1] === undefined ? null : JSON.stringify(a[1]), { status: a[0] })
    },
  })
  return { session, asked, pass: () => current }
}

describe('session', () => {
  it('sends the token of the login', async () => {
    const s = server(path => path.endsWith('login') ? [200, pass('one')] : [200, { ok: true }])
    await s.session.login('a@b', 'pw')
    expect(await s.session.request('/api/x')).toEqual({ ok: true })
    expect(s.asked).toEqual(['/api/auth/login -', '/api/x Bearer one'])
  })

  it('renews an expired token once for all who wait', async () => {
    const s = server((path, token) => {
      if (path.endsWith('login')) return [200, pass('old')]
      if (path.endsWith('refresh')) return [200, pass('new')]
      return token === 'Bearer new' ? [200, path] : [401, { code: 'unauthorized', detail: 'no' }]
    })
    await s.session.login('a@b', 'pw')
    expect(await Promise.all([s.session.request('/1'), s.session.request('/2')])).toEqual(['/1', '/2'])
    expect(s.asked.filter(a => a.includes('refresh'))).toHaveLength(1)
  })

  it('renews in turn with the other tabs', async () => {
    const order: string[] = []
    const session = createSession({
      unreachable: () => '', changed: () => {},
      inTurn: async (work) => {
        order.push('turn')
        const done = await work()
        order.push('next')
        return done
      },
      fetch: async () => {
        order.push('asked')
        return new Response(JSON.stringify(pass('one')))
      },
    })
    expect(await session.refresh()).toBe('renewed')
    expect(order).toEqual(['turn', 'asked', 'next'])
  })

  it('hears the server\'s time in every answer', async () => {
    const dates: (string | null)[] = []
    const session = createSession({
      unreachable: () => '', changed: () => {}, dated: d => dates.push(d),
      fetch: async () => new Response('{}', { headers: { Date: 'Tue, 24 Nov 2026 12:00:00 GMT' } }),
    })
    await session.request('/1')
    expect(dates).toEqual(['Tue, 24 Nov 2026 12:00:00 GMT'])
  })

  it('forgets the pass when the session has ended', async () => {
    const s = server(path => path.endsWith('login') ? [200, pass('old')] : [401, { code: 'session_ended', detail: 'ended' }])
    await s.session.login('a@b', 'pw')
    await expect(s.session.request('/1')).rejects.toMatchObject({ status: 401 })
    expect(s.pass()).toBeUndefined()
  })

  it('keeps the pass when the server is away', async () => {
    let down = false
    const s = server(() => down ? 'down' : [200, pass('one')])
    await s.session.login('a@b', 'pw')
    down = true
    await expect(s.session.request('/1')).rejects.toMatchObject({ code: 'unreachable', message: 'unreachable' })
    expect(await s.session.refresh()).toBe('unreachable')
    expect(s.pass()?.accessToken).toBe('one')
  })

  it('tells the choice of desks', async () => {
    const s = server(() => [409, { code: 'choose_tenant', detail: 'choose', tenants: [{ slug: 'a', name: 'A' }] }])
    const error = await s.session.login('a@b', 'pw').catch(e => e)
    expect(error).toBeInstanceOf(Refusal)
    expect(error.tenants).toEqual([{ slug: 'a', name: 'A' }])
  })

  it('says unreachable when a proxy answers with a page', async () => {
    const s = createSession({ unreachable: () => 'unreachable', changed: () => {}, fetch: async () => new Response('<html>', { status: 502 }) })
    await expect(s.request('/1')).rejects.toMatchObject({ code: 'unreachable' })
  })
})
