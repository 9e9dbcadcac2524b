// The contacts that the agent has now, and the keys.
import { useAgent } from '../../agent/agent'
import { keyNames, type Command } from '../../agent/keys'
import { Ticking } from '../../agent/customer'
import { useWords } from '../../i18n/react'
import { callState } from '../../live/desk'

const commands: Command[] = ['answer', 'decline', 'mute', 'hold', 'transfer', 'keypad', 'finish']

export function Roster() {
  const { me } = useAgent()
  const { t } = useWords()
  if (!me) return null
  const none = me.offers.length + me.contacts.length === 0
  return (
    <aside className="roster" aria-label={t('desk.roster')}>
      <h2>{t('desk.roster')}</h2>
      {none && <p className="soft">{t('desk.roster.empty')}</p>}
      <ul>
        {me.offers.map((o) => (
          <li key={o.contactId} className="roster-line ringing">
            <span className="dot info" aria-hidden="true" />
            <span className="roster-name">
              <bdi>{o.pop?.name || o.customer || t('offer.unknown')}</bdi>
            </span>
            <span className="roster-state">{t('offer.ring')}</span>
          </li>
        ))}
        {me.contacts.map((c) => (
          <li key={c.contactId} className="roster-line">
            <span className={`dot ${c.state === 'ENDED' ? 'warn' : 'good'}`} aria-hidden="true" />
            <span className="roster-name">
              <bdi>{c.pop?.name || c.customer || t('offer.unknown')}</bdi>
            </span>
            <span className="roster-state">
              {c.state === 'ENDED' ? t('wrap.title') : t(`call.${callState(c)}`)} <Ticking since={c.state === 'ENDED' ? c.since : (c.joined ?? c.since)} />
            </span>
          </li>
        ))}
      </ul>
      <section className="keys" aria-label={t('desk.keys')}>
        <h2>{t('desk.keys')}</h2>
        <dl>
          {commands.map((c) => (
            <div key={c}>
              <dt>{t(`desk.keys.${c}`)}</dt>
              <dd>
                <kbd>{keyNames[c]}</kbd>
              </dd>
            </div>
          ))}
        </dl>
      </section>
    </aside>
  )
}
