// The agent's own contacts of today, the latest first, with the recordings of the
// agent's own talks.
import { useCallback, useEffect, useRef, useState } from 'react'
import Button from '@cloudscape-design/components/button'
import { useAgent } from '../../agent/agent'
import { useNames } from '../../agent/names'
import { reasonKey } from '../../agent/customer'
import { useApp } from '../../app-context'
import type { Line } from '../../api/desk'
import { explain } from '../../api/problem'
import { clock, timeOfDay } from '../../i18n/format'
import { useWords } from '../../i18n/react'
import { daysOfToday, summary } from './day'
import { Player } from './player'

export function Today() {
  const { me } = useAgent()
  const { t } = useWords()
  const ids = me?.contacts.map((c) => `${c.contactId}${c.state === 'ENDED'}`).join() ?? ''
  const { lines, failure, more, reload } = useToday(ids)
  const sum = summary(lines ?? [])
  return (
    <aside className="today card" aria-label={t('desk.today')}>
      <div className="today-head">
        <h2>{t('desk.today')}</h2>
        {lines && lines.length > 0 && (
          <p className="soft num">
            {t('desk.today.handled', { n: sum.handled })} · {t('desk.today.average', { time: clock(sum.average) })}
          </p>
        )}
      </div>
      {failure && (
        <p className="said bad" role="alert">
          {t('desk.today.failed', { reason: failure })}{' '}
          <button type="button" className="link-button" onClick={reload}>
            {t('app.retry')}
          </button>
        </p>
      )}
      {lines?.length === 0 && !failure && <p className="soft today-empty">{t('desk.today.empty')}</p>}
      <ul>
        {(lines ?? []).map((l) => (
          <Row key={`${l.contactId}/${l.segment}`} line={l} />
        ))}
      </ul>
      {more && <Button onClick={more}>{t('desk.today.more')}</Button>}
    </aside>
  )
}

function Row({ line }: { line: Line }) {
  const { t, language } = useWords()
  const names = useNames()
  const [open, setOpen] = useState(false)
  const reason = reasonKey(line.reason)
  return (
    <li className="today-row">
      <div className="today-line">
        <time className="num soft" dateTime={line.began}>
          {timeOfDay(line.began, language)}
        </time>
        <span className="today-who">
          <bdi className="num">{line.customer || t('offer.unknown')}</bdi>
          <span className="soft">{line.queue ? names.queue(line.queue) : ''}</span>
        </span>
        <span className="today-how">
          <span>{line.disposition ? names.disposition(line.disposition) : reason ? t(reason as 'reason.system') : ''}</span>
          <span className="soft num">{line.handled ? t('desk.talk', { time: clock(line.seconds) }) : t('desk.abandoned')}</span>
        </span>
        {line.handled && <Button variant="icon" iconName={open ? 'angle-up' : 'play'} ariaLabel={t('recording.play')} ariaExpanded={open} onClick={() => setOpen(!open)} />}
      </div>
      {open && <Player contact={line.contactId} segment={line.segment} />}
    </li>
  )
}

/** useToday reads the list, and again when a contact has begun or ended: the list
 *  follows a moment after. */
function useToday(changes: string) {
  const { api } = useApp()
  const { t } = useWords()
  const [lines, setLines] = useState<Line[] | null>(null)
  const [next, setNext] = useState<{ day: string; before: string } | null>(null)
  const [failure, setFailure] = useState('')
  const serial = useRef(0)

  const load = useCallback(async () => {
    const mine = ++serial.current
    try {
      const { days, from } = daysOfToday(new Date())
      const all: Line[] = []
      let more: { day: string; before: string } | null = null
      for (const day of days) {
        if (more) break
        const page = await api.contacts(day)
        all.push(...(page.contacts ?? []))
        if (page.next) more = { day, before: page.next }
      }
      if (mine !== serial.current) return
      setLines(all.filter((l) => Date.parse(l.ended) >= from))
      setNext(more)
      setFailure('')
    } catch (err) {
      if (mine === serial.current) setFailure(explain(err, t))
    }
  }, [api, t])

  useEffect(() => {
    void load()
    const later = [1500, 5000].map((ms) => setTimeout(() => void load(), ms))
    return () => later.forEach(clearTimeout)
  }, [load, changes])

  const more = next
    ? () =>
        void api.contacts(next.day, next.before).then(
          (page) => {
            setLines((l) => [...(l ?? []), ...(page.contacts ?? [])])
            setNext(page.next ? { day: next.day, before: page.next } : null)
          },
          (err: unknown) => setFailure(explain(err, t)),
        )
    : null
  return { lines, failure, more, reload: () => void load() }
}
