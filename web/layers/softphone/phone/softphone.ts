// The phone of one page: the line, the mirror of the calls, and the sound, put
// together. It tells what it knows in snapshots and asks the desk for the rest.
import { secondsSince, type createClock } from './clock'
import { createDevice, type DeviceParts } from './device'
import { createLeader, type Locks } from './leader'
import { createLine, type LineParts, type LineState } from './line'
import type { Source } from './microphone'
import { createMirror, type MirroredCall, type Notice } from './mirror'
import { shownOf } from './part'
import type { Recording } from './recording'
import { nothing, type Snapshot, type Voice } from './snapshot'
import { isOver, Refused, type CallView, type Commands, type Events, type Story } from './wire'

export type Order = Commands['call:initiate']
/** Whom to bring into a call, and how. */
export type Asking = Omit<Commands['call:transfer'], 'callId'>

export interface SoftphoneParts {
  socket: LineParts['open']
  token: LineParts['token']
  renew: LineParts['renew']
  clock: ReturnType<typeof createClock>
  id: () => string
  later: LineParts['later']
  locks: Locks | undefined
  /** Tells one user's tabs from another's. */
  who: string
  peer: DeviceParts['peer']
  play: DeviceParts['play']
  microphone: Source
  recording: (speaks: (on: boolean) => void) => Recording
  /** A call with its story, from the history. */
  lookUp: (id: string) => Promise<{ call: CallView } & Story>
  changed: (s: Snapshot) => void
  /** Something was refused; code has a sentence in the catalogue, else message is one. */
  trouble: (code: string, message: string) => void
  noticed: (n: Notice) => void
}

const ASKING = 30_000 // ms that a person may take to allow the microphone
const HEARING = 400 // ms between two tries while the desk has not heard a new device
const TRIES = 10 // a busy machine takes seconds to start its sound
const ONCE = 2_000 // ms in which the same refusal is the same news

export function createSoftphone(p: SoftphoneParts) {
  let snapshot = nothing
  let wanted = false
  let part: string | undefined // the call in which the recording was started
  const told = new Map<string, number>()

  function show(next: Partial<Snapshot>) {
    snapshot = { ...snapshot, ...next }
    p.changed(snapshot)
  }

  const mirror = createMirror((r) => {
    show(r)
    recite()
  }, p.noticed)
  const line = createLine({ ...p, open: p.socket, mirror, now: p.clock.now, heard, changed: lineChanged })
  const device = createDevice({
    ...p, close: () => { void line.ask('media:close', {}).catch(() => {}) },
    offer: async sdp => (await line.ask('media:offer', { sdp })).sdp,
    changed: sound => show({ sound }),
  })
  const leader = createLeader(p.locks, `softphone-sound-${p.who}`, (leads) => {
    show({ leads })
    if (!leads) device.stop()
    else if (wanted) void join()
  })
  const recording = p.recording(speaks => show({ speaks }))

  function lineChanged(state: LineState) {
    show({ line: state })
    if (state === 'up') device.retry()
  }

  function heard<E extends keyof Events>(name: E, body: Events[E]): boolean {
    const { at } = body as { at?: string }
    if (at) p.clock.hear(Date.parse(at))
    if (name === 'call:state') {
      mirror.replace(body as Events['call:state']).forEach(c => void settle(c))
      return true
    }
    if (name === 'media:state') {
      const { up, reason } = body as Events['media:state']
      if (!up) device.told(reason ?? 'lost')
      return true
    }
    if (name === 'call:error') {
      const { code, message } = body as Events['call:error']
      complain(code, message)
      return true
    }
    return mirror.take(name, body)
  }

  /** A call ended while the page was away: the history knows how. */
  async function settle(missed: MirroredCall) {
    const { call, ...story } = await p.lookUp(missed.id).catch(() => ({ call: undefined }))
    // One that goes on has gone to somebody else.
    if (call && isOver(call)) mirror.settle(missed.id, { ...missed, ...story, ...call })
  }

  /** A refusal comes as an answer and as an event; people read it once. */
  function complain(code: string, message: string) {
    const now = p.clock.now()
    if (now - (told.get(code) ?? -Infinity) < ONCE) return
    told.set(code, now)
    p.trouble(code, message)
  }

  async function attempt(work: () => Promise<unknown>): Promise<boolean> {
    try {
      await work()
      return true
    } catch (e) {
      if (!(e instanceof Refused)) throw e
      complain(e.code, e.message)
      return false
    }
  }

  const join = () => device.want(snapshot.voice === 'recording' ? recording : p.microphone)

  async function wantSound() {
    wanted = true
    if (leader.leads()) await join()
  }

  /** The recording begins when the customer answers, wherever this page comes in. */
  function recite() {
    const call = shownOf(snapshot.calls, snapshot.agent?.id)
    if (!call?.answeredAt) {
      if (part) recording.hush()
      part = undefined
    } else if (call.id !== part && snapshot.voice === 'recording' && snapshot.leads) {
      part = call.id
      void recording.play(secondsSince(call.answeredAt, p.clock.now()))
    }
  }

  /** Does what needs this user's sound, once the desk hears it. */
  async function withSound(work: () => Promise<unknown>) {
    await line.begun() // somebody is quicker than the page
    // The desk may still count a device that has just gone, such as that of the
    // page before a reload: this tab's own sound is what a call needs.
    if (snapshot.leads && snapshot.sound.state !== 'elsewhere') {
      await wantSound()
      if ((await device.settled(ASKING)).state === 'trouble') throw new Refused('no_device', '')
    }
    for (let tries = TRIES; ; tries--) {
      try {
        return await work()
      } catch (e) {
        const early = e instanceof Refused && e.code === 'no_device' && device.sound().state === 'up'
        if (!early || !tries) throw e
        await new Promise<void>(done => p.later(HEARING, done))
      }
    }
  }

  return {
    start() {
      leader.start()
      void line.start()
    },
    stop() {
      wanted = false
      device.stop()
      leader.stop()
      line.stop()
      mirror.forget()
      show(nothing)
    },
    wantSound,
    /** Brings the sound to this tab, from another one or from another device. */
    async takeSound() {
      wanted = true
      if (leader.leads()) await join()
      else leader.take()
    },
    async useVoice(voice: Voice) {
      if (voice === snapshot.voice) return
      show({ voice })
      recording.hush()
      part = undefined
      if (voice === 'recording' || wanted) await wantSound()
      recite()
    },
    async dial(order: Order) {
      if (snapshot.dialling) return false
      show({ dialling: true })
      const ok = await attempt(() => withSound(() => line.ask('call:initiate', order)))
      show({ dialling: false })
      return ok
    },
    hangUp: (callId: string) => attempt(() => line.ask('call:end', { callId })),
    accept: (callId: string) => attempt(() => withSound(() => line.ask('call:accept', { callId }))),
    reject: (callId: string) => attempt(() => line.ask('call:reject', { callId })),
    hold: (callId: string, on: boolean) => attempt(() => line.ask('call:hold', { callId, on })),
    bring: (callId: string, whom: Asking) => attempt(() => line.ask('call:transfer', { callId, ...whom })),
    steer: (callId: string, act: Commands['call:steer']['do']) => attempt(() => line.ask('call:steer', { callId, do: act })),
    remove: (callId: string, partyId: string) => attempt(() => line.ask('call:remove', { callId, partyId })),
    record: (callId: string, on: boolean) => attempt(() => line.ask('call:record', { callId, on })),
    setStatus: (status: Commands['agent:status']['status'], reason?: string) => attempt(() => line.ask('agent:status', { status, reason })),
    mute: (callId: string, on: boolean) => attempt(() => line.ask('call:mute', { callId, on })),
    press: (callId: string, digits: string) => attempt(() => line.ask('call:dtmf', { callId, digits })),
    renew: (token: string) => line.state() === 'up' ? line.ask('auth:renew', { token }).catch(() => {}) : undefined,
    putAway: mirror.putAway,
    wake: recording.wake,
    heal: device.heal,
    retrySound: () => { void join() },
    now: p.clock.now,
  }
}

export type Softphone = ReturnType<typeof createSoftphone>
