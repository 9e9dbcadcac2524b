// The desk while there is no contact: what one waits for, how to begin, and whom
// one might call.
import { useState } from 'react'
import Button from '@cloudscape-design/components/button'
import Input from '@cloudscape-design/components/input'
import { useAgent } from '../../agent/agent'
import { explain, Problem } from '../../api/problem'
import { useApp } from '../../app-context'
import { useWords } from '../../i18n/react'
import { usePrefs } from '../../parts/prefs'
import { navigate } from '../../parts/route'
import { numberOf } from './number'

export function Idle() {
  const { me, run, busy } = useAgent()
  const { api, live, ringer } = useApp()
  const { t } = useWords()
  const { checked } = usePrefs()
  if (!me) return null
  const ready = me.status.status === 'available'
  const say = ready ? 'available' : me.status.status === 'missed' ? 'missed' : 'away'
  return (
    <div className="card idle">
      <div className={`idle-mark ${ready ? 'on' : ''}`} aria-hidden="true">
        <img src="/icon.svg" alt="" width="40" height="40" />
      </div>
      <h2>{t(`desk.idle.${say}`)}</h2>
      <p className="soft">{t(ready ? (me.device === 'phone' ? 'phone.desk.hint' : 'desk.idle.available.hint') : 'desk.idle.away.hint')}</p>
      {!ready && (
        <div className="idle-go">
          <Button
            variant="primary"
            loading={busy === 'status'}
            onClick={() => {
              void ringer.unlock()
              void run('status', async () => live.put('me', await api.setStatus({ status: 'available' })))
            }}
          >
            {t('status.go')}
          </Button>
          {!checked && me.device !== 'phone' && <Button onClick={() => navigate('/check')}>{t('check.title')}</Button>}
        </div>
      )}
      {me.status.status !== 'offline' && <Dial />}
    </div>
  )
}

/** refused says why a customer could not be called. */
const refused: typeof explain = (err, t) => (err instanceof Problem && err.status === 403 ? t('dial.refused') : explain(err, t))

/** Dial calls a customer: the agent's own phone first. */
function Dial() {
  const { ready, run, busy } = useAgent()
  const { api } = useApp()
  const { t } = useWords()
  const [typed, setTyped] = useState('')
  const [wrong, setWrong] = useState(false)
  const go = async () => {
    const to = numberOf(typed)
    setWrong(!to)
    if (!to) return
    if (!(await ready())) return
    await run('dial', () => api.callOut(to), refused)
  }
  return (
    <form
      className="idle-dial"
      aria-label={t('dial.title')}
      onSubmit={(e) => {
        e.preventDefault()
        void go()
      }}
    >
      <Input type="text" inputMode="tel" value={typed} invalid={wrong} placeholder={t('dial.placeholder')} ariaLabel={t('dial.title')} onChange={(e) => setTyped(e.detail.value)} />
      <Button formAction="submit" iconName="call" loading={busy === 'dial'}>
        {t('dial.go')}
      </Button>
      {wrong && (
        <p className="missing" role="alert">
          {t('transfer.number.wrong')}
        </p>
      )}
    </form>
  )
}
