import { clockFace, secondsSince } from '../../phone/clock'

/** The time since start as a clock's face, from the server's clock. */
export function useTimer(start: () => string | undefined) {
  const { now } = useSoftphone()
  const seconds = ref(0)
  let timer: ReturnType<typeof setInterval> | undefined
  const look = () => { seconds.value = secondsSince(start(), now()) }
  watch(start, look, { immediate: true })
  onMounted(() => { timer = setInterval(look, 250) })
  onUnmounted(() => clearInterval(timer))
  return { seconds, face: computed(() => clockFace(seconds.value)) }
}
