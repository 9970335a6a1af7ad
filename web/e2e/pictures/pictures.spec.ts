// The pictures of the documents, taken from the product as it is. `make pictures`
// takes them anew; every other run fails when a page no longer looks like them.
import { dial, expect, loginAs, openPhone, test } from '../page'

test.use({ viewport: { width: 1280, height: 800 } })

test('a live call with its transcript', async ({ page }) => {
  await loginAs(page, 'Alex Moreau')
  const phone = await openPhone(page)
  await phone.getByRole('switch', { name: 'Play the agent\'s recorded part' }).click()
  await dial(phone, '201 555 0123')
  await expect(phone.locator('[data-testid=line][data-final=true]').filter({ hasText: 'Let me look at your account' })).toBeVisible({ timeout: 40_000 })
  await expect(page).toHaveScreenshot('call.png')
  await phone.getByRole('button', { name: 'Hang up' }).click()
})
