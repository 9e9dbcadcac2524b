// One part of the check: its name, how it stands, and what can be done.
import { useId, type ReactNode } from 'react'
import { useWords } from '../../i18n/react'

export type Standing = 'untested' | 'ok' | 'problem' | 'warn'

export function Part({ title, standing, children }: { title: string; standing: Standing; children: ReactNode }) {
  const { t } = useWords()
  const id = useId()
  const chip = { untested: '', ok: 'good', problem: 'bad', warn: 'warn' }[standing]
  return (
    <section className="card check-part" aria-labelledby={id}>
      <div className="check-head">
        <h2 id={id}>{title}</h2>
        <span className={`chip ${chip}`} role="status">
          {t(standing === 'ok' ? 'check.ok' : standing === 'untested' ? 'check.untested' : 'check.problem')}
        </span>
      </div>
      {children}
    </section>
  )
}
