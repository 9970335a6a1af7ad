import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createDevice, type Sound } from '../../layers/softphone/phone/device'
import { NoSound, type Source } from '../../layers/softphone/phone/microphone'
import { FakePeer, later, stubBrowser } from './fakes'

const source = (): Source => ({ track: async () => ({}) as MediaStreamTrack, release: vi.fn() })

function plug() {
  const peers: FakePeer[] = []
  const offers: string[] = []
  const states: Sound[] = []
  const device = createDevice({
    offer: async (sdp) => {
      offers.push(sdp)
      return 'answer'
    },
    close: vi.fn(), play: vi.fn(), later,
    peer: () => {
      const peer = new FakePeer()
      peers.push(peer)
      return peer as unknown as RTCPeerConnection
    },
    changed: s => states.push(s),
  })
  return { device, peers, offers, state: () => states.at(-1)?.state ?? 'off', states }
}

async function plugged() {
  const p = plug()
  const microphone = source()
  await ready(p, p.device.want(microphone))
  return { ...p, microphone }
}

async function ready(p: ReturnType<typeof plug>, joining?: Promise<void>) {
  await vi.advanceTimersByTimeAsync(60)
  await joining
  p.peers.at(-1)!.become('connected')
}

beforeEach(() => {
  vi.useFakeTimers()
  stubBrowser()
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

describe('device', () => {
  it('offers mu-law alone, and only once all addresses are in it', async () => {
    const p = await plugged()
    expect(p.offers).toEqual(['whole offer'])
    expect(p.peers[0]!.codecs).toEqual([{ mimeType: 'audio/PCMU' }])
    expect(p.peers[0]!.remote).toBe('answer')
    expect(p.states.map(s => s.state)).toEqual(['asking', 'joining', 'up'])
  })

  it('offers again after a loss, later each time', async () => {
    const p = await plugged()
    p.peers[0]!.become('failed')
    expect(p.state()).toBe('lost')
    expect(p.peers[0]!.closed).toBe(true)
    await vi.advanceTimersByTimeAsync(250)
    expect(p.peers).toHaveLength(2)
    p.peers[1]!.become('failed')
    await vi.advanceTimersByTimeAsync(499)
    expect(p.peers).toHaveLength(2)
    await vi.advanceTimersByTimeAsync(1)
    expect(p.peers).toHaveLength(3)
    await ready(p)
    expect(p.state()).toBe('up')
  })

  it('bears a short disturbance', async () => {
    const p = await plugged()
    p.peers[0]!.become('disconnected')
    await vi.advanceTimersByTimeAsync(1_900)
    p.peers[0]!.become('connected')
    await vi.advanceTimersByTimeAsync(60_000)
    expect(p.peers).toHaveLength(1)
  })

  it('gives the sound up when another device took over, until asked', async () => {
    const p = await plugged()
    p.device.told('replaced')
    expect(p.state()).toBe('elsewhere')
    p.device.retry()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(p.peers).toHaveLength(1)
    await ready(p, p.device.want(p.microphone))
    expect(p.state()).toBe('up')
  })

  it('offers again when the desk lost it', async () => {
    const p = await plugged()
    p.device.told('lost')
    await vi.advanceTimersByTimeAsync(300)
    expect(p.peers).toHaveLength(2)
  })

  it('changes the microphone without a new connection', async () => {
    const p = await plugged()
    const other = source()
    await p.device.want(other)
    expect(p.peers).toHaveLength(1)
    expect(p.peers[0]!.replaceTrack).toHaveBeenCalledOnce()
    expect(p.microphone.release).toHaveBeenCalledOnce()
  })

  it('sounds on over the old connection until the new one does, after the line was lost', async () => {
    const p = await plugged()
    p.device.retry()
    await vi.advanceTimersByTimeAsync(60)
    expect(p.peers.map(x => x.closed)).toEqual([false, false])
    expect(p.state()).toBe('up')
    p.peers[1]!.become('connected')
    expect(p.peers.map(x => x.closed)).toEqual([true, false])
  })

  it('says what is wrong with the microphone and heals', async () => {
    const p = plug()
    let fault = true
    await p.device.want({ track: async () => {
      if (fault) throw new NoSound('none')
      return {} as MediaStreamTrack
    }, release: () => {} })
    expect(p.states.at(-1)).toEqual({ state: 'trouble', trouble: 'none' })
    expect(await p.device.settled(1)).toMatchObject({ trouble: 'none' })
    fault = false
    p.device.heal()
    await ready(p)
    expect(p.state()).toBe('up')
  })

  it('takes the next microphone when one is unplugged', async () => {
    const p = plug()
    const track = {} as MediaStreamTrack
    await ready(p, p.device.want({ track: async () => track, release: () => {} }))
    await (track.onended as () => unknown)()
    await vi.advanceTimersByTimeAsync(0)
    expect(p.peers[0]!.replaceTrack).toHaveBeenCalledExactlyOnceWith(track)
  })
})
