/** The part of a desk's settings that says who may be called, as the server keeps it. */
export interface Limits { perMinute: number, perHour: number, perDay: number, atOnce: number, spendPerDay: number }
export interface CallerRule { country: string, numbers: string[] }
export interface Hours { on: boolean, from: string, until: string, days: number[] }
export interface Policy {
  frozen: boolean
  countries: string[]
  ranges: string[]
  types: string[]
  callerIds: CallerRule[]
  hours: Hours
  user: Limits
  desk: Limits
  maxMinutes: number
  wrapUpSeconds: number
}
export interface Country { code: string, callingCode: number, highRisk: boolean }
export interface StoredSettings { calling: Policy, numbers: string[], countries: Country[] }

export interface CountryItem { value: string, label: string, description?: string }

/** Countries as a list to choose from, by name. */
export function countryItems(countries: Country[], locale: string, risky: string): CountryItem[] {
  const names = new Intl.DisplayNames([locale], { type: 'region' })
  return countries
    .map(c => ({ value: c.code, label: `${names.of(c.code) ?? c.code} (+${c.callingCode})`, description: c.highRisk ? risky : undefined }))
    .sort((a, b) => a.label.localeCompare(b.label, locale))
}
