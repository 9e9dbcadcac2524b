// Who calls and why, as far as it is known. All of it comes from outside and is
// shown as text only.
import { useNow } from '../app-context'
import { clock, dayAndTime, secondsSince } from '../i18n/format'
import { useWords } from '../i18n/react'
import type { Key } from '../i18n/catalogue'
import type { Current, Offer, Pop } from '../live/types'
import { useNames } from './names'

const reasons: Record<string, Key> = {
  CUSTOMER_DISCONNECT: 'reason.customer',
  AGENT_DISCONNECT: 'reason.agent',
  CONTACT_FLOW_DISCONNECT: 'reason.system',
  TELECOM_PROBLEM: 'reason.system',
  THIRD_PARTY_DISCONNECT: 'reason.system',
  BARGED: 'reason.transfer',
  TRANSFERRED: 'reason.transfer',
  relay_lost: 'reason.system',
}

/** reasonKey is the message of how a contact ended. */
export function reasonKey(reason: string | undefined): Key | undefined {
  return reason && Object.hasOwn(reasons, reason) ? reasons[reason] : undefined
}

export function languageName(tag: string, language: string): string {
  try {
    return new Intl.DisplayNames(language, { type: 'language' }).of(tag) ?? tag
  } catch {
    return tag // not a tag
  }
}

export function Who({ of, level }: { of: Offer | Current; level: 'h1' | 'h2' }) {
  const { t } = useWords()
  const H = level
  const pop = of.pop
  const number = pop?.customer ?? of.customer
  const from = [pop?.region, pop?.carrier].filter(Boolean).join(' · ')
  return (
    <div className="who">
      <span className="who-face" aria-hidden="true">
        {initial(pop?.name)}
      </span>
      <div className="who-text">
        <H className="who-name" dir="auto">
          {pop?.name || t('offer.unknown')}
        </H>
        <p className="who-number">
          {number && <bdi className="num">{number}</bdi>}
          {from && <bdi className="soft"> {from}</bdi>}
        </p>
      </div>
    </div>
  )
}

/** initial is the first sign of a name, whole even where it is made of several code points. */
export function initial(name: string | undefined): string {
  if (!name?.trim()) return '?'
  const first = [...new Intl.Segmenter().segment(name.trim())][0]
  return first ? first.segment.toLocaleUpperCase() : '?'
}

/** Why is the way the caller came and what was said of it. */
export function Why({ of, waited }: { of: Offer | Current; waited?: number | undefined }) {
  const { t, language } = useWords()
  const { queue } = useNames()
  const pop = of.pop
  const wait = waited ?? pop?.waitedSeconds
  return (
    <div className="why">
      <span className="chip info">
        <span>{queue(of.queue)}</span>
      </span>
      {pop?.path && pop.path.length > 0 && (
        <ol className="crumbs" aria-label={t('offer.path')}>
          {pop.path.map((p, n) => (
            <li key={n}>
              <bdi>{p}</bdi>
            </li>
          ))}
        </ol>
      )}
      {pop?.digits && (
        <span className="chip">
          <span>
            {t('offer.digits')} <bdi className="num">{pop.digits}</bdi>
          </span>
        </span>
      )}
      {pop?.language && <span className="chip">{languageName(pop.language, language)}</span>}
      {wait !== undefined && <span className="chip num">{t('offer.waited', { time: clock(wait) })}</span>}
      {of.transfer?.from && (
        <p className="note-in">
          <strong>{of.transfer.from}</strong>
          {of.transfer.note && <bdi> {of.transfer.note}</bdi>}
        </p>
      )}
    </div>
  )
}

export function Last({ pop }: { pop: Pop | undefined }) {
  const { t, language } = useWords()
  const names = useNames()
  const last = pop?.last ?? []
  return (
    <section className="last">
      <h3>{t('offer.last')}</h3>
      {last.length === 0 ? (
        <p className="soft">{t('offer.last.none')}</p>
      ) : (
        <ul>
          {last.map((c, n) => {
            const reason = reasonKey(c.reason)
            return (
              <li key={n}>
                <time className="num soft" dateTime={c.ended}>
                  {dayAndTime(c.ended, language)}
                </time>
                <span>{c.queue ? names.queue(c.queue) : ''}</span>
                <span className="grow">{c.disposition ? names.disposition(c.disposition) : reason ? t(reason as 'reason.system') : ''}</span>
                <span className="soft">{c.agent ? names.agent(c.agent) : ''}</span>
              </li>
            )
          })}
        </ul>
      )}
    </section>
  )
}

/** Ticking shows how long ago something was, once a second. */
export function Ticking({ since }: { since: string }) {
  const now = useNow()
  return <span className="num">{clock(secondsSince(since, now))}</span>
}
