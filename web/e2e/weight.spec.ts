import { existsSync, statSync } from 'node:fs'
import type { Page } from '@playwright/test'
import { expect, loginAs, test } from './page'

const budget = 220_000 // bytes of compressed scripts until a page is there

/** What was asked for before the heading was there, as a browser with TLS gets it; without, it asks for no brotli. */
async function weigh(page: Page, path: string): Promise<number> {
  await page.addInitScript(() => {
    new MutationObserver((_, observer) => {
      if (!document.querySelector('h1')) return
      performance.mark('heading')
      observer.disconnect()
    }).observe(document, { childList: true, subtree: true })
  })
  await page.goto(path)
  await expect(page.getByRole('heading', { level: 1 })).toBeAttached()
  const scripts = await page.evaluate(() => {
    const { startTime } = performance.getEntriesByName('heading')[0]!
    const before = performance.getEntriesByType('resource').filter(e => e.startTime < startTime).map(e => e.name)
    // What is fetched in case it is needed later comes when nothing else does; used, it is listed twice.
    const idle = [...document.querySelectorAll<HTMLLinkElement>('link[rel=prefetch]')].map(l => l.href).filter(href => before.indexOf(href) === before.lastIndexOf(href))
    return before.filter(name => !idle.includes(name)).map(name => new URL(name).pathname).filter(p => p.endsWith('.js'))
  })
  const size = (file: string) => statSync(existsSync(`${file}.br`) ? `${file}.br` : file).size
  return [...new Set(scripts)].reduce((sum, path) => sum + size(`dist${path}`), 0)
}

test('the first page is light, whichever it is', async ({ page, context }) => {
  const login = await weigh(page, '/')
  await loginAs(page, 'Alex Moreau')
  const calls = await weigh(await context.newPage(), '/calls')
  console.log(`scripts until the page is there: login ${Math.round(login / 1000)} kB, calls ${Math.round(calls / 1000)} kB`)
  expect(login).toBeGreaterThan(50_000)
  expect(Math.max(login, calls)).toBeLessThan(budget)
})
