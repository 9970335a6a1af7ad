import { Refusal } from '~/utils/session'

/** A question to the server with its answer, its loading and its error state. */
export function useAsk<T>(ask: () => Promise<T>) {
  const answer = shallowRef<T>()
  const error = ref('')
  const busy = ref(false)
  let latest = 0

  async function run() {
    const mine = ++latest
    busy.value = true
    try {
      const value = await ask()
      if (mine !== latest) return
      answer.value = value
      error.value = ''
    } catch (e) {
      if (mine !== latest) return
      if (!(e instanceof Refusal)) throw e
      error.value = e.message
    } finally {
      if (mine === latest) busy.value = false
    }
  }
  return { answer, error, busy, run }
}
