// The agent's desk: whom one has on the left, the work in the middle, today on
// the right.
import './desk.css'
import { useAgent, useOffer } from '../../agent/agent'
import { OfferCard } from '../../agent/offer-card'
import { useWords } from '../../i18n/react'
import { shownContact } from '../../live/desk'
import { Idle } from './idle'
import { Roster } from './roster'
import { Today } from './today'
import { Work } from './work'

export default function Desk() {
  const { me } = useAgent()
  const offer = useOffer()
  const { t } = useWords()
  if (!me)
    return (
      <p className="page-note" role="status">
        {t('app.loading')}
      </p>
    )
  const contact = shownContact(me)
  return (
    <div className="desk">
      <h1 className="unseen">{t('app.desk')}</h1>
      <Roster />
      <section className="desk-work" aria-label={t('desk.workspace')}>
        {offer && <OfferCard key={offer.offerId} offer={offer} />}
        {contact && <Work key={contact.contactId} contact={contact} />}
        {!offer && !contact && <Idle />}
      </section>
      <Today />
    </div>
  )
}
