import { createI18n } from 'vue-i18n'
import en from '../../i18n/en.json'

export default defineNuxtPlugin((nuxt) => {
  const i18n = createI18n({ legacy: false, locale: 'en', fallbackLocale: 'en', messages: { en } })
  nuxt.vueApp.use(i18n)
  return { provide: { i18n: i18n.global } }
})
