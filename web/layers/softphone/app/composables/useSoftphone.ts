import type { CountryCode } from 'libphonenumber-js/min'
import { computed, readonly, ref, shallowReadonly, shallowRef } from 'vue'
import { createClock } from '../../phone/clock'
import type { LineParts, Socket } from '../../phone/line'
import { loadNumbers, type Numbers } from '../../phone/number'
import { nothing, type Snapshot, type Voice } from '../../phone/snapshot'
import type { MirroredCall, Notice } from '../../phone/mirror'
import { ringsFor, shownOf, taken } from '../../phone/part'
import type { Asking, Order, Softphone } from '../../phone/softphone'
import type { CallView, Commands, Found, Story } from '../../phone/wire'

/** What the phone needs of the page that it is in. */
export interface Host {
  who: string
  request: <T>(path: string, init?: RequestInit) => Promise<T>
  token: LineParts['token']
  renew: LineParts['renew']
}
export interface News { code: string, message: string, at: number }

const VOICE = 'softphone.voice' // of this browser: microphone, or recording in the demo

const snapshot = shallowRef<Snapshot>(nothing)
const heard = shallowRef<MediaStream>()
const news = shallowRef<News>()
const notice = shallowRef<Notice>()
const silenced = ref<string[]>([]) // calls that ring here without a sound
const isOpen = ref(false)
const recorded = ref<string>() // where the demo keeps the agent's part
const numbers = shallowRef<Numbers>()
const home = ref<CountryCode>()
const recent = shallowRef<CallView[]>([])
const clock = createClock()
let asleep: Softphone | undefined // its recording waits for a click
let learning = false // the rules of numbers are on their way, or here
let host: Host | undefined
let phone: Softphone | undefined

/** Takes a moment that the server wrote into an answer. */
export const hearServerTime = (date: string | null) => { if (date) clock.hear(Date.parse(date)) }

/**
 * Connects the one phone of this page to the desk of who is logged in. Its parts
 * are loaded only then: the page comes first.
 */
export async function connectSoftphone(of: Host) {
  host = of
  const [{ createSoftphone }, { createMicrophone, readProcessing }, { createRecording }] = await Promise.all([
    import('../../phone/softphone'), import('../../phone/microphone'), import('../../phone/recording'),
  ])
  if (host !== of) return
  phone = createSoftphone({
    socket: openSocket, token: of.token, renew: of.renew, clock, who: of.who,
    id: () => crypto.randomUUID?.() ?? `${Math.random()}${Math.random()}`, // an insecure page has no crypto
    later(ms, work) {
      const timer = setTimeout(work, ms)
      return () => clearTimeout(timer)
    },
    locks: navigator.locks,
    peer: () => new RTCPeerConnection(),
    play: (stream) => { heard.value = stream },
    microphone: createMicrophone(navigator.mediaDevices, () => readProcessing(stored('softphone.sound'))),
    recording: speaks => createRecording(async () => (await fetch(recorded.value!)).arrayBuffer(), () => new AudioContext(), speaks),
    lookUp: id => of.request<{ call: CallView } & Story>(`/api/voice/calls/${id}`),
    changed(next) {
      const ended = next.last && next.last.id !== snapshot.value.last?.id
      snapshot.value = next
      if (ended) void remember()
    },
    trouble: (code, message) => { news.value = { code, message, at: Date.now() } },
    noticed(n) {
      notice.value = n
      void remember()
    },
  })
  phone.start()
  void warm(phone)
  void remember()
}

export function disconnectSoftphone() {
  phone?.stop()
  phone = host = undefined
  isOpen.value = false
  notice.value = undefined
  silenced.value = []
  recent.value = []
  home.value = undefined // another desk may be in another country
}

async function openSocket(auth: Parameters<LineParts['open']>[0]): Promise<Socket> {
  const { io } = await import('socket.io-client')
  return io('/voice', { auth, autoConnect: false, transports: ['websocket', 'polling'], reconnectionDelay: 500, reconnectionDelayMax: 5_000 }) as unknown as Socket
}

function stored(key: string): string | null {
  try {
    return localStorage.getItem(key)
  } catch {
    return null // a browser may forbid storage
  }
}

/** Connects the sound before it is needed, where nobody has to be asked for it. */
async function warm(of: Softphone) {
  const demo = await fetch('/api/demo').then(r => r.ok ? r.json() as Promise<{ voice?: string }> : undefined).catch(() => undefined)
  recorded.value = demo?.voice
  if (phone !== of) return
  if (recorded.value && stored(VOICE) === 'recording') {
    // Before somebody has clicked, a browser lets no sound be made.
    if (navigator.userActivation?.hasBeenActive) return of.useVoice('recording')
    asleep = of
    return
  }
  const permission = await navigator.permissions?.query({ name: 'microphone' }).catch(() => undefined)
  if (!permission || phone !== of) return
  permission.onchange = () => { if (permission.state === 'granted') of.heal() }
  if (permission.state === 'granted' || isOpen.value) await of.wantSound()
}

/** The last calls, to dial again; the first tells the desk's country too. */
async function remember() {
  const calls = await host?.request<{ items: CallView[] }>('/api/voice/calls?limit=20').catch(() => undefined)
  if (!calls) return
  recent.value = calls.items
  await findHome()
}

/** Loads the rules of numbers when one is shown for the first time. */
function learn() {
  if (learning) return
  learning = true
  void loadNumbers().then((n) => { numbers.value = n }).then(findHome)
}

async function findHome() {
  if (home.value || !numbers.value || !host) return
  const own = recent.value.find(c => c.direction === 'outbound')?.from
  const someone = own ?? (await find('').catch(() => [])).find(c => c.phone)?.phone
  home.value = someone ? numbers.value.country(someone) : undefined
}

async function find(q: string): Promise<Found[]> {
  const found = await host?.request<{ items: Found[] | null }>(`/api/crm/contacts?limit=6&q=${encodeURIComponent(q)}`)
  return found?.items ?? []
}

/** Whose number it is; a slow address book holds up no call. */
async function whose(typed: string): Promise<string | undefined> {
  const number = numbers.value?.plain(typed, home.value)
  if (!number) return undefined
  const late = new Promise<Found[]>(done => setTimeout(done, 500, []))
  const found = await Promise.race([find(number.slice(1)).catch(() => []), late])
  return found.find(p => p.phone === number)?.id
}

/** The one phone of this page. */
export function useSoftphone() {
  const me = computed(() => snapshot.value.agent?.id)
  /** The call that is shown: of several the one that is not put aside. */
  const call = computed<MirroredCall | undefined>(before => shownOf(snapshot.value.calls, me.value, before?.id))
  /** The user's other calls, which wait. */
  const waiting = computed(() => taken(snapshot.value.calls, me.value).filter(c => c.id !== call.value?.id))
  /** What is offered to this user. */
  const ringing = computed(() => snapshot.value.calls.filter(c => ringsFor(c, me.value)))
  const self = computed(() => snapshot.value.colleagues.find(a => a.id === me.value))

  function open() {
    isOpen.value = true
    void phone?.wantSound()
    learn()
  }

  return {
    snapshot, me, call, waiting, ringing, self, heard, news, notice, silenced: readonly(silenced), recorded, home, numbers, recent: shallowReadonly(recent), isOpen: readonly(isOpen),
    open, find,
    close: () => { isOpen.value = false },
    async dial(order: Order) {
      open()
      return await phone?.dial({ ...order, contactId: order.contactId ?? (order.to ? await whose(order.to) : undefined) }) ?? false
    },
    async accept(id: string) {
      open()
      return await phone?.accept(id) ?? false
    },
    reject: (id: string) => phone?.reject(id),
    /** Lets a call ring without a sound, on this page only. */
    silence: (id: string) => { silenced.value = [...silenced.value, id] },
    hold: (id: string, on: boolean) => phone?.hold(id, on),
    bring: async (id: string, whom: Asking) => await phone?.bring(id, whom) ?? false,
    steer: (id: string, act: Commands['call:steer']['do']) => phone?.steer(id, act),
    remove: (id: string, party: string) => phone?.remove(id, party),
    record: (id: string, on: boolean) => phone?.record(id, on),
    setStatus: (status: Commands['agent:status']['status'], reason?: string) => phone?.setStatus(status, reason),
    hangUp: () => call.value && phone?.hangUp(call.value.id),
    mute: (on: boolean) => call.value && phone?.mute(call.value.id, on),
    press: (digits: string) => call.value && phone?.press(call.value.id, digits),
    useVoice(voice: Voice) {
      try {
        localStorage.setItem(VOICE, voice)
      } catch { /* it is asked again next time */ }
      return phone?.useVoice(voice)
    },
    takeSound: () => phone?.takeSound(),
    retrySound: () => phone?.retrySound(),
    heal: () => phone?.heal(),
    /** Somebody has clicked or typed. */
    wake() {
      if (asleep && asleep === phone) void asleep.useVoice('recording')
      asleep = undefined
      phone?.wake()
    },
    renew: (token: string) => phone?.renew(token),
    putAway: () => phone?.putAway(),
    now: clock.now,
    shown(number: string) {
      learn()
      return numbers.value?.format(number, home.value) ?? number
    },
  }
}
