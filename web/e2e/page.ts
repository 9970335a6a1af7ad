import { AxeBuilder } from '@axe-core/playwright'
import { test as base, expect, type Page } from '@playwright/test'

// A page that fails the test on any error it prints, any policy violation and
// any request that leaves this server.
export const test = base.extend({
  page: async ({ page, baseURL }, use) => {
    const seen: string[] = []
    page.on('pageerror', e => seen.push(`page error: ${e.message}`))
    page.on('console', (m) => {
      // Nobody is logged in, wrong password, refused input: answers that the page handles.
      const expected = /status of (401|422)/.test(m.text()) && /\/api\//.test(m.location().url)
      if (['error', 'warning'].includes(m.type()) && !expected) seen.push(`${m.type()}: ${m.text()} ${m.location().url}`)
    })
    page.on('request', (r) => {
      if (!r.url().startsWith(baseURL!) && !r.url().startsWith('data:')) seen.push(`outside request: ${r.url()}`)
    })
    await use(page)
    expect(seen).toEqual([])
  },
})

export async function loginAs(page: Page, name: string) {
  await page.goto('/')
  await page.getByRole('button', { name }).click()
  await expect(page.getByRole('heading', { name: 'Calls' })).toBeVisible()
}

/** No violation of WCAG 2.2 A and AA, nor of axe's best practice. */
export async function expectAccessible(page: Page) {
  const { violations } = await new AxeBuilder({ page }).analyze()
  expect(violations.map(v => `${v.id}: ${v.nodes[0]?.html}`)).toEqual([])
}

export { expect }
