// A contact that is offered: who it is, how long is left, and the two answers.
import './offer.css'
import Button from '@cloudscape-design/components/button'
import { useApp, useNow } from '../app-context'
import { useWords } from '../i18n/react'
import { secondsUntil } from '../i18n/format'
import { isMessage } from '../live/desk'
import type { Offer } from '../live/types'
import { useAgent } from './agent'
import { keyNames } from './keys'
import { Last, Who, Why } from './customer'
import { useEffect, useRef, useState } from 'react'

export function OfferCard({ offer, brief }: { offer: Offer; brief?: boolean }) {
  const { me, busy, run, accept } = useAgent()
  const { api } = useApp()
  const { t } = useWords()
  const message = isMessage(offer)
  const phone = me?.device === 'phone' && !message
  return (
    <section className="offer card" aria-label={t(message ? 'message.title' : 'offer.incoming')}>
      <div className="offer-head">
        <Who of={offer} level="h2" />
        <Left offer={offer} />
      </div>
      {message && <span className="chip info">{t('message.title')}</span>}
      <Why of={offer} waited={offer.waitedSeconds} />
      {offer.invitation && (
        <p className="note-in">
          <strong>{offer.invitation.from}</strong> · {t('call.consulting')}
        </p>
      )}
      {!brief && <Last pop={offer.pop} />}
      <div className="offer-answers">
        {phone ? (
          <p className="offer-pickup">{t('offer.pickup')}</p>
        ) : (
          <Button variant="primary" iconName={message ? 'envelope' : 'call'} loading={busy === 'accept'} onClick={() => void accept(offer)}>
            {t(message ? 'message.take' : 'offer.accept')} <kbd>{keyNames.answer}</kbd>
          </Button>
        )}
        <Button loading={busy === 'reject'} onClick={() => void run('reject', () => api.reject(offer.contactId, offer.offerId))}>
          {t('offer.decline')} <kbd>{keyNames.decline}</kbd>
        </Button>
      </div>
    </section>
  )
}

/** Left counts down, as a number and as a ring that empties. */
function Left({ offer }: { offer: Offer }) {
  const { t } = useWords()
  const now = useNow()
  const left = secondsUntil(offer.until, now)
  const [whole] = useState(() => Math.max(left, 1))
  const ring = useRef<SVGCircleElement>(null)
  useEffect(() => {
    ring.current?.style.setProperty('stroke-dashoffset', String(100 - (100 * left) / whole))
  }, [left, whole])
  return (
    <div className={`offer-left ${left <= 5 ? 'soon' : ''}`} role="timer" aria-label={t('offer.left', { seconds: left })}>
      <svg viewBox="0 0 36 36" aria-hidden="true">
        <circle className="track" cx="18" cy="18" r="15.915" />
        <circle className="rest" cx="18" cy="18" r="15.915" ref={ring} />
      </svg>
      <span className="num" aria-hidden="true">
        {left}
      </span>
    </div>
  )
}

export function OfferToast({ offer }: { offer: Offer }) {
  return (
    <div className="offer-toast">
      <OfferCard offer={offer} brief />
    </div>
  )
}
