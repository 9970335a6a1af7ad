// What a page knows of its phone at one moment.
import type { Sound } from './device'
import type { LineState } from './line'
import type { Reflection } from './mirror'

export type Voice = 'microphone' | 'recording'

export interface Snapshot extends Reflection {
  line: LineState
  /** Whether this tab is the one with the sound. */
  leads: boolean
  sound: Sound
  voice: Voice
  /** The recording is heard by the customer now. */
  speaks: boolean
  /** A call was asked for; the desk has not answered yet. */
  dialling: boolean
}

export const nothing: Snapshot = { calls: [], colleagues: [], line: 'off', leads: false, sound: { state: 'off' }, voice: 'microphone', speaks: false, dialling: false }
