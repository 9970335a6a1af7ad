import { useI18n } from 'vue-i18n'
import { createRing } from '../../phone/ring'
import type { MirroredCall } from '../../phone/mirror'

const BLINK = 1_000 // ms

/** Makes itself noticed while a call is offered: by sound, in the tab's title, and on the desktop when the page is hidden. */
export function useRinging() {
  const { t } = useI18n()
  const { snapshot, ringing, silenced } = useSoftphone()
  const { other } = useSentence()
  const ring = createRing(() => new AudioContext())
  const loud = computed(() => ringing.value.filter(c => !silenced.value.includes(c.id)))
  const flash = ref(false)
  const notes = new Map<string, Notification>()
  let timer: ReturnType<typeof setInterval> | undefined

  // One tab of the browser is heard, the one that has the sound.
  watch(() => loud.value.length > 0 && snapshot.value.leads, on => on ? ring.start() : ring.stop(), { immediate: true })
  watch(() => loud.value.length > 0, (on) => {
    clearInterval(timer)
    flash.value = on
    if (on) timer = setInterval(() => { flash.value = !flash.value }, BLINK)
  }, { immediate: true })
  watch([loud, () => snapshot.value.leads], () => {
    for (const [id, note] of notes) {
      if (loud.value.some(c => c.id === id)) continue
      note.close()
      notes.delete(id)
    }
    for (const call of loud.value) notify(call)
  }, { immediate: true })

  function notify(call: MirroredCall) {
    if (notes.has(call.id) || !snapshot.value.leads || !document.hidden || typeof Notification === 'undefined' || Notification.permission !== 'granted') return
    const note = new Notification(t('incoming.rings', { who: other(call) }), { tag: call.id, requireInteraction: true })
    note.onclick = () => {
      window.focus()
      note.close()
    }
    notes.set(call.id, note)
  }

  const signs = ['pointerdown', 'keydown'] as const
  onMounted(() => { for (const sign of signs) addEventListener(sign, ring.wake, { passive: true }) })
  onUnmounted(() => {
    for (const sign of signs) removeEventListener(sign, ring.wake)
    clearInterval(timer)
    ring.stop()
    notes.forEach(n => n.close())
  })

  return {
    /** What a screen reader says at once. */
    announced: computed(() => ringing.value.map(c => t('incoming.rings', { who: other(c) })).join(' ')),
    title: computed(() => flash.value && loud.value[0] ? t('incoming.title', { who: other(loud.value[0]) }) : undefined),
  }
}
