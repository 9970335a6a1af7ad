// The sound of a call that comes in, made here: there is no file to load when
// it is needed at once.
const TONES = [440, 480] // Hz
const ON = 2 // s
const EVERY = 6 // s
const TIMES = 60 // longer than anything rings
const LOUD = 0.12
const SOFTLY = 0.02 // s; a tone that begins at once clicks

export interface Ring { start: () => void, stop: () => void, wake: () => void }

export function createRing(open: () => AudioContext): Ring {
  let context: AudioContext | undefined

  // A browser holds sound back until somebody has clicked, and its promise with it.
  const wake = () => { if (context?.state === 'suspended') void context.resume().catch(() => {}) }

  return {
    start() {
      if (context) return
      context = open()
      const volume = context.createGain()
      volume.gain.value = 0
      volume.connect(context.destination)
      // All of it is planned ahead: timers of a hidden page are slow.
      for (let i = 0; i < TIMES; i++) {
        const at = context.currentTime + i * EVERY
        volume.gain.setTargetAtTime(LOUD, at, SOFTLY)
        volume.gain.setTargetAtTime(0, at + ON, SOFTLY)
      }
      for (const hertz of TONES) {
        const voice = context.createOscillator()
        voice.frequency.value = hertz
        voice.connect(volume)
        voice.start()
      }
      wake()
    },
    stop() {
      void context?.close().catch(() => {})
      context = undefined
    },
    wake,
  }
}
