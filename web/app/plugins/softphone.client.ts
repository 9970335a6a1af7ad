// The phone lives as long as somebody is logged in.
const SOON = 60_000 // ms before a token expires

export default defineNuxtPlugin((nuxt) => {
  const { pass, refresh, request } = useSession()
  const { renew } = useSoftphone()
  let timer: ReturnType<typeof setTimeout> | undefined

  async function token() {
    if (!pass.value || Date.parse(pass.value.expiresAt) - Date.now() < SOON / 2) await refresh()
    return pass.value?.accessToken ?? ''
  }

  // The page comes first, then its phone.
  const ready = new Promise<void>(done => nuxt.hook('app:suspense:resolve', () => done()))

  // Every token is shown to the desk, and the next one is fetched in time.
  watch(pass, (now, before) => {
    clearTimeout(timer)
    if (now?.user.id !== before?.user.id || now?.tenant.slug !== before?.tenant.slug) {
      if (before) disconnectSoftphone()
      if (now) void ready.then(() => { if (pass.value?.user.id === now.user.id) void connectSoftphone({ who: `${now.tenant.slug}-${now.user.id}`, request, token, renew: refresh }) })
    } else if (now) void renew(now.accessToken)
    if (!now) return
    timer = setTimeout(() => void refresh(), Math.max(SOON, Date.parse(now.expiresAt) - Date.now() - SOON))
  }, { immediate: true })

  // The session ended elsewhere: nothing here works any more.
  watch(pass, (now, before) => {
    if (before && !now && useRoute().path !== '/login') void navigateTo('/login')
  })
})
