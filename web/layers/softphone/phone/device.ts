// The agent's sound at the desk: one connection, kept warm before any call. It
// offers again after a loss, and not after another device took over.
import { NoSound, type Source, type Trouble } from './microphone'

export type SoundState = 'off' | 'asking' | 'joining' | 'up' | 'lost' | 'elsewhere' | 'trouble'
export interface Sound { state: SoundState, trouble?: Trouble }

export interface DeviceParts {
  /** Gives the desk an offer and returns its answer. */
  offer: (sdp: string) => Promise<string>
  close: () => void
  peer: () => RTCPeerConnection
  play: (stream: MediaStream | undefined) => void
  later: (ms: number, work: () => void) => () => void
  changed: (sound: Sound) => void
}

const GATHER = 1_000 // ms; the addresses of this machine are found in far less
const CONNECT = 8_000 // ms
const BLINK = 2_000 // ms; a connection that is shaky for so long is made anew
const LONGEST = 8_000 // ms between two tries

export function createDevice(p: DeviceParts) {
  let source: Source | undefined
  let peer: RTCPeerConnection | undefined
  let before: RTCPeerConnection | undefined // sounds on until the new one does
  let sound: Sound = { state: 'off' }
  let turn = 0
  let tries = 0
  let cancel = () => {}
  const waiters: ((s: Sound) => void)[] = []

  function set(state: SoundState, trouble?: Trouble) {
    sound = { state, trouble }
    p.changed(sound)
    if (['up', 'trouble', 'elsewhere', 'off'].includes(state)) waiters.splice(0).forEach(w => w(sound))
  }

  function drop() {
    turn++
    cancel()
    peer?.close()
    before?.close()
    peer = before = undefined
    p.play(undefined)
  }

  async function join() {
    drop()
    const mine = turn
    if (!source) return set('off')
    set(sound.state === 'lost' ? 'lost' : 'asking')
    try {
      const track = await source.track()
      if (mine !== turn) return
      track.onended = () => void change(source) // unplugged: the next microphone, if there is one
      set(sound.state === 'lost' ? 'lost' : 'joining')
      await connect(track, mine)
    } catch (e) {
      if (mine !== turn) return
      if (e instanceof NoSound) return set('trouble', e.trouble)
      again()
    }
  }

  async function connect(track: MediaStreamTrack, mine: number) {
    const made = p.peer()
    peer = made
    made.ontrack = e => p.play(e.streams[0] ?? new MediaStream([e.track]))
    made.onconnectionstatechange = () => { if (mine === turn) watch(made) }
    const { sender } = phoneOnly(made, track)
    const sdp = await completeOffer(made, p.later)
    if (mine !== turn) return
    const answer = await p.offer(sdp)
    if (mine !== turn) return
    await made.setRemoteDescription({ type: 'answer', sdp: answer })
    if (mine !== turn || sender.track !== track) return
    cancel = p.later(CONNECT, again)
    watch(made)
  }

  function watch(of: RTCPeerConnection) {
    switch (of.connectionState) {
      case 'connected':
        cancel()
        tries = 0
        before?.close()
        before = undefined
        if (sound.state !== 'up') set('up')
        break
      case 'disconnected':
        cancel()
        cancel = p.later(BLINK, again)
        break
      case 'failed':
      case 'closed':
        again()
    }
  }

  function again() {
    drop()
    set('lost')
    cancel = p.later(Math.min(LONGEST, 250 * 2 ** tries++), () => void join())
  }

  /** Makes the connection anew while the one before sounds on. */
  async function renew() {
    if (!source || before) return
    before = peer
    cancel()
    const mine = ++turn
    try {
      await connect(await source.track(), mine)
    } catch {
      if (mine === turn) again()
    }
  }

  /** Goes on with another source, without a new connection where there is one. */
  async function change(next: Source | undefined) {
    if (next !== source) source?.release()
    source = next
    const sender = sound.state === 'up' ? peer?.getSenders()[0] : undefined
    if (!sender || !next) return join()
    const mine = turn
    try {
      const track = await next.track()
      if (mine !== turn || source !== next) return
      track.onended = () => void change(source)
      await sender.replaceTrack(track)
    } catch (e) {
      if (mine !== turn) return
      drop()
      if (e instanceof NoSound) {
        p.close()
        set('trouble', e.trouble)
      } else again()
    }
  }

  return {
    /** Joins with this source, or takes the sound back from another device. */
    async want(next: Source) {
      if (source === next && ['asking', 'joining', 'up'].includes(sound.state)) return
      tries = 0
      await change(next)
    },
    /**
     * The desk is reachable again. What was lost need not wait; what sounds is
     * made anew, because the desk tells of a device on the socket it came by.
     */
    retry() {
      if (sound.state === 'up') return void renew()
      if (sound.state !== 'lost') return
      tries = 0
      void join()
    },
    /** A microphone was plugged in, or allowed. */
    heal() { if (sound.state === 'trouble') void join() },
    /** What the desk says of this device. */
    told(reason: 'replaced' | 'lost') {
      if (sound.state === 'off' || sound.state === 'elsewhere') return
      if (reason !== 'replaced') return again()
      drop()
      set('elsewhere')
    },
    stop() {
      if (sound.state === 'off') return
      if (peer) p.close()
      drop()
      source?.release()
      source = undefined
      set('off')
    },
    /** Comes when it is decided whether there is sound, or after ms. */
    settled(ms: number): Promise<Sound> {
      if (['up', 'trouble', 'elsewhere', 'off'].includes(sound.state)) return Promise.resolve(sound)
      return new Promise((done) => {
        const cancel = p.later(ms, () => done(sound))
        waiters.push((s) => { cancel(); done(s) })
      })
    },
    sound: () => sound,
  }
}

/** One sound each way in G.711 mu-law: the desk speaks nothing else. */
function phoneOnly(peer: RTCPeerConnection, track: MediaStreamTrack): RTCRtpTransceiver {
  const transceiver = peer.addTransceiver(track, { direction: 'sendrecv' })
  const codecs = RTCRtpReceiver.getCapabilities('audio')?.codecs.filter(c => c.mimeType.toLowerCase() === 'audio/pcmu')
  if (codecs?.length) transceiver.setCodecPreferences(codecs)
  return transceiver
}

/** An offer with all addresses in it: the desk takes no later ones. */
async function completeOffer(peer: RTCPeerConnection, later: DeviceParts['later']): Promise<string> {
  await peer.setLocalDescription(await peer.createOffer())
  await new Promise<void>((done) => {
    if (peer.iceGatheringState === 'complete') return done()
    const cancel = later(GATHER, done)
    peer.onicegatheringstatechange = () => {
      if (peer.iceGatheringState !== 'complete') return
      cancel()
      done()
    }
  })
  return peer.localDescription!.sdp
}
