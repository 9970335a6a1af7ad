import { useI18n } from 'vue-i18n'
import type { CallView } from '../../phone/wire'

/** Codes of the desk as sentences of the catalogue. */
export function useSentence() {
  const { t, te } = useI18n()
  const { shown, snapshot } = useSoftphone()
  const known = (key: string, fallback: string) => te(key) ? t(key) : fallback

  return {
    /** Why something was refused; message is the server's sentence. */
    refusal: (code: string, message: string) => known(`refusal.${code}`, message || t('refusal.internal')),
    /** How a call ended, and what one may do about it. */
    verdict(call: CallView): string {
      if (!call.verdict) return ''
      const { by, reason } = call.verdict
      const base = reason === 'hung_up' ? `verdict.hung_up_${by}` : `verdict.${reason}`
      const key = !mine(call) && te(`${base}_colleague`) ? `${base}_colleague` : base
      return te(key) ? t(key, { who: other(call), agent: call.userName ?? '' }) : t('verdict.unknown')
    },
    other,
    /** Whose words they are, when they are not one's own. */
    colleague: (call: CallView) => mine(call) ? undefined : call.userName,
  }

  function mine(call: CallView): boolean {
    return !call.userId || !snapshot.value.agent || call.userId === snapshot.value.agent.id
  }

  /** The person on the other side, by name where there is one. */
  function other(call: CallView): string {
    return call.contactName ?? shown(call.direction === 'outbound' ? call.to : call.from)
  }
}
