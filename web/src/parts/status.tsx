// The agent's status: what it is, for how long, and what to make it.
import ButtonDropdown from '@cloudscape-design/components/button-dropdown'
import { useApp, useNow } from '../app-context'
import { useAgent } from '../agent/agent'
import { useWords } from '../i18n/react'
import { clock, number, percent, secondsSince } from '../i18n/format'
import { doing, talk, type Doing } from '../live/desk'
import type { Me, Next, Status } from '../live/types'
import { grade } from '../phone/quality'
import { label } from './label'

const colours: Record<Doing, string> = { offered: 'info', onContact: 'info', acw: 'warn', available: 'good', missed: 'bad', offline: '', custom: 'warn' }

/** useStatusText names a status, the tenant's own ones by their labels. */
export function useStatusText(): (s: Status | Next, of: Pick<Me, 'statuses'>) => string {
  const { t, language } = useWords()
  return (s, of) => {
    if (s.status !== 'custom') return t(`status.${s.status}`)
    const known = of.statuses?.find((c) => c.name === s.name)
    return known ? label(known, language) : (s.name ?? '')
  }
}

export function StatusPicker() {
  const { me, run, busy } = useAgent()
  const { api, live, ringer } = useApp()
  const { t, language } = useWords()
  const now = useNow()
  const text = useStatusText()
  if (!me) return null
  const is = doing(me)
  const since = is === 'onContact' ? (talk(me)?.joined ?? talk(me)?.since) : is === 'acw' ? me.contacts[0]?.since : me.status.since
  const shown = is === 'offered' || is === 'onContact' || is === 'acw' ? t(`status.${is}`) : text(me.status, me)
  const occupied = me.contacts.length > 0
  const choose = (id: string) => {
    void ringer.unlock()
    const to = id === 'available' || id === 'offline' ? { status: id as 'available' | 'offline' } : { status: 'custom' as const, name: id.slice('custom:'.length) }
    void run('status', async () => live.put('me', await api.setStatus(to)))
  }
  return (
    <div className="status-picker">
      <span className={`dot ${colours[is]}`} aria-hidden="true" />
      <ButtonDropdown
        ariaLabel={`${t('status.label')}: ${shown}`}
        loading={busy === 'status'}
        items={[
          { id: 'available', text: t('status.available') },
          ...(me.statuses ?? []).map((c) => ({ id: `custom:${c.name}`, text: label(c, language) })),
          { id: 'offline', text: t('status.offline') },
        ].map((i) => (occupied ? { ...i, description: t('status.later') } : i))}
        onItemClick={(e) => choose(e.detail.id)}
      >
        {shown}
      </ButtonDropdown>
      <span className="since num">{since && Date.parse(since) > 0 ? clock(secondsSince(since, now)) : ''}</span>
      {me.next && <span className="chip">{t('status.next', { status: text(me.next, me) })}</span>}
    </div>
  )
}

/** PhonePill says whether sound would work, and how good it is. */
export function PhonePill() {
  const { me, view, owner } = useAgent()
  const { t, language } = useWords()
  if (!me) return null
  if (me.device === 'phone') return <span className="chip" title={t('phone.desk.hint')}>{t('phone.desk')}</span>
  if (owner === 'elsewhere' || view.line === 'replaced') return <span className="chip info">{t('phone.elsewhere')}</span>
  const q = view.quality
  if (q) {
    const g = grade(q)
    const detail = t('phone.quality.detail', { mos: number(q.mos, language, 1), loss: percent(q.loss, language), jitter: Math.round(q.jitter), rtt: Math.round(q.rtt) })
    return (
      <span className={`chip num ${g === 'good' ? 'good' : g === 'fair' ? 'warn' : 'bad'}`} title={detail} aria-label={`${t(`phone.quality.${g}`)} · ${detail}`} role="img">
        {t('phone.web')} · MOS {number(q.mos, language, 1)}
      </span>
    )
  }
  const kind = view.line === 'ready' ? 'good' : view.line === 'failed' ? 'bad' : 'warn'
  const said = view.line === 'ready' ? t('phone.ready') : view.line === 'failed' ? t('phone.failed') : t('phone.connecting')
  return (
    <span className={`chip ${kind}`}>
      {t('phone.web')} · {said}
    </span>
  )
}
