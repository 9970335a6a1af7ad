import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: { include: ['test/**/*.test.ts'], environment: 'node' },
  resolve: { alias: { '~': fileURLToPath(new URL('./app', import.meta.url)) } },
})
