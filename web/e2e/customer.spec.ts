import { expect, expectAccessible, test } from './page'

// Chromium's own microphone beeps, which is a voice good enough for a meter.
test.use({
  launchOptions: {
    executablePath: '/usr/bin/chromium',
    args: ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream', '--autoplay-policy=no-user-gesture-required'],
  },
})

// Two projects share one demo: each has a desk and a number of its own.
const casts = {
  light: { email: 'robin@northlight.example', number: '+12015550191' },
  dark: { email: 'olga@harbour.example', number: '+442079460191' },
}

test('being the customer with a microphone of one\'s own', async ({ page, request }, info) => {
  const { email, number } = info.project.name === 'dark' ? casts.dark : casts.light
  const { accessToken } = await (await request.post('/api/auth/login', { data: { email, password: 'softphone-demo' } })).json()
  const headers = { Authorization: `Bearer ${accessToken}` }

  await page.goto('/sim/twilio/')
  await page.getByLabel('Your number').fill(number)
  await page.getByRole('button', { name: 'Be this person' }).click()
  const phone = page.getByRole('status')
  await expect(phone).toHaveText('Waiting for a call')
  const dialled = await (await request.post('/api/voice/call', { headers, data: { to: number } })).json()
  await expect(phone).toContainText('is calling')
  await expectAccessible(page)
  await page.getByRole('button', { name: 'Answer', exact: true }).click()
  await expect(phone).toHaveText('Connected')

  const level = async (what: 'said' | 'heard') => {
    const { calls } = await (await request.get('/sim/twilio/control/state')).json()
    return calls.find((call: { to: string }) => call.to === number)?.[what] ?? -96
  }
  await expect.poll(() => level('said'), { intervals: [50], timeout: 15_000 }).toBeGreaterThan(-50) // what goes into the media stream
  await expect.poll(() => level('heard'), { intervals: [50], timeout: 15_000 }).toBeGreaterThan(-50) // the hold tone
  await expect.poll(() => page.getByRole('meter', { name: 'They' }).evaluate((meter: HTMLMeterElement) => meter.value), { intervals: [50], timeout: 15_000 }).toBeGreaterThan(10)
  await page.getByRole('button', { name: 'Key 5' }).click()
  await expectAccessible(page)
  await page.getByRole('button', { name: 'Hang up', exact: true }).click()
  await expect(phone).toHaveText('The call is over')

  await expect.poll(async () => (await (await request.get(`/api/voice/calls/${dialled.call.id}`, { headers })).json()).call.verdict)
    .toMatchObject({ by: 'customer', reason: 'hung_up' })
  await page.getByRole('button', { name: 'Leave the telephone' }).click()
  await expect(phone).toHaveText('Nobody sits here')
})
