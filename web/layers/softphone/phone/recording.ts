// A recorded voice in place of the microphone. It sounds from the moment a call
// is answered; before and after, the track is silent but alive.
import { NoSound, type Source } from './microphone'

export interface Recording extends Source {
  /** Plays from this second on. */
  play(from: number): Promise<void>
  hush(): void
  /** A browser keeps sound from starting until somebody has clicked. */
  wake(): void
}

/** Without a source a browser sends nothing at all, and a desk hears a dead microphone. */
function begin(made: AudioContext): MediaStreamAudioDestinationNode {
  const out = made.createMediaStreamDestination()
  const silence = made.createConstantSource()
  silence.offset.value = 0
  silence.connect(out)
  silence.start()
  return out
}

export function createRecording(load: () => Promise<ArrayBuffer>, context: () => AudioContext, changed: (speaks: boolean) => void): Recording {
  let made: AudioContext | undefined
  let out: MediaStreamAudioDestinationNode | undefined
  let sound: Promise<AudioBuffer> | undefined
  let playing: AudioBufferSourceNode | undefined

  function open() {
    made ??= context()
    out ??= begin(made)
    return { made, out }
  }

  function hush() {
    playing?.stop()
    playing = undefined
    changed(false)
  }

  return {
    async track() {
      const { made, out } = open()
      void made.resume()
      sound ??= load().then(bytes => made.decodeAudioData(bytes))
      try {
        await sound
      } catch {
        sound = undefined
        throw new NoSound('broken')
      }
      return out.stream.getAudioTracks()[0]!
    },
    async play(from) {
      hush()
      const { made, out } = open()
      const buffer = await sound
      if (!buffer || from >= buffer.duration) return
      const node = made.createBufferSource()
      node.buffer = buffer
      node.connect(out)
      node.onended = () => { if (playing === node) hush() }
      playing = node
      node.start(0, from)
      changed(true)
    },
    hush,
    wake() { void made?.resume() },
    release() {
      hush()
      out?.stream.getTracks().forEach(t => t.stop())
      void made?.close()
      made = out = sound = undefined
    },
  }
}
