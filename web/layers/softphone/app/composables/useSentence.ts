import { useI18n } from 'vue-i18n'
import { colleagueAt, otherEnd } from '../../phone/part'
import type { CallView, Party } from '../../phone/wire'

/** Codes of the desk as sentences of the catalogue. */
export function useSentence() {
  const { t, te } = useI18n()
  const { shown, snapshot, me } = useSoftphone()
  const known = (key: string, fallback: string) => te(key) ? t(key) : fallback

  return {
    /** Why something was refused; message is the server's sentence. */
    refusal(code: string, message: string): string {
      if (code === 'not_now' && message) return message // many things are not possible now: the server says which
      return known(`refusal.${code}`, message || t('refusal.internal'))
    },
    /** Why a call went away from this user; empty where they did it themselves. */
    departure(call: CallView, cause: string): string {
      const words = { who: other(call), name: call.userName ?? t('transfer.somebody') }
      return te(`left.${cause}`) ? t(`left.${cause}`, words) : ''
    },
    /** Why somebody who was asked into a call does not come. */
    unmoved: (call: CallView, reason: string, target?: Party) => t(te(`moveFailed.${reason}`) ? `moveFailed.${reason}` : 'moveFailed.other', { name: nameOf(call, target), who: other(call) }),
    nameOf,
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
    const end = otherEnd(call, me.value)
    const id = colleagueAt(end)
    if (id !== undefined) return nameOfColleague(id) ?? call.parties?.find(p => p.userId === id)?.name ?? t('transfer.somebody')
    return call.contactName ?? (/^\+?\d/.test(end) ? shown(end) : t('incoming.withheld'))
  }

  function nameOfColleague(id: string) {
    return snapshot.value.colleagues.find(a => a.id === id)?.name
  }

  /** Somebody in a call, by name where there is one. */
  function nameOf(call: CallView, p?: Party): string {
    if (!p) return t('transfer.somebody')
    if (p.role === 'customer' && !p.userId) return other(call)
    return p.name || (p.userId && nameOfColleague(p.userId)) || (p.address ? shown(p.address) : t('transfer.somebody'))
  }
}
