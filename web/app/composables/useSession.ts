import { createSession, type Pass } from '~/utils/session'

const pass = shallowRef<Pass>()
let session: ReturnType<typeof createSession> | undefined

/** The one session of this page. */
export function useSession() {
  const { $i18n } = useNuxtApp()
  session ??= createSession({
    fetch: (...args) => fetch(...args),
    unreachable: () => ($i18n as unknown as { t: (key: string) => string }).t('error.unreachable'),
    dated: hearServerTime,
    inTurn: work => navigator.locks ? navigator.locks.request('softphone-session', work) as ReturnType<typeof work> : work(),
    changed: (next) => { pass.value = next },
  })
  return { ...session, pass: readonly(pass), may: (permission: string) => pass.value?.user.permissions.includes(permission) ?? false }
}
