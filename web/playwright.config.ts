import { defineConfig } from '@playwright/test'

const port = Number(process.env.E2E_PORT ?? 3199)

// The pages are tested as they are delivered: embedded in the binary, with the
// real policy, over the real API.
export default defineConfig({
  testDir: './e2e',
  fullyParallel: true,
  workers: 2,
  forbidOnly: true,
  reporter: 'list',
  use: {
    baseURL: `http://127.0.0.1:${port}`,
    launchOptions: {
      executablePath: '/usr/bin/chromium',
      args: ['--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run'],
    },
  },
  projects: [
    ...(['light', 'dark'] as const).map(colorScheme => ({ name: colorScheme, use: { colorScheme }, testIgnore: 'sound/**' })),
    { name: 'sound', testDir: './e2e/sound' }, // measures, so it runs alone
  ],
  webServer: { command: `../bin/softphone demo --listen 127.0.0.1:${port} --json`, url: `http://127.0.0.1:${port}/readyz`, reuseExistingServer: false },
})
