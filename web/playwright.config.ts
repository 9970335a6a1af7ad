import { defineConfig } from '@playwright/test'

// The pages are tested as they are delivered: embedded in the binary, with the
// real policy, over the real API. Each worker runs a demo of its own (e2e/page.ts).
export default defineConfig({
  testDir: './e2e',
  fullyParallel: true,
  workers: 2,
  timeout: 60_000,
  expect: { timeout: 10_000 },
  forbidOnly: true,
  reporter: 'list',
  use: {
    launchOptions: {
      executablePath: '/usr/bin/chromium',
      args: [
        '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run',
        '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream', '--autoplay-policy=no-user-gesture-required',
      ],
    },
  },
  projects: [
    ...(['light', 'dark'] as const).map(colorScheme => ({ name: colorScheme, use: { colorScheme }, testIgnore: ['sound/**', 'pictures/**'] })),
    {
      name: 'pictures', testDir: './e2e/pictures', snapshotPathTemplate: '../docs/pictures/{arg}{ext}',
      // Clocks and the words of the moment differ from run to run.
      expect: { toHaveScreenshot: { maxDiffPixelRatio: 0.1 } },
    },
    { name: 'sound', testDir: './e2e/sound', retries: 2 }, // measures, so it runs alone, and again when others used the machine
  ],
})
