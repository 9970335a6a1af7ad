import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { AxeBuilder } from '@axe-core/playwright'
import { test as base, expect, type Locator, type Page } from '@playwright/test'

const firstPort = Number(process.env.E2E_PORT ?? 3199)

/** What the demo tells about itself, as far as tests use it. */
export interface Story { url: string, twilio: { people: { answers: string, busy: string, noAnswer: string, invalid: string } } }

/** Fails the test on any error a page prints, any policy violation and any request that leaves the server. */
export function watch(page: Page, baseURL: string): string[] {
  const seen: string[] = []
  page.on('pageerror', e => seen.push(`page error: ${e.message}`))
  page.on('console', (m) => {
    // Nobody is logged in, wrong password, refused input: answers that the page handles.
    const expected = /status of (401|404|422)/.test(m.text()) && /\/api\//.test(m.location().url)
    if (['error', 'warning'].includes(m.type()) && !expected) seen.push(`${m.type()}: ${m.text()} ${m.location().url}`)
  })
  page.on('request', (r) => {
    if (!r.url().startsWith(baseURL) && !r.url().startsWith('data:')) seen.push(`outside request: ${r.url()}`)
  })
  return seen
}

// A demo for each worker, because an agent has one call at a time. A worker ends
// with a test that fails, and a call that was left over with it.
export const test = base.extend<object, { story: Story }>({
  story: [async ({}, use, info) => { // eslint-disable-line no-empty-pattern
    const demo = spawn('../bin/softphone', ['demo', '--listen', `127.0.0.1:${firstPort + info.parallelIndex}`, '--json'], { stdio: ['ignore', 'pipe', 'ignore'] })
    const [line] = await once(createInterface(demo.stdout), 'line') as [string]
    await use(JSON.parse(line) as Story)
    demo.kill()
    await once(demo, 'exit')
  }, { scope: 'worker' }],
  baseURL: async ({ story }, use) => use(story.url),
  page: async ({ page, baseURL }, use) => {
    const seen = watch(page, baseURL!)
    await use(page)
    expect(seen).toEqual([])
  },
})

export async function loginAs(page: Page, name: string) {
  await page.goto('/')
  await page.getByRole('button', { name }).click()
  await expect(page.getByRole('heading', { name: 'Calls' })).toBeVisible()
}

/** Opens the softphone with its sound connected. */
export async function openPhone(page: Page): Promise<Locator> {
  await page.getByRole('button', { name: 'Softphone' }).click()
  const phone = page.getByRole('dialog', { name: 'Softphone' })
  await expect(phone).toBeVisible()
  return phone
}

export async function dial(phone: Locator, number: string) {
  await phone.getByLabel('Name or number').fill(number)
  await phone.getByLabel('Name or number').press('Enter')
}

/** No violation of WCAG 2.2 A and AA, nor of axe's best practice. */
export async function expectAccessible(page: Page) {
  const { violations } = await new AxeBuilder({ page }).analyze()
  expect(violations.map(v => `${v.id}: ${v.nodes[0]?.html}`)).toEqual([])
}

export { expect }
