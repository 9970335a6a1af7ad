import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import en from '../i18n/en.json'

/** Values of a Go type's constants: the desk's codes, which need sentences. */
function codes(file: string, type: string): string[] {
  const source = readFileSync(new URL(`../../internal/phone/${file}`, import.meta.url), 'utf8')
  return [...source.matchAll(new RegExp(`^\\s+\\w+\\s+${type}\\s+= "(\\w+)"`, 'gm'))].map(m => m[1]!)
}

describe('catalogue', () => {
  it('has a sentence for every way a call ends', () => {
    const reasons = codes('call/record.go', 'Reason')
    expect(reasons.length).toBeGreaterThan(10)
    const words = reasons.flatMap(r => r === 'hung_up' ? codes('call/record.go', 'By').map(by => `hung_up_${by}`) : [r])
    expect(words.filter(w => !(w in en.verdict))).toEqual([])
  })

  it('has a sentence for every refusal that the phone can meet', () => {
    const refusals = codes('switchboard/refusal.go', 'Code')
    expect(refusals.length).toBeGreaterThan(15)
    // These come from the doors of REST, whose pages show the desk's own sentence.
    const others = ['bad_credentials', 'choose_tenant', 'session_ended', 'invalid_input', 'idempotency_conflict']
    // The gate's own sentence has the figures: the limit, the local time, the range.
    others.push('outside_hours', 'range_not_allowed', 'too_many_calls', 'too_many_at_once', 'spend_limit')
    expect(refusals.filter(r => !others.includes(r) && !(r in en.refusal))).toEqual([])
  })
})
