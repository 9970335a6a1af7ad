// The microphone, or in words why there is none.

export type Trouble = 'denied' | 'none' | 'in_use' | 'insecure' | 'broken'

export class NoSound extends Error {
  constructor(readonly trouble: Trouble) { super(trouble) }
}

/** Where the agent's sound comes from. */
export interface Source {
  /** A live track. Rejects with NoSound. */
  track(): Promise<MediaStreamTrack>
  /** Called when the track is no longer used. */
  release(): void
}

/**
 * Processing of the sound, on unless the setting says otherwise: local storage,
 * key softphone.sound, JSON like {"echoCancellation": false}. Tests that compare
 * sounds turn all three off.
 */
export interface Processing { echoCancellation: boolean, noiseSuppression: boolean, autoGainControl: boolean }

export function readProcessing(stored: string | null): Processing {
  const all = { echoCancellation: true, noiseSuppression: true, autoGainControl: true }
  try {
    const given = JSON.parse(stored ?? '{}') as Partial<Processing>
    for (const key of Object.keys(all) as (keyof Processing)[]) if (given[key] === false) all[key] = false
  } catch { /* a setting that nobody can read is no setting */ }
  return all
}

const troubles: Record<string, Trouble> = {
  NotAllowedError: 'denied', SecurityError: 'denied',
  NotFoundError: 'none', OverconstrainedError: 'none',
  NotReadableError: 'in_use', AbortError: 'in_use',
}

export function createMicrophone(media: Pick<MediaDevices, 'getUserMedia'> | undefined, processing: () => Processing): Source {
  let stream: MediaStream | undefined
  return {
    async track() {
      const live = stream?.getAudioTracks().find(t => t.readyState === 'live')
      if (live) return live
      if (!media) throw new NoSound('insecure')
      try {
        stream = await media.getUserMedia({ audio: { ...processing(), channelCount: 1 } })
      } catch (e) {
        throw new NoSound(troubles[(e as Error).name] ?? 'broken')
      }
      return stream.getAudioTracks()[0]!
    },
    release() {
      stream?.getTracks().forEach(t => t.stop())
      stream = undefined
    },
  }
}
