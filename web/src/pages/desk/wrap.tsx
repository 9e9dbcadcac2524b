// The disposition and the note: open during the call, due after it. What is
// written is kept in this browser until it is sent.
import { useCallback, useEffect, useRef, useState } from 'react'
import Button from '@cloudscape-design/components/button'
import { useAgent } from '../../agent/agent'
import { dropDraft, keepDraft, readDraft, type Draft } from '../../agent/draft'
import { keyNames } from '../../agent/keys'
import { onCommand } from '../../agent/use-keys'
import { useApp, useNow } from '../../app-context'
import { clock, secondsUntil } from '../../i18n/format'
import type { Key } from '../../i18n/catalogue'
import { useWords } from '../../i18n/react'
import type { Choice, Current } from '../../live/types'
import { label } from '../../parts/label'

const longest = 4000
/** beforeEnd is how many seconds before its time is over a filled-in form is sent by itself. */
const beforeEnd = 2

const usual = ['resolved', 'follow_up', 'information', 'complaint', 'sales', 'wrong_number', 'other'] as const

export function Wrap({ contact }: { contact: Current }) {
  const { me, run, busy } = useAgent()
  const { api, live } = useApp()
  const { t, language } = useWords()
  const id = contact.contactId
  const [draft, setDraft] = useState<Draft>(() => readDraft(id))
  const [kept, setKept] = useState(false)
  const [asked, setAsked] = useState(false)
  const over = contact.state === 'ENDED'
  const choices: { name: string; text: string }[] = choicesOf(me?.dispositions, contact.queue)?.map((c) => ({ name: c.name, text: label(c, language) })) ?? usual.map((n) => ({ name: n, text: t(`disposition.${n}` as Key & 'disposition.other') }))

  const change = (d: Draft) => {
    setDraft(d)
    setKept(keepDraft(id, d, Date.now()))
  }
  const finish = useCallback(async () => {
    setAsked(true)
    if (!over || !draft.disposition) return
    if (await run('finish', () => api.finish(id, draft.disposition, draft.note.trim()))) {
      dropDraft(id)
      live.put('me', await api.me())
    }
  }, [api, draft, id, live, over, run])
  useEffect(() => onCommand((c) => void (c === 'finish' && finish())), [finish])

  return (
    <section className={`card wrap ${over ? 'due' : ''}`} aria-label={t('wrap.title')}>
      <div className="wrap-head">
        <h2>{t('wrap.title')}</h2>
        {over ? contact.until && <Left until={contact.until} onEnd={() => void (draft.disposition && finish())} /> : <span className="soft">{t('wrap.during')}</span>}
      </div>
      <fieldset aria-describedby={asked && !draft.disposition ? 'wrap-missing' : undefined}>
        <legend>{t('wrap.disposition')}</legend>
        <div className="choices">
          {choices.map((c) => (
            <label key={c.name} className="choice">
              <input type="radio" name={`disposition-${id}`} value={c.name} checked={draft.disposition === c.name} onChange={() => change({ ...draft, disposition: c.name })} />
              <span>{c.text}</span>
            </label>
          ))}
        </div>
        {asked && !draft.disposition && (
          <p id="wrap-missing" className="missing" role="alert">
            {t('wrap.disposition.choose')}
          </p>
        )}
      </fieldset>
      <label className="note-label" htmlFor={`note-${id}`}>
        {t('wrap.note')}
      </label>
      <textarea id={`note-${id}`} className="note" rows={3} maxLength={longest} value={draft.note} placeholder={t('wrap.note.hint')} onChange={(e) => change({ ...draft, note: e.target.value })} />
      <div className="wrap-foot">
        <span className="soft" role="status">
          {kept ? t('wrap.note.kept') : ''}
        </span>
        <span className="soft num">{draft.note.length > longest * 0.8 ? t('wrap.note.count', { n: draft.note.length, max: longest }) : ''}</span>
        <span className="grow" />
        <Button variant="primary" disabled={!over} loading={busy === 'finish'} onClick={() => void finish()}>
          {t('wrap.finish')} <kbd>{keyNames.finish}</kbd>
        </Button>
      </div>
    </section>
  )
}

/** choicesOf finds the tenant's dispositions for a queue; undefined: it has none of its own. */
export function choicesOf(all: Record<string, Choice[] | null> | undefined, queue: string): Choice[] | undefined {
  const found = all?.[queue] ?? all?.['*']
  return found && found.length > 0 ? found : undefined
}

/** Left counts down what is left of the time, and says once that it is about to end. */
function Left({ until, onEnd }: { until: string; onEnd: () => void }) {
  const { t } = useWords()
  const left = secondsUntil(until, useNow())
  const told = useRef(false)
  const end = useRef(onEnd)
  end.current = onEnd
  useEffect(() => {
    if (left > beforeEnd || told.current) return
    told.current = true
    end.current()
  }, [left])
  return (
    <span className={`chip num ${left <= 10 ? 'bad' : 'warn'}`} role="timer">
      {left > 0 ? t('wrap.left', { time: clock(left) }) : t('wrap.over')}
    </span>
  )
}
