import { describe, expect, it } from 'vitest'
import { createCursors } from '../../layers/softphone/phone/cursors'

describe('cursors', () => {
  it.each([
    ['the next number', 1, 8, 'next'],
    ['the same number again', 1, 7, 'seen'],
    ['an earlier number', 1, 3, 'seen'],
    ['a number too far', 1, 9, 'gap'],
    ['another owner', 2, 8, 'gap'],
    ['another owner from its start', 2, 1, 'gap'],
  ])('takes %s', (_, epoch, seq, step) => {
    const c = createCursors()
    c.set('call:a', 1, 7)
    expect(c.take('call:a', epoch, seq)).toBe(step)
  })

  it('takes a new stream from its first event only', () => {
    const c = createCursors()
    expect(c.take('call:a', 1, 1)).toBe('next')
    expect(c.take('call:b', 1, 2)).toBe('gap')
  })

  it('stays where it was after a gap', () => {
    const c = createCursors()
    c.set('call:a', 1, 7)
    c.take('call:a', 1, 9)
    expect(c.since(['call:a', 'call:b'])).toEqual({ 'call:a': [1, 7] })
  })
})
