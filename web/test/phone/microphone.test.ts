import { describe, expect, it, vi } from 'vitest'
import { createMicrophone, readProcessing } from '../../layers/softphone/phone/microphone'

const on = { echoCancellation: true, noiseSuppression: true, autoGainControl: true }
const failing = (name: string) => createMicrophone({ getUserMedia: async () => { throw Object.assign(new Error(name), { name }) } }, () => on)

describe('microphone', () => {
  it.each([
    ['NotAllowedError', 'denied'], ['NotFoundError', 'none'], ['NotReadableError', 'in_use'], ['TypeError', 'broken'],
  ])('%s means %s', async (name, trouble) => expect(failing(name).track()).rejects.toMatchObject({ trouble }))

  it('is not there on an insecure page', async () => expect(createMicrophone(undefined, () => on).track()).rejects.toMatchObject({ trouble: 'insecure' }))

  it('asks once while its track lives', async () => {
    const track = { readyState: 'live', stop: vi.fn() }
    const getUserMedia = vi.fn(async () => ({ getAudioTracks: () => [track], getTracks: () => [track] }) as unknown as MediaStream)
    const mic = createMicrophone({ getUserMedia }, () => ({ ...on, echoCancellation: false }))
    await mic.track()
    await mic.track()
    expect(getUserMedia).toHaveBeenCalledExactlyOnceWith({ audio: { ...on, echoCancellation: false, channelCount: 1 } })
    mic.release()
    expect(track.stop).toHaveBeenCalled()
    await mic.track()
    expect(getUserMedia).toHaveBeenCalledTimes(2)
  })

  it.each([
    [null, on], ['no json', on], ['{"echoCancellation":false,"autoGainControl":false}', { ...on, echoCancellation: false, autoGainControl: false }],
  ])('processes as %s says', (stored, processing) => expect(readProcessing(stored)).toEqual(processing))
})
