import { dial, expect, expectAccessible, loginAs, openPhone, test, watch } from './page'

test('a number in any form is called, muted, given keys and hung up', async ({ page }) => {
  await loginAs(page, 'Alex Moreau')
  const phone = await openPhone(page)
  await expect(phone.getByLabel('Name or number')).toBeFocused()
  await expectAccessible(page)
  await phone.getByLabel('Name or number').fill('+1 (201) 555-0123')
  await expect(phone.getByText('(201) 555-0123 · United States')).toBeVisible()
  await expect(phone.getByRole('option', { name: 'Ana Dupont' })).toBeVisible()
  await expectAccessible(page)
  await page.keyboard.press('Enter')
  await expect(phone.getByText('Ringing…')).toBeVisible()
  await expect(phone.getByText('In conversation')).toBeVisible()
  await expect(page.getByRole('button', { name: 'Softphone: Ana Dupont In conversation' })).toBeVisible()
  await expectAccessible(page)

  await phone.getByRole('button', { name: 'Mute' }).click()
  await expect(phone.getByText('You are muted. Nobody hears you.')).toBeVisible()
  await expect(page).toHaveTitle(/^Muted/)
  await expectAccessible(page)
  await phone.getByRole('button', { name: 'Unmute' }).click()
  await expect(phone.getByText('You are muted.')).toHaveCount(0)

  await phone.getByRole('button', { name: 'Keypad' }).click()
  await phone.getByRole('group', { name: 'Keypad' }).getByRole('button', { name: '5' }).click()
  await page.keyboard.type('12#')
  await expect(phone.getByLabel('Keys sent')).toHaveText('512#')
  await expectAccessible(page)

  await page.keyboard.press('Escape') // closes the window, never the call
  await expect(phone).toHaveCount(0)
  await page.getByRole('button', { name: 'Softphone: Ana Dupont' }).click()
  await phone.getByRole('button', { name: 'Hang up' }).click()
  await expect(phone.getByText('You hung up.')).toBeVisible()
  await expectAccessible(page)
  await phone.getByRole('link', { name: 'Open the call\'s page' }).click()
  await expect(page.getByRole('heading', { name: 'Call with Ana Dupont' })).toBeVisible()
  await page.locator('summary').click()
  await expect(page.getByRole('cell', { name: '+12015550123' })).toBeVisible()
  await expectAccessible(page)
})

test('a contact is found by name and called by keyboard; who cancels reads so', async ({ page }) => {
  await loginAs(page, 'Alex Moreau')
  const phone = await openPhone(page)
  await page.keyboard.type('ross')
  await expect(phone.getByRole('option', { name: 'Chiara Rossi' })).toBeVisible()
  await page.keyboard.press('ArrowDown')
  await expect(phone.getByRole('option', { name: 'Chiara Rossi' })).toHaveAttribute('aria-selected', 'true')
  await page.keyboard.press('Enter')
  await phone.getByRole('button', { name: 'Cancel' }).click()
  await expect(phone.getByText('You cancelled before Chiara Rossi answered.')).toBeVisible()
})

test('what became of a call is said so that it helps', async ({ page, story }) => {
  await loginAs(page, 'Alex Moreau')
  const phone = await openPhone(page)
  const { busy, invalid } = story.twilio.people
  for (const [number, sentence] of [[busy, 'is on another call. Try again'], [invalid, 'This number does not exist.'], ['+12015550185', 'cannot be reached'], ['+12015550189', 'hung up.']]) {
    await dial(phone, number!)
    await expect(phone.getByText(sentence!)).toBeVisible()
    await phone.getByRole('button', { name: 'Done' }).click()
  }
  await expect(phone.getByRole('button', { name: 'Call (201) 555-0189' })).toBeVisible() // among the recent ones
})

test('who does not answer is said so, in the end', async ({ page, story }, info) => {
  test.skip(info.project.name === 'dark', 'a minute of ringing is the same in the dark')
  test.setTimeout(120_000)
  await loginAs(page, 'Sam Okafor')
  const phone = await openPhone(page)
  await dial(phone, story.twilio.people.noAnswer)
  await expect(phone.getByText('did not answer. Try again later.')).toBeVisible({ timeout: 75_000 })
  await phone.getByRole('button', { name: 'Call again' }).click()
  await phone.getByRole('button', { name: 'Cancel' }).click()
  await expect(phone.getByText('You cancelled')).toBeVisible()
})

test('a number that cannot be called is refused beside its field', async ({ page }) => {
  await loginAs(page, 'Alex Moreau')
  const phone = await openPhone(page)
  await phone.getByLabel('Name or number').fill('+1 201')
  await expect(phone.getByText('The number is still too short.')).toBeVisible()
  await page.keyboard.press('Enter')
  await expect(phone.getByText('This is not a telephone number.')).toBeVisible()
  await expectAccessible(page)
  await dial(phone, '911')
  await expect(phone.getByText('Emergency numbers cannot be called from here.')).toBeVisible()
})

test('one click on a contact calls', async ({ page }) => {
  await loginAs(page, 'Robin Weiss')
  await page.getByRole('link', { name: 'Contacts' }).click()
  await page.getByRole('button', { name: 'Call Ben Carter at' }).click()
  const phone = page.getByRole('dialog', { name: 'Softphone' })
  await expect(phone.getByText('In conversation')).toBeVisible()
  await phone.getByRole('button', { name: 'Hang up' }).click()
  await expect(phone.getByText('You hung up.')).toBeVisible()
  await phone.getByRole('button', { name: 'Done' }).click()
  await expect(phone.getByLabel('Name or number')).toBeVisible()
})

test('a call outlives a reload of the page, after a question', async ({ page }) => {
  await loginAs(page, 'Alex Moreau')
  const phone = await openPhone(page)
  await dial(phone, '+12015550188')
  await expect(phone.getByText('In conversation')).toBeVisible()
  const questions: string[] = []
  page.on('dialog', (d) => {
    questions.push(d.type())
    void d.accept()
  })
  await page.reload()
  await page.getByRole('button', { name: /^Softphone: .*In conversation/ }).click()
  await expect(phone.getByRole('timer')).toBeVisible()
  await expect(phone.getByText('In conversation')).toBeVisible()
  expect(questions).toEqual(['beforeunload'])
  await phone.getByRole('button', { name: 'Hang up' }).click()
  await expect(phone.getByText('You hung up.')).toBeVisible()
})

test('one tab has the sound, and another may take it', async ({ page, context, baseURL }) => {
  await loginAs(page, 'Alex Moreau')
  const first = await openPhone(page)
  const other = await context.newPage()
  const seen = watch(other, baseURL!)
  await other.goto('/calls')
  const second = await openPhone(other)
  await expect(second.getByText('Your sound is in another tab.')).toBeVisible()
  await expectAccessible(other)
  await dial(second, '+12015550188')
  await expect(first.getByText('In conversation')).toBeVisible() // both show the same call
  await expect(second.getByText('In conversation')).toBeVisible()
  await second.getByRole('button', { name: 'Use the sound here' }).click()
  await expect(second.getByText('Your sound is in another tab.')).toHaveCount(0)
  await expect(first.getByText('Your sound is in another tab.')).toBeVisible()
  await expect(first.getByText('In conversation')).toBeVisible()
  await first.getByRole('button', { name: 'Hang up' }).click()
  await expect(second.getByText('You hung up.')).toBeVisible()
  await other.close()
  expect(seen).toEqual([])
})

test('a newer device takes over, and the older one says so', async ({ page, browser, baseURL, colorScheme }) => {
  await loginAs(page, 'Alex Moreau')
  const older = await openPhone(page)
  await expect(page.getByTestId('softphone-sound')).toHaveJSProperty('paused', false)
  const elsewhere = await browser.newContext({ baseURL, colorScheme })
  const other = await elsewhere.newPage()
  await loginAs(other, 'Alex Moreau')
  const newer = await openPhone(other)
  await expect(older.getByText('Your sound is on another device.')).toBeVisible()
  await expectAccessible(page)
  await older.getByRole('button', { name: 'Use the sound here' }).click()
  await expect(newer.getByText('Your sound is on another device.')).toBeVisible()
  await expect(older.getByText('Your sound is on another device.')).toHaveCount(0)
  await elsewhere.close()
})

for (const [fault, sentence] of [['NotAllowedError', 'The microphone is not allowed.'], ['NotFoundError', 'No microphone is found.'], ['NotReadableError', 'Another program holds the microphone.']] as const) {
  test(`without a microphone (${fault}) the page says what to do`, async ({ page }) => {
    await page.addInitScript((name) => {
      navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('', name) }
    }, fault)
    await loginAs(page, 'Sam Okafor')
    const phone = await openPhone(page)
    await expect(phone.getByText(sentence)).toBeVisible()
    await expectAccessible(page)
    await dial(phone, '+12015550188')
    await expect(page.getByText('No sound of yours reaches the desk.').first()).toBeVisible()
  })
}

test('the recorded part is spoken without a microphone, and the assistant listens', async ({ page }) => {
  await page.addInitScript(() => {
    navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('', 'NotFoundError') }
  })
  await loginAs(page, 'Alex Moreau')
  const phone = await openPhone(page)
  await phone.getByRole('switch', { name: 'Play the agent\'s recorded part' }).click()
  await dial(phone, '201 555 0123')
  await expect(phone.getByText('The recording is speaking for you.')).toBeVisible()
  await expect(phone.getByText('The assistant is listening.')).toBeVisible()
  const line = (text: string) => phone.locator('[data-testid=line][data-final=true]').filter({ hasText: text })
  await expect(line('Ana Dupont speaking')).toBeVisible()
  await expect(line('this is Alex from Northlight')).toBeVisible({ timeout: 15_000 })
  await expect(line('charged twice')).toBeVisible({ timeout: 15_000 })
  await expect(phone.getByTestId('suggestion').filter({ hasText: 'refund the second charge' })).toBeVisible()
  await expect(phone.getByTestId('action').filter({ hasText: 'Ana Dupont' }).first()).toBeVisible()
  await expectAccessible(page)
  await phone.getByTestId('suggestion').first().getByRole('button', { name: 'Dismiss' }).click()
  await phone.getByRole('button', { name: 'Hang up' }).click()
  await phone.getByRole('link', { name: 'Open the call\'s page' }).click()
  await expect(phone).toHaveCount(0)
  await expect(page.getByRole('region', { name: 'Transcript' }).getByText('charged twice')).toBeVisible()
  await expect(page.getByTestId('suggestion').filter({ hasText: 'refund the second charge' })).toBeVisible()
  await expectAccessible(page)
})

test('a call that nobody has is told by its page, and the list leads to one', async ({ page }) => {
  await loginAs(page, 'Robin Weiss')
  const phone = await openPhone(page)
  await dial(phone, '+12015550180')
  await expect(phone.getByText('is on another call.')).toBeVisible()
  await page.keyboard.press('Control+Shift+F')
  await expect(phone).toHaveCount(0)
  await page.getByRole('row').filter({ hasText: 'Busy' }).first().getByRole('link').click()
  await expect(page.getByText('is on another call.')).toBeVisible()
  await expect(page.getByText('Nothing was transcribed.')).toBeVisible()
  await page.goto('/calls/nobody')
  await expect(page.getByText('There is no such thing here.')).toBeVisible()
  await expectAccessible(page)
})
