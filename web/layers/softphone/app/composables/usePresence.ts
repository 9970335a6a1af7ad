import { useI18n } from 'vue-i18n'
import type { AgentView } from '../../phone/wire'

/** What somebody at the desk is doing, in words and as a colour. */
export function usePresence() {
  const { t, te } = useI18n()
  const reasonOf = (a: AgentView) => a.reason && (te(`presence.reason.${a.reason}`) ? t(`presence.reason.${a.reason}`) : a.reason)

  function presence(a: AgentView): { words: string, tone: string } {
    if (a.status === 'offline') return { words: t('presence.offline'), tone: 'bg-accented' }
    if (a.busy) return { words: t('presence.busy'), tone: 'bg-error' }
    if (a.status === 'away') return { words: reasonOf(a) ? t('presence.awayFor', { reason: reasonOf(a) }) : t('presence.away'), tone: 'bg-warning' }
    if (a.status === 'wrap-up') return { words: t('presence.wrapUp'), tone: 'bg-warning' }
    return a.device ? { words: t('presence.free'), tone: 'bg-success' } : { words: t('presence.deaf'), tone: 'bg-accented' }
  }
  return { presence, reasonOf }
}
