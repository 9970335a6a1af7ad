import { describe, expect, it } from 'vitest'
import { clockFace, createClock, secondsSince } from '../../layers/softphone/phone/clock'

describe('clock', () => {
  it('follows the moment that came fastest', () => {
    let local = 1_000
    const clock = createClock(() => local)
    clock.hear(6_000) // written, and 0 ms on the way
    local += 300
    clock.hear(6_100) // 200 ms on the way
    expect(clock.now()).toBe(6_300)
  })

  it('goes back with a page whose clock is ahead', () => {
    const clock = createClock(() => 100_000)
    clock.hear(40_000)
    expect(clock.now()).toBe(40_000)
  })

  it('ignores what is no time', () => {
    const clock = createClock(() => 5)
    clock.hear(Number.NaN)
    expect(clock.now()).toBe(5)
  })

  it.each([[0, '0:00'], [7, '0:07'], [754, '12:34'], [3723, '1:02:03']])('%i seconds are %s', (seconds, face) => expect(clockFace(seconds)).toBe(face))

  it('counts from the server\'s start and never below zero', () => {
    const start = '2026-11-24T10:00:00.000Z'
    expect(secondsSince(start, Date.parse(start) + 61_900)).toBe(61)
    expect(secondsSince(start, Date.parse(start) - 500)).toBe(0)
    expect(secondsSince(undefined, 9)).toBe(0)
  })
})
