// Telephone numbers as people write and read them. The desk decides which it
// calls; this only helps while one types. The rules of all countries are large,
// so they are loaded when the phone is first opened.
import type { CountryCode } from 'libphonenumber-js/min'

export interface Reading {
  /** As one writes it at home, or abroad when it is of another country. */
  shown: string
  country?: CountryCode
  /** Why it cannot be one yet; a word of the catalogue. */
  fault?: 'too_short' | 'too_long' | 'no_country' | 'not_a_number'
}

export type Numbers = Awaited<ReturnType<typeof loadNumbers>>

export async function loadNumbers() {
  const { AsYouType, default: parse, validatePhoneNumberLength } = await import('libphonenumber-js/min')
  const faults = { TOO_SHORT: 'too_short', TOO_LONG: 'too_long', INVALID_COUNTRY: 'no_country', NOT_A_NUMBER: 'not_a_number', INVALID_LENGTH: 'too_short' } as const

  return {
    /** Reads what was typed or pasted; home is the desk's country. */
    read(typed: string, home?: CountryCode): Reading {
      const number = parse(typed, home)
      const why = validatePhoneNumberLength(typed, home)
      if (!number || why) return { shown: new AsYouType(home).input(typed), country: number?.country, fault: why && faults[why] }
      return { shown: number.country === home ? number.formatNational() : number.formatInternational(), country: number.country }
    },
    /** The number in E.164, where it is one. */
    plain: (typed: string, home?: CountryCode): string | undefined => parse(typed, home)?.number,
    /** A number of E.164 as it is read best. */
    format(e164: string, home?: CountryCode): string {
      const number = parse(e164)
      return number ? number.country === home ? number.formatNational() : number.formatInternational() : e164
    },
    country: (e164: string): CountryCode | undefined => parse(e164)?.country,
  }
}

/** Whether a refusal is about the number that was dialled. */
export const isAboutNumber = (code: string) => ['invalid_number', 'emergency_number', 'country_not_allowed', 'range_not_allowed', 'own_number', 'do_not_call', 'outside_hours'].includes(code)

/** Whether it is meant as a number and not as a name. */
export const isDialable = (typed: string) => /^[\d\s+()./*#-]*$/.test(typed) && /\d/.test(typed)
