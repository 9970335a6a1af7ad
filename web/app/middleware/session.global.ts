// Nobody sees a page of the desk without a session; a reload finds it by cookie,
// and when the server was away then, the next page asks again.
let tried = false

export default defineNuxtRouteMiddleware(async (to) => {
  const { pass, refresh } = useSession()
  if (!pass.value && !tried) {
    tried = await refresh() !== 'unreachable'
  }
  if (!pass.value && to.path !== '/login') return navigateTo({ path: '/login', query: to.path === '/' ? {} : { next: to.fullPath } })
  if (pass.value && to.path === '/login') return navigateTo('/calls')
})
