import { fileURLToPath } from 'node:url'

export default defineNuxtConfig({
  buildId: 'static', // with the hook below: the same input gives the same bytes
  compatibilityDate: '2026-08-01',
  ssr: false,
  telemetry: false,
  devtools: { enabled: false },
  modules: ['@nuxt/ui'],
  css: ['~/assets/css/main.css'],
  ui: { fonts: false, experimental: { componentDetection: true } },
  icon: { provider: 'none', fallbackToApi: false, serverBundle: false, clientBundle: { scan: true, sizeLimitKb: 512 } },
  // A page that reloads itself because a new version is out would cut a call.
  experimental: { appManifest: false, payloadExtraction: false, emitRouteChunkError: 'manual' },
  app: { buildAssetsDir: 'assets/', head: { htmlAttrs: { lang: 'en' }, title: 'Softphone', link: [{ rel: 'icon', type: 'image/svg+xml', href: '/favicon.svg' }] } },
  hooks: { 'prerender:routes'({ routes }) { routes.clear(); routes.add('/') } },
  // What vue-i18n needs only for the ways in which we do not use it.
  vite: { define: { __VUE_I18N_FULL_INSTALL__: false, __VUE_I18N_LEGACY_API__: false, __INTLIFY_PROD_DEVTOOLS__: false } },
  nitro: {
    output: { publicDir: fileURLToPath(new URL('./dist', import.meta.url)) },
    compressPublicAssets: { gzip: true, brotli: true },
    hooks: {
      'prerender:generate'(r) {
        if (r.contents) r.contents = r.contents.replace(/("serverRendered":\d+\},)\d+/, '$10')
      },
    },
    devProxy: {
      '/api': { target: 'http://127.0.0.1:3000/api' },
      '/socket.io': { target: 'http://127.0.0.1:3000/socket.io', ws: true },
    },
  },
})
