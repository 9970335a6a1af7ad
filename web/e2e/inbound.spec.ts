import type { Browser, Page } from '@playwright/test'
import { expect, expectAccessible, loginAs, openPhone, test, watch } from './page'

const caller = '+12015550123' // Ana Dupont, who is in the address book

/** Somebody calls the desk. */
async function ring(page: Page, baseURL: string, from = caller) {
  const answer = await page.request.post(`${baseURL}/sim/twilio/control/calls`, { data: { from, to: '+12015550100' } })
  expect(answer.ok()).toBe(true)
}

/** Calls are offered to those who are available and can be heard. */
async function ready(page: Page) {
  const status = page.getByRole('button', { name: /^Your status: / })
  if ((await status.getAttribute('aria-label'))?.includes('Notes')) { // of the test before
    await status.click()
    await page.getByRole('button', { name: 'Available now' }).click()
  }
  await expect(status).toHaveAccessibleName('Your status: Available')
  await expect(page.getByTestId('softphone-sound')).toHaveJSProperty('paused', false)
}

/** An administrator has all calls recorded. */
async function recordAll(page: Page, baseURL: string) {
  const pass = await (await page.request.post(`${baseURL}/api/auth/login`, { data: { email: 'kim@northlight.example', password: 'softphone-demo' } })).json() as { accessToken: string }
  const headers = { Authorization: `Bearer ${pass.accessToken}` }
  const settings = await (await page.request.get(`${baseURL}/api/tenant/settings`, { headers })).json() as { recording: object }
  const saved = await page.request.put(`${baseURL}/api/tenant/settings`, { headers, data: { recording: { ...settings.recording, default: 'record' } } })
  expect(await saved.text()).toContain('"default":"record"')
}

/** A colleague at another desk, with the phone open. */
async function colleague(browser: Browser, name: string, options: { baseURL: string, colorScheme: 'light' | 'dark' | 'no-preference' | null | undefined }) {
  const context = await browser.newContext(options)
  const page = await context.newPage()
  const seen = watch(page, options.baseURL)
  await loginAs(page, name)
  const phone = await openPhone(page)
  await ready(page)
  return { page, phone, seen, context }
}

test('a call rings at two agents, is taken, held, asked about and handed over', async ({ page, browser, baseURL, colorScheme }, info) => {
  test.skip(info.project.name === 'dark', 'two agents are the same in the dark')
  test.setTimeout(120_000)
  await loginAs(page, 'Alex Moreau')
  const alex = await openPhone(page)
  const sam = await colleague(browser, 'Sam Okafor', { baseURL: baseURL!, colorScheme })
  await ready(page)

  // An agent who types goes on typing while it rings.
  const field = alex.getByLabel('Name or number')
  await field.focus()
  await ring(page, baseURL!)
  const card = page.getByTestId('incoming')
  const samsCard = sam.page.getByTestId('incoming')
  await expect(card.getByText('Ana Dupont', { exact: true })).toBeVisible()
  await expect(card.getByText('calls (201) 555-0100')).toBeVisible()
  await expect(samsCard).toBeVisible()
  await expect(page.getByRole('alert').filter({ hasText: 'Ana Dupont is calling' })).toBeAttached()
  await expect(field).toBeFocused()
  await expect(page).toHaveTitle(/Ana Dupont is calling/)
  await expectAccessible(page)
  await samsCard.getByRole('button', { name: 'Ignore' }).click()
  await expect(samsCard.getByRole('button', { name: 'Silent here' })).toBeDisabled()

  await page.keyboard.press('Control+Shift+A')
  await expect(alex.getByText('In conversation')).toBeVisible()
  await expect(card).toHaveCount(0)
  await expect(samsCard).toHaveCount(0)
  await expect(sam.page.getByText('Alex Moreau took it.').first()).toBeVisible()

  await alex.getByRole('button', { name: 'Hold' }).click()
  await expect(alex.getByText('On hold. Ana Dupont hears music.')).toBeVisible()
  await expectAccessible(page)
  await alex.getByRole('button', { name: 'Resume' }).click()
  await expect(alex.getByText('In conversation')).toBeVisible()

  await alex.getByRole('button', { name: 'Transfer' }).click()
  await alex.getByLabel('Colleague or number').fill('sam')
  await alex.getByTestId('colleague').filter({ hasText: 'Sam Okafor' }).click()
  await expectAccessible(page)
  await alex.getByRole('button', { name: 'Ask first' }).click()
  const move = alex.getByRole('region', { name: 'Transfer under way' })
  await expect(move.getByText('Asking Sam Okafor. Ana Dupont hears music.')).toBeVisible()
  await expect(samsCard.getByText('Alex Moreau wants to ask you first')).toBeVisible()
  await samsCard.getByRole('button', { name: 'Accept' }).click()
  await expect(move.getByText('You talk with Sam Okafor. Ana Dupont hears music.')).toBeVisible()
  await expect(sam.phone.getByText('Alex Moreau asks you about the call with Ana Dupont')).toBeVisible()
  await expectAccessible(page)
  await expect(sam.phone.getByTestId('party').filter({ hasText: 'Ana Dupont' }).getByText('hears music')).toBeVisible()
  // Who was asked may go without ending anything.
  await sam.phone.getByRole('button', { name: 'Leave' }).click()
  await expect(page.getByText('Sam Okafor left. Ana Dupont is back with you.').first()).toBeVisible()
  await expect(sam.page.getByRole('button', { name: 'Your status: Notes' })).toBeVisible()
  await ready(sam.page)
  await alex.getByRole('button', { name: 'Transfer' }).click()
  await alex.getByTestId('colleague').filter({ hasText: 'Sam Okafor' }).click()
  await alex.getByRole('button', { name: 'Ask first' }).click()
  await samsCard.getByRole('button', { name: 'Accept' }).click()
  await move.getByRole('button', { name: 'Swap' }).click()
  await expect(move.getByText('You talk with Ana Dupont. Sam Okafor waits.')).toBeVisible()
  await move.getByRole('button', { name: 'Complete' }).click()

  await expect(page.getByText('The call with Ana Dupont is handed over.').first()).toBeVisible()
  await expect(alex.getByLabel('Name or number')).toBeVisible()
  await expect(sam.phone.getByText('In conversation')).toBeVisible()
  await sam.phone.getByRole('button', { name: 'Hang up' }).click()
  await expect(sam.phone.getByText('You hung up.')).toBeVisible()
  await sam.context.close()
  expect(sam.seen).toEqual([])
})

test('of two calls one waits, and a click changes them', async ({ page, baseURL }, info) => {
  test.skip(info.project.name === 'dark', 'two calls are the same in the dark')
  await loginAs(page, 'Alex Moreau')
  const phone = await openPhone(page)
  await ready(page)
  await ring(page, baseURL!)
  await page.getByTestId('incoming').getByRole('button', { name: 'Accept' }).click()
  await expect(phone.getByText('In conversation')).toBeVisible()
  await page.getByRole('link', { name: 'Contacts' }).click()
  await page.getByRole('button', { name: 'Call Ben Carter at' }).click()
  const waiting = phone.getByTestId('waiting')
  await expect(waiting.getByText('Ana Dupont')).toBeVisible()
  await expect(waiting.getByText('On hold')).toBeVisible()
  await expectAccessible(page)
  await waiting.click()
  await expect(waiting.getByText('Ana Dupont')).toHaveCount(0)
  await expect(waiting).toHaveCount(1)
  await phone.getByRole('button', { name: 'Hang up' }).click() // the one that is shown
  await expect(phone.getByText(/^On hold\. /)).toBeVisible()
  await phone.getByRole('button', { name: 'Resume' }).click()
  await expect(phone.getByText('In conversation')).toBeVisible()
  await phone.getByRole('button', { name: 'Hang up' }).click()
  await expect(phone.getByText('You hung up.')).toBeVisible()
})

test('somebody more comes into a call, and is sent away', async ({ page, baseURL }, info) => {
  test.skip(info.project.name === 'dark', 'three people are the same in the dark')
  await loginAs(page, 'Alex Moreau')
  const phone = await openPhone(page)
  await ready(page)
  await ring(page, baseURL!)
  await page.getByTestId('incoming').getByRole('button', { name: 'Accept' }).click()
  await expect(phone.getByText('In conversation')).toBeVisible()
  await phone.getByRole('button', { name: 'Transfer' }).click()
  await phone.getByLabel('Colleague or number').fill('+12015550188')
  await phone.getByRole('button', { name: 'Add' }).click()
  await expect(phone.getByTestId('party')).toHaveCount(2)
  await expect(phone.getByTestId('party').filter({ hasText: 'talks along' })).toHaveCount(2)
  await expect(phone.getByRole('button', { name: 'Leave' })).toBeVisible()
  await expectAccessible(page)
  await phone.getByRole('button', { name: 'Remove' }).click()
  await expect(phone.getByTestId('party')).toHaveCount(0)
  await phone.getByRole('button', { name: 'Hang up' }).click()
  await expect(phone.getByText('You hung up.')).toBeVisible()
})

test('a recording is paused in the call, and played beside its words afterwards', async ({ page, baseURL }, info) => {
  test.skip(info.project.name === 'dark', 'a recording is the same in the dark')
  await loginAs(page, 'Alex Moreau')
  const phone = await openPhone(page)
  await recordAll(page, baseURL!)
  await ready(page)
  await ring(page, baseURL!)
  await page.getByTestId('incoming').getByRole('button', { name: 'Accept' }).click()
  await expect(phone.getByText('Recording', { exact: true })).toBeVisible()
  await expect(phone.locator('[data-testid=line][data-final=true]').first()).toBeVisible({ timeout: 20_000 })
  await phone.getByRole('button', { name: 'Pause' }).click()
  await expect(phone.getByText('Not recorded: paused')).toBeVisible()
  await expectAccessible(page)
  await phone.getByRole('button', { name: 'Record again' }).click()
  await expect(phone.getByText('Recording', { exact: true })).toBeVisible()
  await phone.getByRole('button', { name: 'Hang up' }).click()
  await phone.getByRole('link', { name: 'Open the call\'s page' }).click()
  await expect(page.getByTestId('wave')).toBeVisible({ timeout: 20_000 })
  await expect(page.getByText(/^\d:\d\d to \d:\d\d: paused$/)).toBeVisible()
  await expectAccessible(page)
  const player = page.locator('audio[controls]')
  await expect(player).toHaveJSProperty('error', null)
  await page.getByRole('region', { name: 'Transcript' }).getByRole('button', { name: /^Play from/ }).first().click()
  await expect.poll(() => player.evaluate((a: HTMLAudioElement) => a.currentTime)).toBeGreaterThan(0)
  await expect(page.locator('[data-testid=line][aria-current=true]')).toHaveCount(1)
})
