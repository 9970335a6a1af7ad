// The sound of a call in real Chromium, measured from outside: what the fake
// microphone plays against what the simulated customer heard, and what the
// customer said against what the page played.
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, type Browser, type Page } from '@playwright/test'
import { expect, test } from '../page'
import { heardBy, listenTo, packetsOf, saidBy } from './capture'
import { compare, decibel, quantile, readWave, rms, sine, writeWave, RATE, type Window } from './wave'

const folder = mkdtempSync(join(tmpdir(), 'softphone-sound-'))

test.describe.configure({ mode: 'default' }) // one after the other; each is tried again by itself

let browser: Browser | undefined
test.afterEach(async () => { await browser?.close() })

/** A page at the desk whose microphone plays a sound over and over. */
async function sitDown(base: string, name: string, sound: Float32Array, taps?: { microphone: boolean }): Promise<Page> {
  const file = join(folder, `${name}.wav`)
  writeFileSync(file, writeWave(sound))
  browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream', `--use-file-for-fake-audio-capture=${file}`,
      '--autoplay-policy=no-user-gesture-required', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run'],
  })
  const page = await (await browser.newContext({ baseURL: base, permissions: ['microphone'] })).newPage()
  await listenTo(page, taps)
  await page.addInitScript(() => localStorage.setItem('softphone.sound', JSON.stringify({ echoCancellation: false, noiseSuppression: false, autoGainControl: false })))
  await page.goto('/')
  await page.getByRole('button', { name: 'Robin Weiss' }).click()
  await page.getByRole('button', { name: 'Softphone' }).click()
  await page.waitForTimeout(2500)
  return page
}

/** Calls a number and returns the carrier's id of the call once it is answered. */
async function call(page: Page, number: string): Promise<{ sid: string }> {
  await page.getByRole('combobox', { name: 'Name or number' }).fill(number)
  await page.keyboard.press('Enter')
  await expect(page.getByRole('button', { name: 'Hang up' })).toBeVisible()
  await expect(page.locator('#softphone-button')).toContainText('In conversation', { timeout: 20_000 })
  const calls = await (await page.request.get('/sim/twilio/control/state')).json() as { calls: { call: string, to: string, status: string }[] }
  return { sid: calls.calls.find(c => c.to === number && c.status === 'in-progress')!.call }
}

const hangUp = (page: Page) => page.getByRole('button', { name: 'Hang up' }).click({ timeout: 2_000 })

async function atTwilio(page: Page, sid: string, what: 'heard' | 'said'): Promise<Float32Array> {
  return readWave(await (await page.request.get(`/sim/twilio/control/calls/${sid}/${what}.wav`)).body())
}

async function startAtTwilio(page: Page, sid: string): Promise<number> {
  const t = await (await page.request.get(`/sim/twilio/control/calls/${sid}/timeline.json`)).json() as { start: string }
  return Date.parse(t.start)
}

function tell(what: string, windows: Window[]) {
  const good = windows.filter(w => w.likeness >= 0.95).length
  console.log(`${what}: ${good} of ${windows.length} seconds with speech alike >= 0.95 (median ${quantile(windows.map(w => w.likeness), 0.5).toFixed(3)}, worst ${Math.min(...windows.map(w => w.likeness)).toFixed(3)})`)
  for (const w of windows) if (w.likeness < 0.95) console.log(`  second ${w.at / RATE}: ${w.likeness.toFixed(3)}, shifted by ${w.shift}`)
  return good / windows.length
}

test('speech arrives as it was spoken, both ways', async ({ request, baseURL }) => {
  test.setTimeout(120_000)
  const part = readWave(await (await request.get('/api/demo/voice.wav')).body())
  const page = await sitDown(baseURL!, 'speech', part)
  const { sid } = await call(page, '+12015550123')
  await page.waitForTimeout(30_000)
  const here = await heardBy(page)
  const [heard, said, start] = [await atTwilio(page, sid, 'heard'), await atTwilio(page, sid, 'said'), await startAtTwilio(page, sid)]
  const packets = await packetsOf(page)
  await hangUp(page).catch(() => {}) // the customer may have said goodbye

  // The microphone plays its file in a loop and began before the call.
  const twice = new Float32Array(2 * part.length)
  twice.set(part)
  twice.set(part, part.length)
  const towards = compare(heard, twice)
  const back = compare(said, here.sound, here.between)
  const delays = back.map(w => here.start - start + w.shift / RATE * 1000)
  expect(towards.length).toBeGreaterThan(8)
  expect(back.length).toBeGreaterThan(6)
  expect(tell('microphone -> customer', towards)).toBeGreaterThanOrEqual(0.95)
  expect(tell('customer -> page', back)).toBeGreaterThanOrEqual(0.95)
  console.log(`one way, customer's mouth to page: ${quantile(delays, 0.5).toFixed(0)} ms (p95 ${quantile(delays, 0.95).toFixed(0)} ms), with the browser's own jitter buffer and recorder`)
  console.log(`packets lost: ${packets.saidLost} of ${packets.said} towards the desk, ${packets.heardLost} of ${packets.heard} towards the page`)
  expect(packets.said).toBeGreaterThan(1000)
  expect(packets.heard).toBeGreaterThan(1000)
})

// One recorder beside the other, so what a recorder delays itself does not count.
test('what is said comes back soon from a customer who repeats it', async ({ request, baseURL }) => {
  test.setTimeout(90_000)
  const part = readWave(await (await request.get('/api/demo/voice.wav')).body())
  const page = await sitDown(baseURL!, 'echo', part, { microphone: true })
  await call(page, '+12015550186')
  await page.waitForTimeout(12_000)
  const [said, heard] = [await saidBy(page), await heardBy(page)]
  await hangUp(page)
  const windows = compare(said.sound, heard.sound).filter(w => w.likeness >= 0.7)
  const delays = windows.map(w => heard.start - said.start + w.shift / RATE * 1000)
  expect(windows.length).toBeGreaterThan(3)
  for (const d of delays) expect(d).toBeGreaterThan(0)
  console.log(`there and back, microphone to customer to page: ${quantile(delays, 0.5).toFixed(0)} ms (p95 ${quantile(delays, 0.95).toFixed(0)} ms)`)
})

test('a tone keeps its level, both ways', async ({ baseURL }) => {
  test.setTimeout(60_000)
  const mine = sine(1000, 0.2, 10)
  const page = await sitDown(baseURL!, 'tone', mine)
  const { sid } = await call(page, '+12015550187')
  await page.waitForTimeout(4_000)
  const here = await heardBy(page)
  const [heard, said] = [await atTwilio(page, sid, 'heard'), await atTwilio(page, sid, 'said')]
  await hangUp(page)
  const end = (s: Float32Array) => s.subarray(s.length - 2 * RATE, s.length - RATE)
  const out = decibel(rms(end(heard)) / rms(mine))
  const back = decibel(rms(end(here.sound)) / rms(end(said)))
  console.log(`a tone changed by ${out.toFixed(2)} dB towards the customer, by ${back.toFixed(2)} dB towards the page`)
  expect(Math.abs(out)).toBeLessThan(1)
  expect(Math.abs(back)).toBeLessThan(1)
})

test('the first words are heard soon after the answer', async ({ baseURL }) => {
  test.setTimeout(120_000)
  const page = await sitDown(baseURL!, 'silence', new Float32Array(RATE))
  const waits: number[] = []
  for (let n = 0; n < 5; n++) {
    const { sid } = await call(page, '+12015550187') // a tone from the first moment
    await page.waitForTimeout(1_500)
    const here = await heardBy(page)
    const start = await startAtTwilio(page, sid)
    // The ringing is 440 + 480 Hz, and the tone of the call before ended long ago.
    const at = firstTone(here.sound, Math.max(0, Math.floor((start - here.start - 200) / 1000 * RATE)))
    waits.push(here.start + at / RATE * 1000 - start)
    await hangUp(page)
    await expect(page.getByRole('button', { name: 'Hang up' })).toHaveCount(0)
    await page.getByRole('button', { name: 'Done' }).click().catch(() => {})
  }
  console.log(`answer to first sound: ${waits.map(w => w.toFixed(0)).join(', ')} ms; p95 ${quantile(waits, 0.95).toFixed(0)} ms`)
  for (const w of waits) expect(w).toBeGreaterThan(0)
})

/** Where 1 kHz begins, from a place on: 20 ms of which it is the most. */
function firstTone(s: Float32Array, from: number): number {
  for (let at = from; at + 160 <= s.length; at += 80) {
    let c = 0, d = 0
    for (let i = 0; i < 160; i++) { c += s[at + i]! * Math.cos(2 * Math.PI * i / 8); d += s[at + i]! * Math.sin(2 * Math.PI * i / 8) }
    const energy = rms(s.subarray(at, at + 160)) ** 2 * 160
    if (energy > 1 && (c * c + d * d) / 80 / energy > 0.8) return at
  }
  return NaN
}
