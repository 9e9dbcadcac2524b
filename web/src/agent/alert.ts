// How an agent is told of an offer: the ring, a notification in other windows,
// and the tab's title. All of it ends when the offer does, whatever the reason.
import { useEffect } from 'react'
import { useApp } from '../app-context'
import { useWords } from '../i18n/react'
import { doing, firstOffer, isMessage } from '../live/desk'
import type { Me } from '../live/types'
import type { Ownership } from '../phone/owner'

export function useAlert(me: Me | null, owner: Ownership) {
  const { ringer } = useApp()
  const { t } = useWords()
  const offer = me ? firstOffer(me) : undefined
  const id = offer?.offerId
  const here = owner === 'here'
  const rings = here && me?.device === 'softphone'

  useEffect(() => {
    if (!id || !rings) return
    let stop = () => {}
    let over = false
    // After two frames the screen pop is painted: who calls is seen before it rings.
    requestAnimationFrame(() => requestAnimationFrame(() => {
      if (!over) stop = ringer.ring()
    }))
    const late = setTimeout(() => {
      if (!over && document.hidden) stop = ringer.ring() // nothing is painted in a hidden tab
    }, 50)
    return () => {
      over = true
      clearTimeout(late)
      stop()
    }
  }, [id, rings, ringer])

  const name = offer?.pop?.name || t('offer.unknown')
  const queue = offer?.queue ?? ''
  const title = offer && isMessage(offer) ? t('message.title') : t('offer.title', { name, queue })
  useEffect(() => {
    if (!id || !here || !('Notification' in window) || Notification.permission !== 'granted' || document.hasFocus()) return
    const n = new Notification(title, { tag: id, requireInteraction: true, silent: true })
    n.onclick = () => {
      window.focus()
      n.close()
    }
    const close = () => n.close()
    addEventListener('pagehide', close)
    return () => {
      removeEventListener('pagehide', close)
      close()
    }
    // Made once for an offer: a text that changes meanwhile would show a second one.
  }, [id, here])

  const now = me ? doing(me) : null
  useEffect(() => {
    const app = t('app.name')
    const said = now === 'offered' ? `● ${t('offer.incoming')}` : now === 'onContact' ? t('status.onContact') : now === 'acw' ? t('status.acw') : now === 'missed' ? `! ${t('status.missed')}` : ''
    document.title = said ? `${said} · ${app}` : app
  }, [now, t])
}
