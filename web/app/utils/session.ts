// A login session without Vue: the access token lives in memory, the refresh
// token in a cookie that scripts cannot read.

export interface User { id: string, email: string, name: string, role: string, permissions: string[] }
export interface Desk { slug: string, name: string }
export interface Pass { accessToken: string, expiresAt: string, user: User, tenant: Desk }
export interface Choice { slug: string, name: string }

/** What the server said no with: a stable code and a sentence for people. */
export class Refusal extends Error {
  constructor(readonly status: number, readonly code: string, message: string, readonly tenants: Choice[] = []) {
    super(message)
  }
}

/** What came of asking for a new pass; unreachable: the session may well go on. */
export type Renewal = 'renewed' | 'ended' | 'unreachable'

export interface Wire {
  fetch: typeof fetch
  /** The sentence for a server that does not answer. */
  unreachable: () => string
  /** Takes the server's time out of every answer. */
  dated?: (date: string | null) => void
  /** Lets one tab at a time renew: all share the cookie, and it is good once. */
  inTurn?: <T>(work: () => Promise<T>) => Promise<T>
  /** Called when the pass changes; undefined: nobody is logged in. */
  changed: (pass: Pass | undefined) => void
}

export function createSession(wire: Wire) {
  let pass: Pass | undefined
  let refreshing: Promise<Renewal> | undefined

  function keep(next: Pass | undefined) {
    pass = next
    wire.changed(next)
  }

  async function send(path: string, init: RequestInit): Promise<Response> {
    const headers = new Headers(init.headers)
    if (pass) headers.set('Authorization', `Bearer ${pass.accessToken}`)
    if (init.body) headers.set('Content-Type', 'application/json')
    try {
      const response = await wire.fetch(path, { ...init, headers })
      wire.dated?.(response.headers.get('Date'))
      return response
    } catch {
      throw new Refusal(0, 'unreachable', wire.unreachable())
    }
  }

  async function read<T>(response: Response): Promise<T> {
    const text = await response.text()
    let body: Record<string, unknown>
    try {
      body = text ? JSON.parse(text) : {}
    } catch {
      throw new Refusal(response.status, 'unreachable', wire.unreachable())
    }
    if (response.ok) return body as T
    throw new Refusal(response.status, String(body.code ?? 'error'), String(body.detail ?? response.statusText), body.tenants as Choice[])
  }

  /** Asks once for all who wait. */
  function refresh(): Promise<Renewal> {
    const inTurn = wire.inTurn ?? (work => work())
    refreshing ??= inTurn(async () => {
      try {
        keep(await read<Pass>(await send('/api/auth/refresh', { method: 'POST' })))
        return 'renewed'
      } catch (error) {
        if (!(error instanceof Refusal) || error.status !== 401) return 'unreachable'
        keep(undefined)
        return 'ended'
      } finally {
        refreshing = undefined
      }
    })
    return refreshing
  }

  /** Calls the API; a token that has expired is renewed once. */
  async function request<T>(path: string, init: RequestInit = {}): Promise<T> {
    const response = await send(path, init)
    if (response.status !== 401 || (await refresh()) !== 'renewed') return read<T>(response)
    return read<T>(await send(path, init))
  }

  async function login(email: string, password: string, tenant?: string): Promise<void> {
    const body = JSON.stringify({ email, password, ...(tenant ? { tenant } : {}) })
    keep(await read<Pass>(await send('/api/auth/login', { method: 'POST', body })))
  }

  async function logout(): Promise<void> {
    try {
      await send('/api/auth/logout', { method: 'POST' })
    } finally {
      keep(undefined)
    }
  }

  return { refresh, request, login, logout }
}
