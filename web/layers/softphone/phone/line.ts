// The socket to the desk: it comes back by itself with a fresh token and with
// the places up to which the page has seen, and every command gets an answer.
import type { createMirror } from './mirror'
import { Refused, type Answers, type Commands, type Events } from './wire'

/** As much of a socket as the line uses; socket.io-client's fits. */
export interface Socket {
  connected: boolean
  /** Whether it comes back by itself. */
  active: boolean
  on(event: string, listener: (...args: never[]) => void): unknown
  onAny(listener: (event: string, body: unknown) => void): unknown
  connect(): unknown
  disconnect(): unknown
  timeout(ms: number): { emitWithAck(event: string, body: unknown): Promise<unknown> }
}
export type Handshake = (give: (auth: object) => void) => void

export type LineState = 'off' | 'connecting' | 'up' | 'lost'
export type Renewal = 'renewed' | 'ended' | 'unreachable'

export interface LineParts {
  open: (handshake: Handshake) => Promise<Socket>
  /** A token that is good for a while. */
  token: () => Promise<string>
  /** Asks for a new token because the old one was refused. */
  renew: () => Promise<Renewal>
  mirror: Pick<ReturnType<typeof createMirror>, 'since'>
  now: () => number
  id: () => string
  later: (ms: number, work: () => void) => () => void
  /** An event; false: one is missing before it. */
  heard: <E extends keyof Events>(name: E, body: Events[E]) => boolean
  changed: (state: LineState) => void
}

const ANSWER = 8_000 // ms; a desk that takes longer has lost the question
const STEADY = 5_000 // ms; a line that holds so long has recovered
const FRESH = 10_000 // ms; the desk refuses older commands as stale

type Ack = { ok: boolean, error?: { code: string, message: string } }

export function createLine(p: LineParts) {
  let socket: Socket | undefined
  let state: LineState = 'off'
  let anew = false // come back without places: the desk tells everything
  let turn = 0
  let failures = 0
  let renewed = false // a fresh token was just refused too: it is not the token
  let waiting = () => {}
  let ups: (() => void)[] = []

  function set(next: LineState) {
    if (next === state) return
    state = next
    p.changed(next)
  }

  const handshake: Handshake = (give) => {
    const since = anew ? undefined : p.mirror.since()
    anew = false
    p.token().catch(() => '').then(token => give(since && Object.keys(since).length ? { token, since } : { token }))
  }

  async function start() {
    const mine = ++turn
    set('connecting')
    const opened = await p.open(handshake)
    if (mine !== turn) return
    socket = opened
    opened.on('connect', () => {
      renewed = false
      waiting()
      waiting = p.later(STEADY, () => { failures = 0 })
      set('up')
      ups.splice(0).forEach(up => up())
    })
    opened.on('disconnect', () => {
      if (mine !== turn) return
      set('lost')
      if (!opened.active) again(opened)
    })
    opened.on('connect_error', (error: Error & { data?: { code?: string } }) => {
      if (mine !== turn) return
      set(state === 'connecting' ? 'connecting' : 'lost')
      if (!opened.active) void turnedAway(opened, error.data?.code)
    })
    opened.onAny((name, body) => {
      if (mine === turn && !p.heard(name as keyof Events, body as never)) resync(opened)
    })
    opened.connect()
  }

  /** The desk said no to the handshake; the socket does not try again by itself. */
  async function turnedAway(of: Socket, code?: string) {
    const mine = turn
    const renewal = code === 'unauthorized' ? await p.renew() : 'unreachable'
    if (mine !== turn) return
    if (renewal === 'ended') return stop()
    if (renewal !== 'renewed' || renewed) return again(of)
    renewed = true
    of.connect()
  }

  function again(of: Socket) {
    waiting()
    waiting = p.later(Math.min(10_000, 500 * 2 ** failures++), () => of.connect())
  }

  function resync(of: Socket) {
    anew = true
    of.disconnect() // heard above, which comes back
  }

  function stop() {
    turn++
    waiting()
    socket?.disconnect()
    socket = undefined
    ups = []
    set('off')
  }

  /** Comes when the socket is up, or after ms. */
  function up(ms: number): Promise<void> {
    return new Promise((done) => {
      const cancel = p.later(ms, done)
      ups.push(() => { cancel(); done() })
    })
  }

  /** Comes when the first connection stands, or does not come soon. */
  const begun = () => state === 'connecting' ? up(ANSWER) : Promise.resolve()

  /**
   * Sends a command and returns its answer. One whose answer was lost with the
   * socket is sent again under the same id: the desk then gives the first answer.
   */
  async function ask<C extends keyof Commands>(name: C, body: Commands[C]): Promise<Answers[C]> {
    const born = p.now()
    const command = { ...body, commandId: p.id(), at: new Date(born).toISOString() }
    if (!socket?.connected) throw new Refused('offline', '')
    for (;;) {
      const asked = socket
      const ack = await asked.timeout(ANSWER).emitWithAck(name, command).catch(() => undefined) as Ack | undefined
      if (ack?.ok) return ack as unknown as Answers[C]
      if (ack) throw new Refused(ack.error?.code ?? 'internal', ack.error?.message ?? '')
      const left = FRESH - (p.now() - born)
      if (left > 0 && !asked.connected) await up(left)
      else throw new Refused('no_answer_yet', '')
      if (!socket?.connected) throw new Refused('no_answer_yet', '')
    }
  }

  return { start, stop, ask, begun, state: () => state }
}
