import { useI18n } from 'vue-i18n'
import type { CallView } from '../../phone/wire'

/** Codes of the desk as sentences of the catalogue. */
export function useSentence() {
  const { t, te } = useI18n()
  const { shown } = useSoftphone()
  const known = (key: string, fallback: string) => te(key) ? t(key) : fallback

  return {
    /** Why something was refused; message is the server's sentence. */
    refusal: (code: string, message: string) => known(`refusal.${code}`, message || t('refusal.internal')),
    /** How a call ended, and what one may do about it. */
    verdict(call: CallView): string {
      if (!call.verdict) return ''
      const { by, reason } = call.verdict
      const key = reason === 'hung_up' ? `verdict.hung_up_${by}` : `verdict.${reason}`
      return te(key) ? t(key, { who: other(call) }) : t('verdict.unknown')
    },
    other,
  }

  /** The person on the other side, by name where there is one. */
  function other(call: CallView): string {
    return call.contactName ?? shown(call.direction === 'outbound' ? call.to : call.from)
  }
}
