// What supervisors have sent to the agent: one banner each until it is closed.
import { useState } from 'react'
import { useWords } from '../i18n/react'
import type { Notice } from '../live/types'
import { closed, open } from './closed'

export function Notices({ all }: { all: readonly Notice[] }) {
  const { t } = useWords()
  const [gone, setGone] = useState(closed.read)
  return (
    <>
      {open(all, gone).map((n) => (
        <div key={n.id} className="banner info" role="status">
          <span className="dot info" aria-hidden="true" />
          <span className="grow notice-text">
            <strong>{t('notice.from', { name: n.from })}</strong> {n.text}
          </span>
          <button type="button" className="link-button" onClick={() => setGone(closed.add(n.id))}>
            {t('app.close')}
          </button>
        </div>
      ))}
    </>
  )
}
